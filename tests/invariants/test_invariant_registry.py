"""The invariants' files: complete, well formed, and portable to other engines."""

import re

import duckdb
import pytest
import sqlglot
from sqlglot import ErrorLevel

from invariants.registry import INVARIANTS, parse
from invariants.schema import EVIDENCE, HISTORY

EXPECTED = {
    "no_overspend",
    "one_open_per_user",
    "allocation_bounds",
    "conservation",
    "packet_funded_once",
    "exactly_once_credit",
    "ledger_balances",
    "no_negative_balance",
    "no_lost_acknowledgement",
    "no_phantom",
    "sold_out_is_final",
    "open_order",
    "refund_once_after_expiry",
    "idempotent_requests",
    "ids_unique",
    "shadow_isolation",
    "region_closure",
    "hot_cold_once",
    "cap_respected",
}

WHOLE = """-- statement: one
--   and more
-- needs: packets(packet, tag), opens
-- sentence: {subject}

-- section: violations
SELECT 1 AS subject
-- section: examined
SELECT 1
-- section: canary
INSERT INTO opens VALUES (1);
"""


def test_every_invariant_has_its_file() -> None:
    """One file an invariant, no other."""
    assert set(INVARIANTS) >= EXPECTED


@pytest.mark.parametrize("name", sorted(INVARIANTS))
@pytest.mark.parametrize("dialect", ["spark", "clickhouse", "trino"])
def test_sqlglot_carries_every_query(name: str, dialect: str) -> None:
    """What is judged can be said on other engines, with nothing unsupported."""
    invariant = INVARIANTS[name]
    for query in filter(None, (invariant.violations, invariant.unsettled, invariant.examined)):
        (carried,) = sqlglot.transpile(
            query, read="duckdb", write=dialect, error_level=ErrorLevel.RAISE, unsupported_level=ErrorLevel.RAISE
        )
        assert sqlglot.parse_one(carried, read=dialect, error_level=ErrorLevel.RAISE)


@pytest.mark.parametrize("dialect", ["spark", "trino"])
def test_what_is_carried_still_finds_its_canary(dialect: str) -> None:
    """Said in another dialect and brought back, every query still reports the planted violation and only that."""
    for invariant in INVARIANTS.values():
        (carried,) = sqlglot.transpile(invariant.violations, read="duckdb", write=dialect)
        (back,) = sqlglot.transpile(carried, read=dialect, write="duckdb")
        with duckdb.connect(":memory:", config={"threads": 1}) as connection:
            for table, columns in {"history": HISTORY, **EVIDENCE}.items():
                described = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
                connection.execute(f"CREATE TABLE {table} ({described})")
            assert connection.execute(back).fetchall() == []
            connection.execute(invariant.canary)
            subjects = connection.execute(f"SELECT subject FROM ({back}) AS v").fetchall()
        assert subjects and any(subject.startswith("canary") for (subject,) in subjects), invariant.name


@pytest.mark.parametrize("name", sorted(INVARIANTS))
def test_needs_are_canonical(name: str) -> None:
    """Needed tables and columns exist in the schema, and every canonical table a query reads is declared."""
    invariant = INVARIANTS[name]
    tables = {"history": HISTORY, **EVIDENCE}
    for table, columns in invariant.needs.items():
        assert set(columns) <= set(tables[table])
    for query in (invariant.violations, invariant.unsettled, invariant.examined, *invariant.proof.split(";")):
        if query.strip():
            read = {table.name for table in sqlglot.parse_one(query, read="duckdb").find_all(sqlglot.exp.Table)}
            assert read & set(tables) <= set(invariant.needs)


@pytest.mark.parametrize("name", sorted(INVARIANTS))
def test_windows_that_pick_have_a_total_order(name: str) -> None:
    """Every window that ranks or runs along rows says more than one column of order, or a unique one."""
    for window in sqlglot.parse_one(INVARIANTS[name].violations, read="duckdb").find_all(sqlglot.exp.Window):
        order = window.args.get("order")
        assert order is not None and len(order.expressions) >= 2


def test_a_file_is_read_in_parts() -> None:
    """Header, continued lines, needs with and without columns, sections."""
    invariant = parse("some", WHOLE)
    assert invariant.statement == "one and more"
    assert invariant.needs == {"packets": ("packet", "tag"), "opens": ()}
    assert (invariant.examined, invariant.unsettled) == ("SELECT 1", "")


@pytest.mark.parametrize(
    "part", ["-- statement: one\n--   and more\n", "-- section: canary\nINSERT INTO opens VALUES (1);\n"]
)
def test_a_file_with_a_part_missing_is_refused(part: str) -> None:
    """An incomplete file cannot become an invariant that never complains."""
    with pytest.raises(ValueError, match=r"some.sql: missing \['(statement|canary)'\]"):
        parse("some", WHOLE.replace(part, ""))


def test_a_file_with_an_unknown_section_is_refused() -> None:
    """A misspelt section is not silently ignored."""
    with pytest.raises(ValueError, match="unsetled"):
        parse("some", WHOLE + "-- section: unsetled\nSELECT 1\n")


@pytest.mark.parametrize("name", sorted(INVARIANTS))
def test_sentences_fill_from_the_columns_of_a_violation(name: str) -> None:
    """Each placeholder, also one within a fault's text, is a column that the violations have."""
    invariant = INVARIANTS[name]
    select = sqlglot.parse_one(invariant.violations, read="duckdb")
    columns = set(select.named_selects)
    texts = [invariant.sentence, *(text.this for text in select.find_all(sqlglot.exp.Literal) if text.is_string)]
    used = {column for text in texts for column in re.findall(r"{(\w+)}", text)}
    assert used <= columns and {"subject", "badness"} <= columns
