"""The state machine on a system that a team makes, or on the target itself."""

import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from hypothesis import settings

from harness.properties.http_system import HttpSystem, check_templates
from harness.properties.trial import Property, Skipped, ensure, trial
from harness.target.files import PropertiesTable
from invariants.machine import SystemUnderTest, machine_for, try_machine


def made_system(make: Callable[[], SystemUnderTest], table: PropertiesTable) -> Property:
    """`make()` gives a fresh system for every run."""
    return _property(partial(_try, make, table))


def target_itself(path: Path, table: PropertiesTable, missing: Sequence[str]) -> Property:
    """The operations of the target file at `path`, of which some may be missing; it is started if its file says how.

    The check raises ConfigError and Unreachable too.
    """
    return _property(partial(_try_target, path, table, missing))


def _property(check: Callable[[], None]) -> Property:
    return Property("state_machine", "people are told nothing that cannot be, and money is conserved", check)


def _try(make: Callable[[], SystemUnderTest], table: PropertiesTable) -> None:
    machine = machine_for(make, allocation_bounds=table.allocation_bounds)
    try_machine(machine, settings(trial(table.runs), stateful_step_count=table.steps), table.shrink_s)
    told = ", ".join(f"{count} {what}" for what, count in sorted(machine.tally.items()))
    ensure(machine.tally["open ok"] > 0, f"no open succeeded, so that nothing was shown: {told}")


def _try_target(path: Path, table: PropertiesTable, missing: Sequence[str]) -> None:
    if missing:
        raise Skipped(f"the state machine needs [operation.{missing[0]}], or [properties] machine")
    from harness.run import deployed  # the whole harness, which nobody else here needs

    with (
        tempfile.TemporaryDirectory(prefix="rainproof-") as folder,
        deployed(path, "embedded", Path(folder)) as deployment,
    ):
        check_templates(deployment.target, table.values)
        _try(partial(HttpSystem, deployment.target, table.values), table)
