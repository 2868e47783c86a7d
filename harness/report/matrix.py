"""What a trial of the judge says: a matrix of planted bug × invariant, and who survived or was wrongly accused."""

from collections.abc import Mapping

from rich.table import Table

from harness.trial.campaign import Campaign
from harness.trial.recordings import CorruptionCampaign
from invariants.verdict import Value

MARKS: Mapping[Value, str] = {"holds": "·", "violated": "✗", "unknown": "?"}


def matrix(verdicts: Mapping[str, Mapping[str, Value]], meant: Mapping[str, str], first: str) -> Table:
    """One row a planted bug; the invariant that is meant to catch it stands in brackets."""
    table = Table(box=None, padding=(0, 1))
    names = list(dict.fromkeys(name for row in verdicts.values() for name in row))
    table.add_column(first, no_wrap=True)
    for number, _ in enumerate(names, start=1):
        table.add_column(str(number), justify="center")
    for planted, row in verdicts.items():
        marks = (MARKS[row[name]] if name in row else "" for name in names)
        table.add_row(
            planted,
            *(f"\\[{mark}]" if name == meant[planted] else mark for name, mark in zip(names, marks, strict=True)),
        )
    table.caption = "  ".join(f"{number} {name}" for number, name in enumerate(names, start=1))
    return table


def conclusion(tried: Campaign | CorruptionCampaign) -> list[str]:
    """The last lines."""
    survivors = "".join(f", {name} SURVIVES" for name in tried.survivors)
    if isinstance(tried, CorruptionCampaign):
        clean = "the recording as it is"
        why = [f"  {name}: {tried.trials[name].reason}" for name in tried.survivors]
        why += [f"{len(tried.not_applicable)} not applicable"] if tried.not_applicable else []
        why += [f"  {name}: {reason}" for name, reason in tried.not_applicable.items()]
    else:
        clean, why = f"{len(tried.controls)} clean nights and worlds", []
        where = ", ".join(f"{count} in {place}" for place, count in tried.died_in.items() if count)
        survivors = f" ({where}){survivors}"
    accused = "".join(f", {name}" for name in tried.accusations)
    return [
        f"{tried.killed} of {tried.total} killed{survivors}",
        *why,
        f"{clean}: {len(tried.accusations)} accusations{accused}",
    ]
