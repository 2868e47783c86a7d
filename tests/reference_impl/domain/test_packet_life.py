"""A packet's life, decided without I/O: never overspent, a share a person, one answer a key, refunded once."""

from dataclasses import dataclass, field

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from invariants.nights import Packet as Asked
from invariants.strategies import packets
from reference_impl.domain.allocation import MAX_SHARE_FEN
from reference_impl.domain.errors import Refused
from reference_impl.domain.packet import (
    OpenRequest,
    Order,
    Packet,
    Voucher,
    check_order,
    decide_opens,
    decide_refund,
    paid_packet,
    refusal,
    tombstone,
)

ID = "100202702050000001700000042"
ORDER = Order(ID, 7, "lucky", 1000, 5, "k", lifetime_us=100, paid_us=1000, expires_us=1100)
PACKET = paid_packet(ORDER)
PEOPLE = st.integers(1, 8)
REQUESTS = st.lists(st.builds(OpenRequest, PEOPLE, st.sampled_from(["a", "b"])), max_size=20)


def zero() -> int:
    return 0


def codes(answers: list[Voucher | Refused]) -> list[str]:
    """`ok`, or why not, of each answer."""
    return [one.code if isinstance(one, Refused) else "ok" for one in answers]


@given(
    st.sampled_from(["lucky", "equal"]),
    st.integers(1, 12),
    st.integers(1, MAX_SHARE_FEN),
    st.lists(REQUESTS, max_size=4),
    st.lists(st.integers(0, 2**63), min_size=1),
)
def test_opens_in_batches_never_overspend(
    kind: str, shares: int, each: int, batches: list[list[OpenRequest]], draws: list[int]
) -> None:
    """Whatever arrives together: amounts sum to what left the packet, sequences are dense, a voucher a person."""
    total = shares * each
    packet = paid_packet(msgspec.structs.replace(ORDER, kind=kind, total_fen=total, shares=shares))
    endless = iter(draws * 1000)
    made: list[Voucher] = []
    for batch in batches:
        standing = {v.person: v for v in made}
        done = decide_opens(packet, standing, batch, 1050, lambda: next(endless))
        made, packet = made + done.made, done.packet
        assert len(done.answers) == len(batch)
    assert packet.remaining_fen == total - sum(v.amount_fen for v in made) >= 0
    assert packet.remaining_shares == shares - len(made) >= 0
    assert [v.sequence for v in made] == list(range(1, len(made) + 1))
    assert len({v.person for v in made}) == len(made)
    assert all(v.amount_fen >= 1 for v in made)
    assert [v.remaining_fen for v in made] == [
        total - sum(w.amount_fen for w in made[:n]) for n in range(1, len(made) + 1)
    ]
    assert (packet.state == "exhausted") == (packet.remaining_shares == 0) == (packet.remaining_fen == 0)


@given(REQUESTS)
def test_batches_change_nothing(requests: list[OpenRequest]) -> None:
    """Opens served together get the answers that they would get one by one (W11)."""
    batch = decide_opens(PACKET, {}, requests, 1050, zero)
    packet, standing, answers = PACKET, dict[int, Voucher](), list[Voucher | Refused]()
    for request in requests:
        one = decide_opens(packet, standing, [request], 1050, zero)
        packet, standing = one.packet, standing | {v.person: v for v in one.made}
        answers += one.answers
    assert codes(batch.answers) == codes(answers)
    assert [a for a in batch.answers if isinstance(a, Voucher)] == [a for a in answers if isinstance(a, Voucher)]
    assert batch.packet == packet


def test_w22_a_double_tap_in_one_batch() -> None:
    """The same key gets the same voucher; another key of the same person is told that it has opened."""
    asked = [OpenRequest(1, "a"), OpenRequest(1, "a"), OpenRequest(1, "b"), OpenRequest(2, "a")]
    done = decide_opens(PACKET, {}, asked, 1050, zero)
    assert codes(done.answers) == ["ok", "ok", "already_opened", "ok"]
    assert done.answers[0] is done.answers[1]
    assert [v.person for v in done.made] == [1, 2]


