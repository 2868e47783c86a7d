"""A deployment as processes: any of them is killed and comes back, no money is lost, and all of them end together."""

import contextlib
import http.client
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from harness import processes, servers
from reference_impl.__main__ import main
from reference_impl.domain.profiles import DEFAULT_PROFILE
from reference_impl.profile_service import profile_of
from reference_impl.roles import WORK

SHARES = 20
TOTAL_FEN = 2000


class Deployment:
    """`python -m reference_impl serve` on one kind of backend, and a client that tries until it has an answer."""

    def __init__(self, data: Path, sql: str, cache: str) -> None:
        self.data, self.port = data, processes.free_port()
        self.log = data / "serve.log"
        self.roles = ["api", "profiles"] if cache == "embedded" else ["api", *WORK, "profiles"]
        options = {"sql": sql, "cache": cache, "data": data, "port": self.port, "reconcile-after-s": 0.5, "threads": 16}
        profile_port = processes.free_port()
        options |= {"profile-port": profile_port, "profiles": f"http://127.0.0.1:{profile_port}"}
        options |= {"profile-wait-ms": 2_000}
        flags = [text for name, value in options.items() for text in (f"--{name}", str(value))]
        command = [sys.executable, "-m", "reference_impl", "serve", *flags]
        self.process = processes.start(command, self.log)
        self.key = 0

    def ask(self, method: str, path: str, body: Any = None, key: str = "") -> tuple[int, Any]:
        """One request. Raises OSError or HTTPException where there is no answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        with contextlib.closing(connection):
            connection.request(method, path, json.dumps(body), {"Idempotency-Key": key or self.new_key()})
            response = connection.getresponse()
            return response.status, json.loads(response.read())

    def insist(self, method: str, path: str, body: Any = None) -> Any:
        """Ask under one key until there is a definite answer."""
        key = self.new_key()
        return until(lambda: self._definite(method, path, body, key))

    def _definite(self, method: str, path: str, body: Any, key: str) -> Any:
        try:
            status, answer = self.ask(method, path, body, key)
        except (OSError, http.client.HTTPException):
            return None
        assert status < 400 or status >= 500, answer  # what is refused is refused for good
        return answer if status < 400 else None

    def new_key(self) -> str:
        self.key += 1
        return f"{self.port}-{self.key}"

    def ready(self) -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.ask("GET", "/v1/health")[0] == 200 and all(map(self.pid, self.roles))
        return False

    def pid(self, role: str) -> int:
        file = self.data / "pids" / f"{role}.pid"
        return int(file.read_text() or 0) if file.exists() else 0

    def kill(self, role: str) -> None:
        """Kill a role's process and wait until another has its place."""
        before = self.pid(role)
        os.kill(before, signal.SIGKILL)
        until(lambda: self.pid(role) not in (0, before) and psutil.pid_exists(self.pid(role)) and self.ready())

    def family(self) -> list[psutil.Process]:
        return [found := psutil.Process(self.process.pid), *found.children(recursive=True)]


def until(look: Callable[[], Any], seconds: float = 30.0) -> Any:
    """What `look` finds, once it finds something."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.05)
    return found


def gone(family: list[psutil.Process], seconds: float = 10.0) -> bool:
    """Have all ended? Those that have not are ended, for they are ours."""
    _, alive = psutil.wait_procs(family, seconds)
    for process in alive:
        process.kill()
    return not alive


KINDS = ["embedded", pytest.param("servers", marks=pytest.mark.servers)]


@pytest.fixture(scope="module", params=KINDS)
def deployment(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A deployment that answers."""
    with deployed(request, request.param, tmp_path_factory.mktemp("deployment")) as started:
        yield started


@contextlib.contextmanager
def deployed(request: pytest.FixtureRequest, kind: str, data: Path) -> Iterator[Deployment]:
    if kind == "embedded":
        sql, cache = f"sqlite:///{data}", "embedded"
    else:
        running: servers.Running = request.getfixturevalue("servers_night") and request.getfixturevalue("running")
        sql, cache = running.sql, running.cache.removesuffix("/0") + "/1"
    started = Deployment(data, sql, cache)
    try:
        until(started.ready)
        yield started
    finally:
        processes.stop(started.process)


