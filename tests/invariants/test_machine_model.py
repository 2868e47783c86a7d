"""The state machine: a correct system passes it, whatever answers it loses; each planted bug is found and told."""

from collections.abc import Callable
from itertools import count, cycle

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from toy_system import Entry, Toy

from invariants.machine import machine_for
from invariants.model import Model, Outcome
from invariants.nights import Packet

SHORT = settings(
    max_examples=40, stateful_step_count=20, deadline=None, derandomize=True, database=None, print_blob=False,
    report_multiple_bugs=False, suppress_health_check=list(HealthCheck),
)  # fmt: skip
THREE = Packet(100, 3, "lucky")


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
        return super().closed(entry, person).replace("already_opened", "")


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
    run_state_machine_as_test(machine, settings=SHORT)
    assert machine.tally["open ok"] > 50 and machine.tally["open fail"] > 50
    assert (machine.tally["open info"] > 20) == (system is Lossy)


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_a_planted_bug_is_found(bug: type[Toy]) -> None:
    """A system with one bug fails, the complaint says how, and the shortest run that shows it is told step by step."""
    with pytest.raises((AssertionError, RuntimeError)) as caught:
        run_state_machine_as_test(machine_for(bug), settings=SHORT)
    assert BUGS[bug] in str(caught.value)
    story = "\n".join(caught.value.__notes__)
    assert "state.begin(" in story or "state.send(" in story or bug is PaysOnCredit
