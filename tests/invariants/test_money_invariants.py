"""The invariants of money and evidence: each kind of violation is caught, and nothing legal is accused."""

from collections.abc import Callable

import pytest
from worlds import World, clean_night

from invariants.registry import INVARIANTS


def night() -> World:
    """One lucky packet P1 of 1000 fen in 3 shares, two of them opened; an equal P2; P3 refunded."""
    world = World(seed=3)
    first = world.packet(total_fen=1_000, shares=3)
    world.open(first, "11")
    world.open(first, "12")
    equal = world.packet(total_fen=300, shares=3, sender="2", kind="equal")
    world.open(equal, "11")
    refunded = world.packet(total_fen=500, shares=5, sender="3", lifetime_us=50_000)
    world.open(refunded, "11")
    world.expire(refunded)
    return world.finish()


def again(world: World, table: str, **values: object) -> dict:
    """A second copy of a row."""
    row = dict(world.find(table, **values))
    world.rows[table].append(row)
    return row


def user_line(world: World, voucher: str) -> dict:
    return world.find("postings", subject=voucher, account_kind="user")


def set_(table: str, where: dict, **values: object) -> Callable[[World], None]:
    return lambda world: world.find(table, **where).update(values)


def drop(table: str, **where: object) -> Callable[[World], None]:
    def breaking(world: World) -> None:
        world.rows[table] = [row for row in world.rows[table] if row not in world.all(table, **where)]

    return breaking


def copy(table: str, where: dict, **values: object) -> Callable[[World], None]:
    return lambda world: again(world, table, **where).update(values)


def move_person(world: World) -> None:
    """Voucher P1-1 is credited to person 12's account in the same ledger."""
    user_line(world, "P1-1")["account"] = "user:12"
    user_line(world, "P1-1")["store"] = user_line(world, "P1-2")["store"]


def pay_late(world: World) -> None:
    """The payment's line comes before the money is there: below 0 in between, right at the end."""
    fund, pay = (world.find("postings", kind=kind, account="user:1") for kind in ("fund", "pay"))
    fund["number"], pay["number"] = pay["number"], fund["number"]


def hollow(world: World) -> None:
    """A voucher larger than its packet drives the escrow below 0."""
    world.find("postings", subject="P1-1", account_kind="escrow")["amount_fen"] = -5_000


def half_transfer(world: World) -> None:
    """A transfer between ledgers whose second half never came."""
    store = next(row for row in world.rows["postings"] if row["account_kind"] == "clearing")
    entry = store["entry"], store["store"]
    world.rows["postings"] = [row for row in world.rows["postings"] if (row["entry"], row["store"]) != entry]


def cold_twice(world: World) -> None:
    """A migration that appended what it had moved already."""
    for table in ("packets", "opens", "refunds"):
        for row in world.all(table, packet="P3"):
            row.update(store="cold_south", home="cold_south")
    again(world, "packets", packet="P3")


