from reference_impl.mutants import Mutant
from reference_impl.stores.cache import CacheError
from reference_impl.wallet.total_store import Merged, total_key


def _tick(self: Merged, from_backup: bool) -> str:
    while self._new:
        tagged, amount_fen = self._new.popleft()
        self._sums[tagged] = self._sums.get(tagged, 0) + amount_fen
    answered: dict[bool, int] = self.__dict__.setdefault("_answered", {})
    for tagged, sum_fen in list(self._sums.items()):
        try:
            for client in self._clients.values():
                client.hincrby(total_key(tagged), "sum", sum_fen - answered.get(tagged, 0))
            self._learn(tagged, int(self._tell["total"](keys=[total_key(tagged)], args=[self.reader, 0])))
        except CacheError:
            continue
        answered[tagged] = sum_fen
    return "total"


def _plant() -> None:
    Merged.tick = _tick


MUTANT = Mutant(
    name="total_added_again",
    caught_by="counter_monotone",
    summary="what a process adds to both Redis is added to both again when one of them did not answer in time",
    seen_in="counters that retry INCRBY, and double writes that are repeated as a whole",
    plant=_plant,
    world="live_total",
    row="B13",
)
