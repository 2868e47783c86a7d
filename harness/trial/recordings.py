"""Do the invariants find what real failures leave? A recorded run is corrupted in one small way after another, and
each time the invariant named beforehand must say violated, with a witness that names what was corrupted. The recording
as it is may be accused by nobody.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import duckdb
from msgspec import Struct

from harness import plugins, rundir
from harness.progress import Teller
from harness.trial.corruptions import Corruption, catalogue
from harness.trial.corruptions.recording import Row, corrupted, load, picked
from invariants.judge import judge
from invariants.registry import INVARIANTS, Invariant
from invariants.verdict import Value, Verdict


class CorruptionTrial(Struct, frozen=True):
    """What became of one corruption. `subject`: what the witness must name; `sentence`: what it said; `reason`: why
    the corruption does not count as killed, "" where it does.
    """

    killed: bool
    caught_by: str
    summary: str
    reason: str
    subject: str = ""
    sentence: str = ""
    verdicts: dict[str, Value] = {}


class CorruptionCampaign(Struct, frozen=True):
    """All corruptions of one recording. `matrix`: corruption → invariant → verdict; `recorded`: what each invariant
    says of the recording as it is; `accusations`: those that say violated; `not_applicable`: corruptions whose
    invariant the run does not claim.
    """

    killed: int
    total: int
    survivors: list[str]
    accusations: list[str]
    not_applicable: list[str]
    matrix: dict[str, dict[str, Value]]
    recorded: dict[str, Value]
    trials: dict[str, CorruptionTrial]
    path: str

    @property
    def passed(self) -> bool:
        return self.total > 0 and not self.survivors and not self.accusations


def try_corruptions(
    folder: Path, teller: Teller, only: str | None = None, invariants: Mapping[str, Invariant] = INVARIANTS
) -> CorruptionCampaign:
    """Tries every corruption, or `only` one, on the run in `folder`, by the claims on its record. ConfigError: no such
    corruption, or no recorded run.
    """
    known = catalogue()
    chosen = {only: plugins.choose("corruption", only, known)} if only else known
    claims: list[str] = rundir.read_record(folder).configuration["claims"]
    applicable = [corruption for corruption in chosen.values() if corruption.caught_by in claims]
    teller.phase("corrupt", f"{len(applicable)} corruptions of {folder}")
    with load(folder) as recording:
        recorded = _values(judge(recording, claims, invariants))
        trials = dict(_told(trials_of(recording, applicable, claims, invariants), teller))
    return _campaign(folder, recorded, trials, not_applicable=[name for name in chosen if name not in trials])


def trials_of(
    recording: duckdb.DuckDBPyConnection,
    corruptions: Collection[Corruption],
    claims: Sequence[str],
    invariants: Mapping[str, Invariant] = INVARIANTS,
) -> Iterator[tuple[str, CorruptionTrial]]:
    """Each corruption by itself, judged by `claims`, which hold every `caught_by`. The recording stays as it is."""
    rows = picked(recording, corruptions)
    for corruption in corruptions:
        yield corruption.name, _trial(recording, corruption, rows[corruption.name], claims, invariants)


def _told(trials: Iterator[tuple[str, CorruptionTrial]], teller: Teller) -> Iterator[tuple[str, CorruptionTrial]]:
    for name, tried in trials:
        teller.phase("corrupt", f"{name} {'is killed' if tried.killed else f'SURVIVES: {tried.reason}'}")
        yield name, tried


def _campaign(
    folder: Path, recorded: dict[str, Value], trials: dict[str, CorruptionTrial], not_applicable: list[str]
) -> CorruptionCampaign:
    survivors = [name for name, tried in trials.items() if not tried.killed]
    return CorruptionCampaign(
        killed=len(trials) - len(survivors),
        total=len(trials),
        survivors=survivors,
        accusations=[name for name, value in recorded.items() if value == "violated"],
        not_applicable=not_applicable,
        matrix={name: tried.verdicts for name, tried in trials.items()},
        recorded=recorded,
        trials=trials,
        path=str(folder),
    )


def _trial(
    recording: duckdb.DuckDBPyConnection,
    corruption: Corruption,
    row: Row | None,
    claims: Sequence[str],
    invariants: Mapping[str, Invariant],
) -> CorruptionTrial:
    if row is None:
        return _not_applied(corruption)
    with corrupted(recording, corruption, row) as applied:
        verdicts = {verdict.name: verdict for verdict in judge(recording, claims, invariants)} if applied else {}
    return _judged(corruption, str(row["subject"]), verdicts) if applied else _not_applied(corruption)


def _not_applied(corruption: Corruption) -> CorruptionTrial:
    reason = f"could not be applied: needs {corruption.needs}"
    return CorruptionTrial(killed=False, caught_by=corruption.caught_by, summary=corruption.summary, reason=reason)


def _judged(corruption: Corruption, subject: str, verdicts: Mapping[str, Verdict]) -> CorruptionTrial:
    """Killed, if `caught_by` accuses and names the subject: an alarm about something else does not count."""
    verdict = verdicts[corruption.caught_by]
    named = {witness.subject: witness.sentence for witness in verdict.witnesses}
    reason = ""
    if verdict.verdict != "violated":
        reason = f"{verdict.name} says {verdict.verdict} {verdict.reason}".rstrip()
    elif subject not in named:
        reason = f"{verdict.name} names {', '.join(named)} and not {subject}"
    return CorruptionTrial(
        killed=not reason,
        caught_by=corruption.caught_by,
        summary=corruption.summary,
        reason=reason,
        subject=subject,
        sentence=named.get(subject, ""),
        verdicts=_values(verdicts.values()),
    )


def _values(verdicts: Iterable[Verdict]) -> dict[str, Value]:
    return {verdict.name: verdict.verdict for verdict in verdicts}
