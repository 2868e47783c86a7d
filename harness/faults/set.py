"""`set=NAME:VALUE@SECONDS`: what an operator sets while the target runs, by its [admin] in the target file."""

import re
import time

from harness.config import ConfigError
from harness.faults import Site, fault
from harness.target.fetch import Unreachable, ask
from harness.target.mapping import Admin, Target

_FORM = re.compile(r"(?P<name>[\w-]+):(?P<value>-?\d+)")
_WITHIN_S = 10.0
_INSISTS_S = 20.0
_PAUSE_S = 0.5


@fault("set")
def set_control(site: Site, argument: str) -> str:
    """Sets a control of the target; what was done, in words."""
    match = _FORM.fullmatch(argument)
    if not match:
        raise ConfigError(f"--fault set={argument}: write set=NAME:VALUE@SECONDS, VALUE a whole number")
    if site.target.admin is None:
        raise ConfigError(f"--fault set={argument}: {site.target.path} has no [admin] to set it by")
    status, body = _insisted(site.target, site.target.admin, match["name"], int(match["value"]))
    if status != 200:
        said = body[:200].decode(errors="replace")
        raise ConfigError(f"--fault set={argument}: the target answers {status}: {said}")
    return f"set {match['name']} to {match['value']}"


def _insisted(target: Target, admin: Admin, name: str, value: int) -> tuple[int, bytes]:
    """As an operator does whose target is just coming back: asked again while it says nothing, or that it cannot."""
    path = admin.path.render({"name": name}).decode()
    body = admin.body.render({"name": name, "value": value})
    deadline_s = time.monotonic() + _INSISTS_S
    while True:
        over = time.monotonic() > deadline_s
        try:
            status, said = ask(target, "POST", path, _WITHIN_S, body, admin.headers())
            if status < 500 or over:
                return status, said
        except Unreachable as error:
            if over:
                raise ConfigError(f"--fault set={name}:{value}: the target does not answer: {error}") from None
        time.sleep(_PAUSE_S)
