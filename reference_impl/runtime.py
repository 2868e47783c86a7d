"""Time, chance and concurrency, the only way the system reaches them: threads in production."""

import os
import struct
import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, Final, Protocol

DRAWS: Final = 128
"""Random numbers read from the operating system at a time."""


class Signal(Protocol):
    """A one-shot event."""

    def set(self) -> None: ...
    def wait(self, timeout_s: float) -> bool: ...


class Runtime(Protocol):
    def now_us(self) -> int: ...
    def today(self) -> date: ...
    def sleep(self, seconds: float) -> None: ...
    def spawn(self, name: str, work: Callable[[], None]) -> None: ...
    def lock(self) -> Any: ...
    def signal(self) -> Signal: ...
    def draw(self) -> int: ...


class ThreadSignal:
    """A bare lock: cheaper than threading.Event, which matters when hundreds wait for one commit."""

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()

    def set(self) -> None:
        self._lock.release()

    def wait(self, timeout_s: float) -> bool:
        return self._lock.acquire(timeout=timeout_s)


class ThreadRuntime:
    """The runtime of production: the operating system's clock, randomness and threads."""

    def __init__(self) -> None:
        self._draws: list[int] = []

    def now_us(self) -> int:
        return time.time_ns() // 1000

    def today(self) -> date:
        return datetime.now(UTC).date()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def spawn(self, name: str, work: Callable[[], None]) -> None:
        threading.Thread(target=work, name=name, daemon=True).start()

    def lock(self) -> Any:
        return threading.Lock()

    def signal(self) -> ThreadSignal:
        return ThreadSignal()

    def draw(self) -> int:
        """From the operating system's randomness, which nobody can foresee, read some at a time."""
        try:
            return self._draws.pop()
        except IndexError:
            self._draws.extend(struct.unpack(f"{DRAWS}Q", os.urandom(8 * DRAWS)))
            return self._draws.pop()
