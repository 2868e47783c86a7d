"""Faults: what a run does to its target, its servers or its own workers in mid-load. One file a fault.

To add one, put a file beside `kill.py` with a function `(site, argument) -> what was done` under
`@fault("name")`; `--fault name=argument@seconds` finds it. A fault blocks the run's watch while it works, so
it should take seconds at most.
"""

import importlib
import pkgutil
import re
from collections.abc import Callable, Sequence
from subprocess import Popen
from typing import Any, Final

from msgspec import Struct

from harness.config import ConfigError, nearest
from harness.servers import Running
from harness.target import Target
from harness.target.launch import Launched


class Site(Struct, frozen=True):
    """What a fault may touch. `launched` is None when the target was there already, `running` without
    servers, `start_worker` without a swarm.
    """

    target: Target
    launched: Launched | None
    running: Running | None
    workers: Sequence["Popen[bytes]"]
    start_worker: Callable[[], "Popen[bytes]"] | None = None


class Planned(Struct, frozen=True):
    """A fault and when to do it, in seconds from the start of the load."""

    text: str
    name: str
    argument: str
    at_s: float


Act = Callable[[Site, str], str]

FAULTS: Final[dict[str, Act]] = {}
_FORM: Final = re.compile(r"(?P<name>[\w-]+)=(?P<argument>[^@]+)@(?P<at_s>\d+(\.\d+)?)")


def fault(name: str) -> Callable[[Act], Act]:
    """Registers the function under it as the fault `name`."""

    def register(act: Act) -> Act:
        FAULTS[name] = act
        return act

    return register


def parse(text: str) -> Planned:
    """`NAME=ARGUMENT@SECONDS`; ConfigError names the nearest known fault."""
    match = _FORM.fullmatch(text)
    if not match:
        raise ConfigError(f"--fault {text!r}: write NAME=ARGUMENT@SECONDS, such as kill=target@5")
    if match["name"] not in FAULTS:
        raise ConfigError(f"--fault {text!r}: no fault is called {match['name']!r}: {nearest(match['name'], FAULTS)}")
    return Planned(text, match["name"], match["argument"], float(match["at_s"]))


def act(planned: Planned, site: Site) -> str:
    """Does it; what was done, in words. ConfigError: there is no such thing to do it to."""
    return FAULTS[planned.name](site, planned.argument)


def _find(path: Any) -> None:
    for file in pkgutil.iter_modules(path):
        importlib.import_module(f"{__name__}.{file.name}")


_find(__path__)
