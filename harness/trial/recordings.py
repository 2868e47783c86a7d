"""Do the invariants find what real failures leave? A recorded run is corrupted in one small way after another, and
each time the invariant named beforehand must say violated, with a witness that names what was corrupted. The recording
as it is may be accused by nobody.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import duckdb
from msgspec import Struct

from harness import plugins, rundir
from harness.figures import tables
from harness.progress import Teller
from harness.trial.corruptions import Corruption, catalogue
from harness.trial.corruptions.recording import Row, corrupted, load, picked, touched
from invariants.judge import judge
from invariants.registry import INVARIANTS, Invariant
from invariants.verdict import Value, Verdict


class CorruptionTrial(Struct, frozen=True):
    """What became of one corruption. `subject`: what the witness must name; `sentence`: what it said; `reason`: why
    the corruption does not count as killed, "" where it does; `applicable`: does the recording have what it corrupts?
    """

    killed: bool
    caught_by: str
    summary: str
    reason: str
    applicable: bool = True
    subject: str = ""
    sentence: str = ""
    verdicts: dict[str, Value] = {}


class CorruptionCampaign(Struct, frozen=True):
    """All corruptions of one recording. `matrix`: corruption → invariant → verdict; `recorded`: what each invariant
    says of the recording as it is; `accusations`: those that say violated; `not_applicable`: the corruptions of which
    nothing can be said, and why: the run does not claim their invariant, or has no rows to be corrupted so.
    """

    killed: int
    total: int
    survivors: list[str]
    accusations: list[str]
    not_applicable: dict[str, str]
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
    claimed = [corruption for corruption in chosen.values() if corruption.caught_by in claims]
    teller.phase("corrupt", f"{len(claimed)} corruptions of {folder}")
    with load(folder) as recording:
        recorded = _values(judge(recording, claims, invariants))
        trials = dict(_told(trials_of(recording, claimed, claims, invariants), teller))
    unclaimed = {
        name: f"the run does not claim {corruption.caught_by}"
        for name, corruption in chosen.items()
        if corruption not in claimed
    }
    return _campaign(folder, recorded, trials, unclaimed)


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
        fate = "is killed" if tried.killed else "SURVIVES" if tried.applicable else "is not applicable"
        teller.phase("corrupt", f"{name} {fate}{tried.reason and f': {tried.reason}'}")
        yield name, tried


def _campaign(
    folder: Path, recorded: dict[str, Value], tried: Mapping[str, CorruptionTrial], unclaimed: Mapping[str, str]
) -> CorruptionCampaign:
    trials = {name: trial for name, trial in tried.items() if trial.applicable}
    survivors = [name for name, trial in trials.items() if not trial.killed]
    return CorruptionCampaign(
        killed=len(trials) - len(survivors),
        total=len(trials),
        survivors=survivors,
        accusations=[name for name, value in recorded.items() if value == "violated"],
        not_applicable={**unclaimed, **{name: each.reason for name, each in tried.items() if not each.applicable}},
        matrix={name: trial.verdicts for name, trial in trials.items()},
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
    if row is None or not touched(corruption) <= tables(recording):
        return _not_killed(corruption, f"the run does not have {corruption.needs}", applicable=False)
    with corrupted(recording, corruption, row) as applied:
        verdicts = {verdict.name: verdict for verdict in judge(recording, claims, invariants)} if applied else {}
    if not applied:
        return _not_killed(corruption, "a statement of it changes nothing, though its row is there")
    return _judged(corruption, str(row["subject"]), verdicts)


def _not_killed(corruption: Corruption, reason: str, applicable: bool = True) -> CorruptionTrial:
    return CorruptionTrial(
        killed=False,
        caught_by=corruption.caught_by,
        summary=corruption.summary,
        reason=reason,
        applicable=applicable,
    )


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
