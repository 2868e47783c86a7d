"""Lines of people's lists in the lists' database, and what the order databases say they must be (W02)."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, sqlite

from reference_impl.domain.lists import RECEIVED, SENT, Line, Place
from reference_impl.packets.rows import OPEN
from reference_impl.stores.layout import OrderTables
from reference_impl.stores.list_tables import list_table
from reference_impl.stores.sql import Store, between


def put(connection: sa.Connection, store: Store, lines: Sequence[Line], tagged: bool) -> None:
    """Write lines; what stands at a line's key is made right."""
    connection.execute(_put(list_table(tagged), store.sqlite), [msgspec.structs.asdict(line) for line in lines])


def standing(connection: sa.Connection, lines: Sequence[Line], tagged: bool) -> set[Line]:
    """The lines that stand, of the people and packets of these."""
    wanted = {"persons": sorted({line.person for line in lines}), "packets": sorted({line.packet for line in lines})}
    return {Line(*row) for row in connection.execute(_standing(list_table(tagged)), wanted)}


def newest(
    connection: sa.Connection, person: int, box: str, before: Place | None, most: int, tagged: bool
) -> list[Line]:
    """At most so many lines of a list behind a place, newest first."""
    values: dict[str, Any] = {"of": person, "in_box": box, "most": most}
    if before is not None:
        values |= {"before_us": before.at_us, "before_packet": before.packet}
    return [Line(*row) for row in connection.execute(_newest(list_table(tagged), before is not None), values)]


def due_lines(connection: sa.Connection, tables: tuple[OrderTables, ...], since_us: int, until_us: int) -> list[Line]:
    """The lines of what these tables got between two moments: packets that were paid, and opens."""
    return [Line(*row) for row in connection.execute(_due(tables), {"since_us": since_us, "until_us": until_us})]


# Statements are built once a table: building one costs more than sending it.


@cache
def _put(table: sa.Table, for_sqlite: bool) -> sa.Insert:
    if for_sqlite:
        insert = sqlite.insert(table)
        right = {name: insert.excluded[name] for name in ("amount_fen", "at_us")}
        return insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=right)
    insert_or_mend = mysql.insert(table)
    return insert_or_mend.on_duplicate_key_update(
        {name: insert_or_mend.inserted[name] for name in ("amount_fen", "at_us")}
    )


@cache
def _standing(table: sa.Table) -> sa.Select[Any]:
    return _lines(table).where(
        table.c.person.in_(sa.bindparam("persons", expanding=True)),
        table.c.packet.in_(sa.bindparam("packets", expanding=True)),
    )


@cache
def _newest(table: sa.Table, has_before: bool) -> sa.Select[Any]:
    c = table.c
    query = _lines(table).where(c.person == sa.bindparam("of"), c.box == sa.bindparam("in_box"))
    if has_before:
        before_us: Any = sa.bindparam("before_us", type_=sa.BigInteger)
        packet: Any = sa.bindparam("before_packet")
        query = query.where(sa.or_(c.at_us < before_us, sa.and_(c.at_us == before_us, c.packet < packet)))
    return query.order_by(c.at_us.desc(), c.packet.desc()).limit(sa.bindparam("most"))


@cache
def _due(tables: tuple[OrderTables, ...]) -> sa.CompoundSelect[Any]:
    sent = [
        sa.select(c.sender.label("person"), sa.literal(SENT), c.packet, c.total_fen, c.paid_us).where(
            between(c.paid_us), c.state != "void"
        )
        for c in (each.packets.c for each in tables)
    ]
    received = [
        sa.select(c.person, sa.literal(RECEIVED), c.packet, c.amount_fen, c.made_us).where(
            between(c.made_us), c.kind == OPEN
        )
        for c in (each.vouchers.c for each in tables)
    ]
    return sa.union_all(*sent, *received)


def _lines(table: sa.Table) -> sa.Select[Any]:
    c = table.c
    return sa.select(c.person, c.box, c.packet, c.amount_fen, c.at_us)
