"""A topology's servers: read from a file, started side by side, following each other, and gone whatever happens."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pymysql
import pytest
import redis as redis_client

from harness import fleet
from harness.config import ConfigError
from harness.processes import free_port

REFERENCE = Path(__file__).parents[2] / "reference_impl" / "target.toml"
SERVERS = """
[servers.first]
kind = "mariadb"
[servers.second]
kind = "mariadb"
memory_mb = 32
[servers.replica]
kind = "mariadb"
replicates = ["first", "second"]
[servers.cache]
kind = "redis"
[of_the_target]
anything = 1
"""

ONE_HEIR = 'replicates = ["first"]\ntakes_over = true\n'
"""Of a server that takes over."""


def file(folder: Path, text: str) -> Path:
    path = folder / "topology.toml"
    path.write_text(text)
    return path


def sql(server: Any, statement: str) -> Any:
    """What a server answers."""
    with pymysql.connect(host="127.0.0.1", port=server.port, user="root", autocommit=True) as connection:
        cursor = connection.cursor()
        cursor.execute(statement)
        return cursor.fetchall()


def follows(replica: Any, database: str, expected: Any, seconds: float = 20.0) -> bool:
    """Does the replica come to hold these rows of `t`?"""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if sql(replica, f"SELECT n FROM {database}.t ORDER BY n") == expected:
                return True
        except pymysql.MySQLError:
            pass
        time.sleep(0.1)
    return False


@pytest.mark.parametrize("name", ["embedded", "one-region", "two-regions", "festival", "festival_replica"])
def test_a_shipped_topology_is_found_by_its_name(name: str) -> None:
    """The target file says where the topologies are that it comes with; each can be read."""
    path = fleet.find(name, REFERENCE)
    assert path.name == f"{name}.toml"
    assert ("standby" in fleet.read(path)) is (name in ("one-region", "two-regions"))


def test_a_topology_is_a_path_too(tmp_path: Path) -> None:
    """A file of one's own needs no name; what is neither is told the nearest name."""
    path = file(tmp_path, SERVERS)
    assert fleet.find(str(path), REFERENCE) == path.resolve()
    with pytest.raises(ConfigError, match="neither a file nor a name: did you mean 'two-regions'"):
        fleet.find("two-region", REFERENCE)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (('kind = "redis"', 'kind = "rediss"'), "'servers.cache.kind'"),
        (('kind = "redis"', 'knd = "redis"'), "did you mean 'kind'"),
        (('["first", ', '["frist", '), "no other mariadb is called 'frist': did you mean 'first'"),
        (('["first", ', '["replica", '), "no other mariadb is called 'replica'"),
        (('["first", ', '["cache", '), "no other mariadb is called 'cache'"),
        (('kind = "redis"', 'kind = "redis"\nreplicates = ["first"]'), "only a mariadb replicates"),
        (('"second"]', '"second"]\ntakes_over = true'), "takes_over is for a mariadb that replicates one other"),
        (("memory_mb = 32", "takes_over = true"), "takes_over is for a mariadb that replicates one other"),
        (
            ("memory_mb = 32\n", f'{ONE_HEIR}[servers.x]\nkind = "mariadb"\n{ONE_HEIR}'),
            "takes over from first: second, x",
        ),
        (("memory_mb = 32", "memory_mb = 1"), "'servers.second.memory_mb'"),
        (("servers.cache", "servers.data"), "take another name"),
        (("servers.cache", 'servers."a b"'), "take another name"),
        (("[of_the_target]", "[of_the_target"), "is not TOML"),
    ],
)
def test_bad_topologies(tmp_path: Path, changed: tuple[str, str], says: str) -> None:
    """What does not fit is one line that names the place."""
    assert changed[0] in SERVERS
    path = file(tmp_path, SERVERS.replace(*changed, 1))
    with pytest.raises(ConfigError, match=str(path)) as caught:
        fleet.read(path)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.servers
