"""The state machine: a correct system passes it, whatever answers it loses; each planted bug is found and told."""

import re
from collections.abc import Callable
from itertools import count, cycle

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from toy_system import Entry, Toy

from invariants.machine import machine_for, try_machine
from invariants.model import Model, Outcome
from invariants.nights import Packet

BRIEF = settings(
    max_examples=40, stateful_step_count=20, deadline=None, derandomize=True, database=None, print_blob=False,
    report_multiple_bugs=False, phases=(Phase.generate,), suppress_health_check=list(HealthCheck),
)  # fmt: skip
SEARCH = settings(BRIEF, max_examples=200)
STORY = settings(BRIEF, phases=(Phase.generate, Phase.shrink))


THREE = Packet(100, 3, "lucky")
OK, INFO = Outcome("ok"), Outcome("info", "timeout")


class Lossy(Toy):
    """Loses answers, and sometimes the question; never the same twice in a row."""

    def __init__(self) -> None:
        super().__init__()
        self.luck = cycle(["", "", "answer", "", "question", "", "", "", "answer", "question", ""])

    def open(self, packet: str, person: int, key: str) -> Outcome:
        return self.lose(lambda: super(Lossy, self).open(packet, person, key))

    def pay(self, packet: str, person: int, key: str) -> Outcome:
        return self.lose(lambda: super(Lossy, self).pay(packet, person, key))

    def fund(self, person: int, amount_fen: int, key: str) -> Outcome:
        return self.lose(lambda: super(Lossy, self).fund(person, amount_fen, key))

    def send(self, sender: int, packet: Packet, short: bool, key: str) -> Outcome:
        return self.lose(lambda: super(Lossy, self).send(sender, packet, short, key))

    def lose(self, ask: Callable[[], Outcome]) -> Outcome:
        luck = next(self.luck)
        said = Outcome("info", "never arrived") if luck == "question" else ask()
        return Outcome("info", "timeout") if luck == "answer" else said


class OpensLate(Toy):
    def closed(self, entry: Entry, person: int) -> str:
        return super().closed(entry, person).replace("expired", "")


class ExpiresEarly(Toy):
    def closed(self, entry: Entry, person: int) -> str:
        return super().closed(entry, person) or ("expired" if len(entry.opens) == 2 else "")


class SellsOutEarly(Toy):
    def closed(self, entry: Entry, person: int) -> str:
        return super().closed(entry, person) or ("sold_out" if len(entry.opens) == 3 else "")


class OneShareMore(Toy):
    def closed(self, entry: Entry, person: int) -> str:
        return super().closed(entry, person).replace("sold_out", "")

    def amount_fen(self, entry: Entry) -> int:
        return super().amount_fen(entry) if len(entry.opens) < entry.asked.shares else 1


class OpensUnpaid(Toy):
    def closed(self, entry: Entry, person: int) -> str:
        return super().closed(entry, person).replace("not_paid", "")


class OpensTwice(Toy):
    def closed(self, entry: Entry, person: int) -> str:
        closed = super().closed(entry, person)
        return "" if closed == "already_opened" and len(entry.opens) < entry.asked.shares else closed


class ForgetsKeys(Toy):
    def open(self, packet: str, person: int, key: str) -> Outcome:
        return super().open(packet, person, f"{key}-{len(self.owed)}")


class FundsAgain(Toy):
    def fund(self, person: int, amount_fen: int, key: str) -> Outcome:
        self.answers.pop(key, None)
        return super().fund(person, amount_fen, key)


class SendsAgain(Toy):
    def send(self, sender: int, packet: Packet, short: bool, key: str) -> Outcome:
        self.answers.pop(key, None)
        return super().send(sender, packet, short, key)


class SameIdTwice(Toy):
    def new_ids(self):
        return (f"P{number % 3}" for number in count(1))


class AnyonePays(Toy):
    def pay(self, packet: str, person: int, key: str) -> Outcome:
        return super().pay(packet, self.packets[packet].sender, key)


