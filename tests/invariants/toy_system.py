"""A red-packet system of a hundred lines for the state machine to be tried on: correct, unless a subclass breaks it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from invariants.allocation import bounds
from invariants.model import Outcome
from invariants.nights import Packet

HOUR_S = 3_600


@dataclass
class Entry:
    """A packet in the toy."""

    sender: int
    asked: Packet
    expires_s: int = 0
    paid: bool = False
    refunded: bool = False
    opens: dict[int, tuple[str, Outcome]] = field(default_factory=dict)

    @property
    def left_fen(self) -> int:
        return self.asked.total_fen - sum(said.amount_fen or 0 for _, said in self.opens.values())


class Toy:
    """Answers everything at once; credits and refunds come when it settles."""

    def __init__(self) -> None:
        self.now_s = 0
        self.balances: dict[int, int] = {}
        self.packets: dict[str, Entry] = {}
        self.answers: dict[str, Outcome] = {}
        self.owed: list[tuple[int, int]] = []
        self.ids = self.new_ids()

    def new_ids(self) -> Iterator[str]:
        return (f"P{number}" for number in count(1))

    def fund(self, person: int, amount_fen: int, key: str) -> Outcome:
        if key not in self.answers:
            self.balances[person] = self.balances.get(person, 0) + amount_fen
        return self.answers.setdefault(key, Outcome("ok"))

    def send(self, sender: int, packet: Packet, short: bool, key: str) -> Outcome:
        if key not in self.answers:
            self.answers[key] = Outcome("ok", subject=next(self.ids))
            self.packets.setdefault(self.answers[key].subject or "", Entry(sender, packet))
        return self.answers[key]

    def pay(self, packet: str, person: int, key: str) -> Outcome:
        entry = self.packets[packet]
        if person != entry.sender:
            return Outcome("fail", "not_sender")
        if not entry.paid:
            if self.balances.get(person, 0) < entry.asked.total_fen:
                return Outcome("fail", "insufficient_funds")
            self.balances[person] -= entry.asked.total_fen
            entry.paid, entry.expires_s = True, self.now_s + HOUR_S
        return Outcome("ok", amount_fen=entry.asked.total_fen)

    def open(self, packet: str, person: int, key: str) -> Outcome:
        entry = self.packets[packet]
        if person in entry.opens and entry.opens[person][0] == key:
            return entry.opens[person][1]
        closed = self.closed(entry, person)
        if closed:
            return Outcome("fail", closed)
        amount_fen, sequence = self.amount_fen(entry), len(entry.opens) + 1
        said = Outcome("ok", "", packet, amount_fen, sequence, entry.left_fen - amount_fen)
        entry.opens[person] = key, said
        self.owed.append((person, amount_fen))
        return said

    def grab(self, packet: str, person: int) -> Outcome:
        closed = self.closed(self.packets[packet], person)
        return Outcome("fail", closed) if closed else Outcome("ok")

    def details(self, packet: str) -> Outcome:
        opens = self.packets[packet].opens
        return Outcome("ok", shares={person: said.amount_fen or 0 for person, (_, said) in opens.items()})

    def balance(self, person: int) -> Outcome:
        return Outcome("ok", balance_fen=self.balances.get(person, 0))

    def expire(self, packet: str) -> None:
        self.now_s = max(self.now_s, self.packets[packet].expires_s)

    def is_over(self, packet: str) -> bool | None:
        return self.packets[packet].paid and self.now_s >= self.packets[packet].expires_s

    def settle(self) -> Outcome:
        for entry in self.packets.values():
            if self.due(entry):
                entry.refunded = True
                self.owed.append((entry.sender, entry.left_fen))
        for person, amount_fen in self.owed:
            self.balances[person] = self.balances.get(person, 0) + amount_fen
        self.owed = []
        return Outcome("ok")

    def close(self) -> None:
        pass

    # --- what a subclass may get wrong --------------------------------------------------------------------------------

    def closed(self, entry: Entry, person: int) -> str:
        if not entry.paid:
            return "not_paid"
        if person in entry.opens:
            return "already_opened"
        if len(entry.opens) == entry.asked.shares:
            return "sold_out"
        return "expired" if self.now_s >= entry.expires_s else ""

    def amount_fen(self, entry: Entry) -> int:
        left_shares = entry.asked.shares - len(entry.opens)
        if entry.asked.kind == "equal":
            return entry.left_fen // left_shares
        lower, upper = bounds(entry.left_fen, left_shares)
        return max(lower, entry.left_fen * 7 % upper) if left_shares > 1 else lower

    def due(self, entry: Entry) -> bool:
        over = entry.paid and self.now_s >= entry.expires_s
        return over and not entry.refunded and len(entry.opens) < entry.asked.shares
