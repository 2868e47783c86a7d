"""What can befall a call, by the kind of point, and what it means. A fault's own effect on the call is in sql.py,
cache.py and network.py; what befalls the actor or its process is here."""

from typing import Final

from harness.simulation.scheduler import Scheduler

FAULTS: Final = {
    "fail": "the call never arrives: an error, and nothing happened",
    "timeout": "the call is done, and its answer is lost: an error, and it happened",
    "twice": "the call, the request or the delivery is made a second time",
    "delay": "the call waits for a while, and others overtake it",
    "reorder": "what a stream delivers comes in the wrong order",
    "crash": "the process dies before the call, and is started again",
    "crash_after": "the process dies when the call is done",
    "wipe": "the cache loses everything",
    "jump": "the process's clock jumps by seconds, forwards or back",
    "skew": "the process starts with a clock that is off",
}

STATEMENT: Final = ("fail", "timeout", "delay", "crash", "jump")
COMMIT: Final = ("fail", "timeout", "delay", "crash", "crash_after", "jump")
CACHE: Final = ("fail", "timeout", "twice", "delay", "crash", "crash_after", "wipe", "jump")
DELIVERY: Final = (*CACHE, "reorder")
REQUEST: Final = ("fail", "timeout", "twice", "delay")
PAUSE: Final = ("crash",)
START: Final = ("skew",)

DELAY_S: Final = 0.03
OFF_US: Final = 3_000_000


def befall(scheduler: Scheduler, fault: str) -> None:
    """What a fault does to the current actor. Raises Crashed."""
    actor = scheduler.current
    if not fault or actor is None:
        return
    if fault == "delay":
        scheduler.sleep(DELAY_S * (1 + actor.points % 3))
    elif fault in ("jump", "skew"):
        off_us = OFF_US if actor.points % 2 else -OFF_US
        scheduler.off_us[actor.process] = scheduler.off_us.get(actor.process, 0) + off_us
    elif fault in ("crash", "crash_after"):
        scheduler.crash(actor.process)
