"""Orders ↔ lists: paid packets must be in their senders' lists, opens in their openers' (W02). What the stream lost, or
never got because it was switched off (W20), is written here."""

from collections.abc import Iterator
from functools import partial

from reference_impl.domain.identifiers import is_tagged
from reference_impl.domain.lists import Line
from reference_impl.packets import list_rows, listing
from reference_impl.reconcile.report import Report
from reference_impl.system import System

CHUNK = 500


def reconcile(system: System, since_us: int, until_us: int) -> Report:
    """Write every line of what was made between two moments that is missing or wrong."""
    total = Report()
    for lines, tagged in _chunks(system, since_us, until_us):
        differing = _differing(system, lines, tagged)
        if differing:
            listing.write(system, differing, tagged)
        total += Report(len(lines), len(differing), len(differing))
    return total


def count_missing(system: System, since_us: int, until_us: int) -> int:
    """How many lines are missing or wrong."""
    return sum(len(_differing(system, lines, tagged)) for lines, tagged in _chunks(system, since_us, until_us))


def _chunks(system: System, since_us: int, until_us: int) -> Iterator[tuple[list[Line], bool]]:
    """Lines that must stand, some hundred at a time, and whether they are tagged; from the start: of every day."""
    for store, tables in system.hot_tables() if since_us else system.all_tables():
        due = store.read(partial(list_rows.due_lines, tables=tables, since_us=since_us, until_us=until_us))
        for tagged in system.sides():
            of_side = sorted(line for line in due if is_tagged(line.packet) == tagged)
            for start in range(0, len(of_side), CHUNK):
                yield of_side[start : start + CHUNK], tagged


def _differing(system: System, lines: list[Line], tagged: bool) -> list[Line]:
    standing = system.lists.read(lambda connection: list_rows.standing(connection, lines, tagged))
    return [line for line in lines if line not in standing]
