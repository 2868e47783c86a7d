"""From what a run left to what it means: verdicts, figures and the exit code. `run` and `check` both end
here.
"""

import shlex
from pathlib import Path
from typing import Any, Final

import duckdb
import msgspec
from msgspec import Struct, field

from harness import figures, latency
from harness.config import ConfigError, nearest
from harness.report.results import Fault, Operations, Results, Run
from harness.rundir import RunRecord
from invariants.judge import judge
from invariants.registry import INVARIANTS
from invariants.room import make_room
from invariants.verdict import Value, Verdict

HOLDS: Final = 0
VIOLATED: Final = 1
INCONCLUSIVE: Final = 3
_SPILL: Final = "spill"  # made by DuckDB when memory runs out, and removed by it when it is closed
_NOT_JUDGED: Final = "could not be judged"
_NOT_DRAINED: Final = "the target still had work to do when the time was up: what is missing may be on its way"
_NOTHING_SENT: Final = "the history is empty: nothing was sent"
_DOUBTS: Final = (_NOT_JUDGED, _NOTHING_SENT)  # found anew by every judgement


class Conduct(Struct, frozen=True, kw_only=True):
    """How a run went, as far as its history and evidence do not say. `reasons`: why it may not be conclusive."""

    drained: bool = True
    reasons: list[str] = field(default_factory=list)
    generator: dict[str, Any] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    seconds: float = 0.0

    @classmethod
    def of(cls, results: Results) -> "Conduct":
        """What the results of a finished run say of its conduct."""
        told = {name: getattr(results, name) for name in ("drained", "generator", "faults")}
        reasons = [reason for reason in results.reasons if not reason.startswith(_DOUBTS)]
        return cls(**told, reasons=reasons, seconds=results.run.seconds)


def check_claims(claims: tuple[str, ...], source: Path) -> None:
    """ConfigError: a claim that is no invariant, or none at all."""
    if not claims:
        raise ConfigError(f"{source}: [claims] invariants is empty: claim what is to be judged")
    for name in claims:
        if name not in INVARIANTS:
            raise ConfigError(f"{source}: [claims] no invariant is called '{name}': {nearest(name, INVARIANTS)}")


def assess(folder: Path, record: RunRecord, conduct: Conduct) -> Results:
    """Judges the history and evidence in `folder` by the claims on record."""
    claims = record.configuration["claims"]
    with figures.connect(folder) as connection:
        make_room(connection, folder / _SPILL)
        verdicts = {verdict.name: _as_drained(verdict, conduct.drained) for verdict in judge(connection, claims)}
        counts = figures.by_operation(connection) if _has_history(connection) else {}
        return _results(connection, folder, record, conduct, verdicts, counts)


def _results(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    record: RunRecord,
    conduct: Conduct,
    verdicts: dict[str, Verdict],
    counts: dict[str, Operations],
) -> Results:
    reasons = [*conduct.reasons, *_doubts(verdicts, counts)]
    verdict = overall(verdicts, bool(reasons))
    conserved = "conservation" not in verdicts or verdicts["conservation"].violations == 0
    return Results(
        verdict=verdict,
        exit_code=exit_code(verdict),
        invariants=verdicts,
        not_claimed=[name for name in INVARIANTS if name not in verdicts],
        operations=figures.total(counts),
        by_operation=counts,
        money=figures.money(connection, conserved),
        awards=figures.awards(connection),
        **(_of_history(connection) if counts else {}),
        generator=conduct.generator,
        drained=conduct.drained,
        reasons=reasons,
        faults=figures.felt(connection, conduct.faults) if counts else conduct.faults,
        run=Run(
            scenario=record.scenario,
            seed=record.seed,
            argv=record.argv,
            path=str(folder),
            reproduce=shlex.join(["rainproof", *record.argv]),
            backend=record.configuration.get("backend", ""),
            started=record.started,
            seconds=conduct.seconds,
        ),
    )


def _as_drained(verdict: Verdict, drained: bool) -> Verdict:
    """Of a target that still had work to do nobody can say what is missing for good."""
    if drained or verdict.verdict != "violated" or not INVARIANTS[verdict.name].after_drain:
        return verdict
    return msgspec.structs.replace(verdict, verdict="unknown", reason=_NOT_DRAINED)


def _of_history(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    return {
        "settled": figures.settled(connection),
        "latency": latency.by_operation(connection),
        "rate": figures.rate(connection),
    }


def overall(verdicts: dict[str, Verdict], doubtful: bool) -> Value:
    """One violation is certain whatever else is not; without one, any doubt makes the whole unknown."""
    values = {verdict.verdict for verdict in verdicts.values()}
    if "violated" in values:
        return "violated"
    return "unknown" if doubtful or values != {"holds"} else "holds"


def exit_code(verdict: Value) -> int:
    """0 holds, 1 violated, 3 inconclusive."""
    return {"holds": HOLDS, "violated": VIOLATED, "unknown": INCONCLUSIVE}[verdict]


def _doubts(verdicts: dict[str, Verdict], counts: dict[str, Operations]) -> list[str]:
    """What the history and the verdicts themselves leave open."""
    open_ones = [name for name, verdict in verdicts.items() if verdict.verdict == "unknown"]
    doubts = [f"{_NOT_JUDGED}: {', '.join(open_ones)}"] if open_ones else []
    return doubts if counts else [*doubts, _NOTHING_SENT]


def _has_history(connection: duckdb.DuckDBPyConnection) -> bool:
    return "history" in figures.tables(connection)


def as_json(results: Results) -> str:
    """The one object that `--json` prints."""
    return msgspec.json.encode(results).decode()
