"""The metrics of a process as Prometheus reads them: counts, durations, and gauges read at this moment."""

import logging
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Final

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from reference_impl.resilience.counts import METRICS
from reference_impl.resilience.durations import BOUNDS_US, Histogram
from reference_impl.resilience.gauges import GAUGES, Gauge
from reference_impl.stores.cache import CacheError
from reference_impl.system import System

log = logging.getLogger(__name__)

PREFIX: Final = "rainproof_"
DURATION: Final = "request_duration_seconds"
UP: Final = "store_up"
OTHERS: Final[dict[str, tuple[str, tuple[str, ...], str]]] = {
    DURATION: ("histogram", ("operation",), "how long requests took, from the first byte read to the answer made"),
    UP: ("gauge", ("store",), "1 where a store answered within a second"),
}
"""Metrics that are neither counted nor a gauge of the table: kind, labels, meaning."""


class Exporter(Collector):
    """`answering`: store → whether it answers."""

    def __init__(self, system: System, answering: Mapping[str, bool]) -> None:
        self._system, self._answering = system, answering

    def collect(self) -> Iterator[Metric]:
        yield from _counted(self._system)
        yield _durations(self._system.counts.durations.all())
        for name, gauge in GAUGES.items():
            yield _gauge(self._system, name, gauge)
        yield _up(self._answering)


def text(system: System, answering: Mapping[str, bool]) -> bytes:
    """All metrics in Prometheus's text format; what cannot be read now has no samples."""
    registry = CollectorRegistry()
    registry.register(Exporter(system, answering))
    return generate_latest(registry)


def _counted(system: System) -> Iterator[Metric]:
    counted = system.counts.all()
    for name, metric in METRICS.items():
        make = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
        family = make(PREFIX + name, metric.meaning, labels=metric.labels)
        for (of, labels), value in sorted(counted.items()):
            if of == name:
                family.add_metric(labels, value)
        yield family


def _durations(histograms: Mapping[str, Histogram]) -> Metric:
    _, labels, meaning = OTHERS[DURATION]
    family = HistogramMetricFamily(PREFIX + DURATION, meaning, labels=labels)
    bounds = [*(str(bound / 1e6) for bound in BOUNDS_US), "+Inf"]
    for operation, (counts, sum_us) in sorted(histograms.items()):
        family.add_metric((operation,), list(zip(bounds, accumulate(counts), strict=True)), sum_us / 1e6)
    return family


def _gauge(system: System, name: str, gauge: Gauge) -> Metric:
    family = GaugeMetricFamily(PREFIX + name, gauge.meaning, labels=gauge.labels)
    try:
        for labels, value in gauge.read(system).items():
            family.add_metric(labels, value)
    except (sa.exc.SQLAlchemyError, CacheError) as error:
        log.warning("%s cannot be read: %s", name, error)
    return family


def _up(answering: Mapping[str, bool]) -> Metric:
    _, labels, meaning = OTHERS[UP]
    family = GaugeMetricFamily(PREFIX + UP, meaning, labels=labels)
    for store, answers in answering.items():
        family.add_metric((store,), answers)
    return family