OPEN = {"packet": "P1", "person": "11"}
CACHED = {"view": "cache", **OPEN}
BROKEN = [
    ("no_overspend", "more fen than it holds", set_("opens", OPEN, amount_fen=999), "holds 1000 fen"),
    ("no_overspend", "more shares than it has", set_("packets", {"packet": "P1"}, shares=1), "has 1 shares"),
    ("no_overspend", "no packet", drop("packets", packet="P1"), "does not stand anywhere"),
    ("one_open_per_user", "twice", copy("opens", OPEN, voucher="P1-9", sequence=9), "opened packet P1 2 times"),
    ("allocation_bounds", "zero share", set_("opens", OPEN, amount_fen=0), "less than 1 fen"),
    ("allocation_bounds", "negative share", set_("opens", OPEN, amount_fen=-4), "less than 1 fen"),
    ("allocation_bounds", "twice the mean", set_("opens", OPEN, amount_fen=666), "above what may be drawn"),
    ("allocation_bounds", "unequal", set_("opens", {"packet": "P2"}, amount_fen=99), "not an equal share"),
    ("allocation_bounds", "a gap", set_("opens", OPEN, sequence=5), "a share is missing"),
    ("allocation_bounds", "too many", set_("packets", {"packet": "P1"}, shares=1), "no share was left"),
    ("allocation_bounds", "last leaves", set_("packets", {"packet": "P1"}, shares=2), "does not take the"),
    (
        "allocation_bounds",
        "cannot be divided",
        set_("packets", {"packet": "P1"}, total_fen=60_001),
        "cannot be divided",
    ),
    ("conservation", "credit of another amount", hollow, "is not opened"),
    ("conservation", "opened and not drawn", set_("opens", OPEN, amount_fen=1), "is not opened"),
    ("conservation", "lost open", drop("opens", packet="P1", person="11"), "is not opened"),
    ("conservation", "paid in short", drop("postings", kind="pay", subject="P1"), "only 0 fen were paid in"),
    (
        "conservation",
        "settled with a rest",
        set_("packets", {"packet": "P1"}, state="exhausted"),
        "it is settled",
    ),
    ("conservation", "half a transfer", half_transfer, "a transfer is half done"),
    (
        "conservation",
        "from nowhere",
        set_("postings", {"subject": "P1-1", "account_kind": "user"}, amount_fen=7_777),
        "money came from nowhere",
    ),
    ("packet_funded_once", "never", drop("postings", kind="pay", subject="P1"), "was never paid"),
    (
        "packet_funded_once",
        "twice",
        copy("postings", {"kind": "pay", "subject": "P1", "account_kind": "escrow"}),
        "was paid 2 times",
    ),
    (
        "packet_funded_once",
        "another amount",
        set_("postings", {"kind": "pay", "subject": "P1", "account_kind": "escrow"}, amount_fen=999),
        "was paid 999 fen",
    ),
    ("packet_funded_once", "no packet", drop("packets", packet="P1"), "has no row of its own"),
    ("packet_funded_once", "void and kept", set_("packets", {"packet": "P1"}, state="void"), "no row of its own"),
    (
        "packet_funded_once",
        "returned and alive",
        copy("postings", {"kind": "pay", "subject": "P1", "account_kind": "escrow"}, kind="return", amount_fen=-1_000),
        "is alive, yet 1000 fen of it were returned",
    ),
    ("cap_respected", "one too many", set_("samples", {"packet": "P1"}, inside=257), "had 257 opens of packet P1"),
    ("cap_respected", "a cap of none", set_("samples", {"packet": "P2"}, cap=0), "may have 0"),
    ("exactly_once_credit", "lost", drop("postings", subject="P1-1"), "was never credited"),
    (
        "exactly_once_credit",
        "doubled",
        copy("postings", {"subject": "P1-1", "account_kind": "user"}),
        "credited 2 times",
    ),
    (
        "exactly_once_credit",
        "altered",
        set_("postings", {"subject": "P1-1", "account_kind": "user"}, amount_fen=1),
        "1 fen were credited",
    ),
    ("exactly_once_credit", "wrong person", move_person, "yet person 12 was credited"),
    ("exactly_once_credit", "nobody's", drop("opens", packet="P1", person="11"), "does not stand anywhere"),
    ("exactly_once_credit", "refund lost", drop("postings", subject="P3-0"), "was never credited"),
    ("exactly_once_credit", "voucher twice", copy("opens", OPEN), "stands 2 times"),
    (
        "ledger_balances",
        "an entry",
        set_("postings", {"subject": "P1-1", "account_kind": "user"}, amount_fen=1),
        "and not to 0",
    ),
    ("ledger_balances", "a balance", set_("accounts", {"account": "user:11"}, balance_fen=1), "says 1 fen"),
    ("ledger_balances", "no account", drop("accounts", account="user:11"), "does not stand anywhere"),
    ("no_negative_balance", "in between", pay_late, "user account user:1"),
    ("no_negative_balance", "at the end", hollow, "escrow account escrow:P1"),
    ("refund_once_after_expiry", "twice", copy("refunds", {"packet": "P3"}), "was refunded 2 times"),
    ("refund_once_after_expiry", "wrong amount", set_("refunds", {}, amount_fen=500), "was refunded 500 fen"),
    ("refund_once_after_expiry", "too early", set_("refunds", {}, refunded_us=2), "expires at"),
    ("refund_once_after_expiry", "never", drop("refunds", packet="P3"), "says it is refunded"),
    ("refund_once_after_expiry", "no packet", drop("packets", packet="P3"), "does not stand anywhere"),
    ("refund_once_after_expiry", "to another", set_("refunds", {}, person="77"), "refunded to person 77"),
    (
        "refund_once_after_expiry",
        "opened after",
        set_("opens", {"packet": "P3"}, opened_us=10**15),
        "opened at 1000000000000000",
    ),
    ("ids_unique", "a packet", copy("packets", {"packet": "P1"}, store="north_0"), "stands for 2 packets"),
    ("ids_unique", "a voucher", set_("opens", OPEN, voucher="P1-2"), "stands for 2 vouchers"),
    ("ids_unique", "a refund's", set_("refunds", {}, voucher="P1-2"), "stands for 2 vouchers"),
    (
        "cache_agrees",
        "behind",
        set_("cache_view", {"view": "cache", "packet": "P1", "person": None}, remaining_shares=2),
        "2 shares and",
    ),
    (
        "cache_agrees",
        "another state",
        set_("cache_view", {"view": "cache", "packet": "P3", "person": None}, state="paid"),
        "it is paid",
    ),
    (
        "cache_agrees",
        "another rest",
        set_("cache_view", {"view": "cache", "packet": "P1", "person": None}, remaining_fen=1),
        "1 fen left",
    ),
    ("cache_agrees", "no such packet", drop("packets", packet="P2"), "the orders nothing"),
    ("cache_agrees", "half a packet", drop("cache_view", view="cache", packet="P1", person="11"), "lacks the"),
    (
        "cache_agrees",
        "opens alone",
        drop("cache_view", view="cache", packet="P1", person=None),
        "has 0 rows for the state",
    ),
    ("cache_agrees", "an open of nobody's", set_("cache_view", CACHED, person="77"), "says person 77 took"),
    ("cache_agrees", "another amount", set_("cache_view", CACHED, amount_fen=1), "took 1 fen"),
    ("cache_agrees", "another place", set_("cache_view", CACHED, sequence=7), "as number 7"),
    ("cache_agrees", "an open twice", copy("cache_view", CACHED), "says 2 times"),
    (
        "ids_unique",
        "two sends",
        copy("history", {"operation": "send", "subject": "P1"}, key="another"),
        "was given to 2 sends",
    ),
    ("region_closure", "a packet", set_("packets", {"packet": "P1"}, store="north_0"), "the row of packet P1 stands"),
    ("region_closure", "an open", set_("opens", OPEN, store="north_0"), "stands in north_0 and belongs in south_0"),
    ("region_closure", "a refund", set_("refunds", {"packet": "P3"}, home="north_0"), "the refund of packet P3"),
    (
        "hot_cold_once",
        "in both",
        copy("packets", {"packet": "P1"}, store="cold_south"),
        "stands in hot and in cold, in cold_south and in south_0",
    ),
    ("hot_cold_once", "cold twice", cold_twice, "went to the cold store 2 times"),
    (
        "hot_cold_once",
        "vouchers left behind",
        set_("packets", {"packet": "P1"}, store="cold_south"),
        "is cold, and 2 of its vouchers are hot",
    ),
    ("hot_cold_once", "a voucher ahead", set_("opens", OPEN, store="cold_south"), "1 of its vouchers are"),
    ("hot_cold_once", "a refund ahead", set_("refunds", {"packet": "P3"}, store="cold_south"), "is not cold"),
]


