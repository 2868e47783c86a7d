"""What people may be told: the oracle of the state machine, which knows what was answered so far and nothing else.

Pure. Each method takes what was asked and what was answered, says what is wrong with it (`""` where nothing is) and
remembers it. An answer `info` leaves open whether it happened, or still will: from then on whatever either world allows
is allowed, and what hangs on it is a range, so that no correct system is ever accused.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, Literal

from msgspec import Struct

from invariants.allocation import divisible, legal, legal_equal
from invariants.nights import Packet

FINE: Final = ""
LIMITED: Final = "limited"
"""The refusal that is allowed at any time: too much at once, nothing happened."""


class Outcome(Struct, frozen=True):
    """What a person knows after an operation; of what it promises only as much as the system tells.

    `fail` surely did not happen and says why (sold_out, already_opened, expired, not_paid, unknown, void,
    insufficient_funds, limited); `info` may have, or still may. `shares`: of details, who took how much.
    """

    outcome: Literal["ok", "fail", "info"]
    reason: str = ""
    subject: str | None = None
    amount_fen: int | None = None
    sequence: int | None = None
    remaining_fen: int | None = None
    balance_fen: int | None = None
    shares: dict[int, int] | None = None

    def __str__(self) -> str:
        told = (f"{name} {value}" for name in _TOLD if (value := getattr(self, name)) is not None)
        return ", ".join([self.outcome, *filter(None, [self.reason]), *told])


_TOLD: Final = ("subject", "amount_fen", "sequence", "remaining_fen", "balance_fen", "shares")


class Share(Struct, frozen=True):
    """What one person surely took, and under which key."""

    key: str
    amount_fen: int
    sequence: int | None
    remaining_fen: int | None


@dataclass
class Known:
    """A packet as far as the answers tell. None in `paid` and `over`: it may be."""

    packet: str
    sender: int
    asked: Packet
    paid: bool | None = False
    over: bool | None = False
    was_over: bool = False
    """Was its time surely over when the last question was asked?"""
    void: bool = False
    told_sold_out: bool = False
    shares: dict[int, Share] = field(default_factory=dict)
    maybe: dict[int, set[str]] = field(default_factory=dict)
    """Who may have opened it, or still may, under which keys, without being told."""
    credited: set[int] = field(default_factory=set)
    """Whose share has surely arrived."""
    refunded: bool = False

    @property
    def taken_fen(self) -> int:
        return sum(share.amount_fen for share in self.shares.values())

    @property
    def left_fen(self) -> int:
        return self.asked.total_fen - self.taken_fen

    @property
    def left_shares(self) -> int:
        return self.asked.shares - len(self.shares)

    @property
    def least_left_fen(self) -> int:
        """What is left if all was taken that may have been."""
        return 0 if self.maybe else self.left_fen


class Model:
    """All that is known. `allocation_bounds`: whether shares must be such as the document's algorithm draws (W15)."""

    def __init__(self, allocation_bounds: bool = True) -> None:
        self.packets: dict[str, Known] = {}
        self.people: set[int] = set()
        self.quiet = False
        """Has all arrived, and was nothing written since?"""
        self._allocation_bounds = allocation_bounds
        self._keys: dict[str, str] = {}
        self._funds: dict[tuple[int, str], tuple[int, bool]] = {}
        self._time_moved = False

    # --- what is asked ------------------------------------------------------------------------------------------------

    def fund(self, person: int, amount_fen: int, key: str, said: Outcome) -> str:
        self._wrote(person)
        if said.outcome == "fail":
            return _unless(said.reason == LIMITED, f"was refused as {said.reason}")
        _, surely = self._funds.get((person, key), (0, False))
        self._funds[person, key] = amount_fen, surely or said.outcome == "ok"
        return FINE

    def send(self, sender: int, asked: Packet, key: str, said: Outcome) -> str:
        self._wrote(sender)
        if said.outcome == "fail":
            return _unless(said.reason == LIMITED, f"was refused as {said.reason}")
        if said.outcome == "info":
            return FINE
        if not said.subject:
            return "succeeded without the packet's id"
        if self._keys.setdefault(said.subject, key) != key:
            return f"was given the id {said.subject}, which another packet has"
        self.packets.setdefault(said.subject, Known(said.subject, sender, asked))
        return FINE

    def pay(self, packet: str, person: int, said: Outcome) -> str:
        self._wrote(person)
        known = self.packets[packet]
        if person != known.sender:
            return _unless(said.outcome != "ok", f"succeeded, and person {known.sender} sent it")
        if said.outcome == "info":
            known.paid = known.paid or None
            return FINE
        if said.outcome == "fail":
            return self._unpaid(known, said.reason)
        wrong = self._wrongly_paid(known, said)
        known.paid = True
        return wrong

    def grab(self, packet: str, person: int, said: Outcome) -> str:
        """A hint: it may be hopeful in vain, and must not turn away whoever could open."""
        if said.outcome != "fail":
            return FINE
        return self._wrongly_refused(self.packets[packet], person, None, said.reason)

    def open(self, packet: str, person: int, key: str, said: Outcome) -> str:
        self._wrote(person)
        known = self.packets[packet]
        if said.outcome == "fail":
            return self._refused(known, person, key, said.reason)
        if said.outcome == "info":
            if person not in known.shares:
                known.maybe.setdefault(person, set()).add(key)
            return FINE
        return self._opened(known, person, key, said)

    def details(self, packet: str, said: Outcome) -> str:
        """Nobody stands there who took nothing; once all is settled, everybody who did."""
        known = self.packets[packet]
        if said.outcome != "ok" or said.shares is None:
            return FINE
        for person, amount_fen in said.shares.items():
            share = known.shares.get(person)
            if share is None and person not in known.maybe:
                return f"shows {amount_fen} fen of person {person}, who opened nothing"
            if share is not None and share.amount_fen != amount_fen:
                return f"shows {amount_fen} fen of person {person}, who was told {share.amount_fen}"
        missing = sorted(known.shares.keys() - said.shares.keys()) if self.quiet else []
        return _unless(not missing, f"does not show {missing}, who opened it")

    def balance(self, person: int, said: Outcome) -> str:
        self.people.add(person)
        if said.outcome != "ok":
            return _unless(said.outcome == "info" or said.reason == LIMITED, f"was refused as {said.reason}")
        if said.balance_fen is None:
            return "succeeded without a balance"
        least, most = self.purse(person)
        return _unless(
            least <= said.balance_fen <= most,
            f"shows {said.balance_fen} fen; it is {least}" + (f" to {most}" if most > least else ""),
        )

    # --- what happens -------------------------------------------------------------------------------------------------

    def asking(self, over: Mapping[str, bool | None]) -> None:
        """A question follows. `over`: of each packet, is its time over? None: it cannot be told."""
        self.answered(over)
        for known in self.packets.values():
            known.was_over = known.over is True

    def answered(self, over: Mapping[str, bool | None]) -> None:
        """A question was answered; time only ever runs out."""
        for packet, is_over in over.items():
            self.packets[packet].over = self.packets[packet].over or is_over

    def moved_time(self) -> None:
        """Time was made to pass, so that unpaid packets may be gone."""
        self._time_moved = True

    def settled(self, said: Outcome) -> str:
        """ok: all has arrived that was owed, the remainder too of what was over when this was asked."""
        if said.outcome == "fail":
            return f"did not come to an end: {said.reason}"
        self.quiet = said.outcome == "ok"
        for known in self.packets.values() if self.quiet else ():
            known.credited |= known.shares.keys()
            known.refunded = known.refunded or (known.paid is True and known.was_over)
        return FINE

    # --- what must be -------------------------------------------------------------------------------------------------

    def check(self) -> str:
        """Do the answers about each packet fit together?"""
        return next(filter(None, map(self._inconsistent, self.packets.values())), FINE)

    def purse(self, person: int) -> tuple[int, int]:
        """The least and the most fen a person may have now."""
        funds = [(fen, surely) for (who, _), (fen, surely) in self._funds.items() if who == person]
        sent = [known for known in self.packets.values() if known.sender == person]
        least = sum(fen for fen, surely in funds if surely)
        least -= sum(known.asked.total_fen for known in sent if known.paid is not False)
        least += sum(known.least_left_fen for known in sent if known.refunded)
        most = sum(fen for fen, _ in funds)
        most -= sum(known.asked.total_fen for known in sent if known.paid)
        most += sum(known.left_fen for known in sent if known.paid and known.over is not False)
        for known in self.packets.values():
            if person in known.shares:
                least += known.shares[person].amount_fen if person in known.credited else 0
                most += known.shares[person].amount_fen
            elif person in known.maybe:
                most += known.left_fen
        return least, most

    def conserved(self, balances_fen: Iterable[int]) -> str:
        """Once all is settled: what people have and what packets hold is what was paid in."""
        have = sum(balances_fen)
        least = sum(fen for fen, surely in self._funds.values() if surely) - sum(self._held(True))
        most = sum(fen for fen, _ in self._funds.values()) - sum(self._held(False))
        return _unless(
            least <= have <= most,
            f"all people together have {have} fen; it is {least}" + (f" to {most}" if most > least else ""),
        )

    # --- parts --------------------------------------------------------------------------------------------------------

    def _wrote(self, person: int) -> None:
        self.quiet = False
        self.people.add(person)

    def _unpaid(self, known: Known, reason: str) -> str:
        """A sender's payment was refused."""
        if reason == "void" and known.paid is None:
            known.paid, known.void = False, True
        least, _ = self.purse(known.sender)
        allowed = (
            reason == LIMITED
            or known.paid is True
            or (reason == "void" and known.void)
            or (reason == "unknown" and self._time_moved)
            or (reason == "insufficient_funds" and least < known.asked.total_fen)
        )
        return _unless(allowed, f"was refused as {reason}, and person {known.sender} has at least {least} fen")

    def _wrongly_paid(self, known: Known, said: Outcome) -> str:
        total_fen = known.asked.total_fen
        if said.amount_fen not in (None, total_fen):
            return f"took {said.amount_fen} fen for a packet of {total_fen}"
        if known.void:
            return "succeeded, and it is void"
        _, most = self.purse(known.sender)
        enough = known.paid is True or most >= total_fen
        return _unless(enough, f"took {total_fen} fen of person {known.sender}, who has at most {most}")

    def _opened(self, known: Known, person: int, key: str, said: Outcome) -> str:
        if said.amount_fen is None:
            return "succeeded without an amount"
        standing = known.shares.get(person)
        if standing is not None:
            same = standing == Share(key, said.amount_fen, said.sequence, said.remaining_fen)
            return _unless(same, f"gave {said}; before, under key {standing.key}, {standing.amount_fen} fen")
        wrong = self._wrongly_opened(known, key in known.maybe.get(person, ()))
        wrong = wrong or self._wrong_share(known, said)
        known.maybe.pop(person, None)
        known.paid = True
        known.shares[person] = Share(key, said.amount_fen, said.sequence, said.remaining_fen)
        return wrong

    def _wrongly_opened(self, known: Known, retried: bool) -> str:
        if known.paid is False:
            return "succeeded, and nobody paid for it"
        if not known.left_shares:
            return f"succeeded, and all {known.asked.shares} shares are taken"
        if known.was_over and not retried:
            return "succeeded after its time"
        return _unless(retried or not known.told_sold_out, "succeeded after it was told to be sold out")

    def _wrong_share(self, known: Known, said: Outcome) -> str:
        """Exact while nobody can have opened unseen; what may lie between shows in `check`."""
        amount_fen, left_fen, left_shares = said.amount_fen or 0, known.left_fen, known.left_shares
        gave = f"gave {amount_fen} fen of {left_fen} fen left in {left_shares} shares"
        if not 1 <= amount_fen <= left_fen - (0 if known.maybe else left_shares - 1):
            return gave
        if known.maybe:
            return FINE
        if left_shares == 1 and amount_fen != left_fen:
            return f"{gave}, and it is the last"
        if said.sequence not in (None, len(known.shares) + 1):
            return f"gave share {said.sequence} after {len(known.shares)}"
        if said.remaining_fen not in (None, left_fen - amount_fen):
            return f"{gave}, and left {said.remaining_fen}"
        return _unless(self._may_be(known, amount_fen, left_fen, left_shares), f"{gave}, which is not drawn")

    def _may_be(self, known: Known, amount_fen: int, left_fen: int, left_shares: int) -> bool:
        if known.asked.kind == "equal":
            return legal_equal(amount_fen, known.asked.total_fen, known.asked.shares)
        if not self._allocation_bounds:
            return True
        return divisible(left_fen, left_shares) and legal(amount_fen, left_fen, left_shares)

    def _refused(self, known: Known, person: int, key: str, reason: str) -> str:
        wrong = self._wrongly_refused(known, person, key, reason)
        if reason in ("sold_out", "expired"):  # for good: what was asked under this key never happens any more
            known.maybe.get(person, set()).discard(key)
            if not known.maybe.get(person, {key}):
                del known.maybe[person]
        if reason == "sold_out":
            known.told_sold_out = True
        if reason == "expired":
            known.over = True
        return wrong

    def _wrongly_refused(self, known: Known, person: int, key: str | None, reason: str) -> str:
        """`key` None: it was only asked whether opening is worth trying."""
        standing = known.shares.get(person)
        if key is not None and standing is not None and standing.key == key:
            return _unless(reason == LIMITED, f"was refused as {reason}, and gave {standing.amount_fen} fen before")
        others = [who for who, keys in known.maybe.items() if who != person or keys - {key}]
        allowed = {
            LIMITED: True,
            "already_opened": standing is not None or bool(known.maybe.get(person, set()) - {key}),
            "sold_out": len(known.shares) + len(others) >= known.asked.shares,
            "expired": known.over is not False,
            "not_paid": known.paid is not True,
            "unknown": known.paid is not True,
            "void": known.void or known.paid is None,
        }
        state = f"paid {known.paid}, over {known.over}, {len(known.shares)} of {known.asked.shares} shares taken"
        return _unless(allowed.get(reason, False), f"was refused as {reason}: {state}")

    def _inconsistent(self, known: Known) -> str:
        chain = sorted((share for share in known.shares.values() if share.sequence is not None), key=_sequence)
        if known.left_fen < 0 or known.left_shares < 0:
            return f"packet {known.packet}: {known.taken_fen} fen in {len(known.shares)} shares were taken"
        for one, other in pairwise(chain):
            if one.sequence == other.sequence:
                return f"packet {known.packet}: two people took share {one.sequence}"
            if _left_after(one, other, known.asked.shares) is False:
                return f"packet {known.packet}: share {one.sequence} left {one.remaining_fen} fen, then came {other}"
        wrong = next((share for share in chain if not self._fits(known, share)), None)
        return _unless(wrong is None, f"packet {known.packet}: {wrong} cannot be of {known.asked}")

    def _fits(self, known: Known, share: Share) -> bool:
        """Can this share have come at its place?"""
        sequence, remaining_fen = share.sequence or 0, share.remaining_fen
        after = known.asked.shares - sequence
        if not 1 <= sequence <= known.asked.shares:
            return False
        if remaining_fen is None:
            return True
        left_fen = remaining_fen + share.amount_fen
        if not after <= remaining_fen <= known.asked.total_fen or (sequence == 1 and left_fen != known.asked.total_fen):
            return False
        if not after:
            return remaining_fen == 0
        return self._may_be(known, share.amount_fen, left_fen, after + 1)

    def _held(self, most: bool) -> Iterable[int]:
        """The most or the least fen that each packet may hold once all is settled."""
        for known in self.packets.values():
            if known.paid is None:
                yield known.asked.total_fen if most else 0
            elif known.paid and not known.refunded:
                yield known.left_fen if most else 0 if known.over is not False else known.least_left_fen


def _unless(fine: bool, complaint: str) -> str:
    return FINE if fine else complaint


def _sequence(share: Share) -> int:
    return share.sequence or 0


def _left_after(one: Share, other: Share, shares: int) -> bool | None:
    """Does what the earlier share left allow the later one? None where it is not told."""
    if one.remaining_fen is None or other.remaining_fen is None:
        return None
    between_fen = one.remaining_fen - other.amount_fen - other.remaining_fen
    between = _sequence(other) - _sequence(one) - 1
    return between_fen == 0 if between == 0 else between_fen >= between
