"""A state machine over any red-packet system: Hypothesis draws what people do, the model says what they may be told.

    from invariants.machine import machine_for

    TestOurs = machine_for(OurSystem).TestCase

Operations come one after another; retries come under their key, time is made to pass, everything is settled at the
end, and then money must be conserved. Needs the extra `prove`.
"""

from collections import Counter
from collections.abc import Callable
from functools import partial
from itertools import count
from math import inf
from time import monotonic
from typing import Any, ClassVar, Final, NamedTuple, Protocol

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from invariants.model import LIMITED, Model, Outcome
from invariants.nights import Packet
from invariants.strategies import packets

_PERSON: Final = st.integers(1, 6)
UNSTEADY: Final = (
    "Tried once more, it did not fail: something is remembered from one run to the next, hangs on time, or is drawn"
    " otherwise than by `random`."
)
_NEWCOMER, _LATE_COMER = 8, 9
_PEOPLE: Final = st.lists(_PERSON, unique=True)
_PACKETS: Final = st.one_of(*[packets(shares_min=2, shares_max=8)] * 4, packets(shares_max=1))
_MOSTLY: Final = st.sampled_from([True, True, True, False])
_THEN: Final = st.sampled_from(["paid", "paid", "paid", "left", "unfunded"])
_AMOUNTS: Final = st.one_of(st.integers(1, 2_000), st.just(100_000))
_TOLD: Final = ("subject", "amount_fen", "sequence", "remaining_fen")


class SystemUnderTest(Protocol):
    """What the machine asks of a system. A fresh one is made for every run; its people have no money yet.

    Every answer is an Outcome; an exception is a failure of the system. Where a `key` is given, the same key is the
    same intent, whose effect must come once and whose answer must be the same.
    """

    def fund(self, person: int, amount_fen: int, key: str) -> Outcome:
        """Bring money in."""

    def send(self, sender: int, packet: Packet, short: bool, key: str) -> Outcome:
        """Preorder a packet; ok says its id as `subject`. `short`: `expire` should be able to wait for its end."""

    def pay(self, packet: str, person: int, key: str) -> Outcome: ...

    def grab(self, packet: str, person: int) -> Outcome:
        """Ask whether opening is worth trying; `info` where there is no such thing."""

    def open(self, packet: str, person: int, key: str) -> Outcome:
        """ok says `amount_fen`, and `sequence` and `remaining_fen` where the system tells them."""

    def details(self, packet: str) -> Outcome:
        """ok says `shares`, where the system tells them."""

    def balance(self, person: int) -> Outcome:
        """ok says `balance_fen`."""

    def expire(self, packet: str) -> None:
        """Let a packet's time run out, if that can be done."""

    def is_over(self, packet: str) -> bool | None:
        """Is a packet's time surely over, surely not, or can it not be told (None)? False while it is not paid."""

    def settle(self) -> Outcome:
        """Let everything that is owed arrive: ok. `fail`: it does not arrive; `info`: it cannot be told."""

    def close(self) -> None: ...


Judge = Callable[[str, Outcome], str]
"""What is wrong with an answer to what was asked under a key; empty where nothing is."""


class Asked(NamedTuple):
    """Something that was asked under a key, and its first answer."""

    operation: str
    arguments: tuple[Any, ...]
    key: str
    judge: Judge
    said: Outcome


class Enough(BaseException):
    """What failed was made smaller for as long as was allowed."""


