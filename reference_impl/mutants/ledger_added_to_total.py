from reference_impl.mutants import Mutant
from reference_impl.wallet.total_store import Merged, total_key


def _add_what_is_missing(self: Merged, floor_fen: int, tagged: bool) -> None:
    standing = self.standing(tagged)
    for name, client in self._clients.items():
        if floor_fen > standing.get(name, floor_fen):
            client.hincrby(total_key(tagged), "sum", floor_fen - standing[name])


def _plant() -> None:
    Merged.raise_to = _add_what_is_missing


MUTANT = Mutant(
    name="ledger_added_to_total",
    caught_by="counter_monotone",
    summary="reconciliation adds what the total lacks, and the process that had not told it yet tells it then",
    seen_in="counters that a job sets right while they are written",
    plant=_plant,
    world="live_total",
    row="B13",
)