class PaysOnCredit(Toy):
    def pay(self, packet: str, person: int, key: str) -> Outcome:
        self.balances.setdefault(person, 0)
        self.balances[person] += (debt := 1_000_000_000)
        said = super().pay(packet, person, key)
        self.balances[person] -= debt
        return said


class NothingForTheFirst(Toy):
    def amount_fen(self, entry: Entry) -> int:
        return super().amount_fen(entry) if entry.opens else 0


class TwiceTheMean(Toy):
    def amount_fen(self, entry: Entry) -> int:
        left = entry.asked.shares - len(entry.opens)
        return min(entry.left_fen - left + 1, 2 * entry.left_fen // left)


class LosesTheLast(Toy):
    def amount_fen(self, entry: Entry) -> int:
        return super().amount_fen(entry) - (len(entry.opens) == entry.asked.shares - 1)


class TellsAnotherRemainder(Toy):
    def open(self, packet: str, person: int, key: str) -> Outcome:
        said = super().open(packet, person, key)
        return Outcome("ok", "", packet, said.amount_fen, said.sequence, 7) if said.outcome == "ok" else said


class CreditsTwice(Toy):
    def settle(self) -> Outcome:
        self.owed += self.owed[2:]
        return super().settle()


class LosesACredit(Toy):
    def settle(self) -> Outcome:
        self.owed = self.owed[:2]
        return super().settle()


class RefundsAgain(Toy):
    def due(self, entry: Entry) -> bool:
        entry.refunded = False
        return super().due(entry)


class RefundsEarly(Toy):
    def due(self, entry: Entry) -> bool:
        return entry.paid and not entry.refunded and len(entry.opens) == 1


class RefundsTooMuch(Toy):
    def settle(self) -> Outcome:
        self.owed += [(entry.sender, 1) for entry in self.packets.values() if entry.opens and self.due(entry)]
        return super().settle()


class NeverRefunds(Toy):
    def due(self, entry: Entry) -> bool:
        return False


class ShowsNobody(Toy):
    def details(self, packet: str) -> Outcome:
        return Outcome("ok", shares={})


class ShowsAnother(Toy):
    def details(self, packet: str) -> Outcome:
        shares = super().details(packet).shares or {}
        return Outcome("ok", shares={person: fen + 1 for person, fen in shares.items()})


class ShowsTooLittle(Toy):
    def balance(self, person: int) -> Outcome:
        return Outcome("ok", balance_fen=self.balances.get(person, 0) // 2)


class GrabRefuses(Toy):
    def grab(self, packet: str, person: int) -> Outcome:
        return Outcome("fail", "sold_out")


class NeverSettles(Toy):
    def settle(self) -> Outcome:
        return Outcome("fail", "3 pending")


class Raises(Toy):
    def details(self, packet: str) -> Outcome:
        raise RuntimeError("the cache is gone")


BUGS = {
    OpensLate: "succeeded after its time",
    ExpiresEarly: "was refused as expired",
    SellsOutEarly: "was refused as sold_out",
    OneShareMore: "shares are taken",
    OpensUnpaid: "succeeded, and nobody paid for it",
    OpensTwice: "before, under key",
    ForgetsKeys: "was refused as already_opened",
    FundsAgain: "shows",
    SendsAgain: "before: ok",
    SameIdTwice: "which another packet has",
    AnyonePays: "succeeded, and person",
    PaysOnCredit: "who has at most",
    NothingForTheFirst: "gave 0 fen",
    TwiceTheMean: "which is not drawn",
    LosesTheLast: "gave",
    TellsAnotherRemainder: "and left 7",
    CreditsTwice: "shows",
    LosesACredit: "shows",
    RefundsAgain: "shows",
    RefundsEarly: "shows",
    RefundsTooMuch: "shows",
    NeverRefunds: "shows",
    ShowsNobody: "does not show",
    ShowsAnother: "who was told",
    ShowsTooLittle: "shows",
    GrabRefuses: "was refused as sold_out",
    NeverSettles: "did not come to an end: 3 pending",
    Raises: "the cache is gone",
}


@pytest.mark.parametrize("system", [Toy, Lossy])
def test_a_correct_system_passes(system: type[Toy]) -> None:
    """No complaint about one that does everything right, also when answers and questions are lost; much was asked."""
    machine = machine_for(system)
    run_state_machine_as_test(machine, settings=BRIEF)
    assert machine.tally["open ok"] > 30 and machine.tally["open fail"] > 30
    assert (machine.tally["open info"] > 20) == (system is Lossy)


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_a_planted_bug_is_found(bug: type[Toy]) -> None:
    """A system with one bug fails, and the complaint says how."""
    with pytest.raises((AssertionError, RuntimeError), match=re.escape(BUGS[bug])) as caught:
        run_state_machine_as_test(machine_for(bug), settings=SEARCH)
    assert "What was asked, and what was answered:" in caught.value.__notes__[0]


def test_a_failure_is_told_step_by_step() -> None:
    """The shortest run that shows a bug: what was asked, what was answered, what is wrong with it."""
    with pytest.raises(AssertionError) as caught:
        run_state_machine_as_test(machine_for(OpensLate), settings=STORY)
    assert str(caught.value) == "open(P1, 9, key-7) succeeded after its time"
    story, steps = caught.value.__notes__[0].splitlines(), "\n".join(caught.value.__notes__[1:])
    asked = ["send", "fund", "pay"] * 2 + ["pay", "grab", "open", "open", "time passes to the end of P1", "open"]
    assert [line.partition("(")[0] for line in story[1:]] == asked
    assert story[-1].startswith("open(P1, 9, key-7) → ok, subject P1, amount_fen 1, ")
    assert "state.begin(" in steps and "state.expire(" not in steps


def test_making_a_failure_smaller_can_be_limited() -> None:
    """With no time for it the first run that fails is the last; with time many follow, and none tells more."""
    runs, lines = {}, {}
    for shrink_s in (0, 60):
        made = count()
        machine = machine_for(lambda made=made: (next(made), NothingForTheFirst())[1])
        with pytest.raises(AssertionError, match="gave 0 fen") as caught:
            try_machine(machine, STORY, shrink_s)
        runs[shrink_s], lines[shrink_s] = next(made), caught.value.__notes__[0].count("\n")
    assert runs[0] < 10 < runs[60] and lines[60] <= lines[0]


def test_a_failure_that_does_not_come_again_is_told_as_it_was_seen() -> None:
    """A system that breaks once in its life: the story is there, with a warning."""
    calls = count(1)

    class BreaksOnce(Toy):
        def closed(self, entry: Entry, person: int) -> str:
            return "tired" if next(calls) == 50 else super().closed(entry, person)

    with pytest.raises(AssertionError, match="was refused as tired") as caught:
        try_machine(machine_for(BreaksOnce), STORY, 60)
    story, *_, warning = caught.value.__notes__
    assert "→ fail, tired" in story and warning.startswith("Tried once more, it did not fail")


def paid(asked: Packet = THREE, **settings: bool) -> Model:
    """A model that saw person 1 fund, send and pay packet P1."""
    model = Model(**settings)
    assert not model.fund(1, asked.total_fen, "f", OK)
    assert not model.send(1, asked, "s", Outcome("ok", subject="P1"))
    assert not model.pay("P1", 1, OK)
    return model


def took(amount_fen: int, sequence: int | None = None, remaining_fen: int | None = None) -> Outcome:
    return Outcome("ok", amount_fen=amount_fen, sequence=sequence, remaining_fen=remaining_fen)


def test_an_unanswered_funding_is_a_range_until_it_is_answered() -> None:
    """10 fen that may have come make 0 to 10; asked again under the key they are 10; never 20."""
    model = Model()
    assert model.fund(1, 10, "f", INFO) == "" and model.purse(1) == (0, 10)
    assert model.balance(1, Outcome("ok", balance_fen=11)) == "shows 11 fen; it is 0 to 10"
    assert model.fund(1, 10, "f", OK) == "" and model.purse(1) == (10, 10)
    assert model.fund(1, 10, "f", OK) == "" and model.purse(1) == (10, 10)


def test_an_unanswered_open_may_be_the_last_share() -> None:
    """Two shares told and one open unanswered: sold out may be true; without the unanswered one it is not."""
    for unanswered, complaint in ((True, ""), (False, "was refused as sold_out: paid True, over False, 2 of 3")):
        model = paid()
        assert model.open("P1", 2, "a", took(10)) == model.open("P1", 3, "b", took(10)) == ""
        if unanswered:
            assert model.open("P1", 4, "c", INFO) == "" and model.purse(4) == (0, 80)
        assert model.open("P1", 5, "d", Outcome("fail", "sold_out")).startswith(complaint)
        assert bool(complaint) != unanswered


def test_sold_out_and_expired_are_final() -> None:
    """After either, nobody gets a share but whoever had asked for it before under that key."""
    for reason in ("sold_out", "expired"):
        model = paid()
        model.open("P1", 2, "a", INFO), model.open("P1", 3, "b", INFO), model.open("P1", 4, "c", INFO)
        model.asking({"P1": None})
        assert model.open("P1", 5, "d", Outcome("fail", reason)) == ""
        model.asking({"P1": None})
        assert "succeeded after" in model.open("P1", 5, "e", took(5))
        assert model.open("P1", 2, "a", took(5)) == ""


def test_total_is_exact_where_its_parts_are_not() -> None:
    """Nobody knows whether an open happened; once all is over and settled, all people together have what was funded."""
    model = paid()
    model.open("P1", 2, "a", INFO)
    assert model.conserved([0, 0]) == ""
    model.asking({"P1": True})
    assert model.settled(OK) == ""
    assert model.purse(1) == (0, 100) and model.purse(2) == (0, 100)
    assert model.conserved([60, 40]) == "" and model.conserved([100, 0]) == ""
    assert model.conserved([60, 39]) == "all people together have 99 fen; it is 100"


def test_what_hangs_on_time_is_allowed_either_way() -> None:
    """Where it cannot be told whether time is over, open and expired are both right; where it can, one is."""
    for over, opens, expired in ((None, True, True), (True, False, True), (False, True, False)):
        for said, right in ((took(10), opens), (Outcome("fail", "expired"), expired)):
            model = paid()
            model.asking({"P1": over})
            assert (model.open("P1", 2, "a", said) == "") == right


def test_a_busy_system_may_say_so() -> None:
    """`limited` is no complaint, whatever is asked; and it changes nothing."""
    model, busy = paid(), Outcome("fail", "limited")
    before = model.purse(1)
    assert model.fund(1, 5, "g", busy) == model.send(1, THREE, "t", busy) == model.pay("P1", 1, busy) == ""
    assert model.open("P1", 2, "a", busy) == model.grab("P1", 2, busy) == model.balance(1, busy) == ""
    assert model.purse(1) == before


def test_ones_own_algorithm_may_share_out_otherwise() -> None:
    """A share above twice the mean is no share of the document's algorithm; where that is not asked for it is fine."""
    assert paid().open("P1", 2, "a", took(90, 1, 10)) == "gave 90 fen of 100 fen left in 3 shares, which is not drawn"
    model = paid(allocation_bounds=False)
    assert model.open("P1", 2, "a", took(90, 1, 10)) == model.check() == ""
    assert "gave 99 fen" in paid(allocation_bounds=False).open("P1", 2, "a", took(99))


def test_shares_that_do_not_follow_each_other_are_seen() -> None:
    """Two people with one sequence number, and a remainder that does not fit, also where an open went unanswered."""
    for second, complaint in (
        (took(10, 1, 80), "two people took share 1"),
        (took(10, 2, 81), "share 1 left 90 fen, then came"),
        (took(10, 4, 78), "cannot be of"),
        (took(80, 3, 1), "cannot be of"),
    ):
        model = paid()
        model.open("P1", 9, "z", INFO)
        assert model.open("P1", 2, "a", took(10, 1, 90)) == "" and model.check() == ""
        assert model.open("P1", 3, "b", second) == "" and complaint in model.check()
