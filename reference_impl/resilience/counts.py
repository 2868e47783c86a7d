"""What a process has counted since it started; what each count means is in METRICS."""

import threading
from itertools import product
from typing import Final, NamedTuple

from reference_impl.domain.differences import DIFFERENCES
from reference_impl.resilience.durations import Durations


class Metric(NamedTuple):
    labels: tuple[str, ...]
    meaning: str
    kind: str = "counter"
    """counter: it only rises, by `add`; gauge: the last value that was `put`."""
    begins: tuple[tuple[str, ...], ...] = ()
    """Labels that are told from the start, as 0: an alarm that waits for a rise would not see the first otherwise."""


METRICS: Final[dict[str, Metric]] = {
    "requests": Metric(("region", "operation", "code"), "answers given, by what was asked and the code of the answer"),
    "preordered": Metric(("region", "source"), "packets preordered, by region and by what numbered them (W03, W05)"),
    "paid": Metric(("region",), "packets paid; as a share of those preordered the conversion rate (W05)"),
    "limited": Metric(("dial",), "requests refused by flow control, by the dial that limits them (W12)"),
    "credited": Metric(("path",), "vouchers credited, by the path that credited them (W06, W19)"),
    "cooled": Metric(("store",), "packets moved from this order database to the cold store (W14)"),
    "not_cleared": Metric(
        ("store",), "packets of a cold day that were not settled when the next day needed their table (W14)"
    ),
    "read": Metric(("what", "level"), "reads of packets, by the level that answered: cache, memory or database (W08)"),
    "cache_missed": Metric(("by",), "writes of a packet that the cache did not take, by writers or readers (W09)"),
    "listed": Metric((), "messages about people's lists that were put into the stream (W02)"),
    "repairs_asked": Metric((), "packets that the repair stream was asked to write into the cache (W09)"),
    "profiles": Metric(("source",), "profiles shown, by where they come from: cache, service or default (W18)"),
    "tokens_refused": Metric(
        ("reason",), "tokens that were forged, altered, foreign, expired or of a retired key (B09)"
    ),
    "done_without": Metric(
        ("dependency",), "awards that a weak dependency was not asked about: switched off, resting or silent (B10)"
    ),
    "config_read": Metric(("source",), "looks at the activity's configuration: the centre, or the local copy (B10)"),
    "total_asked": Metric(("source",), "looks at the live total, by the Redis whose total is shown (B13)"),
    "differences": Metric(
        ("by", "kind"),
        "awards that stores disagree about, by who found it: somebody must look (B14)",
        begins=tuple(product(("rain", "hour_1", "hour_2"), DIFFERENCES)),
    ),
    "dead_letters": Metric(
        ("topic",),
        "messages laid aside because they never worked: somebody must look (W06)",
        begins=tuple((topic,) for topic in ("stream:credit", "stream:lists", "stream:repair", "stream:awards")),
    ),
    "last_pass_us": Metric(("loop",), "when a loop last looked for work, by the process's clock", "gauge"),
}


class Counts:
    """Counters by name and labels. They are a process's own and end with it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values = {(name, labels): 0 for name, metric in METRICS.items() for labels in metric.begins}
        self.durations = Durations()

    def add(self, name: str, *labels: str, by: int = 1) -> None:
        """Count `by` more of a name of METRICS; its labels in their order."""
        key = name, labels
        with self._lock:
            self._values[key] = self._values.get(key, 0) + by

    def put(self, name: str, *labels: str, value: int) -> None:
        """Note the newest value of a gauge of METRICS."""
        with self._lock:
            self._values[name, labels] = value

    def value(self, name: str, *labels: str) -> int:
        """What was counted under these labels, or under all that begin with them."""
        counted = self.all().items()
        return sum(count for (named, more), count in counted if named == name and more[: len(labels)] == labels)

    def all(self) -> dict[tuple[str, tuple[str, ...]], int]:
        with self._lock:
            return dict(self._values)
