"""Running one reconciliation of a target, by its [reconcile] in the target file."""

from typing import Final

import msgspec
from msgspec import Struct

from harness.config import ConfigError
from harness.target.fetch import Unreachable, ask
from harness.target.mapping import Target

_WITHIN_S: Final = 300.0


class Reconciled(Struct, frozen=True):
    """What a reconciliation looked at, what was missing, and how much of that it repaired."""

    name: str
    examined: int
    missing: int
    repaired: int


def reconcile(target: Target, name: str) -> Reconciled:
    """Run it and wait for its end. ConfigError: the target has none of this name, refuses, or does not answer."""
    if target.reconcile is None:
        raise ConfigError(f"{target.path}: no [reconcile] says where a reconciliation is run")
    path = target.reconcile.render({"name": name}).decode()
    headers = target.admin.headers() if target.admin else {}
    try:
        status, body = ask(target, "POST", path, _WITHIN_S, b"", headers)
    except Unreachable as error:
        raise ConfigError(f"target {target.base_url} does not answer: {error}") from None
    said = body[:300].decode(errors="replace")
    if status != 200:
        raise ConfigError(f"target {target.base_url} answers {status} to {path}: {said}")
    try:
        return msgspec.json.decode(body, type=Reconciled)
    except msgspec.DecodeError:
        raise ConfigError(f"target {target.base_url} tells no {{name, examined, missing, repaired}}: {said}") from None


def text(told: Reconciled) -> str:
    """One line for a person."""
    return f"{told.name}: {told.examined:,} examined, {told.missing:,} missing, {told.repaired:,} repaired"