@pytest.mark.parametrize("name", sorted(INVARIANTS))
def test_a_legal_night_holds(name: str) -> None:
    """Every invariant looks at something in a legal night, its canary rings, and it accuses nobody."""
    verdict = clean_night().verdict(name)
    assert (verdict.verdict, verdict.reason, verdict.canary) == ("holds", "", "reported")
    assert verdict.examined > 0 and verdict.violations == 0 and verdict.witnesses == []


@pytest.mark.parametrize(
    ("name", "breaking", "sentence"),
    [pytest.param(name, breaking, sentence, id=f"{name}: {kind}") for name, kind, breaking, sentence in BROKEN],
)
def test_a_planted_violation_is_caught(name: str, breaking: Callable[[World], None], sentence: str) -> None:
    """One fault planted in a legal night is violated, and some witness says in words what is wrong."""
    world = night()
    assert world.verdict(name).verdict == "holds"
    breaking(world)
    verdict = world.verdict(name)
    assert verdict.verdict == "violated", verdict.reason
    said = [witness.sentence for witness in verdict.witnesses]
    assert any(sentence in text for text in said), said
    assert all(witness.rows for witness in verdict.witnesses)


NULLED = [
    ("cache_agrees", "cache_view", {"view": "cache", "packet": "P1", "person": None}, "state"),
    ("cache_agrees", "packets", {"packet": "P1"}, "shares"),
    ("cache_agrees", "opens", OPEN, "amount_fen"),
    ("no_overspend", "opens", {"packet": "P1", "person": "11"}, "amount_fen"),
    ("no_overspend", "packets", {"packet": "P1"}, "total_fen"),
    ("no_overspend", "packets", {"packet": "P1"}, "shares"),
    ("no_overspend", "opens", {"packet": "P1", "person": "11"}, "packet"),
    ("one_open_per_user", "opens", {"packet": "P1", "person": "11"}, "person"),
    ("one_open_per_user", "opens", {"packet": "P1", "person": "11"}, "packet"),
    ("allocation_bounds", "packets", {"packet": "P1"}, "kind"),
    ("allocation_bounds", "packets", {"packet": "P1"}, "total_fen"),
    ("allocation_bounds", "packets", {"packet": "P1"}, "shares"),
    ("allocation_bounds", "opens", {"packet": "P1", "person": "11"}, "amount_fen"),
    ("allocation_bounds", "opens", {"packet": "P1", "person": "11"}, "sequence"),
    ("conservation", "opens", {"packet": "P1", "person": "11"}, "amount_fen"),
    ("conservation", "opens", {"packet": "P1", "person": "11"}, "packet"),
    ("conservation", "refunds", {"packet": "P3"}, "amount_fen"),
    ("conservation", "postings", {"subject": "P1-1", "account_kind": "escrow"}, "amount_fen"),
    ("conservation", "postings", {"subject": "P1-1", "account_kind": "escrow"}, "account_kind"),
    ("conservation", "postings", {"kind": "pay", "subject": "P1", "account_kind": "escrow"}, "kind"),
    ("packet_funded_once", "postings", {"kind": "pay", "subject": "P1", "account_kind": "escrow"}, "kind"),
    ("packet_funded_once", "postings", {"kind": "pay", "subject": "P1", "account_kind": "escrow"}, "subject"),
    ("packet_funded_once", "postings", {"kind": "pay", "subject": "P1", "account_kind": "escrow"}, "amount_fen"),
    ("packet_funded_once", "packets", {"packet": "P1"}, "total_fen"),
    ("exactly_once_credit", "opens", {"packet": "P1", "person": "11"}, "voucher"),
    ("exactly_once_credit", "opens", {"packet": "P1", "person": "11"}, "amount_fen"),
    ("exactly_once_credit", "opens", {"packet": "P1", "person": "11"}, "person"),
    ("exactly_once_credit", "postings", {"subject": "P1-1", "account_kind": "user"}, "amount_fen"),
    ("exactly_once_credit", "postings", {"subject": "P1-1", "account_kind": "user"}, "subject"),
    ("exactly_once_credit", "postings", {"subject": "P1-1", "account_kind": "user"}, "account"),
    ("exactly_once_credit", "accounts", {"account": "user:12"}, "person"),
    ("ledger_balances", "postings", {"subject": "P1-1", "account_kind": "user"}, "amount_fen"),
    ("ledger_balances", "postings", {"subject": "P1-1", "account_kind": "user"}, "entry"),
    ("ledger_balances", "accounts", {"account": "user:11"}, "balance_fen"),
    ("no_negative_balance", "postings", {"subject": "P1-1", "account_kind": "user"}, "number"),
    ("no_negative_balance", "postings", {"subject": "P1-1", "account_kind": "user"}, "amount_fen"),
    ("no_negative_balance", "postings", {"subject": "P1-1", "account_kind": "user"}, "account_kind"),
    ("no_lost_acknowledgement", "opens", {"packet": "P1", "person": "11"}, "amount_fen"),
    ("no_lost_acknowledgement", "packets", {"packet": "P1"}, "total_fen"),
    ("no_lost_acknowledgement", "history", {"operation": "open", "subject": "P1", "person": "11"}, "amount_fen"),
    ("no_lost_acknowledgement", "history", {"operation": "open", "subject": "P1", "person": "11"}, "subject"),
    ("no_lost_acknowledgement", "history", {"operation": "fund", "person": "1"}, "key"),
    ("no_lost_acknowledgement", "postings", {"kind": "pay", "subject": "P1", "account_kind": "escrow"}, "kind"),
    ("no_phantom", "opens", {"packet": "P1", "person": "11"}, "person"),
    ("no_phantom", "packets", {"packet": "P1"}, "packet"),
    ("no_phantom", "refunds", {"packet": "P3"}, "packet"),
    ("no_phantom", "postings", {"kind": "fund", "account": "user:1"}, "entry"),
    ("no_phantom", "postings", {"kind": "fund", "account": "user:1"}, "amount_fen"),
    ("open_order", "opens", {"packet": "P1", "person": "11"}, "sequence"),
    ("open_order", "opens", {"packet": "P1", "person": "11"}, "remaining_fen"),
    ("open_order", "opens", {"packet": "P1", "person": "11"}, "amount_fen"),
    ("open_order", "packets", {"packet": "P1"}, "total_fen"),
    ("open_order", "history", {"operation": "open", "subject": "P1", "person": "11"}, "clock_error_ns"),
    ("refund_once_after_expiry", "refunds", {"packet": "P3"}, "amount_fen"),
    ("refund_once_after_expiry", "packets", {"packet": "P3"}, "expires_us"),
    ("refund_once_after_expiry", "packets", {"packet": "P3"}, "total_fen"),
    ("refund_once_after_expiry", "packets", {"packet": "P3"}, "state"),
    ("refund_once_after_expiry", "opens", {"packet": "P3"}, "opened_us"),
    ("refund_once_after_expiry", "opens", {"packet": "P3"}, "amount_fen"),
    ("ids_unique", "packets", {"packet": "P1"}, "packet"),
    ("ids_unique", "opens", {"packet": "P1", "person": "11"}, "voucher"),
    ("region_closure", "packets", {"packet": "P1"}, "home"),
    ("region_closure", "opens", {"packet": "P1", "person": "11"}, "store"),
    ("region_closure", "refunds", {"packet": "P3"}, "home"),
    ("hot_cold_once", "packets", {"packet": "P1"}, "store"),
    ("hot_cold_once", "opens", {"packet": "P1", "person": "11"}, "packet"),
    ("hot_cold_once", "refunds", {"packet": "P3"}, "store"),
    ("shadow_isolation", "packets", {"packet": "P1"}, "tag"),
    ("shadow_isolation", "opens", {"packet": "P1", "person": "11"}, "tag"),
    ("shadow_isolation", "postings", {"subject": "P1-1", "account_kind": "user"}, "tag"),
    ("shadow_isolation", "accounts", {"account": "user:11"}, "tag"),
    ("shadow_isolation", "shadow_rows", {"place": "packets", "subject": "P1"}, "shadow"),
    ("shadow_isolation", "history", {"operation": "open", "subject": "P1", "person": "11"}, "tag"),
]


