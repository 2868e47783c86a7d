"""What a process finds when somebody asks for its metrics: the levels of queues and rooms, and who answers."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from reference_impl.resilience.breaker import REDIS
from reference_impl.resilience.switches import NAMES
from reference_impl.stores import stream
from reference_impl.stores.cache import preorder_key
from reference_impl.stores.layout import SHADOW
from reference_impl.system import System
from reference_impl.wallet.coupons import stock_report

MOST_PAGES: Final = 20
"""So many pages of a thousand keys are looked at; what lies beyond is estimated."""

Values = Mapping[tuple[str, ...], float]


class Gauge(NamedTuple):
    labels: tuple[str, ...]
    meaning: str
    read: Callable[[System], Values]
    """Raises CacheError or database errors."""


def _backlog(system: System) -> Values:
    return {
        (topic.name, _side(tagged)): int(system.stream.xlen(stream.stream_name(topic, tagged)))
        for topic in (*stream.TOPICS, stream.DEAD)
        for tagged in system.sides()
    }


def _oldest_age_s(system: System) -> Values:
    now_us = system.runtime.now_us()
    return {
        (topic.name, _side(tagged)): stream.oldest_age_us(system.stream, topic, tagged, now_us) / 1e6
        for topic in stream.TOPICS
        for tagged in system.sides()
    }


def _preorders(system: System) -> Values:
    """Redis hands out its keys in no order, so that the share among some stands for the share among all. (The embedded
    cache sorts them, and seldom holds so many.)"""
    cursor, seen, found, pages = 0, 0, {True: 0, False: 0}, 0
    while pages == 0 or (cursor and pages < MOST_PAGES):
        page: Any = system.cache.scan(cursor, count=1000)
        cursor, keys = page
        pages, seen = pages + 1, seen + len(keys)
        for key in keys:
            if key.removeprefix(SHADOW).startswith(preorder_key("", False)):
                found[key.startswith(SHADOW)] += 1
    scale = int(system.cache.dbsize()) / seen if cursor and seen else 1.0
    return {(_side(tagged),): count * scale for tagged, count in found.items()}


def _coupon_units(system: System) -> Values:
    return {
        (each.template, each.stage, _side(each.tag), state): getattr(each, state)
        for each in ([] if system.desk is None else stock_report(system.desk))
        for state in ("prepared", "issued", "burnt")
    }


def _switches(system: System) -> Values:
    return {(name,): system.controls.value(name) for name in NAMES}


def _activity(system: System) -> Values:
    return {} if system.desk is None else {(): system.desk.config.version.number}


def _breakers(system: System) -> Values:
    names = (*REDIS, *(store.name for store in system.orders.values()))
    return {(name,): system.breakers.is_open(name) for name in names}


def _side(tagged: bool) -> str:
    return "tagged" if tagged else "live"


GAUGES: Final[dict[str, Gauge]] = {
    "backlog_messages": Gauge(("topic", "side"), "messages in a stream that are not done (W06)", _backlog),
    "backlog_oldest_age_s": Gauge(("topic", "side"), "how old the oldest of them is, 0 where none is", _oldest_age_s),
    "preorders": Gauge(("side",), "unpaid packets in the cache, estimated beyond 20,000 keys (W05)", _preorders),
    "open_packets": Gauge((), "packets that are being opened in this process (W11)", lambda s: _level(s, 0)),
    "opens_waiting": Gauge((), "opens that wait for their turn (W11)", lambda s: _level(s, 1)),
    "opens_inside": Gauge((), "opens in the database (W11)", lambda s: _level(s, 2)),
    "coupon_units": Gauge(
        ("template", "stage", "side", "state"),
        "units of a coupon's stock: prepared, issued, and burnt by time-outs (B12)",
        _coupon_units,
    ),
    "control": Gauge(("name",), "the value of a switch or dial in this process (B17)", _switches),
    "activity_version": Gauge((), "the version of the activity in force in this process (B05)", _activity),
    "breaker_open": Gauge(("name",), "1 while a breaker of this process lets nobody through (W04, B10)", _breakers),
}


def _level(system: System, place: int) -> Values:
    return {(): system.opens.crowd()[place]}