@pytest.mark.parametrize("state", ["paid", "exhausted", "refunded"])
@pytest.mark.parametrize("now_us", [1050, 1100, 10**9])
def test_w22_the_same_key_is_answered_whatever_has_happened(state: str, now_us: int) -> None:
    """A replay is the first answer also after the packet was sold out, expired or refunded; nothing is made."""
    voucher = decide_opens(PACKET, {}, [OpenRequest(1, "a")], 1050, zero).made[0]
    after = msgspec.structs.replace(PACKET, state=state, remaining_shares=0 if state != "paid" else 4)
    done = decide_opens(after, {1: voucher}, [OpenRequest(1, "a"), OpenRequest(1, "b")], now_us, zero)
    assert done.answers[0] == voucher
    assert codes(done.answers[1:]) == ["already_opened"]
    assert (done.made, done.packet) == ([], after)


@pytest.mark.parametrize(
    ("changes", "now_us", "code"),
    [
        ({}, 1099, None),
        ({}, 1100, "expired"),
        ({}, 1101, "expired"),
        ({"state": "exhausted", "remaining_shares": 0, "remaining_fen": 0}, 1050, "sold_out"),
        ({"state": "exhausted", "remaining_shares": 0, "remaining_fen": 0}, 1100, "sold_out"),
        ({"state": "refunded", "remaining_shares": 0, "remaining_fen": 0}, 1050, "expired"),
        ({"state": "void", "remaining_shares": 0, "remaining_fen": 0}, 1050, "void"),
        ({"state": "void", "remaining_shares": 0, "remaining_fen": 0}, 1100, "void"),
    ],
)
def test_w21_who_may_open_when(changes: dict[str, object], now_us: int, code: str | None) -> None:
    """The last microsecond before expiry opens, the moment itself does not; what was sold out stays sold out."""
    packet = msgspec.structs.replace(PACKET, **changes)
    assert refusal(packet, now_us) == code
    (answer,) = decide_opens(packet, {}, [OpenRequest(1, "a")], now_us, zero).answers
    assert codes([answer]) == [code or "ok"]


def test_w15_the_last_share_takes_all() -> None:
    """The last of five gets what is left, is told that nothing remains, and the sixth is told that it is sold out."""
    done = decide_opens(PACKET, {}, [OpenRequest(n, "a") for n in range(1, 7)], 1050, zero)
    assert sum(v.amount_fen for v in done.made) == 1000
    assert (done.made[-1].remaining_fen, done.made[-1].sequence) == (0, 5)
    assert codes(done.answers) == ["ok"] * 5 + ["sold_out"]


def test_w21_a_refund_takes_the_remainder_once() -> None:
    """Not before its moment; then the exact remainder to the sender; after that, or when nothing is left, nothing."""
    opened = decide_opens(PACKET, {}, [OpenRequest(1, "a")], 1050, zero).packet
    assert decide_refund(opened, 1099) is None
    decided = decide_refund(opened, 1100)
    assert decided
    voucher, after = decided
    assert (voucher.person, voucher.amount_fen, voucher.sequence) == (7, opened.remaining_fen, 0)
    assert (after.state, after.remaining_fen, after.remaining_shares) == ("refunded", 0, 0)
    assert decide_refund(after, 10**12) is None
    assert decide_refund(tombstone(ORDER), 10**12) is None
    sold_out = decide_opens(PACKET, {}, [OpenRequest(n, "a") for n in range(1, 6)], 1050, zero).packet
    assert decide_refund(sold_out, 10**12) is None


