"""Our operations in Locust's statistics, folded in batches: for its web UI, its CSV files and its plug-ins.

What a system answers in the course of business (sold out, already opened) is a name of its own, "open: sold_out", and
no failure. Failures, and one operation in `one_in`, travel as Locust's request event, which counts them itself; all
others are added to its entries on a timer and at the end of the test, after the last operation. Locust rounds to
milliseconds and loses a killed worker's numbers: nothing is judged by these.
"""

import time
from collections import Counter
from typing import Any, Final

import gevent
from locust.env import Environment
from locust.stats import StatsEntry, bucket_response_time

from harness.target import Answer, Operation

FLUSH_EVERY_S: Final = 0.5


class Unsettled(Exception):
    """In Locust's list of failures: an operation that got no definite answer."""


class Statistics:
    """Collects what one worker's operations took, and folds it into `environment.stats`."""

    def __init__(self, environment: Environment, *, one_in: int = 100) -> None:
        self._environment = environment
        self._one_in = one_in
        self._recorded = 0
        self._waiting: dict[tuple[str, str], list[int]] = {}

    def record(self, asked: Operation, answer: Answer, response_ns: int, settled: bool) -> None:
        """One operation that took `response_ns` from when it should have been sent."""
        refused = settled and answer.outcome == "fail"
        entry = (f"{asked.name}: {answer.reason}" if refused else asked.name, asked.method)
        self._recorded += 1
        if settled and self._recorded % self._one_in:
            waiting = self._waiting.get(entry)
            if waiting is None:
                waiting = self._waiting[entry] = []
            waiting.append(response_ns)
        else:
            self._fire(entry, response_ns, None if settled else Unsettled(f"{answer.outcome}: {answer.reason}"))

    def flush_for_ever(self) -> None:
        """For a greenlet of its own."""
        while True:
            gevent.sleep(FLUSH_EVERY_S)
            self.flush()

    def flush(self) -> None:
        """Moves everything recorded so far into Locust's entries."""
        waiting, self._waiting = self._waiting, {}
        stats = self._environment.stats
        for (name, method), responses_ns in waiting.items():
            entry = _folded(stats, name, method, responses_ns)
            stats.entries[(name, method)].extend(entry)
            stats.total.extend(entry)

    def _fire(self, entry: tuple[str, str], response_ns: int, problem: Exception | None) -> None:
        name, method = entry
        self._environment.events.request.fire(
            request_type=method,
            name=name,
            response_time=response_ns / 1e6,
            response_length=0,
            response=None,
            context={},
            exception=problem,
            start_time=time.time() - response_ns / 1e9,
            url=None,
        )


def _folded(stats: Any, name: str, method: str, responses_ns: list[int]) -> StatsEntry:
    """One entry that says what `responses_ns` say, as if logged one by one just now."""
    now = time.time()
    entry = StatsEntry(stats, name, method)
    entry.num_requests = len(responses_ns)
    entry.total_response_time = sum(responses_ns) / 1e6
    entry.min_response_time = min(responses_ns) / 1e6
    entry.max_response_time = max(responses_ns) / 1e6
    entry.last_request_timestamp = now
    entry.num_reqs_per_sec[int(now)] = len(responses_ns)
    for whole_ms, count in Counter((ns + 500_000) // 1_000_000 for ns in responses_ns).items():
        entry.response_times[bucket_response_time(whole_ms)] += count
    return entry
