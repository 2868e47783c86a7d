"""A function that divides a whole packet at once is judged by what it gives."""

from collections.abc import Callable
from random import Random

import pytest

from invariants.allocation import Split
from invariants.allocation.split import legal_packet, weigh_split
from reference_impl.domain.allocation import lucky_fen


def divided(total_fen: int, shares: int, random: Random) -> list[int]:
    """W15, share by share."""
    given = []
    for left_shares in range(shares, 0, -1):
        given.append(lucky_fen(total_fen - sum(given), left_shares, random.getrandbits(64)))
    return given


def backwards(total_fen: int, shares: int, random: Random) -> list[int]:
    """W15, and turned round where that is a legal packet too: the last is the first."""
    given = divided(total_fen, shares, random)
    turned = given[::-1]
    return turned if legal_packet(total_fen, shares, turned) else given


def cut(total_fen: int, shares: int, random: Random) -> list[int]:
    """A line cut at random places, as many programs do."""
    cuts = sorted(random.sample(range(1, total_fen), shares - 1))
    return [end - start for start, end in zip([0, *cuts], [*cuts, total_fen], strict=True)]


Function = Callable[[int, int, Random], list[int]]


@pytest.mark.parametrize(
    ("function", "left_open"), [(divided, []), (backwards, ["oracle"]), (cut, ["shares", "support", "oracle"])]
)
def test_splits_are_judged(function: Function, left_open: list[str]) -> None:
    """W15 passes; its shares in another order keep every bound and are still told; another algorithm is refused."""
    assert [one.name for one in weigh_split(Split("tried", function)) if not one.closed] == left_open


@pytest.mark.parametrize(
    "given",
    [[3, 3, 3], [4, 4, 2, 0], [5, 5], [4.0, 4, 2], [True, 4, 5], None, "343", [8, 1, 1], [1, 1, 1], ValueError("no")],
)
def test_what_is_no_packet(given: object) -> None:
    """Not all of it, too many or too few shares, floats, truths, nothing, text, above the levels, an error."""
    assert not legal_packet(10, 3, given)
    assert legal_packet(10, 3, [4, 4, 2]) and legal_packet(10, 3, (1, 1, 8))