@pytest.mark.parametrize(
    ("kind", "total_fen", "shares", "code"),
    [
        ("lucky", 1, 1, None),
        ("lucky", 20_000, 1, None),
        ("lucky", 20_001, 1, "share_too_large"),
        ("lucky", 4, 5, "bad_amount"),
        ("lucky", 0, 1, "bad_amount"),
        ("lucky", -1, 1, "bad_amount"),
        ("lucky", 10, 0, "bad_shares"),
        ("lucky", 10, -1, "bad_shares"),
        ("lucky", 10_000, 10_000, "bad_shares"),
        ("lucky", 20_000_000, 1000, None),
        ("equal", 10, 5, None),
        ("equal", 11, 5, "bad_amount"),
        ("equal", 100_005, 5, "share_too_large"),
        ("golden", 10, 5, "bad_request"),
    ],
)
def test_w15_what_cannot_be_divided_is_refused(kind: str, total_fen: int, shares: int, code: str | None) -> None:
    """An order is divisible or refused with the code that says why."""
    if code is None:
        check_order(kind, total_fen, shares, 1000)
    else:
        with pytest.raises(Refused) as caught:
            check_order(kind, total_fen, shares, 1000)
        assert caught.value.code == code


@dataclass
class Taken:
    """What one packet gave: vouchers by person, and the refund."""

    vouchers: dict[int, Voucher] = field(default_factory=dict)
    refunds: list[Voucher] = field(default_factory=list)


class LifeOfAPacket(RuleBasedStateMachine):
    """Opens, refunds and time in any order: the money in the packet and out of it is always the total."""

    def __init__(self) -> None:
        super().__init__()
        self.packet: Packet = PACKET
        self.now_us = 1040
        self.taken = Taken()

    @initialize(asked=packets(shares_max=6))
    def send(self, asked: Asked) -> None:
        order = msgspec.structs.replace(ORDER, kind=asked.kind, total_fen=asked.total_fen, shares=asked.shares)
        self.packet = paid_packet(order)

    @rule(passed_us=st.integers(0, 40))
    def time_passes(self, passed_us: int) -> None:
        self.now_us += passed_us

    @rule(requests=REQUESTS, draw=st.integers(0, 2**63))
    def open(self, requests: list[OpenRequest], draw: int) -> None:
        done = decide_opens(self.packet, self.taken.vouchers, requests, self.now_us, lambda: draw)
        assert not done.made or (self.now_us < PACKET.expires_us and not self.taken.refunds)
        self.packet = done.packet
        self.taken.vouchers |= {v.person: v for v in done.made}

    @rule()
    def ask_again(self) -> None:
        """Everybody under the old key gets the old answer, under a new one a refusal; nothing is made (W22)."""
        standing = list(self.taken.vouchers.values())
        same = [OpenRequest(v.person, v.client_key) for v in standing]
        other = [OpenRequest(v.person, f"{v.client_key}-new") for v in standing]
        done = decide_opens(self.packet, self.taken.vouchers, same + other, self.now_us, zero)
        assert done.answers[: len(standing)] == standing
        assert codes(done.answers[len(standing) :]) == ["already_opened"] * len(standing)
        assert (done.made, done.packet) == ([], self.packet)

    @rule()
    def refund(self) -> None:
        before = self.packet
        decided = decide_refund(before, self.now_us)
        due = self.now_us >= PACKET.expires_us and before.remaining_shares > 0 and not self.taken.refunds
        assert (decided is not None) == due
        if decided:
            voucher, self.packet = decided
            assert (voucher.amount_fen, voucher.person) == (before.remaining_fen, before.sender)
            self.taken.refunds.append(voucher)

    @invariant()
    def money_is_conserved(self) -> None:
        taken = self.taken
        out = [*taken.vouchers.values(), *taken.refunds]
        assert self.packet.remaining_fen + sum(v.amount_fen for v in out) == self.packet.total_fen
        assert len(taken.refunds) <= 1
        assert not taken.refunds or self.now_us >= PACKET.expires_us
        assert len({v.voucher for v in out}) == len(out)
        assert all(v.amount_fen >= 1 for v in out)


LifeOfAPacket.TestCase.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
TestLifeOfAPacket = LifeOfAPacket.TestCase
TestLifeOfAPacket.__doc__ = LifeOfAPacket.__doc__
