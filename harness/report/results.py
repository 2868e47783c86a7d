"""results.json: everything a run has to say, in one object that other programs may rely on (`schema_version`)."""

from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct, field

from harness.config import ConfigError, one_line
from harness.rundir import write_json
from invariants.verdict import Value, Verdict

SCHEMA_VERSION: Final = 1
FILE: Final = "results.json"


class Operations(Struct, frozen=True):
    """`issued` = `ok` + `fail` + `info`, exactly."""

    issued: int = 0
    ok: int = 0
    fail: int = 0
    info: int = 0


class Money(Struct, frozen=True):
    """The equation of the run, in fen: funded = opened + refunded + held. `credited_fen` should equal opened."""

    funded_fen: int
    opened_fen: int
    refunded_fen: int
    held_fen: int
    credited_fen: int
    balanced: bool


class Awards(Struct, frozen=True):
    """`told`: awards that clients were told of; `credited`: those that are in accounts. `peak_per_s`: the most told of
    in a second; `credited_per_s`: in the mean from the first award to the last; `times`: the first by the
    second. `waiting_most`: the most that were told of and not credited at one moment.
    """

    told: int
    credited: int
    peak_per_s: float
    credited_per_s: float
    times: float | None
    waiting_most: int


class Settled(Struct, frozen=True):
    """What became of the `info` operations when the evidence was asked."""

    happened: int = 0
    did_not_happen: int = 0
    unsettled: int = 0


class Percentiles(Struct, frozen=True):
    """Microseconds, to three digits: the highest value of a histogram's bucket."""

    p50: int
    p90: int
    p99: int
    p999: int
    max: int


class Latency(Struct, frozen=True):
    """`response_us` counts from when the schedule wanted it sent, `service_us` from when it was."""

    response_us: Percentiles
    service_us: Percentiles


class Rate(Struct, frozen=True):
    """Operations a second: what the schedule asked for, and what was sent."""

    offered_per_s: float
    achieved_per_s: float


class Felt(Struct, frozen=True):
    """What clients had of one kind of operation in the seconds after a fault. `p99_us`: from the schedule; None where
    nothing was answered.
    """

    ok: int
    fail: int
    info: int
    p99_us: int | None


class Fault(Struct, frozen=True):
    """What was done to the target in mid-run; `at_s` from the start of the load, `at_ns` by the history's clock;
    `felt`: operation → what clients had of it in the `felt_s` seconds after.
    """

    name: str
    at_s: float
    detail: str = ""
    at_ns: int = 0
    felt_s: float = 0.0
    felt: dict[str, Felt] = field(default_factory=dict)


class Run(Struct, frozen=True, kw_only=True):
    """`reproduce`: the command line that does the same again. `path`: the run's folder."""

    scenario: str
    seed: int
    argv: list[str]
    path: str
    reproduce: str
    backend: str = ""
    started: str = ""
    seconds: float = 0.0


class Results(Struct, frozen=True, kw_only=True):
    """A whole run, judged. What could not be measured (no money evidence, no load) is None or empty."""

    schema_version: int = SCHEMA_VERSION
    verdict: Value
    exit_code: int
    invariants: dict[str, Verdict]
    not_claimed: list[str] = field(default_factory=list)
    operations: Operations = field(default_factory=Operations)
    by_operation: dict[str, Operations] = field(default_factory=dict)
    money: Money | None = None
    awards: Awards | None = None
    settled: Settled = field(default_factory=Settled)
    latency: dict[str, Latency] = field(default_factory=dict)
    rate: Rate | None = None
    generator: dict[str, Any] = field(default_factory=dict)  # flat; names end in their unit
    drained: bool = True
    reasons: list[str] = field(default_factory=list)  # why exit_code is what it is, beyond the invariants
    faults: list[Fault] = field(default_factory=list)
    run: Run


def parse(tree: dict[str, Any], *, source: str = FILE) -> Results:
    """The object of results.json as `Results`. ConfigError: it is of another version, or not one."""
    told = tree.get("schema_version")
    if told != SCHEMA_VERSION:
        raise ConfigError(f"{source}: schema_version is {told!r}, this rainproof reads {SCHEMA_VERSION}")
    try:
        return msgspec.convert(tree, Results)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{source}: is not a run's results: {one_line(error)}") from None


def load(folder: Path) -> Results:
    """The results of the run in `folder`."""
    path = folder / FILE
    try:
        tree = msgspec.json.decode(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: is not JSON: {one_line(error)}") from None
    if not isinstance(tree, dict):
        raise ConfigError(f"{path}: is not a run's results")
    return parse(tree, source=str(path))


def save(folder: Path, results: Results) -> Path:
    """Write results.json into `folder`."""
    write_json(folder / FILE, results)
    return folder / FILE
