"""The judge's rules: three values, and `holds` only when something was seen and the alarm was heard."""

import duckdb
import pytest
from msgspec.structs import replace
from worlds import TABLES, World, clean_night

from invariants.judge import judge
from invariants.registry import INVARIANTS


def verdict_with(world: World, name: str, **changes: str) -> object:
    """The verdict of an invariant whose file would read otherwise."""
    with world.load() as connection:
        (verdict,) = judge(connection, [name], {name: replace(INVARIANTS[name], **changes)})
    return verdict


@pytest.mark.parametrize("table", sorted(TABLES))
def test_missing_evidence_is_unknown(table: str) -> None:
    """An absent table makes whatever needs it unknown and is named; everything else is judged as usual."""
    with clean_night().load(without=(table,)) as connection:
        verdicts = judge(connection, INVARIANTS)
    told = {verdict.name: (verdict.verdict, verdict.reason) for verdict in verdicts}
    missing = ("unknown", f"no evidence: {table}")
    assert told == {
        name: missing if table in invariant.needs else ("holds", "") for name, invariant in INVARIANTS.items()
    }
    assert all(verdict.canary == "not run" for verdict in verdicts if verdict.reason)


@pytest.mark.parametrize("name", sorted(INVARIANTS))
def test_a_column_nobody_supplies_is_no_evidence(name: str) -> None:
    """A needed column that is NULL throughout is named as missing."""
    for table, columns in INVARIANTS[name].needs.items():
        for column in columns:
            world = clean_night()
            for row in world.rows[table]:
                row[column] = None
            verdict = world.verdict(name)
            assert (verdict.verdict, verdict.reason) == ("unknown", f"no evidence: {table}.{column}")


@pytest.mark.parametrize("name", sorted(INVARIANTS))
def test_empty_tables_are_nothing_seen(name: str) -> None:
    """Nothing to examine is unknown, and the canary rings in empty tables too."""
    verdict = World().verdict(name)
    assert (verdict.verdict, verdict.reason, verdict.canary) == ("unknown", "saw nothing", "reported")
    assert verdict.examined == 0


@pytest.mark.parametrize("name", sorted(INVARIANTS))
def test_a_broken_check_is_betrayed_by_its_canary(name: str) -> None:
    """A check that can no longer find anything is unknown, though it would have said 'holds'."""
    blind = f"SELECT v.* FROM ({INVARIANTS[name].violations}) AS v WHERE 1 = 0"
    verdict = verdict_with(clean_night(), name, violations=blind)
    assert (verdict.verdict, verdict.canary) == ("unknown", "silent")
    assert verdict.reason == "the planted canary was not reported"


def test_a_silent_canary_outweighs_violations() -> None:
    """A check whose canary is silent is not believed when it accuses either."""
    world = clean_night()
    world.find("packets", packet="P1")["total_fen"] = 1
    harmless = "INSERT INTO opens (packet, amount_fen) VALUES ('canary', 0)"
    verdict = verdict_with(world, "one_open_per_user", canary=harmless)
    assert (verdict.verdict, verdict.canary) == ("unknown", "silent")
    verdict = verdict_with(
        world,
        "no_overspend",
        canary="INSERT INTO packets (packet, total_fen, shares) VALUES ('canary', 1, 1)",
    )
    assert (verdict.verdict, verdict.violations) == ("unknown", 1)


def test_a_check_that_crashes_is_unknown() -> None:
    """The error becomes the reason, in one line; the other invariants are judged as usual."""
    broken = replace(INVARIANTS["no_overspend"], name="broken", violations="SELECT nothing\nFROM nowhere")
    dividing = replace(INVARIANTS["no_overspend"], name="dividing", examined="SELECT CAST('a' AS BIGINT)")
    invariants = {"broken": broken, "dividing": dividing, **INVARIANTS}
    with clean_night().load() as connection:
        verdicts = {verdict.name: verdict for verdict in judge(connection, invariants, invariants)}
    assert {verdicts.pop("broken").verdict, verdicts.pop("dividing").verdict} == {"unknown"}
    assert {verdict.verdict for verdict in verdicts.values()} == {"holds"}
    with clean_night().load() as connection:
        (verdict,) = judge(connection, ["broken"], invariants)
    assert verdict.reason.startswith("the check failed: CatalogException") and "\n" not in verdict.reason


def test_a_column_that_is_not_there_is_no_evidence() -> None:
    """A table without a needed column is named; invariants that do not need it are judged as usual."""
    world = clean_night()
    with world.load(without=("opens",)) as connection:
        connection.register("opens", world.arrow("opens").drop_columns(["sequence"]))
        verdicts = {verdict.name: verdict for verdict in judge(connection, ["allocation_bounds", "one_open_per_user"])}
    assert verdicts["allocation_bounds"].reason == "no evidence: opens.sequence"
    assert verdicts["one_open_per_user"].verdict == "holds"


def test_an_unknown_name_names_the_nearest() -> None:
    """A claim of something that is no invariant is refused."""
    with World().load() as connection, pytest.raises(ValueError, match="did you mean no_overspend"):
        judge(connection, ["no_overspent"])


def test_unsettled_is_unknown_and_says_what() -> None:
    """What the evidence cannot decide is counted and told; a definite violation beside it still counts."""
    world = clean_night()
    world.find("opens", voucher="P1-1")["amount_fen"] = None
    verdict = world.verdict("no_overspend")
    assert (verdict.verdict, verdict.unsettled) == ("unknown", 1)
    assert verdict.reason == "1 unsettled, the first: P1 has an opened share without an amount"
    world.find("packets", packet="P3")["total_fen"] = 1
    verdict = world.verdict("no_overspend")
    assert (verdict.verdict, verdict.violations, verdict.unsettled) == ("violated", 1, 1)


def test_claims_are_judged_once_each_in_their_order() -> None:
    """What is not claimed is not judged, and claiming twice changes nothing."""
    with clean_night().load() as connection:
        verdicts = judge(connection, ["open_order", "no_overspend", "open_order"])
    assert [verdict.name for verdict in verdicts] == ["open_order", "no_overspend"]
    assert all(verdict.seconds > 0 and verdict.statement for verdict in verdicts)


def test_judging_changes_nothing() -> None:
    """Canaries are planted in a copy: tables are the same afterwards, and views that cannot be written are enough."""
    world = clean_night()
    with world.load() as views, duckdb.connect(":memory:") as tables:
        for table in TABLES:
            tables.register("arriving", world.arrow(table))
            tables.execute(f"CREATE TABLE {table} AS SELECT * FROM arriving")
        before = {table: tables.execute(f"SELECT * FROM {table} ORDER BY ALL").fetchall() for table in TABLES}
        verdicts = judge(views, INVARIANTS) + judge(tables, INVARIANTS)
        after = {table: tables.execute(f"SELECT * FROM {table} ORDER BY ALL").fetchall() for table in TABLES}
    assert {verdict.verdict for verdict in verdicts} == {"holds"}
    assert before == after


def test_a_witness_carries_the_rows_that_prove_it() -> None:
    """The violation's own row comes first, then rows of the tables it is about."""
    world = clean_night()
    world.find("postings", subject="P1-1", account_kind="user")["amount_fen"] = 1
    witness = world.verdict("exactly_once_credit").witnesses[0]
    assert [row.get("table") for row in witness.rows] == [None, "opens", *["postings"] * (len(witness.rows) - 2)]
    assert witness.rows[0]["paid_fen"] == 1