@pytest.mark.long
def test_replicas_follow_through_crashes_and_nothing_is_left(tmp_path: Path) -> None:
    """What is committed at each source stands at the replica, also what was while either was dead; then all is gone."""
    folder = tmp_path / "servers"
    with fleet.start(folder, fleet.read(file(tmp_path, SERVERS)), tmp_path) as running:
        named = running.named
        assert list(named) == ["first", "second", "replica", "cache"]
        assert sql(named["second"], "SELECT @@innodb_buffer_pool_size")[0][0] == 32 * 2**20
        assert sql(named["first"], "SELECT @@innodb_flush_log_at_trx_commit, @@sync_binlog, @@log_bin") == ((1, 1, 1),)
        cache: Any = redis_client.Redis.from_url(named["cache"].url)
        assert cache.ping()
        for source, database in (("first", "a"), ("second", "b")):
            sql(named[source], f"CREATE DATABASE {database}")
            sql(named[source], f"CREATE TABLE {database}.t (n INT PRIMARY KEY)")
            sql(named[source], f"INSERT INTO {database}.t VALUES (1)")
        assert follows(named["replica"], "a", ((1,),)) and follows(named["replica"], "b", ((1,),))
        named["first"].kill()
        named["first"].start()
        sql(named["first"], "INSERT INTO a.t VALUES (2)")
        assert follows(named["replica"], "a", ((1,), (2,)))
        named["replica"].kill()
        sql(named["second"], "INSERT INTO b.t VALUES (2)")
        named["replica"].start()
        assert follows(named["replica"], "b", ((1,), (2,)))
        assert sql(named["second"], "SHOW DATABASES LIKE 'a'") == ()
        pids = [server.pid for server in named.values()]
    assert not folder.exists()
    assert not any(psutil.pid_exists(pid) for pid in pids)


@pytest.mark.servers
def test_a_port_taken_in_between_is_replaced_once(tmp_path: Path) -> None:
    """One lost race for a port is healed by another; the error of two leaves nothing."""
    tables = {name: fleet.ServerTable("redis") for name in ("one", "other")}
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        taken = holder.getsockname()[1]
        ports = [taken, free_port(), free_port()]
        with fleet.start(tmp_path / "a", tables, tmp_path, free_port=lambda: ports.pop(0)) as running:
            assert all(server.pid and server.port != taken for server in running.named.values())
        unlucky = fleet.start(tmp_path / "b", tables, tmp_path, free_port=lambda: taken)
        with pytest.raises(ConfigError, match=f"port {taken} of 127.0.0.1 is taken"), unlucky:
            pass
        assert not (tmp_path / "b").exists()


_HOLDER = """
import sys, time
from pathlib import Path
from harness import fleet
with fleet.start(Path(sys.argv[1]), fleet.read(Path(sys.argv[2])), Path(sys.argv[3])) as running:
    print(*(server.pid for server in running.named.values()), flush=True)
    time.sleep(60)
"""


@pytest.mark.servers
@pytest.mark.parametrize(("kind", "cleans"), [(signal.SIGKILL, False), (signal.SIGINT, True)])
def test_gone_with_their_parent(tmp_path: Path, kind: signal.Signals, cleans: bool) -> None:
    """Ctrl-C stops all servers and removes their folder; kill -9 of the parent stops them as well."""
    folder, path = tmp_path / "servers", file(tmp_path, SERVERS)
    command = [sys.executable, "-c", _HOLDER, str(folder), str(path), str(tmp_path)]
    with (tmp_path / "log").open("w") as log:
        holder = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    assert holder.stdout
    pids = [int(pid) for pid in holder.stdout.readline().split()]
    assert len(pids) == 4, (tmp_path / "log").read_text()
    os.kill(holder.pid, kind)
    holder.wait(60)
    holder.stdout.close()
    psutil.wait_procs([psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)], timeout=10)
    assert not any(psutil.pid_exists(pid) for pid in pids)
    assert folder.exists() is not cleans
