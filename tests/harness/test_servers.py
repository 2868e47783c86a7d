"""Private servers: up, durable, out of everybody's way, and gone whatever happens to who started them."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pymysql
import pytest
import redis as redis_client

from harness import servers
from harness.config import ConfigError
from harness.processes import free_port, is_free

pytestmark = pytest.mark.servers


def sql(running: servers.Running, statement: str) -> tuple[tuple[object, ...], ...]:
    """What the private MariaDB answers."""
    assert running.mariadb
    port = running.mariadb.port
    with pymysql.connect(host="127.0.0.1", port=port, user="root", autocommit=True) as connection:
        cursor = connection.cursor()
        cursor.execute(statement)
        return cursor.fetchall()


def test_started_ready_and_removed(tmp_path: Path) -> None:
    """Both answer at once, durably configured, at any path length, and leave neither process nor file."""
    folder = tmp_path / ("long" * 40) / "servers"
    with servers.start(folder) as running:
        assert running.mariadb and running.redis
        pids = [running.mariadb.pid, running.redis.pid]
        assert sql(running, "SELECT @@innodb_flush_log_at_trx_commit, @@log_bin, @@max_connections") == ((1, 0, 1000),)
        cache = redis_client.Redis.from_url(running.cache)
        assert cache.config_get("append*")["appendonly"] == "yes"
        assert cache.config_get("append*")["appendfsync"] == "everysec"
        assert running.sql == f"mysql+pymysql://root@127.0.0.1:{running.mariadb.port}"
    assert not folder.exists()
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_one_start_leaves_anothers_temporary_tables_alone(tmp_path: Path) -> None:
    """A starting MariaDB deletes what looks like a temporary table where its own are kept: that is nobody else's."""
    with servers.start(tmp_path / "one", redis=False) as one:
        assert one.mariadb
        left = one.mariadb.folder / "#sql-temptable-1-1-1.MAI"
        left.touch()
        with servers.start(tmp_path / "two", redis=False) as two:
            assert two.mariadb
            for running in (one, two):
                assert running.mariadb and sql(running, "SELECT @@tmpdir") == ((str(running.mariadb.folder),),)
        assert left.exists()
        one.mariadb.kill()
        one.mariadb.start()
        assert not left.exists()


def test_what_is_not_asked_for_is_not_started(tmp_path: Path) -> None:
    """Redis alone needs no MariaDB."""
    with servers.start(tmp_path / "s", mariadb=False) as running:
        assert (running.mariadb, running.sql) == (None, "")
        assert redis_client.Redis.from_url(running.cache).ping()


def test_committed_data_outlives_a_kill(tmp_path: Path) -> None:
    """After SIGKILL both come back on the same port and folder with what was committed."""
    with servers.start(tmp_path / "s") as running:
        assert running.mariadb and running.redis
        sql(running, "CREATE DATABASE d")
        sql(running, "CREATE TABLE d.t (n INT)")
        sql(running, "INSERT INTO d.t VALUES (7)")
        cache = redis_client.Redis.from_url(running.cache)
        cache.set("k", "v")
        time.sleep(1.2)  # appendfsync everysec: what is older than a second is on disk
        for server in (running.mariadb, running.redis):
            before = server.pid
            server.kill()
            assert server.pid == 0
            server.start()
            assert server.pid not in (0, before)
        assert sql(running, "SELECT n FROM d.t") == ((7,),)
        assert cache.get("k") == b"v"
        running.redis.stop()
        assert running.redis.pid == 0


def test_gone_after_an_exception(tmp_path: Path) -> None:
    """An error in the block stops the servers and passes through."""
    with pytest.raises(ZeroDivisionError), servers.start(tmp_path / "s", redis=False) as running:
        assert running.mariadb
        pid = running.mariadb.pid
        _ = 1 // 0
    assert not psutil.pid_exists(pid)
    assert not (tmp_path / "s").exists()


_HOLDER = """
import sys, time
from pathlib import Path
from harness import servers
with servers.start(Path(sys.argv[1])) as running:
    print(running.mariadb.pid, running.redis.pid, flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize(("kind", "cleans"), [(signal.SIGKILL, False), (signal.SIGINT, True)])
def test_gone_with_their_parent(tmp_path: Path, kind: signal.Signals, cleans: bool) -> None:
    """Ctrl-C stops the servers and removes their folder; kill -9 of the parent stops them as well."""
    folder = tmp_path / "s"
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(folder)],
        stdout=subprocess.PIPE,
        stderr=(log := tmp_path / "log").open("w"),
        text=True,
    )
    assert holder.stdout
    pids = [int(pid) for pid in holder.stdout.readline().split()]
    assert len(pids) == 2, log.read_text()
    assert all(psutil.pid_exists(pid) for pid in pids)
    os.kill(holder.pid, kind)
    holder.wait(60)
    holder.stdout.close()
    psutil.wait_procs([psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)], timeout=10)
    assert not any(psutil.pid_exists(pid) for pid in pids)
    assert folder.exists() is not cleans


@pytest.mark.parametrize("kind", ["mariadb", "redis"])
def test_a_port_taken_in_between_is_replaced_once(tmp_path: Path, kind: str) -> None:
    """One lost race for a port is healed by another port; two are an error of one line."""
    asked = {"mariadb": kind == "mariadb", "redis": kind == "redis"}
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        taken = holder.getsockname()[1]
        ports = [taken, free_port()]
        with servers.start(tmp_path / "a", **asked, free_port=lambda: ports.pop(0)) as running:
            server = running.mariadb or running.redis
            assert server and server.port != taken
        unlucky = servers.start(tmp_path / "b", **asked, free_port=lambda: taken)
        with pytest.raises(ConfigError, match=f"port {taken} of 127.0.0.1 is taken") as caught, unlucky:
            pass
        assert "\n" not in str(caught.value)
        assert not (tmp_path / "b").exists()


def test_free_ports_lie_below_the_ephemeral_ones() -> None:
    """A client that retries a dead server can be given its port as its own, and then talks to itself."""
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    ports = [free_port() for _ in range(20)]
    assert all(port < lowest and is_free(port) for port in ports)


def test_a_missing_program_is_named() -> None:
    """What is missing is said with what to install."""
    with pytest.raises(ConfigError, match="no-such-server is not installed; run ci/install servers"):
        servers.find_program("no-such-server")


def test_not_installable(tmp_path: Path) -> None:
    """On a machine without Redis and without apt-get, the error says what to install; nothing is started."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("bash", "env"):
        (programs / name).symlink_to(str(shutil.which(name)))
    script = "import sys; from pathlib import Path; from harness import servers\n"
    script += "try:\n servers.start(Path(sys.argv[1])).__enter__()\nexcept servers.ConfigError as e: print(e)"
    said = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "s")],
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": str(programs)},
    )
    assert "servers: install these Debian packages: redis-server" in said.stdout
    assert "(this machine has no apt-get)" in said.stdout
    assert said.stdout.count("\n") == 1
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize(("flush", "said"), [("second", "everysec"), ("always", "always")])
def test_redis_flushes_as_it_is_told(tmp_path: Path, flush: str, said: str) -> None:
    """What is acknowledged may have to be on the disk before: a target's file says so."""
    with servers.start(tmp_path / "s", mariadb=False, redis_flush=flush) as running:
        assert redis_client.Redis.from_url(running.cache).config_get("appendfsync") == {"appendfsync": said}
