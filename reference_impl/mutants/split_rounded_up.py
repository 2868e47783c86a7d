from collections.abc import Collection

from reference_impl.domain.games import split
from reference_impl.domain.games.win import Win
from reference_impl.mutants import Mutant


def _shares(pool_fen: int, collectors: Collection[int], pool: str) -> dict[int, Win]:
    each_yuan = round(pool_fen / 100 / len(collectors) + 0.005, 2)
    return {
        act: Win(split.SCENE, f"{pool}-{place}", round(each_yuan * 100))
        for place, act in enumerate(sorted(collectors), 1)
    }


def _plant() -> None:
    split.shares = _shares


MUTANT = Mutant(
    name="split_rounded_up",
    caught_by="split_exact",
    summary="each share of a pool is a float of yuan, rounded up to two digits",
    seen_in="ROUND_UP of a float total divided by the number of winners, in many a prize script",
    plant=_plant,
    world="cards",
    row="B02",
)
