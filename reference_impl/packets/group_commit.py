"""Opens of one packet that arrive together are served in one transaction, in arrival order (W11).

The first open leads: it waits a moment for company, takes those who wait, runs their transaction and hands the lead to
the next in line. So one transaction of a packet runs at a time in this process, with at most `most` opens in it. This makes
a hot packet fast, never right: right it is by the row lock and the unique key of the database.
"""

from collections import deque
from collections.abc import Callable
from typing import Any

from reference_impl.domain.errors import Refused
from reference_impl.runtime import Runtime, Signal

Batch = Callable[[str, list[Any]], list[Any]]
"""Serves the requests of one key; an answer each, an exception where it is to be raised. Must not raise."""


class GroupCommit:
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
        """The answer to `request`; raises what the batch answered with an exception.

        Refused("limited") means it was given up before its batch began; after that nobody is answered before the commit.
        """
        waiter = _Waiter(request, self._runtime.signal())
        room, leads = self._enter(key, waiter)
        if leads:
            self._runtime.sleep(self._wait_s)
        else:
            leads = self._wait(room, waiter)
        if leads:
            self._lead(key, room)
        if isinstance(waiter.answer, BaseException):
            raise waiter.answer
        return waiter.answer

    def _enter(self, key: str, waiter: "_Waiter") -> "tuple[_Room, bool]":
        with self._lock:
            room = self._rooms.get(key)
            if room is None:
                room = self._rooms[key] = _Room()
            if len(room.waiting) >= self._queue:
                raise Refused("limited", "too many wait for this packet")
            room.waiting.append(waiter)
            leads = not room.busy
            room.busy = True
            return room, leads

    def _wait(self, room: "_Room", waiter: "_Waiter") -> bool:
        """Wait for the answer or the lead; True for the lead."""
        if not waiter.signal.wait(self._patience_s):
            with self._lock:
                if not waiter.leads and waiter in room.waiting:
                    room.waiting.remove(waiter)
                    raise Refused("limited", "its turn did not come")
            while not waiter.signal.wait(60.0):
                pass
        return waiter.leads

    def _lead(self, key: str, room: "_Room") -> None:
        """Serve one batch, this thread's own request in it, then pass the lead on."""
        with self._lock:
            taken = [room.waiting.popleft() for _ in range(min(self._most, len(room.waiting)))]
        try:
            for waiter, answer in zip(taken, self._batch(key, [w.request for w in taken]), strict=True):
                waiter.answer = answer
        except BaseException as error:
            for waiter in taken:
                waiter.answer = error
            raise
        finally:
            self._pass_on(key, room)
            for waiter in taken[1:]:
                waiter.signal.set()

    def _pass_on(self, key: str, room: "_Room") -> None:
        with self._lock:
            if room.waiting:
                heir = room.waiting[0]
                heir.leads = True
                heir.signal.set()
            else:
                room.busy = False
                del self._rooms[key]


class _Waiter:
    __slots__ = ("answer", "leads", "request", "signal")

    def __init__(self, request: Any, signal: Signal) -> None:
        self.request = request
        self.signal = signal
        self.leads = False
        self.answer: Any = None


class _Room:
    __slots__ = ("busy", "waiting")

    def __init__(self) -> None:
        self.waiting: deque[_Waiter] = deque()
        self.busy = False
