"""Groups of friends on the eve: packets are sent, a herd comes seconds later, and people behave as people do.

    rainproof run group_grab --people 5000 --packets 300 --seed 7
    locust -f scenarios/group_grab.py --headless            # against a running target

`night.py` plans who does what when; here is what they do when the moment has come. A script talks through a `Person`
(harness/swarm/person.py): `ask` asks once, `insist` repeats under the same key until the answer is definite.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from random import Random
from typing import ClassVar

from gevent.event import Event
from locust import between, task

from harness.config import ConfigError
from harness.history import now_ns
from harness.swarm.arrivals import Arrival
from harness.swarm.person import Person
from harness.swarm.schedules import split
from harness.swarm.users import ArrivalsUser, SwarmUser
from harness.target import Answer
from scenarios.night import EVEN, Group, Night, Packet, Reading, Visit, plan_night

TARGET = Path(__file__).parent.parent / "reference_impl" / "target.toml"
WAITS_FOR_PACKET_S = 15.0


class Table:
    """Where a packet lies once it is sent: what its group can see. `identifier` is None if it never came to be."""

    def __init__(self, group: Group, packet: Packet) -> None:
        self.group, self.packet = group, packet
        self.identifier: str | None = None
        self.expires_ns: int | None = None
        self.is_paid = False
        self.shown_ns = 0
        self._shown = Event()

    def show(self) -> None:
        """The sender is through: whoever waits for the packet sees it, if there is one."""
        self.shown_ns = now_ns()
        self._shown.set()

    def wait(self) -> str | None:
        """The packet's identifier, once the sender is through with it."""
        self._shown.wait(WAITS_FOR_PACKET_S)
        return self.identifier


# --- what a sender does


def nothing() -> None:
    """Nothing is done between paying and showing."""


def send(person: Person, table: Table, before_showing: Callable[[], None] = nothing) -> None:
    """Sends and pays; the group hears of the packet when it is paid, or when that has failed."""
    try:
        sent = _send(person, table.packet)
        if sent.outcome == "ok":
            table.identifier = sent.subject
            pay(person, table)
            before_showing()
    finally:
        table.show()


def _send(person: Person, packet: Packet) -> Answer:
    wish = {
        "kind": packet.kind,
        "total_fen": packet.total_fen,
        "shares": packet.shares,
        "region": packet.region,
        "expires_in_ms": packet.expires_in_ms,
    }
    key = person.new_key()
    ask = partial(Person.insist, operation="send", key=key, amount_fen=packet.total_fen, values=wish)
    if packet.sending == "sent_twice":
        answers = person.together(ask, ask)
        return next((answer for answer in answers if answer.outcome == "ok"), answers[0])
    return ask(person, first_timeout_s=_patience_s(packet))


def pay(person: Person, table: Table) -> None:
    """Pays, and learns when the packet expires."""
    packet = table.packet
    paid = person.insist(
        "pay",
        packet=table.identifier,
        amount_fen=packet.total_fen,
        first_timeout_s=_patience_s(packet),
    )
    table.is_paid = paid.outcome == "ok"
    if "expires_us" in paid.fields:
        table.expires_ns = paid.fields["expires_us"] * 1000


def _patience_s(packet: Packet) -> float | None:
    return 0.005 if packet.sending == "impatient" else None


# --- what those do who come: one small script a behaviour; each says whether an open was tried


def grab_and_open(person: Person, packet: str, visit: Visit) -> bool:
    if not grab(person, packet, visit):
        return False
    person.insist("open", packet=packet)
    return True


def grab(person: Person, packet: str, visit: Visit) -> bool:
    """Grabs and thinks; is opening worth trying?"""
    told = person.insist("grab", packet=packet)
    person.think(visit.think_s)
    return told.outcome == "ok"


def double_tap(person: Person, packet: str, visit: Visit) -> bool:
    if not grab(person, packet, visit):
        return False
    tap = partial(Person.insist, operation="open", packet=packet, key=person.new_key())
    person.together(tap, tap)
    return True


def two_intents(person: Person, packet: str, visit: Visit) -> bool:
    if not grab(person, packet, visit):
        return False
    person.together(*[partial(Person.insist, operation="open", packet=packet, key=person.new_key()) for _ in range(2)])
    return True


def impatient(person: Person, packet: str, visit: Visit) -> bool:
    if not grab(person, packet, visit):
        return False
    person.insist("open", packet=packet, first_timeout_s=visit.patience_s)
    return True


def again(person: Person, packet: str, visit: Visit) -> bool:
    opened = grab_and_open(person, packet, visit)
    person.insist("open", packet=packet)
    return opened


def straight(person: Person, packet: str, visit: Visit) -> bool:
    person.insist("open", packet=packet)
    return True


