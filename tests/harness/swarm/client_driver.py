"""Runs in a process that gevent has patched: calls a rude server in every way and prints, as JSON, what came of it."""

import json
import os
import resource
import sys
from pathlib import Path

import locust  # patches sockets, as in a worker
from gevent import kill, sleep, spawn
from locust.env import Environment

from harness.history import Journal
from harness.swarm.client import Client
from harness.swarm.stats import Statistics
from harness.target import Answer, Target, load_target

MANNERS = [
    "whole",
    "chunked",
    "dribble",
    "continue",
    "said_goodbye",
    "left_silently",
    "until_close",
    "close",
    "half",
    "half_head",
    "reset",
    "garbage",
    "twice",
    "slow",
    "silent",
    "flood",
    "no_amount",
    "refused",
    "broken",
    "connections",
]


def target_at(folder: Path, port: int) -> Target:
    path = folder / "target.toml"
    operations = "\n".join(
        f'[operation.{name}]\nmethod = "GET"\npath = "/{name}"\nok = {{ status = [200], amount_fen = "/amount_fen" }}\n'
        'refusals = { sold_out = [[409, "sold_out"]] }\n'
        for name in MANNERS
    )
    shared = f'[target]\nbase_url = "http://127.0.0.1:{port}"\nreader_header = "X-Reader"\nerror_code = "/code"'
    path.write_text(f"{shared}\n{operations}")
    return load_target(path, {})


class Caller:
    """A client with its journal."""

    def __init__(self, folder: Path, port: int, name: str) -> None:
        target = target_at(folder, port)
        self.environment = Environment(user_classes=[], events=locust.events)
        self.environment.create_local_runner()
        self.statistics = Statistics(self.environment, one_in=3)
        self.journal = Journal.create(folder, name, list(target.operations))
        self.client = Client(target, self.journal, self.statistics)

    def call(self, manner: str, timeout_s: float = 2.0) -> Answer:
        return self.client.call(manner, person=1, values={}, timeout_s=timeout_s)


def told(answer: Answer) -> list[object]:
    return [answer.outcome, answer.reason, answer.amount_fen, answer.reader]


def every_manner(folder: Path, port: int) -> dict[str, object]:
    caller = Caller(folder, port, "manners")
    results: dict[str, object] = {}
    for manner in MANNERS[:-1]:
        if manner == "flood":
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        results[manner] = told(caller.call(manner, 0.5 if manner in ("slow", "silent") else 2.0))
        if manner == "flood":
            results["flood_bytes"] = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
        sleep(0.02)
    results["outcomes"] = caller.client.outcomes
    caller.statistics.flush()
    stats = caller.environment.stats
    results["locust"] = {
        "total": stats.total.num_requests,
        "failures": stats.total.num_failures,
        "names": sorted(name for name, _ in stats.entries),
        "sum": sum(entry.num_requests for entry in stats.entries.values()),
    }
    return results


def keeping_alive(folder: Path, port: int) -> dict[str, object]:
    caller = Caller(folder, port, "alive")
    before = caller.call("connections").amount_fen
    outcomes = {caller.call("whole").outcome for _ in range(50)}
    return {"outcomes": list(outcomes), "opened": caller.call("connections").amount_fen - before}


def above_1024(folder: Path, port: int) -> dict[str, object]:
    caller = Caller(folder, port, "many")
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    answers = [told(caller.call("whole")) for _ in range(3)]
    for descriptor in held:
        os.close(descriptor)
    return {"answers": answers, "connects": caller.client.connects}


def killed(folder: Path, port: int) -> dict[str, object]:
    caller = Caller(folder, port, "killed")
    calling = spawn(caller.call, "silent", 5.0)
    sleep(0.1)
    kill(calling)
    return {
        "after": told(caller.call("whole")),
        "connects": caller.client.connects,
        "in_flight": caller.client.in_flight,
    }


def nobody_there(folder: Path, port: int) -> dict[str, object]:
    caller = Caller(folder, 1, "nobody")
    return {"refused": told(caller.call("whole"))}


def die_in_flight(folder: Path, port: int) -> dict[str, object]:
    caller = Caller(folder, port, "dead")
    caller.call("whole")
    spawn(caller.call, "silent", 5.0)
    sleep(0.2)
    os.kill(os.getpid(), 9)
    return {}


if __name__ == "__main__":
    what, folder, port = sys.argv[1:]
    print(json.dumps(globals()[what](Path(folder), int(port))))
