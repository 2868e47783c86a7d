from reference_impl.mutants import Mutant
from reference_impl.stores import cache


def _without_side(packet: str, tagged: bool) -> str:
    return f"preorder:{packet}"


def _plant() -> None:
    cache.preorder_key = _without_side


MUTANT = Mutant(
    name="prefix_forgotten",
    row="B20",
    caught_by="shadow_isolation",
    summary="one kind of key in the cache lacks the prefix of pressure traffic",
    seen_in="shadow keys made by a helper that one new piece of code did not call",
    plant=_plant,
    world="tagged",
)
