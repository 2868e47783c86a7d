"""The quick count says what the judge says, on an engine of its own."""

import random

import duckdb
import pytest
from worlds import TABLES, World, clean_night

from invariants.accuse import ROWS_MAX, accusations, accusations_among
from invariants.registry import INVARIANTS

CHANGES = ("drop", "double", "null", "more", "swap", "flip")


def rows_of(world: World) -> dict[str, list[tuple]]:
    return {table: [tuple(row.get(name) for name in TABLES[table]) for row in world.rows[table]] for table in TABLES}


def corrupt(world: World, chance: random.Random) -> None:
    """One change to one cell or row of some table."""
    table = chance.choice([table for table in TABLES if world.rows[table]])
    rows = world.rows[table]
    row, other = chance.choice(rows), chance.choice(rows)
    column = chance.choice(list(TABLES[table]))
    value = row.get(column)
    match chance.choice(CHANGES):
        case "drop":
            rows.remove(row)
        case "double":
            rows.append(dict(row))
        case "null":
            row[column] = None
        case "more" if isinstance(value, int) and not isinstance(value, bool):
            row[column] = value + chance.choice((-1, 1))
        case "flip" if isinstance(value, bool):
            row[column] = not value
        case _:
            row[column], other[column] = other.get(column), value


def counted(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Violations by name, on DuckDB."""
    return {
        name: connection.execute(f"SELECT COUNT(*) FROM ({invariant.violations}) AS v").fetchall()[0][0]
        for name, invariant in INVARIANTS.items()
    }


@pytest.mark.parametrize("seed", range(20))
def test_two_engines_count_the_same(seed: int) -> None:
    """Whatever was done to a night, SQLite and DuckDB find the same number of violations of each invariant."""
    chance = random.Random(seed)
    world = clean_night()
    for _ in range(chance.randrange(1, 7)):
        corrupt(world, chance)
    with world.load() as connection:
        expected = counted(connection)
        assert accusations(connection, INVARIANTS) == expected
    assert accusations_among(rows_of(world), INVARIANTS) == expected


@pytest.mark.parametrize(
    ("table", "column"),
    [
        *(
            ("opens", column)
            for column in ("packet", "person", "sequence", "voucher", "amount_fen", "remaining_fen", "key")
        ),
        *(("postings", column) for column in ("store", "account", "entry", "number", "account_kind", "tag")),
        *(("history", column) for column in ("worker", "person", "key", "sent_ns", "outcome", "sequence")),
    ],
)
def test_two_engines_order_what_is_missing_alike(table: str, column: str) -> None:
    """Where a row does not say what rows are ordered or grouped by, both engines put it in the same place."""
    world = clean_night()
    for row in world.rows[table][::4]:
        row[column] = None
    with world.load() as connection:
        assert accusations_among(rows_of(world), INVARIANTS) == counted(connection)


def test_nobody_is_accused_of_a_legal_night() -> None:
    """Every invariant is asked, and counts nothing."""
    with clean_night().load() as connection:
        assert accusations(connection, INVARIANTS) == dict.fromkeys(INVARIANTS, 0)


def test_calls_leave_nothing_behind() -> None:
    """A world is not seen by the next call, whatever came between."""
    world = clean_night()
    guilty = rows_of(world)
    guilty["opens"] *= 2
    name = "one_open_per_user"
    for rows, expected in ((guilty, len(world.rows["opens"])), (rows_of(world), 0), (rows_of(World()), 0)):
        with pytest.raises(KeyError):
            accusations_among({"opens": rows["opens"]}, [name, "no_overspend"])
        assert accusations_among(rows, iter([name])) == {name: expected}


def test_a_table_that_is_not_there_is_an_error() -> None:
    """Nothing is counted as innocent for want of evidence."""
    with clean_night().load(without=("opens",)) as connection, pytest.raises(duckdb.CatalogException, match="opens"):
        accusations(connection, ["one_open_per_user"])


def test_a_large_table_is_counted_too() -> None:
    """Beyond what suits the small engine the count is the same."""
    world = clean_night()
    world.rows["opens"] *= ROWS_MAX // len(world.rows["opens"]) + 1
    with world.load() as connection:
        counted = accusations(connection, ["one_open_per_user", "ids_unique"])
    assert len(world.rows["opens"]) > ROWS_MAX
    assert counted == accusations_among(rows_of(world), ["one_open_per_user", "ids_unique"])
    assert all(counted.values())