def look(person: Person, packet: str, visit: Visit) -> bool:
    person.ask("details", packet=packet)
    return False


def at_expiry(person: Person, packet: str, visit: Visit, expires_ns: int | None) -> bool:
    """Grabs in time, then opens within milliseconds of the packet's last moment."""
    if person.insist("grab", packet=packet).outcome != "ok":
        return False
    if expires_ns is not None:
        person.wait_until(expires_ns + visit.off_expiry_ns)
    person.insist("open", packet=packet)
    return True


SCRIPTS: dict[str, Callable[[Person, str, Visit], bool]] = {
    "grab_and_open": grab_and_open,
    "double_tap": double_tap,
    "two_intents": two_intents,
    "impatient": impatient,
    "again": again,
    "straight": straight,
    "look": look,
    "late": grab_and_open,
    "after_expiry": straight,
    "too_early": grab_and_open,
}


def behave(person: Person, packet: str, visit: Visit, expires_ns: int | None) -> bool:
    """Does what is planned for this visit; was an open tried?"""
    if visit.behaviour == "at_expiry":
        return at_expiry(person, packet, visit, expires_ns)
    return SCRIPTS[visit.behaviour](person, packet, visit)


# --- the night, for Locust


class GroupGrab(ArrivalsUser):
    """One worker's groups, for a night."""

    default_target = TARGET
    curve: ClassVar[Sequence[float]] = EVEN

    def plan(self) -> None:
        night = self.night()
        owners = split([len(group.visits) for group in night.groups], self.worker.parts)
        self.groups = [group for group, owner in zip(night.groups, owners, strict=True) if owner == self.worker.part]
        self.opened: dict[int, str] = {}

    def night(self) -> Night:
        """The whole night, of all workers."""
        settings = self.worker.settings
        return plan_night(
            settings.seed, settings.people, settings.packets, settings.duration_s, settings.tagged, self.curve
        )

    def preparations(self) -> Iterator[Callable[[], None]]:
        """Senders get the money they will send."""
        for group in self.groups:
            for sender, amount_fen in group.funds.items():
                yield partial(self.fund, sender, group.tagged, amount_fen)

    def fund(self, sender: int, tagged: bool, amount_fen: int) -> None:
        person = self.worker.person(sender, tagged)
        funded = person.insist("fund", amount_fen=amount_fen)
        if funded.outcome != "ok":
            raise ConfigError(
                f"target: fund answers {funded.outcome} '{funded.reason}'; is it up, and is [operation.fund] right?"
            )

    def arrivals(self) -> list[Arrival]:
        """Senders, the herd behind each, and at the end everybody's look at what they have."""
        arrivals = []
        for group in self.groups:
            tables = {packet.number: Table(group, packet) for packet in group.packets}
            for table in tables.values():
                arrivals.append(Arrival(table.packet.at_ns, partial(self.send, table)))
            for visit in group.visits:
                arrivals.append(Arrival(visit.at_ns, partial(self.come, tables[visit.packet], visit)))
            for reading in group.readings:
                arrivals.append(Arrival(reading.at_ns, partial(self.read, group, reading)))
        return sorted(arrivals, key=lambda arrival: arrival.offset_ns)

    def send(self, table: Table, due_ns: int) -> None:
        send(self.worker.person(table.packet.sender, table.group.tagged, due_ns), table)
        if table.is_paid:
            self.worker.board.append(table)

    def come(self, table: Table, visit: Visit, due_ns: int) -> None:
        packet = table.wait()
        if packet is None:  # it was never sent: there is nothing to see
            return
        # nobody can want a packet before it is there: who had to wait for it is due when it is shown
        person = self.worker.person(visit.person, table.group.tagged, max(due_ns, table.shown_ns))
        if behave(person, packet, visit, table.expires_ns):
            self.opened[visit.person] = packet

    def read(self, group: Group, reading: Reading, due_ns: int) -> None:
        """Whoever tried to open something sees what came of it."""
        packet = self.opened.get(reading.person)
        if packet is not None:
            person = self.worker.person(reading.person, group.tagged, due_ns)
            person.ask("details", packet=packet)
            person.ask("balance")


class Onlooker(SwarmUser):
    """People who only look, as ordinary Locust users: they wait for each answer before they go on."""

    wait_time = between(0.5, 1.5)

    def on_start(self) -> None:
        self.random = Random(f"{self.worker.settings.seed}/onlooker/{self.worker.part}")

    @task  # type: ignore[untyped-decorator]
    def look(self) -> None:
        self.go_home_if_over()
        if self.worker.board:
            table = self.random.choice(self.worker.board)
            person = self.worker.person(self.random.choice(table.group.people), table.group.tagged)
            person.ask("details", packet=table.identifier)
            person.ask("balance")
