"""A worker's standing with its master: the lease it was given, and how far its clock is from the master's."""

from pathlib import Path
from typing import Any, Final

import gevent
import msgspec
from gevent.event import AsyncResult

from harness.history import now_ns
from harness.history.skew import Skew, write_skew
from harness.swarm.clock import EVERY_NS, Bound, Clock, bound, exact, machine
from harness.swarm.lease import Lease, terms
from harness.swarm.settings import Settings

SIGN_ON: Final = "rainproof_sign_on"
LEASE: Final = "rainproof_lease"
PING: Final = "rainproof_ping"
PONG: Final = "rainproof_pong"

_FIRST_ROUND_TRIPS: Final = 12
_ROUND_TRIPS: Final = 3
_ANSWER_S: Final = 5.0


class Membership:
    """Of one worker: `sign_on` once a test, then `lease` and `skew` stand."""

    def __init__(self, runner: Any, settings: Settings) -> None:
        self._runner, self._settings = runner, settings
        self._pong: AsyncResult = AsyncResult()
        self._clock: Clock | None = None
        self._exact = Skew()
        self.forget()
        runner.register_message(LEASE, self._on_lease)
        runner.register_message(PONG, self._on_pong)

    def forget(self) -> None:
        """A new test, a new lease."""
        self._granted: AsyncResult = AsyncResult()

    @property
    def lease(self) -> Lease:
        """The lease, once it is granted: waits for it."""
        lease: Lease = self._granted.get()
        return lease

    @property
    def skew(self) -> Skew:
        """This clock minus the master's, at this moment."""
        return self._clock.now.skew if self._clock else self._exact

    def sign_on(self) -> Lease:
        """Asks for a part and waits until there is one; then finds out what time it is."""
        here = self._settings.machine or machine()
        self._runner.send_message(SIGN_ON, {"terms": terms(self._settings)})
        lease = self.lease
        if here and here == self._masters["machine"]:
            self._exact = exact(self._masters["anchor_ns"])
        else:
            self._clock = Clock(self._measure(_FIRST_ROUND_TRIPS), now_ns())
        return lease

    def keep_note(self, folder: Path, worker: str) -> None:
        """For a greenlet of its own: leaves what is known of the clock beside `worker`'s journal, and follows it."""
        write_skew(folder, worker, self._known)
        while self._clock:
            gevent.sleep(EVERY_NS / 1e9)
            if measured := self._measure(_ROUND_TRIPS):
                self._clock.learn(measured, now_ns())
                gevent.get_hub().threadpool.apply(write_skew, (folder, worker, self._known))

    @property
    def _known(self) -> Skew:
        return self._clock.ever.skew if self._clock else self._exact

    def _measure(self, round_trips: int) -> list[Bound]:
        bounds = (self._ping() for _ in range(round_trips))
        return [found for found in bounds if found]

    def _ping(self) -> Bound | None:
        """One round trip; None if no answer came."""
        self._pong = AsyncResult()
        self._runner.send_message(PING, {"sent_ns": now_ns()})
        try:
            answer: Bound = self._pong.get(timeout=_ANSWER_S)
        except gevent.Timeout:
            return None
        return answer

    def _on_pong(self, environment: Any, msg: Any, **_: Any) -> None:
        received_ns = now_ns()
        self._pong.set(bound(msg.data["sent_ns"], msg.data["now_ns"], received_ns))

    def _on_lease(self, environment: Any, msg: Any, **_: Any) -> None:
        self._masters = msg.data
        self._granted.set(msgspec.convert(msg.data["lease"], Lease))
