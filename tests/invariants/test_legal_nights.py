"""What real time proves about the order of a packet's shares, by brute force, is what `open_order` says."""

from hypothesis import HealthCheck, Phase, given, settings

from invariants.accuse import accusations_among
from invariants.legal import Row, Rows
from invariants.nights import Night, play
from invariants.strategies import nights
from invariants.tables import canonical

CLOCK_ERROR_NS = 2_000_000


@settings(
    max_examples=150, deadline=None, derandomize=True, phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(nights(packets_max=1, visits_max=16, clock_error_ns=CLOCK_ERROR_NS).filter(lambda night: len(night.visits) > 3))
def test_a_swapped_sequence_is_found_as_soon_as_time_proves_it(night: Night) -> None:
    """The brute-force pairwise definition of a broken real-time order and `open_order` agree."""
    rows = play(night)
    for row in rows["history"]:
        row.update(sequence=None, remaining_fen=None)
    proved = [reverse(rows, packet) for packet in rows["packets"]]
    counted = accusations_among(canonical(rows), ["open_order"])
    assert bool(counted["open_order"]) == any(proved)


def reverse(rows: Rows, packet: Row) -> bool:
    """Number a packet's opens the other way round; does time prove that this is not how it was?"""
    taken = [row for row in rows["opens"] if row["packet"] == packet["packet"]]
    left_fen = packet["total_fen"]
    for sequence, row in enumerate(reversed(taken), start=1):
        left_fen -= row["amount_fen"]
        row.update(sequence=sequence, remaining_fen=left_fen)
    return any(proved_before(rows, later, earlier) for earlier in taken for later in taken)


def proved_before(rows: Rows, one: Row, other: Row) -> bool:
    """Was `one`, of a later sequence, surely answered before `other` was first asked for?"""
    if one["sequence"] <= other["sequence"]:
        return False
    mine, others = (asked_for(rows, side) for side in (one, other))
    answers = [row for row in mine if row["outcome"] == "ok"]
    return any(
        all(
            row["sent_ns"] > answer["done_ns"] + (0 if row["worker"] == answer["worker"] else 2 * CLOCK_ERROR_NS)
            for row in others
        )
        for answer in answers
    )


def asked_for(rows: Rows, share: Row) -> list[Row]:
    """The attempts that may have taken this share."""
    return [
        row
        for row in rows["history"]
        if (row["operation"], row.get("subject"), row["person"], row.get("key"))
        == ("open", share["packet"], share["person"], share["key"])
        and row["outcome"] != "fail"
    ]
