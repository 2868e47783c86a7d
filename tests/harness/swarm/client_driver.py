"""Runs in a process that gevent has patched: calls a rude server in every way and prints, as JSON, what came of it."""

import json
import os
import sys
import time
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
    "flood_without_length",
    "flood_of_chunks",
    "flood_of_headers",
    "flood_in_a_header",
    "flood_of_continues",
    "flood_of_garbage",
    "nested",
    "large",
    "in_two",
    "and_again",
    "connections",
    "thinks",
]
NOT_CALLED_IN_TURN = 2


def target_at(folder: Path, base_url: str, shared: str = "") -> Target:
    path = folder / "target.toml"
    operations = "\n".join(
        f'[operation.{name}]\nmethod = "GET"\npath = "/{name}"\nok = {{ status = [200], amount_fen = "/amount_fen" }}\n'
        'refusals = { sold_out = [[409, "sold_out"]] }\n'
        for name in MANNERS
    )
    path.write_text(
        f'[target]\nbase_url = "{base_url}"\nreader_header = "X-Reader"\nerror_code = "/code"\n{shared}\n{operations}'
    )
    return load_target(path, {})


class Caller:
    """A client with its journal."""

    def __init__(self, folder: Path, port: int, name: str, base_url: str = "", shared: str = "") -> None:
        target = target_at(folder, base_url or f"http://127.0.0.1:{port}", shared)
        self.target = target
        self.environment = Environment(user_classes=[], events=locust.events)
        self.environment.create_local_runner()
        self.statistics = Statistics(self.environment, one_in=3)
        self.journal = Journal.create(folder, name, list(target.operations))
        self.client = Client(target, self.journal, self.statistics)

    def call(self, manner: str, timeout_s: float = 2.0) -> Answer:
        return self.client.call(manner, person=1, values={}, timeout_s=timeout_s)


def told(answer: Answer) -> list[object]:
    return [answer.outcome, answer.reason, answer.amount_fen, answer.reader]


def peak_bytes() -> int:
    """The most memory that was resident since it was last forgotten."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines["VmHWM"].split()[0]) * 1024


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def every_manner(folder: Path, port: int) -> dict[str, object]:
    caller = Caller(folder, port, "manners")
    results: dict[str, object] = {}
    grown: dict[str, int] = {}
    for manner in MANNERS[:-NOT_CALLED_IN_TURN]:
        forget_peak()
        before = peak_bytes()
        results[manner] = told(caller.call(manner, 0.5 if manner in ("slow", "silent") else 2.0))
        grown[manner] = peak_bytes() - before
        sleep(0.03)
    results["grown_bytes"] = {manner: grown[manner] for manner in grown if "flood" in manner or manner == "nested"}
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


def deadlines(folder: Path, port: int) -> dict[str, object]:
    """A short patience after a long one on the same connection, and a long one after a short one."""
    caller = Caller(folder, port, "deadlines")
    caller.call("whole", 30.0)
    began = time.monotonic()
    short = told(caller.call("silent", 0.05))
    waited_s = time.monotonic() - began
    caller.call("whole", 0.1)
    long = told(caller.call("thinks", 5.0))
    return {"short": short[:2], "waited_s": waited_s, "long": long[:2], "connects": caller.client.connects}


def tls(folder: Path, base_url: str, ca_file: str) -> dict[str, object]:
    """Some manners over TLS, then a second operation on a connection that is held."""
    shared = f'ca_file = "{ca_file}"' if ca_file else ""
    caller = Caller(folder, 0, "tls", base_url, shared)
    manners = ["whole", "dribble", "large", "until_close", "half", "garbage", "silent", "whole"]
    answers = {manner: told(caller.call(manner, 0.5 if manner == "silent" else 2.0))[:3] for manner in manners}
    before = caller.client.connects
    outcomes = {caller.call("whole").outcome for _ in range(20)}
    return {"answers": answers, "kept": list(outcomes), "reconnects": caller.client.connects - before}


def without_tls(folder: Path, base_url: str, ca_file: str) -> dict[str, object]:
    return {"answer": told(Caller(folder, 0, "tls", base_url, f'ca_file = "{ca_file}"').call("whole", 0.5))}


def connection_each(folder: Path, port: int) -> dict[str, object]:
    """Three people who ask in turn, twice."""
    caller = Caller(folder, port, "each")
    client = Client(caller.target, caller.journal, caller.statistics, connection_each=True)
    outcomes = {client.call("whole", person=person, values={}).outcome for person in (1, 2, 3, 1, 2, 3)}
    held = client.idle
    client.close()
    return {"outcomes": list(outcomes), "connects": client.connects, "held": held, "left": client.idle}


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
    what, folder, where, *others = sys.argv[1:]
    print(json.dumps(globals()[what](Path(folder), int(where) if where.isdecimal() else where, *others)))