def test_any_process_is_killed_and_no_money_is_lost(deployment: Deployment) -> None:
    """Each role is killed with kill -9 while a packet is opened: it comes back, and the money is complete."""
    roles = deployment.roles
    base = deployment.port * 1000
    deployment.insist("POST", f"/v1/accounts/{base}/fund", {"amount_fen": TOTAL_FEN})
    body = {"sender": base, "kind": "lucky", "total_fen": TOTAL_FEN, "shares": SHARES}
    packet = deployment.insist("POST", "/v1/packets", body)["packet"]
    deployment.insist("POST", f"/v1/packets/{packet}/pay", {"sender": base})
    people = list(range(base + 1, base + 1 + SHARES))
    opened = {}
    for place, person in enumerate(people):
        if place % 4 == 1 and place // 4 < len(roles):
            deployment.kill(roles[place // 4])
        opened[person] = deployment.insist("POST", f"/v1/packets/{packet}/open", {"person": person})
    assert sum(one["amount_fen"] for one in opened.values()) == TOTAL_FEN
    assert [one["sequence"] for one in opened.values()] == list(range(1, SHARES + 1))
    until(lambda: deployment.ask("GET", "/v1/backlog")[1] == {"pending": 0})
    for person, one in opened.items():
        assert deployment.ask("GET", f"/v1/accounts/{person}")[1]["balance_fen"] == one["amount_fen"]
    page = deployment.ask("GET", f"/v1/packets/{packet}")[1]
    assert (page["state"], len(page["opens"])) == ("exhausted", SHARES)


def test_w18_details_outlive_the_profile_service(deployment: Deployment) -> None:
    """Names come from the service; while it hangs new people have the default one, and the page stands."""
    sender = deployment.port * 1000 + 700
    deployment.insist("POST", f"/v1/accounts/{sender}/fund", {"amount_fen": 100})
    body = {"sender": sender, "kind": "lucky", "total_fen": 100, "shares": 3, "blessing": "新年快乐"}
    packet = deployment.insist("POST", "/v1/packets", body)["packet"]
    deployment.insist("POST", f"/v1/packets/{packet}/pay", {"sender": sender})
    page = deployment.ask("GET", f"/v1/packets/{packet}")[1]
    assert (page["degraded"], page["nickname"], page["blessing"]) == ([], profile_of(sender).nickname, "新年快乐")
    os.kill(deployment.pid("profiles"), signal.SIGSTOP)
    try:
        deployment.insist("POST", f"/v1/packets/{packet}/open", {"person": sender + 1})
        page = deployment.ask("GET", f"/v1/packets/{packet}")[1]
    finally:
        os.kill(deployment.pid("profiles"), signal.SIGCONT)
    assert [one["nickname"] for one in page["opens"]] == [DEFAULT_PROFILE.nickname]
    assert (page["degraded"], page["nickname"]) == (["profiles"], profile_of(sender).nickname)


def test_w02_lists_are_written_by_their_role(deployment: Deployment) -> None:
    """What was sent is in the sender's list soon after it was paid."""
    sender = deployment.port * 1000 + 800
    deployment.insist("POST", f"/v1/accounts/{sender}/fund", {"amount_fen": 100})
    body = {"sender": sender, "kind": "lucky", "total_fen": 100, "shares": 3}
    packet = deployment.insist("POST", "/v1/packets", body)["packet"]
    deployment.insist("POST", f"/v1/packets/{packet}/pay", {"sender": sender})
    lines = until(lambda: deployment.ask("GET", f"/v1/people/{sender}/sent")[1]["lines"])
    assert [(line["packet"], line["amount_fen"]) for line in lines] == [(packet, 100)]


def test_expired_packets_are_refunded_by_the_sweeper(deployment: Deployment) -> None:
    """Nobody opens: the money is back with its sender soon after the packet's time."""
    sender = deployment.port * 1000 + 500
    deployment.insist("POST", f"/v1/accounts/{sender}/fund", {"amount_fen": 100})
    body = {"sender": sender, "kind": "lucky", "total_fen": 100, "shares": 3, "expires_in_ms": 100}
    packet = deployment.insist("POST", "/v1/packets", body)["packet"]
    assert deployment.insist("POST", f"/v1/packets/{packet}/pay", {"sender": sender})["state"] == "paid"
    until(lambda: deployment.ask("GET", f"/v1/accounts/{sender}")[1]["balance_fen"] == 100)
    assert deployment.ask("GET", f"/v1/packets/{packet}")[1]["state"] == "refunded"


@pytest.mark.parametrize(
    ("kind", "number"),
    [("embedded", signal.SIGINT), pytest.param("servers", signal.SIGTERM, marks=pytest.mark.servers)],
)
def test_told_to_stop_it_stops_whole(
    request: pytest.FixtureRequest, kind: str, number: signal.Signals, tmp_path: Path
) -> None:
    """SIGTERM and Ctrl-C end every process, in good order."""
    with deployed(request, kind, tmp_path) as deployment:
        family = deployment.family()
        assert len(family) >= 3
        deployment.process.send_signal(number)
        assert deployment.process.wait(15) == 0
        assert gone(family[1:])


@pytest.mark.servers
def test_killed_it_leaves_no_process(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """kill -9 of the parent ends every process below it."""
    with deployed(request, "servers", tmp_path) as deployment:
        family = deployment.family()
        deployment.process.kill()
        deployment.process.wait()
        assert gone(family[1:])


def test_killed_while_it_starts_it_leaves_no_process(tmp_path: Path) -> None:
    """kill -9 of the parent as soon as its first child exists, before that has done anything, leaves nothing either."""
    started = Deployment(tmp_path, f"sqlite:///{tmp_path}", "embedded")
    children = until(lambda: psutil.Process(started.process.pid).children(recursive=True))
    started.process.kill()
    started.process.wait()
    assert gone(children, 15)
    assert processes.is_free(started.port)


@pytest.mark.parametrize(
    "options", [["--nonsense", "1"], ["--port", "x"], ["--port"], [], ["--sql", "a", "--cache", "b"]]
)
def test_bad_options_are_one_line(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Unknown, wrong, missing and incomplete options end with 2 and a line that says which."""
    assert main(["serve", *options]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert said.err.startswith("reference_impl serve: ")
