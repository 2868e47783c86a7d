"""Faults: how they are said, and who is killed."""

import http.server
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar

import msgspec
import psutil
import pytest

from harness import faults, fleet, servers
from harness.config import ConfigError
from harness.faults import Site
from harness.target import load_target

TARGET = Path(__file__).parents[2] / "reference_impl" / "target.toml"


@pytest.fixture
def sleeper() -> Iterator["subprocess.Popen[bytes]"]:
    """A process to kill."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    yield process
    process.kill()
    process.wait()


def site(folder: Path, *workers: "subprocess.Popen[bytes]") -> Site:
    """A target that was there already, with its data in `folder`, and a swarm's workers."""
    names = ("python", "port", "sql", "cache", "data", "backend", "options", "run")
    variables = dict.fromkeys(names, "") | {"port": "1", "data": str(folder)}
    return Site(load_target(TARGET, variables), None, None, workers)


def role(folder: Path, name: str, pid: int) -> None:
    """A role of the target that runs as process `pid`."""
    (folder / "pids").mkdir(exist_ok=True)
    (folder / "pids" / f"{name}.pid").write_text(f"{pid}\n")


def test_parse() -> None:
    """NAME=ARGUMENT@SECONDS."""
    planned = faults.parse("kill=credit@2.5")
    assert (planned.name, planned.argument, planned.at_s) == ("kill", "credit", 2.5)


@pytest.mark.parametrize("text", ["kill", "kill=credit", "kill@3", "=credit@3", "kill=credit@soon", "kill=credit@-1"])
def test_bad_form(text: str) -> None:
    """Anything else is told how to write it."""
    with pytest.raises(ConfigError, match="write NAME=ARGUMENT@SECONDS"):
        faults.parse(text)


def test_a_role_is_killed_by_its_pid_file(tmp_path: Path, sleeper: "subprocess.Popen[bytes]") -> None:
    """The process that a role's pid file names is killed, and no other."""
    (tmp_path / "pids").mkdir()
    (tmp_path / "pids" / "credit.pid").write_text(f"{sleeper.pid}\n")
    done = faults.act(faults.parse("kill=credit@0"), site(tmp_path))
    assert sleeper.wait(5) == -9
    assert done == f"killed credit ({sleeper.pid})"


def test_an_unknown_role_names_the_nearest(tmp_path: Path, sleeper: "subprocess.Popen[bytes]") -> None:
    """A role that the target does not have is an error, not a fault that did nothing."""
    (tmp_path / "pids").mkdir()
    (tmp_path / "pids" / "credit.pid").write_text(f"{sleeper.pid}\n")
    with pytest.raises(ConfigError, match="did you mean 'credit'"):
        faults.act(faults.parse("kill=credits@0"), site(tmp_path))
    assert sleeper.poll() is None


def test_a_worker_is_killed(tmp_path: Path, sleeper: "subprocess.Popen[bytes]") -> None:
    """`worker` is one of the swarm's that is still alive."""
    over = subprocess.Popen([sys.executable, "-c", ""])
    over.wait()
    faults.act(faults.parse("kill=worker@0"), site(tmp_path, over, sleeper))
    assert sleeper.poll() == -9
    with pytest.raises(ConfigError, match="no worker is alive"):
        faults.act(faults.parse("kill=worker@0"), site(tmp_path, over, sleeper))


def test_a_worker_is_killed_and_another_started(tmp_path: Path, sleeper: "subprocess.Popen[bytes]") -> None:
    """The swarm is asked for one more, once; what is no worker, and a run without a swarm, is told."""
    started = []

    def start_worker() -> "subprocess.Popen[bytes]":
        started.append(subprocess.Popen([sys.executable, "-c", ""]))
        return started[-1]

    planned = faults.parse("restart=worker@0")
    with pytest.raises(ConfigError, match="no swarm"):
        faults.act(planned, site(tmp_path, sleeper))
    with pytest.raises(ConfigError, match="nothing of that name"):
        faults.act(faults.parse("restart=target@0"), site(tmp_path, sleeper))
    done = faults.act(planned, msgspec.structs.replace(site(tmp_path, sleeper), start_worker=start_worker))
    assert sleeper.wait(5) == -9
    (other,) = started
    assert other.wait(5) == 0
    assert done == f"killed worker process {sleeper.pid}, started another ({other.pid})"


def test_a_target_of_others_is_not_killed(tmp_path: Path) -> None:
    """What this run did not start it does not kill."""
    with pytest.raises(ConfigError, match="did not start the target"):
        faults.act(faults.parse("kill=target@0"), site(tmp_path))


def test_a_role_is_halted_for_a_while(tmp_path: Path, sleeper: "subprocess.Popen[bytes]") -> None:
    """SIGSTOP, and SIGCONT two seconds later."""
    role(tmp_path, "link-south-north", sleeper.pid)
    with ThreadPoolExecutor() as pool:
        begun_s = time.monotonic()
        halting = pool.submit(faults.act, faults.parse("stop=link-south-north@0"), site(tmp_path))
        assert comes_to(sleeper, psutil.STATUS_STOPPED)
        assert halting.result() == f"stopped link-south-north ({sleeper.pid}) for 2 s"
    assert time.monotonic() - begun_s > 2
    assert comes_to(sleeper, psutil.STATUS_SLEEPING)


def comes_to(process: "subprocess.Popen[bytes]", status: str) -> bool:
    """Is the process in this state within two seconds?"""
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        if psutil.Process(process.pid).status() == status:
            return True
        time.sleep(0.01)
    return False


