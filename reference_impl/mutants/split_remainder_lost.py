from collections.abc import Collection

from reference_impl.domain.games import split
from reference_impl.domain.games.win import Win
from reference_impl.mutants import Mutant


def _shares(pool_fen: int, collectors: Collection[int], pool: str) -> dict[int, Win]:
    return {
        act: Win(split.SCENE, f"{pool}-{place}", pool_fen // len(collectors))
        for place, act in enumerate(sorted(collectors), 1)
    }


def _plant() -> None:
    split.shares = _shares


MUTANT = Mutant(
    name="split_remainder_lost",
    caught_by="split_exact",
    summary="everybody gets the equal share of a pool, and what is left of the division nobody gets",
    seen_in="integer division without a word about the rest",
    plant=_plant,
    world="cards",
    row="B02",
)
