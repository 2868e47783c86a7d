"""Threads that call until the time is over: all calls are counted, and none that fails is lost."""

import itertools
import threading

import pytest

from harness.bench.calls import count_calls


def test_every_call_is_counted() -> None:
    """All but each caller's first, from as many threads as were asked for; the meter runs from then on."""
    made, readings, threads = itertools.count(), itertools.count(), set[str]()

    def call() -> None:
        next(made)
        threads.add(threading.current_thread().name)

    count, metered = count_calls(3, 0.05, call, lambda: 10.0 * next(readings))
    assert count > 0 and count + 3 == next(made)
    assert len(threads) == 3
    assert metered == 10.0


@pytest.mark.parametrize("failing", [1, 4, 40])
def test_a_call_that_fails_is_told(failing: int) -> None:
    """Be it a caller's first or a later one, it neither hangs nor counts for less."""
    made = itertools.count(1)

    def call() -> None:
        if next(made) == failing:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        count_calls(3, 0.05, call, lambda: 0.0)