@pytest.mark.servers
def test_a_server_stays_away_until_it_comes_back(server_programs: None, tmp_path: Path) -> None:
    """Nothing listens in between; losing it twice, or having it back while it is there, is an error."""
    with servers.start(tmp_path / "servers", mariadb=False) as running:
        here = msgspec.structs.replace(site(tmp_path), running=running)
        for first, again in (("lose", "away already"), ("back", "not away")):
            planned = faults.parse(f"{first}=redis@0")
            faults.act(planned, here)
            assert bool(running.named["redis"].pid) is (first == "back")
            with pytest.raises(ConfigError, match=again):
                faults.act(planned, here)
        with pytest.raises(ConfigError, match="did you mean 'redis'"):
            faults.act(faults.parse("lose=radis@0"), here)


def test_what_ended_by_itself_cannot_be_halted(tmp_path: Path) -> None:
    """A fault that did nothing is an error; so is a name that nobody has."""
    over = subprocess.Popen([sys.executable, "-c", ""])
    over.wait()
    role(tmp_path, "credit", over.pid)
    with pytest.raises(ConfigError, match="has ended by itself"):
        faults.act(faults.parse("stop=credit@0"), site(tmp_path))
    with pytest.raises(ConfigError, match="did you mean 'credit'"):
        faults.act(faults.parse("stop=credits@0"), site(tmp_path))


class Admin(http.server.BaseHTTPRequestHandler):
    """An operators' surface that remembers what it was asked, and answers first what `first` holds, then `status`."""

    asked: ClassVar[list[tuple[str, str, bytes]]] = []
    first: ClassVar[list[int]] = []
    status: ClassVar[int] = 200

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.append((self.path, self.headers["Authorization"], body))
        self.send_response(self.first.pop(0) if self.first else self.status)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def admin() -> Iterator[int]:
    """The port of an operators' surface."""
    Admin.asked, Admin.status = [], 200
    with http.server.HTTPServer(("127.0.0.1", 0), Admin) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def site_with_admin(folder: Path, port: int, table: str) -> Site:
    path = folder / "target.toml"
    path.write_text(f'[target]\nbase_url = "http://127.0.0.1:{port}"\n{table}')
    return Site(load_target(path, {"data": str(folder)}), None, None, ())


ADMIN = '[admin]\npath = "/controls/$name"\ntoken_file = "{data}/token"\nheaders = { X-Operator = "fault" }\n'


def test_an_operator_sets_a_control(tmp_path: Path, admin: int) -> None:
    """The target is asked by its [admin], with the token that stands in its file."""
    (tmp_path / "token").write_text("secret\n")
    done = faults.act(faults.parse("set=north_percent:-1@3"), site_with_admin(tmp_path, admin, ADMIN))
    assert Admin.asked == [("/controls/north_percent", "Bearer secret", b'{"value": -1}')]
    assert done == "set north_percent to -1"


def test_an_operator_asks_a_target_that_is_coming_back_again(tmp_path: Path, admin: int) -> None:
    """A 5xx is no last word: the same is asked again until it is set."""
    (tmp_path / "token").write_text("secret")
    Admin.first = [503, 500]
    assert faults.act(faults.parse("set=a:1@3"), site_with_admin(tmp_path, admin, ADMIN)) == "set a to 1"
    assert [body for _, _, body in Admin.asked] == [b'{"value": 1}'] * 3


def test_a_control_that_is_not_set_is_an_error(tmp_path: Path, admin: int) -> None:
    """A refusal, a lost token, a target without [admin], and a value that is no number: each is said."""
    setting = faults.parse("set=north_percent:100@3")
    with pytest.raises(ConfigError, match="token_file"):
        faults.act(setting, site_with_admin(tmp_path, admin, ADMIN))
    (tmp_path / "token").write_text("secret")
    Admin.status = 403
    with pytest.raises(ConfigError, match="the target answers 403"):
        faults.act(setting, site_with_admin(tmp_path, admin, ADMIN))
    with pytest.raises(ConfigError, match=r"has no \[admin\]"):
        faults.act(setting, site_with_admin(tmp_path, admin, ""))
    with pytest.raises(ConfigError, match="write set=NAME:VALUE"):
        faults.act(faults.parse("set=north_percent@3"), site_with_admin(tmp_path, admin, ADMIN))


@pytest.mark.servers
def test_a_server_is_killed_by_its_name(tmp_path: Path) -> None:
    """Any server of a topology can be killed or halted, and serves again afterwards."""
    tables = {name: fleet.ServerTable("redis") for name in ("cache_south", "cache_north")}
    with fleet.start(tmp_path / "servers", tables, tmp_path) as running:
        here = msgspec.structs.replace(site(tmp_path), running=running)
        before = {name: server.pid for name, server in running.named.items()}
        done = faults.act(faults.parse("kill=cache_south@0"), here)
        killed = running.named["cache_south"]
        assert done == f"killed Redis cache_south ({before['cache_south']}), started it again ({killed.pid})"
        assert killed.pid not in (0, before["cache_south"])
        assert running.named["cache_north"].pid == before["cache_north"]
        assert faults.act(faults.parse("stop=cache_north@0"), here).startswith("stopped cache_north")
        with pytest.raises(ConfigError, match="did you mean 'cache_north'"):
            faults.act(faults.parse("kill=cache_nort@0"), here)
