"""pytest --rainproof-target target.toml: the ready-made properties of a team's own system as tests.

The target file is collected like any test file: `target.toml::allocation_sum`. Without the option nothing happens, and
nothing is imported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from harness.properties.trial import Property

OPTION: Final = "--rainproof-target"
_NOT_THEIRS: Final = ("_pytest", "pluggy", "hypothesis", "harness", "invariants")
_TARGET: Final = pytest.StashKey["Target"]()


class Target:
    """The target file of this session and what it lets be tried."""

    def __init__(self, path: Path, properties: list[Property]) -> None:
        self.path, self.properties = path, properties


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("rainproof").addoption(
        OPTION, metavar="FILE", help="try the ready-made properties of the system in this target file"
    )


def pytest_configure(config: pytest.Config) -> None:
    """The target file becomes one of the paths to collect, the only one where none was named."""
    text = config.getoption(OPTION)
    if not text:
        return
    path = (config.invocation_params.dir / text).resolve()
    config.stash[_TARGET] = Target(path, _properties(path))
    named = config.args if config.args_source is pytest.Config.ArgsSource.ARGS else []
    if path not in {(config.invocation_params.dir / one.partition("::")[0]).resolve() for one in named}:
        config.args = [*named, str(path)]


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    target = parent.config.stash.get(_TARGET, None)
    if target is None or file_path.resolve() != target.path:
        return None
    return TargetFile.from_parent(parent, path=file_path)


class TargetFile(pytest.File):
    """The target file as pytest sees it."""

    def collect(self) -> Iterable[pytest.Item]:
        for name, statement, check in self.config.stash[_TARGET].properties:
            yield PropertyItem.from_parent(self, name=name, statement=statement, check=check)


class PropertyItem(pytest.Item):
    """One property."""

    def __init__(self, *, statement: str, check: Callable[[], None], **more: Any) -> None:
        super().__init__(**more)
        self._statement, self._check = statement, check

    def runtest(self) -> None:
        from harness.properties.trial import Skipped

        try:
            self._check()
        except Skipped as skipped:
            pytest.skip(str(skipped))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What is not so, the smallest example of it, and why; somebody else's error with its traceback."""
        from hypothesis.errors import FlakyFailure

        from harness.config import ConfigError
        from harness.target.fetch import Unreachable
        from invariants.machine import UNSTEADY

        error = excinfo.value
        if isinstance(error, FlakyFailure):
            return f"{self._told(error.exceptions[0])}\n\n{UNSTEADY}"
        if isinstance(error, (ConfigError, Unreachable)):
            return str(error)
        if isinstance(error, AssertionError):
            return self._told(error)
        return excinfo.getrepr(style="short", tbfilter=_theirs)

    def _told(self, error: BaseException) -> str:
        return "\n".join([f"Not so: {self._statement}.", *getattr(error, "__notes__", ()), "", str(error)])

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, f"{self.path.name}: {self._statement}"


def _theirs(error: pytest.ExceptionInfo[BaseException]) -> Any:
    """The part of a traceback that is not pytest's, Hypothesis' or ours; all of it where nothing else is."""
    theirs = error.traceback.filter(lambda entry: _package(entry) not in _NOT_THEIRS)
    return theirs or error.traceback


def _package(entry: Any) -> str:
    return str(entry.frame.f_globals.get("__name__", "")).partition(".")[0]


def _properties(path: Path) -> list[Property]:
    try:
        from harness.properties.suite import properties
    except ModuleNotFoundError as error:
        raise pytest.UsageError(f"{OPTION} needs {error.name}: pip install 'rainproof[prove]'") from None
    from harness.config import ConfigError

    try:
        return properties(path)
    except ConfigError as error:
        raise pytest.UsageError(str(error)) from None