@pytest.mark.parametrize(
    ("name", "table", "where", "column"),
    [pytest.param(*case, id=f"{case[0]}: {case[1]}.{case[3]}") for case in NULLED],
)
def test_a_null_never_passes(name: str, table: str, where: dict, column: str) -> None:
    """A row that leaves out what is judged makes its invariant anything but 'holds'."""
    world = night()
    for row in world.all(table, **where):
        row[column] = None
    assert world.verdict(name).verdict != "holds"


def test_a_returned_payment_is_no_violation() -> None:
    """A tombstone whose payment went back is funded neither once nor wrongly, and money is conserved."""
    world = night()
    world.find("packets", packet="P1").update(state="void")
    world.rows["opens"] = [row for row in world.rows["opens"] if row["packet"] != "P1"]
    world.rows["postings"] = [row for row in world.rows["postings"] if not (row["subject"] or "").startswith("P1-")]
    world.post("return:P1", "return", "P1", [("escrow:P1", -1_000), ("user:1", 1_000)], tag=False)
    world.balance()
    verdicts = world.judge("packet_funded_once", "conservation", "ledger_balances", "no_negative_balance")
    assert {verdict.verdict for verdict in verdicts.values()} == {"holds"}


def test_one_escrow_account_for_all_packets_is_legal() -> None:
    """Conservation holds for a target that keeps all packets' money in one escrow account, and still sees a theft."""
    world = night()
    for row in world.rows["postings"]:
        if row["account_kind"] == "escrow":
            row.update(account="escrow", store="ledger_0")
    assert world.verdict("conservation").violations == 0
    world.find("postings", subject="P1-1", account_kind="escrow")["amount_fen"] -= 1
    assert world.verdict("conservation").verdict == "violated"


