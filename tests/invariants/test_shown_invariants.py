"""What people are shown: lists and details say what the orders say, no less, no more and nothing else."""

from collections.abc import Callable

import pytest
from worlds import World, clean_night

from invariants.judge import judge

SENT = {"packet": "P1", "box": "sent"}
RECEIVED = {"packet": "P1", "box": "received", "person": "11"}
PAGE = {"view": "details", "packet": "P1", "person": None}
OPEN = {"view": "details", "packet": "P1", "person": "11"}


def drop(table: str, **where: object) -> Callable[[World], None]:
    def breaking(world: World) -> None:
        rows = world.rows[table]
        rows[:] = [r for r in rows if not all(r.get(name) == value for name, value in where.items())]

    return breaking


def copy(table: str, where: dict, **values: object) -> Callable[[World], None]:
    def breaking(world: World) -> None:
        (row,) = [r for r in world.rows[table] if all(r.get(name) == value for name, value in where.items())]
        world.rows[table].append({**row, **values})

    return breaking


def set_(table: str, where: dict, **values: object) -> Callable[[World], None]:
    def breaking(world: World) -> None:
        (row,) = [r for r in world.rows[table] if all(r.get(name) == value for name, value in where.items())]
        row.update(values)

    return breaking


LISTS = [
    ("missing sent", drop("user_lists", **SENT), "of 1000 fen is missing"),
    ("missing received", drop("user_lists", **RECEIVED), "is missing"),
    ("twice", copy("user_lists", RECEIVED), "stands there 2 times"),
    ("amount", set_("user_lists", SENT, amount_fen=999), "is 1000 fen and stands there with 999 fen"),
    ("not theirs", copy("user_lists", RECEIVED, person="99"), "does not belong there"),
    ("no such packet", copy("user_lists", SENT, packet="P99"), "does not belong there"),
    ("another box", copy("user_lists", SENT, box="received"), "does not belong there"),
]

DETAILS = [
    ("no page", drop("cache_view", view="details", packet="P1"), "cannot be read, and it is exhausted"),
    ("stale", set_("cache_view", PAGE, state="paid"), "say that it is paid, and it is exhausted"),
    ("a line missing", drop("cache_view", **OPEN), "do not show the open of person 11"),
    ("a line too many", copy("cache_view", OPEN, person="99"), "an open of person 99 that is none of its opens"),
    ("twice", copy("cache_view", OPEN), "an open of person 11 that is none"),
    (
        "amount",
        set_("cache_view", OPEN, amount_fen=1),
        "show the open of person 11, and not that of person 11 as it is",
    ),
    ("somebody else", set_("cache_view", OPEN, person="99"), "of person 99, and not that of person 11 as it is"),
    ("place", set_("cache_view", OPEN, sequence=9), "not that of person 11 as it is"),
    ("two pages", copy("cache_view", PAGE), "are shown more often than it stands"),
    ("a page of nothing", copy("cache_view", PAGE, packet="P99"), "are shown more often than it stands"),
]


@pytest.mark.parametrize(("breaking", "sentence"), [each[1:] for each in LISTS], ids=[each[0] for each in LISTS])
def test_lists_that_disagree_are_caught(breaking: Callable[[World], None], sentence: str) -> None:
    """Each difference once, about the packet, in words."""
    world = clean_night()
    breaking(world)
    verdict = world.verdict("lists_agree")
    assert verdict.verdict == "violated"
    assert any(sentence in witness.sentence for witness in verdict.witnesses), verdict.witnesses
    assert all(witness.rows for witness in verdict.witnesses)


@pytest.mark.parametrize(("breaking", "sentence"), [each[1:] for each in DETAILS], ids=[each[0] for each in DETAILS])
def test_details_that_disagree_are_caught(breaking: Callable[[World], None], sentence: str) -> None:
    """One violation a page, which says what is wrong with it."""
    world = clean_night()
    breaking(world)
    verdict = world.verdict("details_agree")
    assert (verdict.verdict, verdict.violations) == ("violated", 1)
    assert sentence in verdict.witnesses[0].sentence


def test_returned_payments_are_not_listed() -> None:
    """A tombstone is in nobody's list; one that is listed does not belong there."""
    world = clean_night()
    packet = world.packet(sender="8")
    world.give_back(packet)
    world.rows["user_lists"] = []
    world.show()
    assert world.verdict("lists_agree").verdict == "holds"
    world.rows["user_lists"].append(
        {"store": "lists_0", "person": "8", "box": "sent", "packet": packet, "amount_fen": 100, "tag": False}
    )
    assert "does not belong there" in world.verdict("lists_agree").witnesses[0].sentence


def test_who_does_not_say_a_packets_state_is_unsettled() -> None:
    """Nobody can tell whether it belongs into a list: unknown, not innocent."""
    world = clean_night()
    world.find("packets", packet="P1")["state"] = None
    assert world.verdict("lists_agree").verdict == "unknown"


def test_what_a_cache_says_is_not_details() -> None:
    """Rows of another view are another invariant's."""
    world = clean_night()
    world.rows["cache_view"].append({"store": "cache", "view": "cache", "packet": "P1", "state": "paid"})
    assert world.verdict("details_agree").verdict == "holds"


@pytest.mark.parametrize(("name", "table"), [("lists_agree", "user_lists"), ("details_agree", "cache_view")])
def test_without_evidence_nothing_is_known(name: str, table: str) -> None:
    """A target that does not supply the table is unknown."""
    with clean_night().load(without=(table,)) as connection:
        (verdict,) = judge(connection, [name])
    assert (verdict.verdict, verdict.reason) == ("unknown", f"no evidence: {table}")
