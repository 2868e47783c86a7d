"""Awards: what was promised ↔ what the ledger credited (B14). Part of rain.py, hour_1.py and hour_2.py.

What was promised stands in order rows and, for scenes that give tokens, in the token store. A lost award is credited
under its own order number where its scene compensates (B05); nothing else is repaired here: what was credited too much
somebody must look at, and an alarm says so.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any, Final

import sqlalchemy as sa

from reference_impl.domain.errors import Refused
from reference_impl.domain.orders import OrderNumber, parse_order
from reference_impl.domain.scenes import Scene
from reference_impl.ledger.awards import Award, credited_fen
from reference_impl.reconcile.report import MOST_ROWS, Difference, Report
from reference_impl.stores.cache import CacheError
from reference_impl.stores.layout import LedgerTables, ledger_tables, side
from reference_impl.stores.wallet_tables import WalletTables, wallet_tables
from reference_impl.system import System
from reference_impl.wallet import crediting
from reference_impl.wallet.award import ACCEPTED, DONE, finish
from reference_impl.wallet.desk import Desk
from reference_impl.wallet.token_store import CREDITED, REFUSED, is_token

log = logging.getLogger(__name__)
CHUNK: Final = 500
HOUR_US: Final = 3_600_000_000
RECENT_US: Final = 600_000_000


def hourly(system: System, name: str, hours: int, since_us: int, until_us: int) -> Report:
    """What was promised in the hour that ended `hours` ago, in scenes that are reconciled then, against all that was
    credited; and the entries of that time."""
    desk, (from_us, to_us) = system.desk, _hour(hours, since_us, until_us)
    if desk is None or to_us <= 0:
        return Report()
    scenes = [scene for scene in desk.activity.scenes if scene.reconcile_h == hours]
    total = Report()
    for tagged in system.sides():
        total += _promised(system, desk, name, scenes, _orders(desk, scenes, from_us, to_us, tagged), tagged)
        if since_us == 0:
            total += _promised(system, desk, name, scenes, _tokens(desk, scenes, to_us, tagged), tagged)
            total += reported(system, name, _above_terms(system, desk, scenes, tagged))
        total += reported(system, name, _doubles(system, scenes, from_us, to_us, tagged))
    return total


def count_lost(system: System, hours: int, since_us: int, until_us: int) -> int:
    """How many of those promises are in no account and will be repaired."""
    desk, (from_us, to_us) = system.desk, _hour(hours, since_us, until_us)
    if desk is None or to_us <= 0:
        return 0
    scenes = [scene for scene in desk.activity.scenes if scene.reconcile_h == hours and scene.compensate]
    return sum(
        difference.kind == "lost"
        for tagged in system.sides()
        for awards in chunks(_orders(desk, scenes, from_us, to_us, tagged))
        for _, difference in _differing(system, awards, tagged)
    )


def credited_since(system: System, name: str, since_us: int, until_us: int) -> Report:
    """Rain's credits of a window, checked back against what was promised; and the entries of that window. What is not
    recent is left to the hourly reconciliations."""
    desk, total = system.desk, Report()
    if desk is None:
        return total
    since_us = max(since_us, until_us - RECENT_US)
    scenes = [scene for scene in desk.activity.scenes if scene.path == "token"]
    for tagged in system.sides():
        for awards in chunks(credits(system, scenes, since_us, until_us, tagged)):
            found = list(_without_order(desk, awards, tagged))
            total += Report(examined=len(awards)) + reported(system, name, found)
        total += reported(system, name, _doubles(system, scenes, since_us, until_us, tagged))
    return total


def _hour(hours: int, since_us: int, until_us: int) -> tuple[int, int]:
    """A window moved so many hours back, and never longer than one."""
    to_us = until_us - hours * HOUR_US
    return max(since_us - hours * HOUR_US, to_us - HOUR_US), to_us


# --- from the promise to the account ----------------------------------------------------------------------------------


def _promised(
    system: System, desk: Desk, name: str, scenes: Sequence[Scene], promised: Iterable[Award], tagged: bool
) -> Report:
    """Compare promises with credits, and credit what is lost where its scene compensates."""
    compensated = {scene.id for scene in scenes if scene.compensate}
    total = Report()
    for awards in chunks(promised):
        found = list(_differing(system, awards, tagged))
        owed = [award for award, each in found if each.kind == "lost" and award.number.scene in compensated]
        if owed:
            crediting.credit(system, desk, owed, tagged)
        for award in owed:
            finish(desk, award.number)
        total += Report(len(awards), repaired=len(owed)) + reported(system, name, [each for _, each in found])
    return total


def _differing(system: System, awards: Sequence[Award], tagged: bool) -> Iterator[tuple[Award, Difference]]:
    credited = _arrived(system, awards, tagged)
    for award in awards:
        arrived_fen = credited.get(award.order)
        if arrived_fen != award.amount_fen:
            kind = "lost" if arrived_fen is None else "other_amount"
            place = system.ledger.shard(award.number.act).name
            yield award, Difference(kind, award.order, award.amount_fen, arrived_fen, place)


def _arrived(system: System, awards: Sequence[Award], tagged: bool) -> dict[str, int]:
    """What was credited of these awards: where their people were, or else where a merge may have brought them (B01)."""
    numbers = [award.number for award in awards]
    credited = credited_fen(system.ledger, numbers, tagged)
    elsewhere = [number for number in numbers if str(number) not in credited]
    return credited | (credited_fen(system.ledger, elsewhere, tagged, anywhere=True) if elsewhere else {})


def _orders(desk: Desk, scenes: Sequence[Scene], from_us: int, to_us: int, tagged: bool) -> Iterator[Award]:
    """Promises by order row."""
    statement = _ordered(wallet_tables(tagged))
    values = {"scenes": [scene.id for scene in scenes], "from_us": from_us, "to_us": to_us}
    for store in desk.orders:
        yield from (Award(*row) for row in store.read(lambda c: c.execute(statement, values).all()))


def _tokens(desk: Desk, scenes: Sequence[Scene], to_us: int, tagged: bool) -> Iterator[Award]:
    """Promises that the token store holds and that it does not know to be credited."""
    wanted = {scene.id for scene in scenes}
    try:
        for key in desk.tokens.client.scan_iter(f"{side(tagged)}tokens:*", count=1000):
            kept: Any = desk.tokens.client.hvals(key)
            opened = (_opened(desk, text) for text in kept if is_token(text))
            yield from (each for each in opened if each and each.number.scene in wanted and each.opened_us < to_us)
    except CacheError as error:
        log.warning("tokens are reconciled later: %s", error)


def _opened(desk: Desk, text: str) -> Award | None:
    try:
        return desk.keyring.open(text).award
    except Refused as refused:
        log.error("a token that the server kept is not believed: %s", refused.code)
        return None


# --- from the account to the promise ----------------------------------------------------------------------------------


def credits(
    system: System, scenes: Sequence[Scene], since_us: int, until_us: int, tagged: bool
) -> Iterator[tuple[OrderNumber, int]]:
    """Order number and amount of what was credited between two moments in these scenes."""
    statement = _credited(ledger_tables(tagged))
    values = {"scenes": [scene.id for scene in scenes], "from_us": since_us, "to_us": until_us}
    for store in system.ledger.stores:
        for row in store.read(lambda c: c.execute(statement, values).all()):
            yield parse_order(row.order_number), row.amount_fen


def _without_order(desk: Desk, awards: Sequence[tuple[OrderNumber, int]], tagged: bool) -> Iterator[Difference]:
    """Credits that nobody promised, or promised otherwise. A token store that is away proves nothing."""
    rows = order_rows(desk, [number for number, _ in awards], tagged)
    try:
        for number, amount_fen in awards:
            told_fen = rows.get(str(number), promised_fen(desk, number))
            if told_fen != amount_fen:
                kind = "unordered" if told_fen is None else "other_amount"
                yield Difference(kind, str(number), told_fen, amount_fen, desk.shard(number.act).name)
    except CacheError as error:
        log.warning("credits are checked back later: %s", error)


def promised_fen(desk: Desk, number: OrderNumber) -> int | None:
    """What the token store says of an order. Raises CacheError."""
    text = desk.tokens.standing(number.act, str(number))
    if text in (None, REFUSED):
        return None
    if text.startswith(CREDITED):
        return int(text.removeprefix(CREDITED))
    opened = _opened(desk, text)
    return opened.amount_fen if opened else None


def order_rows(desk: Desk, numbers: Sequence[OrderNumber], tagged: bool) -> dict[str, int]:
    """Of these orders those that have a row, with their amounts."""
    statement, values = _rows(wallet_tables(tagged)), {"orders": [str(number) for number in numbers]}
    found: dict[str, int] = {}
    for store in desk.orders:
        found |= dict(store.read(lambda c: [(row[0], row[1]) for row in c.execute(statement, values)]))
    return found


def _doubles(system: System, scenes: Sequence[Scene], from_us: int, to_us: int, tagged: bool) -> Iterator[Difference]:
    """Entries that moved an award's money and are no award's: of one that was credited before under another key."""
    statement, values = _strays(ledger_tables(tagged)), {"from_us": from_us, "to_us": to_us}
    wanted = tuple(f"_{scene.id}_" for scene in scenes)
    for store in system.ledger.stores:
        for row in store.read(lambda c: c.execute(statement, values).all()):
            if any(part in row.entry for part in wanted):
                yield Difference("double", row.entry, None, int(row.moved_fen), store.name)


def _above_terms(system: System, desk: Desk, scenes: Sequence[Scene], tagged: bool) -> Iterator[Difference]:
    """Scenes whose credits are more than their budgets, and awards above the cap."""
    spent: dict[tuple[str, str], int] = {}
    highest: dict[tuple[str, str], int] = {}
    statement, values = _sums(ledger_tables(tagged)), {"scenes": [scene.id for scene in scenes]}
    for store in system.ledger.stores:
        for scene, stage, sum_fen, most_fen in store.read(lambda c: c.execute(statement, values).all()):
            key = scene, stage
            spent[key] = spent.get(key, 0) + int(sum_fen)
            highest[key] = max(highest.get(key, 0), most_fen)
    for (name, stage), sum_fen in sorted(spent.items()):
        terms = desk.activity.scene(name)
        if terms and sum_fen > terms.budget_fen:
            yield Difference("overspent", f"{name}:{stage}", terms.budget_fen, sum_fen, desk.budget_store.name)
        if terms and highest[name, stage] > terms.cap_fen:
            yield Difference("over_cap", f"{name}:{stage}", terms.cap_fen, highest[name, stage], desk.budget_store.name)


# --- what came of it --------------------------------------------------------------------------------------------------


def reported(system: System, name: str, found: Iterable[Difference]) -> Report:
    """Differences as a report; each is counted, for the alarm."""
    rows = list(found)
    for each in rows:
        system.counts.add("differences", name, each.kind)
        log.error(
            "%s: %s is %s: %s fen promised, %s credited", name, each.order, each.kind, each.owed_fen, each.credited_fen
        )
    return Report(missing=len(rows), rows=rows[:MOST_ROWS])


def chunks(found: Iterable[Any]) -> Iterator[list[Any]]:
    """Some at a time."""
    chunk: list[Any] = []
    for each in found:
        chunk.append(each)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


@cache
def _ordered(tables: WalletTables) -> sa.Select[Any]:
    c = tables.orders.c
    return (
        sa.select(c.order_number, c.amount_fen, c.slice, c.opened_us)
        .where(c.scene.in_(sa.bindparam("scenes", expanding=True)), c.state.in_((ACCEPTED, DONE)))
        .where(c.opened_us >= sa.bindparam("from_us"), c.opened_us < sa.bindparam("to_us"))
        .order_by(c.opened_us, c.order_number)
    )


@cache
def _rows(tables: WalletTables) -> sa.Select[Any]:
    c = tables.orders.c
    ordered = c.order_number.in_(sa.bindparam("orders", expanding=True))
    return sa.select(c.order_number, c.amount_fen).where(ordered, c.state.in_((ACCEPTED, DONE)))


@cache
def _credited(tables: LedgerTables) -> sa.Select[Any]:
    c = tables.awards.c
    return (
        sa.select(c.order_number, c.amount_fen)
        .where(c.scene.in_(sa.bindparam("scenes", expanding=True)))
        .where(c.credited_us >= sa.bindparam("from_us"), c.credited_us < sa.bindparam("to_us"))
        .order_by(c.credited_us, c.order_number)
    )


@cache
def _sums(tables: LedgerTables) -> sa.Select[Any]:
    c = tables.awards.c
    return (
        sa.select(c.scene, c.stage, sa.func.sum(c.amount_fen), sa.func.max(c.amount_fen))
        .where(c.scene.in_(sa.bindparam("scenes", expanding=True)))
        .group_by(c.scene, c.stage)
    )


@cache
def _strays(tables: LedgerTables) -> sa.Select[Any]:
    entries, awards, postings = tables.entries.c, tables.awards.c, tables.postings.c
    return (
        sa.select(entries.entry, sa.func.sum(postings.amount_fen).label("moved_fen"))
        .join_from(tables.entries, tables.postings, postings.entry == entries.entry)
        .outerjoin(tables.awards, awards.order_number == entries.entry)
        .where(entries.kind == "award", awards.order_number.is_(None), postings.amount_fen > 0)
        .where(entries.posted_us >= sa.bindparam("from_us"), entries.posted_us < sa.bindparam("to_us"))
        .group_by(entries.entry)
        .order_by(entries.entry)
    )