class RedPackets(RuleBasedStateMachine):
    """Made into a machine for one system by `machine_for`."""

    make: ClassVar[Callable[[], SystemUnderTest]]
    allocation_bounds: ClassVar[bool]
    tally: ClassVar[Counter[str]]
    """How many operations had which outcome, over all runs: `open ok`, …"""
    failure: ClassVar[Exception | None] = None
    """Of all that failed, what has the shortest story."""
    shrink_s: ClassVar[float] = inf
    ends_s: ClassVar[float] = inf

    sent = Bundle("sent")

    def __init__(self) -> None:
        super().__init__()
        if monotonic() > self.ends_s:
            raise Enough
        self.system = type(self).make()
        self.model = Model(self.allocation_bounds)
        self._keys = count(1)
        self._asked: list[Asked] = []
        self._story: list[str] = []
        self._failed = False

    # --- what people do -----------------------------------------------------------------------------------------------

    @initialize(target=sent, sender=_PERSON, packet=_PACKETS, short=st.booleans(), people=_PEOPLE)
    def begin(self, sender: int, packet: Packet, short: bool, people: list[int]) -> Any:
        """A packet that is paid, and opened by some."""
        sent = self.send(sender, packet, short, "paid")
        if isinstance(sent, str):
            self.rush(sent, people)
        return sent

    @rule(person=_PERSON, amount_fen=_AMOUNTS)
    def fund(self, person: int, amount_fen: int) -> None:
        self._write("fund", (person, amount_fen), partial(self.model.fund, person, amount_fen))

    @rule(target=sent, sender=_PERSON, packet=_PACKETS, short=st.booleans(), then=_THEN)
    def send(self, sender: int, packet: Packet, short: bool, then: str) -> Any:
        said = self._write("send", (sender, packet, short), partial(self.model.send, sender, packet))
        if said.subject is None:
            return multiple()
        if then == "paid":
            self.fund(sender, packet.total_fen)
        if then != "left":
            self.pay(said.subject, True)
        return said.subject

    @rule(packet=sent, by_sender=_MOSTLY)
    def pay(self, packet: str, by_sender: bool) -> None:
        person = self.model.packets[packet].sender + (not by_sender)
        self._write("pay", (packet, person), lambda _, said: self.model.pay(packet, person, said))

    @rule(packet=sent, person=_PERSON)
    def open(self, packet: str, person: int) -> None:
        self._write("open", (packet, person), partial(self.model.open, packet, person))

    @rule(packet=sent, person=_PERSON)
    def double_tap(self, packet: str, person: int) -> None:
        """One intent, asked twice."""
        self.open(packet, person)
        self.again(0)

    @rule(packet=sent, people=_PEOPLE)
    def rush(self, packet: str, people: list[int]) -> None:
        for person in people:
            self.open(packet, person)

    @rule(back=st.integers(0, 5))
    def again(self, back: int) -> None:
        """Ask once more what was asked `back` questions ago, under its key."""
        if self._asked:
            self._repeat(self._asked[-1 - back % len(self._asked)])

    @rule(packet=sent, person=_PERSON)
    def look(self, packet: str, person: int) -> None:
        """Ask all that changes nothing."""
        self._grab(packet, person)
        self._details(packet)
        self._balance_fen(person)

    # --- what happens -------------------------------------------------------------------------------------------------

    @rule(packet=sent, late=_PEOPLE)
    def expire(self, packet: str, late: list[int]) -> None:
        """A packet's time is made to run out, and some come too late."""
        self._story.append(f"time passes to the end of {packet}")
        self.system.expire(packet)
        self.model.moved_time()
        self.rush(packet, late)

    @rule()
    def settle(self) -> None:
        """What was over before must be refunded after."""
        self._ask("settle", (), self.model.settled)

    @invariant()
    def answers_fit_together(self) -> None:
        self._complain(self.model.check())

    def teardown(self) -> None:
        """The end of a run that went well: everything is settled and counted."""
        try:
            if not self._failed:
                self._end()
        finally:
            self.system.close()

    # --- parts --------------------------------------------------------------------------------------------------------

    def _end(self) -> None:
        """All once more under its key; a stranger and a newcomer at every packet; a late comer; the count."""
        for asked in list(self._asked):
            self._repeat(asked)
        for packet in self.model.packets:
            self.pay(packet, False)
            self._grab(packet, _NEWCOMER)
            self.open(packet, _NEWCOMER)
            self.open(packet, _NEWCOMER)
        for packet in [packet for packet, known in self.model.packets.items() if known.paid]:
            self.expire(packet, [_LATE_COMER])
        self.settle()
        self.settle()
        self._count()

    def _count(self) -> None:
        balances = [self._balance_fen(person) for person in sorted(self.model.people)]
        told = [balance_fen for balance_fen in balances if balance_fen is not None]
        if self.model.quiet and len(told) == len(balances):
            self._complain(self.model.conserved(told))
        for packet in self.model.packets:
            self._details(packet)

    def _write(self, operation: str, arguments: tuple[Any, ...], judge: Judge) -> Outcome:
        """Ask something under a key of its own."""
        key = f"key-{next(self._keys)}"
        said = self._ask(operation, (*arguments, key), partial(judge, key))
        self._asked.append(Asked(operation, arguments, key, judge, said))
        return said

    def _repeat(self, asked: Asked) -> None:
        said = self._ask(asked.operation, (*asked.arguments, asked.key), partial(asked.judge, asked.key))
        if asked.said.outcome == "ok" and said.outcome != "info" and said.reason != LIMITED:
            same = _told(said) == _told(asked.said)
            self._complain("" if same else f"{asked.operation} under {asked.key}: {said}; before: {asked.said}")

    def _grab(self, packet: str, person: int) -> None:
        self._ask("grab", (packet, person), partial(self.model.grab, packet, person))

    def _details(self, packet: str) -> None:
        self._ask("details", (packet,), partial(self.model.details, packet))

    def _balance_fen(self, person: int) -> int | None:
        return self._ask("balance", (person,), partial(self.model.balance, person)).balance_fen

    def _ask(self, operation: str, arguments: tuple[Any, ...], judge: Callable[[Outcome], str]) -> Outcome:
        self._failed = True  # should the system raise
        self.model.asking(self._over())
        asked = f"{operation}({', '.join(map(str, arguments))})"
        self._story.append(asked)
        said = self._said(operation, arguments)
        self._story[-1] += f" → {said}"
        self.model.answered(self._over())
        self.tally[f"{operation} {said.outcome}"] += 1
        wrong = judge(said)
        self._complain(wrong and f"{asked} {wrong}")
        return said

    def _said(self, operation: str, arguments: tuple[Any, ...]) -> Outcome:
        try:
            said: Outcome = getattr(self.system, operation)(*arguments)
        except Exception as error:
            self._tell(error)
            raise
        return said

    def _over(self) -> dict[str, bool | None]:
        return {packet: self.system.is_over(packet) for packet in self.model.packets}

    def _complain(self, wrong: str) -> None:
        self._failed = bool(wrong)
        if wrong:
            raise self._tell(AssertionError(wrong))

    def _tell(self, error: Exception) -> Exception:
        """Whatever goes wrong, all that was asked and answered is told with it."""
        error.add_note("\n".join(["What was asked, and what was answered:", *self._story]))
        self._keep(error)
        return error

    def _keep(self, error: Exception) -> None:
        kind = type(self)
        if kind.failure is None:
            kind.ends_s = monotonic() + kind.shrink_s
        if kind.failure is None or len(self._story) < kind.failure.__notes__[0].count("\n"):
            kind.failure = error


def machine_for(make: Callable[[], SystemUnderTest], *, allocation_bounds: bool = True) -> type[RedPackets]:
    """The machine of one system: `machine_for(make).TestCase` is a test, and its `settings` say how long.

    `allocation_bounds`: shares are drawn as the document says (mechanism W15); False for an algorithm of one's own.
    """
    members = {"make": staticmethod(make), "allocation_bounds": allocation_bounds, "tally": Counter()}
    return type("RedPackets", (RedPackets,), members)


def try_machine(machine: type[RedPackets], how_long: settings, shrink_s: float) -> None:
    """Run a machine on a system that need not do the same twice, and make what fails smaller for `shrink_s` seconds.

    Raises the failure; one that did not come again as it was first seen, with a note that says so.
    """
    machine.shrink_s = shrink_s
    try:
        run_state_machine_as_test(machine, settings=how_long)
    except (Enough, Flaky) as error:
        if machine.failure is None:
            raise
        if isinstance(error, Flaky) and monotonic() <= machine.ends_s:  # else it was not tried once more
            machine.failure.add_note(UNSTEADY)
        raise machine.failure from None


def _told(said: Outcome) -> tuple[Any, ...]:
    return (said.outcome, *(getattr(said, name) for name in _TOLD))
