"""Signals that end this process, kept waiting where what they raise could be caught by somebody else's code."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Those by which a process is asked to end."""


@contextmanager
def held_back() -> Iterator[None]:
    """In the block the first signal to end waits for the block's end; a second is heard at once.

    Code under test that catches everything (to answer those who wait, to clean up) would swallow the end.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting: list[int] = []
    before = {number: signal.getsignal(number) for number in ENDING}
    heard = {number: handler for number, handler in before.items() if handler is not None}

    def wait(number: int, _frame: FrameType | None) -> None:
        waiting.append(number)
        for each, handler in heard.items():
            signal.signal(each, handler)

    for number in heard:
        signal.signal(number, wait)
    try:
        yield
    finally:
        for number, handler in heard.items():
            signal.signal(number, handler)
        for each in waiting:
            signal.raise_signal(each)