def test_a_credit_that_hides_its_kind_is_a_credit() -> None:
    """A second credit is found also when its posting says neither its kind nor the kind of its account."""
    world = night()
    again(world, "postings", subject="P1-1", account_kind="user").update(kind=None, account_kind=None)
    assert "credited 2 times" in world.verdict("exactly_once_credit").witnesses[0].sentence


def test_an_account_that_stands_twice_is_credited_once() -> None:
    """That an account stands twice is the ledger's fault; what was credited to it was credited once."""
    world = night()
    again(world, "accounts", person="11")
    assert world.verdict("exactly_once_credit").verdict == "holds"
    assert "stands more than once" in world.verdict("ledger_balances").witnesses[0].sentence


def test_lines_of_one_entry_are_one_step() -> None:
    """An account that dips below 0 between two lines of the same entry is not negative."""
    world = night()
    line = world.find("postings", kind="fund", account="user:1")
    first = {**line, "number": 0, "amount_fen": -5}
    line["amount_fen"] += 5
    world.rows["postings"].append(first)
    assert world.verdict("no_negative_balance").verdict == "holds"


def test_worst_is_the_largest_and_first_the_earliest() -> None:
    """Of several overspent packets the witnesses are the first in time, the worst in fen and the last in time."""
    world = World()
    for person, extra in (("1", 5), ("2", 500), ("3", 50)):
        packet = world.packet(sender=person)
        world.open(packet, "11")
        world.find("opens", packet=packet)["amount_fen"] = 100 + extra
    verdict = world.finish().verdict("no_overspend")
    assert verdict.violations == 3
    assert [(w.role, w.subject, w.badness) for w in verdict.witnesses] == [
        ("first", "P1", 5),
        ("worst", "P2", 500),
        ("last", "P3", 50),
    ]
    assert verdict.witnesses[1].sentence == "packet P2 holds 100 fen, and 600 fen of it were opened"
    assert {row.get("table") for row in verdict.witnesses[1].rows} == {None, "packets", "opens"}


def test_a_cold_packet_stands_where_it_belongs() -> None:
    """A packet that went to its region's cold store with all its vouchers is at home there, and once."""
    world = night()
    for table in ("packets", "opens", "refunds"):
        for row in world.all(table, packet="P3"):
            row.update(store="cold_south", home="cold_south")
    assert {verdict.verdict for verdict in world.judge("region_closure", "hot_cold_once").values()} == {"holds"}
