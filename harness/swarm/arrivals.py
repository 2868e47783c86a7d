"""The open model: what is due is started when it is due, whatever became of what was started before.

An arrival that cannot be started in time (the generator is busy, or too much is in flight) is started late and timed
from when it was due; none is ever dropped. How late they were started is measured: a generator that falls
behind says so.
"""

from array import array
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

import gevent
from gevent.pool import Pool

from harness.history import now_ns
from harness.swarm.alarm import Alarm
from harness.swarm.health import Spread

_STARTS_PER_TURN: Final = 32  # late starts in a row before those already started may run


class Arrival(NamedTuple):
    """Someone who comes `offset_ns` after the start, and what they do: `act` is told the moment they were due.

    Those of one `herd` are told of together: from the first to the last of them, as planned and as it was.
    """

    offset_ns: int
    act: Callable[[int], None]
    herd: str = ""


class Dispatcher:
    """Starts arrivals by their schedule, at most `in_flight_max` at a time; the others wait, and are late."""

    def __init__(self, in_flight_max: int) -> None:
        self._pool = Pool(in_flight_max)
        self._stopped = False
        self._alarm = Alarm()
        self.lags_ns = array("q")
        self.crashes: list[str] = []
        self.herds: dict[str, Spread] = {}

    @property
    def stopped(self) -> bool:
        """Was it told to stop before the schedule's end?"""
        return self._stopped

    @property
    def started(self) -> int:
        """How many arrivals have begun to act."""
        return len(self.lags_ns)

    def run(self, schedule: Iterable[Arrival], start_ns: int) -> None:
        """Starts all of `schedule` (sorted) relative to `start_ns`; returns when the last has ended, or at `stop`."""
        late = 0
        for arrival in schedule:
            due_ns = start_ns + arrival.offset_ns
            if due_ns > now_ns():
                self._alarm.wait_until(due_ns)
                late = 0
            else:
                late += 1
                if late % _STARTS_PER_TURN == 0:
                    gevent.sleep(0)
            if self._stopped:
                break
            self._pool.spawn(self._start, arrival, due_ns).link_exception(self._crashed)
        self._pool.join()

    def stop(self, grace_s: float = 0.0) -> None:
        """Starts nothing more, and ends what still runs after `grace_s`."""
        self._stopped = True
        self._alarm.ring()
        self._pool.join(timeout=grace_s)
        self._pool.kill()

    def _start(self, arrival: Arrival, due_ns: int) -> None:
        lag_ns = now_ns() - due_ns
        self.lags_ns.append(lag_ns)
        if arrival.herd:
            one = Spread.of_one(arrival.offset_ns, lag_ns)
            known = self.herds.get(arrival.herd)
            self.herds[arrival.herd] = one if known is None else known.joined(one)
        arrival.act(due_ns)

    def _crashed(self, ended: gevent.Greenlet) -> None:
        self.crashes.append(f"{type(ended.exception).__name__}: {ended.exception}")
