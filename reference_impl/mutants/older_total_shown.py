from reference_impl.mutants import Mutant
from reference_impl.wallet.total_store import Merged


def _as_told(self: Merged, tagged: bool, total_fen: int) -> None:
    self._copies[tagged] = total_fen


def _plant() -> None:
    Merged._learn = _as_told


MUTANT = Mutant(
    name="older_total_shown",
    caught_by="counter_monotone",
    summary="a process shows whatever Redis says: after a loss, or from a backup that is behind, the total falls",
    seen_in="counters on pages that go back when the cache fails over",
    plant=_plant,
    world="live_total",
    row="B13",
)
