"""Finding a team's own functions."""

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.config import ConfigError, nearest, one_line

Function = Callable[..., Any]


def load(text: str, place: str) -> Function:
    """The function called `package.module:name`; ConfigError says what of it is not there."""
    module_name, _, name = text.partition(":")
    if not (module_name and name):
        raise ConfigError(f"{place}: '{text}' is not package.module:function")
    try:
        module = importlib.import_module(module_name)
    except Exception as error:  # noqa: BLE001 somebody else's module may raise anything
        why = f"{type(error).__name__}: {one_line(error)}"
        raise ConfigError(f"{place}: cannot import '{module_name}': {why}") from None
    function = getattr(module, name, None)
    if not callable(function):
        known = [known for known, value in vars(module).items() if callable(value) and not known.startswith("_")]
        raise ConfigError(f"{place}: '{module_name}' has no function '{name}': {nearest(name, known)}")
    found: Function = function
    return found


@contextmanager
def beside(path: Path) -> Iterator[None]:
    """Modules beside the target file can be imported, as well as those that pytest finds."""
    folder = str(path.resolve().parent)
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)
