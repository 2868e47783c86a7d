"""How many opens of one packet may be in the database at once (W11), and how those that wait share a transaction.

`GroupCommit`: the first open leads: it waits a moment for company, takes those who wait in arrival order, runs their
transaction and hands the lead to the next in line. So one transaction of a packet runs at a time in this process, with
at most `most` opens in it. `EachAlone` is the document's own: a counter a packet, and each open its own transaction.

Both make a hot packet fast, never right: right it is by the row lock and the unique key of the database.
"""

from collections import deque
from collections.abc import Callable
from typing import Any, Final, NamedTuple, Protocol

from reference_impl.domain.errors import Refused
from reference_impl.runtime import Runtime, Signal

BATONS: Final = 2
"""How many threads are awake with an answer at once: each wakes the next. All at once they would fight for the
interpreter."""


def leave(_answer: Any) -> None:
    """Nothing is left to do about an answer."""


class Served(NamedTuple):
    """What became of a batch: an answer a request (an exception where it is to be raised), and what is left to tell
    others once it is committed. `settle`: what a request has still to do about its own answer, while nobody waits for
    it; must not raise."""

    answers: list[Any]
    publish: Callable[[], None]
    settle: Callable[[Any], None] = leave


class Crowd(NamedTuple):
    """Who is at the opens of one process just now."""

    packets: int
    """Packets that are being opened."""
    waiting: int
    inside: int
    """Opens in the database, or on their way back."""


Batch = Callable[[str, list[Any]], Served]
"""Serves the requests of one key. Must not raise."""


class Opens(Protocol):
    def submit(self, key: str, request: Any) -> Any:
        """The answer to `request`; raises what the batch answered with an exception.

        Refused("limited") means it never came to the database.
        """

    def crowd(self) -> Crowd: ...


class EachAlone:
    """Each request in a transaction of its own, at most `most` of one key at once."""

    def __init__(self, runtime: Runtime, batch: Batch, *, most: int) -> None:
        self._batch = batch
        self._most = most
        self._lock = runtime.lock()
        self._inside: dict[str, int] = {}

    def submit(self, key: str, request: Any) -> Any:
        with self._lock:
            inside = self._inside.get(key, 0)
            if inside >= self._most:
                raise Refused("limited", "too many opens of this packet at once")
            self._inside[key] = inside + 1
        try:
            served = self._batch(key, [request])
            served.publish()
        finally:
            with self._lock:
                self._inside[key] -= 1
                if not self._inside[key]:
                    del self._inside[key]
        served.settle(served.answers[0])
        return _answer(served.answers[0])

    def crowd(self) -> Crowd:
        with self._lock:
            return Crowd(len(self._inside), 0, sum(self._inside.values()))


class GroupCommit:
    """Requests of one key that wait at the same time share one batch."""

    def __init__(
        self, runtime: Runtime, batch: Batch, *, wait_s: float, most: int, queue: int, patience_s: float
    ) -> None:
        self._runtime = runtime
        self._batch = batch
        self._wait_s = wait_s
        self._most = most
        self._queue = queue
        self._patience_s = patience_s
        self._lock = runtime.lock()
        self._rooms: dict[str, _Room] = {}

    def submit(self, key: str, request: Any) -> Any:
        waiter = _Waiter(request, self._runtime.signal())
        room, first = self._enter(key, waiter)
        if first:
            self._runtime.sleep(self._wait_s)
        try:
            if first or self._wait(room, waiter):
                self._lead(key, room)
        finally:
            _wake(waiter.after)
        waiter.settle(waiter.answer)
        return _answer(waiter.answer)

    def crowd(self) -> Crowd:
        with self._lock:
            rooms = list(self._rooms.values())
            return Crowd(len(rooms), sum(len(room.waiting) for room in rooms), sum(room.inside for room in rooms))

    def _enter(self, key: str, waiter: "_Waiter") -> "tuple[_Room, bool]":
        with self._lock:
            room = self._rooms.get(key)
            if room is None:
                room = self._rooms[key] = _Room(self._runtime.lock())
            if len(room.waiting) >= self._queue:
                raise Refused("limited", "too many wait for this packet")
            room.waiting.append(waiter)
            first = not room.busy
            room.busy = True
            return room, first

    def _wait(self, room: "_Room", waiter: "_Waiter") -> bool:
        """Wait for the answer or the lead; True for the lead. Once its batch has begun, it waits for the commit."""
        if not waiter.signal.wait(self._patience_s):
            with self._lock:
                if not waiter.leads and waiter in room.waiting:
                    room.waiting.remove(waiter)
                    raise Refused("limited", "its turn did not come")
            while not waiter.signal.wait(60.0):
                pass
        return waiter.leads

    def _lead(self, key: str, room: "_Room") -> None:
        """Serve one batch, this thread's own request first in it.

        The lead is handed on before others are told: they are, in the order of the commits, while the next batch is in
        the database.
        """
        with self._lock:
            taken = [room.waiting.popleft() for _ in range(min(self._most, len(room.waiting)))]
            room.inside = len(taken)
        served, handed_on = Served([], nothing), False
        try:
            served = self._batch(key, [waiter.request for waiter in taken])
            for waiter, answer in zip(taken, served.answers, strict=True):
                waiter.answer, waiter.settle = answer, served.settle
        except BaseException as error:
            for waiter in taken:
                waiter.answer = error
            raise
        finally:
            try:
                with room.publishing:
                    handed_on = self._hand_on(key, room, close=False)
                    served.publish()
            finally:
                if not handed_on:  # somebody may have come while others were told
                    self._hand_on(key, room, close=True)
                _pass_batons(taken[1:])

    def _hand_on(self, key: str, room: "_Room", *, close: bool) -> bool:
        """Give the lead to the next in line; False where nobody waits, and the room is closed if it is to be."""
        with self._lock:
            room.inside = 0
            if room.waiting:
                room.waiting[0].leads = True
                room.waiting[0].signal.set()
                return True
            if close:
                room.busy = False
                del self._rooms[key]
            return False


def nothing() -> None:
    """Nobody need be told."""


def _pass_batons(served: "list[_Waiter]") -> None:
    for waiter, follower in zip(served, served[BATONS:], strict=False):
        waiter.after = [follower]
    _wake(served[:BATONS])


def _wake(waiters: "list[_Waiter]") -> None:
    for waiter in waiters:
        waiter.signal.set()


class _Waiter:
    __slots__ = ("after", "answer", "leads", "request", "settle", "signal")

    def __init__(self, request: Any, signal: Signal) -> None:
        self.request = request
        self.signal = signal
        self.leads = False
        self.after: list[_Waiter] = []
        self.answer: Any = None
        self.settle: Callable[[Any], None] = leave


class _Room:
    __slots__ = ("busy", "inside", "publishing", "waiting")

    def __init__(self, publishing: Any) -> None:
        self.inside = 0
        self.waiting: deque[_Waiter] = deque()
        self.busy = False
        self.publishing = publishing


def _answer(answer: Any) -> Any:
    if isinstance(answer, BaseException):
        raise answer
    return answer
