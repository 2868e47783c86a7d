"""Whole packets, drawn by the strategy that is given to others: every share is one that the document draws (W15)."""

from hypothesis import given, settings
from hypothesis import strategies as st

from invariants.allocation import bounds, legal, legal_equal
from invariants.nights import Packet
from invariants.strategies import packets
from reference_impl.domain.allocation import lower_fen, lucky_fen, upper_fen
from reference_impl.domain.packet import check_order, share_fen

DRAWS = st.integers(0, 2**63 - 1)


@settings(deadline=None)
@given(packets(shares_max=60), st.randoms(use_true_random=False))
def test_w15_every_share_is_legal_and_the_last_takes_all(packet: Packet, chance: object) -> None:
    """Share by share, lucky or equal: what is taken may be taken, nothing is left, and the order was one to accept."""
    check_order(packet.kind, packet.total_fen, packet.shares, max_shares=60)
    left_fen = packet.total_fen
    for left_shares in range(packet.shares, 0, -1):
        amount_fen = share_fen(packet.kind, left_fen, left_shares, lambda: chance.getrandbits(63))  # type: ignore[attr-defined]
        if packet.kind == "equal":
            assert legal_equal(amount_fen, packet.total_fen, packet.shares)
        else:
            assert legal(amount_fen, left_fen, left_shares)
        left_fen -= amount_fen
    assert left_fen == 0


@given(packets(kinds=["lucky"], shares_min=2), DRAWS, st.integers(0, 2**40))
def test_w15_only_the_draw_below_the_upper_level_counts(packet: Packet, draw: int, turns: int) -> None:
    """Draws that differ by the upper level give the same share; the levels are those of the invariant."""
    fen, shares = packet.total_fen, packet.shares
    lower, upper = lower_fen(fen, shares), upper_fen(fen, shares)
    assert (lower, upper) == bounds(fen, shares)
    assert lucky_fen(fen, shares, draw) == lucky_fen(fen, shares, draw + turns * upper) == max(lower, draw % upper)


@given(packets(kinds=["lucky"], shares_min=2), st.data())
def test_w15_every_legal_share_can_be_drawn(packet: Packet, data: st.DataObject) -> None:
    """Nothing that may be a share is left out: the share itself, as a draw, gives it."""
    fen, shares = packet.total_fen, packet.shares
    lower, upper = bounds(fen, shares)
    wanted = data.draw(st.integers(lower, max(lower, upper - 1)))
    assert lucky_fen(fen, shares, wanted % upper) == wanted
