"""The independent generator: packet numbers while the cache gives none (W16)."""

from reference_impl.domain.identifiers import EPOCHS, NUMBERS_AN_EPOCH
from reference_impl.ledger.ledger import Ledger
from reference_impl.runtime import Runtime


class Generator:
    """Counts in the process under an epoch that the ledger gave it and gives nobody again (Money rule 3).

    The cache's counters have epochs of the same table, so that the two can never meet; the id's source digit tells
    them apart besides.
    """

    def __init__(self, ledger: Ledger, runtime: Runtime, holder: str) -> None:
        self._ledger = ledger
        self._holder = holder
        self._lock = runtime.lock()
        self._last: dict[bool, tuple[int, int]] = {}

    def next(self, tagged: bool) -> tuple[int, int]:
        """An (epoch, number) that was never given before. Raises database errors."""
        with self._lock:
            epoch, number = self._last.get(tagged, (0, NUMBERS_AN_EPOCH))
            if number + 1 >= NUMBERS_AN_EPOCH:
                epoch, number = self._new_epoch(tagged), 0
            self._last[tagged] = epoch, number + 1
            return epoch, number + 1

    def _new_epoch(self, tagged: bool) -> int:
        epoch = self._ledger.new_epoch(f"generator of {self._holder}", tagged)
        if epoch >= EPOCHS:
            raise RuntimeError(f"epoch {epoch} does not fit into an id")
        return epoch
