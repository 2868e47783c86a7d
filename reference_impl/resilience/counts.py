"""What a process has counted since it started; what each count means is in METRICS."""

import threading
from typing import Final, NamedTuple


class Metric(NamedTuple):
    labels: tuple[str, ...]
    meaning: str


METRICS: Final[dict[str, Metric]] = {
    "requests": Metric(("region", "operation", "code"), "answers given, by what was asked and the code of the answer"),
    "credited": Metric(("path",), "vouchers credited, by the path that credited them (W06, W19)"),
    "tokens_refused": Metric(
        ("reason",), "tokens that were forged, altered, foreign, expired or of a retired key (B09)"
    ),
    "dead_letters": Metric(("topic",), "messages laid aside because they never worked: somebody must look (W06)"),
}


class Counts:
    """Counters by name and labels. They are a process's own and end with it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[tuple[str, tuple[str, ...]], int] = {}

    def add(self, name: str, *labels: str, by: int = 1) -> None:
        """Count `by` more of a name of METRICS; its labels in their order."""
        key = name, labels
        with self._lock:
            self._values[key] = self._values.get(key, 0) + by

    def value(self, name: str, *labels: str) -> int:
        """What was counted under these labels, or under all that begin with them."""
        counted = self.all().items()
        return sum(count for (named, more), count in counted if named == name and more[: len(labels)] == labels)

    def all(self) -> dict[tuple[str, tuple[str, ...]], int]:
        with self._lock:
            return dict(self._values)
