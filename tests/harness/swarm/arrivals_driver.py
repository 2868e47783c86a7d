"""Runs in a process that gevent has patched: plays schedules and prints, as JSON, what became of them."""

import json
import os
import sys
from pathlib import Path
from threading import get_native_id

import locust
from gevent import get_hub, sleep, spawn_later
from locust.env import Environment

from harness.history import Journal, now_ns
from harness.swarm.arrivals import Arrival, Dispatcher
from harness.swarm.client import Client
from harness.swarm.schedules import constant
from harness.swarm.stats import Statistics
from harness.swarm.worker import on_the_dot
from harness.target import load_target


def stall(folder: Path, port: int, in_flight_max: int) -> dict[str, object]:
    """100 arrivals a second for four seconds on a server that stalls for one."""
    path = folder / "target.toml"
    path.write_text(
        f'[target]\nbase_url = "http://127.0.0.1:{port}"\n'
        '[operation.look]\nmethod = "GET"\npath = "/"\nok = { status = [200] }\n'
    )
    target = load_target(path, {})
    environment = Environment(user_classes=[], events=locust.events)
    environment.create_local_runner()
    journal = Journal.create(folder, "stall", ["look"])
    client = Client(target, journal, Statistics(environment))

    def look(due_ns: int) -> None:
        client.call("look", person=1, values={}, intended_ns=due_ns)

    dispatcher = Dispatcher(in_flight_max)
    dispatcher.run([Arrival(offset_ns, look) for offset_ns in constant(100, 4)], now_ns() + 50_000_000)
    journal.close()
    return {
        "started": dispatcher.started,
        "in_flight_max": client.in_flight_max,
        "lag_ns_max": max(dispatcher.lags_ns),
        "crashes": dispatcher.crashes,
    }


def crash(folder: Path) -> dict[str, object]:
    """Every third script raises."""

    def act(due_ns: int) -> None:
        if len(acted) % 3 == 0:
            acted.append(due_ns)
            raise ValueError("a bug in a script")
        acted.append(due_ns)

    acted: list[int] = []
    dispatcher = Dispatcher(10)
    dispatcher.run([Arrival(n * 1_000_000, act) for n in range(30)], now_ns())
    return {"acted": len(acted), "crashes": dispatcher.crashes}


def stop(folder: Path) -> dict[str, object]:
    """Told to stop while it waits for an arrival that is due in an hour, and one script still runs."""
    ended: list[str] = []

    def act(due_ns: int) -> None:
        try:
            sleep(60)
        finally:
            ended.append("ended")

    dispatcher = Dispatcher(10)
    spawn_later(0.2, dispatcher.stop, 0.1)
    began_ns = now_ns()
    dispatcher.run([Arrival(0, act), Arrival(3600 * 10**9, act)], now_ns())
    return {"seconds": (now_ns() - began_ns) / 1e9, "ended": ended, "started": dispatcher.started}


def first(folder: Path) -> dict[str, object]:
    """Whom the kernel puts first: this thread, one of gevent's pool meanwhile, and this one afterwards."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        allowed = True
    except PermissionError:
        allowed = False
    with on_the_dot():
        policies = [os.sched_getscheduler(0)]
        policies.append(get_hub().threadpool.apply(lambda: os.sched_getscheduler(get_native_id())))
    policies.append(os.sched_getscheduler(0))
    return {"allowed": allowed, "policies": [policy & ~os.SCHED_RESET_ON_FORK for policy in policies]}


if __name__ == "__main__":
    what, folder, *numbers = sys.argv[1:]
    print(json.dumps(globals()[what](Path(folder), *map(int, numbers))))
