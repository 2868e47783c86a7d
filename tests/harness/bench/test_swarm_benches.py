"""The benches of the client, in small: they measure what they say, and fail where a side does not do its work."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from harness.bench import peers
from harness.bench.client import USERS, checked, client
from harness.bench.connections import check, connections, open_files
from harness.bench.nginx import Counts, nginx, read_counts
from harness.config import ConfigError

HAS_NGINX = bool(shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin"))
needs_nginx = pytest.mark.skipif(not (HAS_NGINX or os.environ.get("CI")), reason="needs nginx: run ci/install servers")


@needs_nginx
def test_client_measures_all_sides() -> None:
    """Each side that is installed has its operations, and the value is the ratio of two of its figures."""
    told = client({"seconds": 0.3, "rounds": 1})
    figures = told["figures"]
    for side in ("ours", "fasthttp", *peers.installed()):
        assert figures[f"{side}_operations"] > 0
        assert figures[f"{side}_cpu_s"] > 0
    ratio = figures["ours_per_cpu_s"] / figures["fasthttp_per_cpu_s"]
    assert told["value"] == pytest.approx(ratio, rel=0.02)
    assert set(told) == {"bench", "value", "reach", "unit", "figures"}
    assert {*peers.installed(), *figures["not_installed"]} == {"hey", "wrk"}


@needs_nginx
def test_connections_are_counted_on_both_sides() -> None:
    """Fifty people, fifty connections, ten operations each."""
    told = connections({"connections": 50})
    figures = told["figures"]
    assert told["value"] == figures["held"] == figures["connects"] == figures["accepted_by_server"] == 50
    assert figures["operations"] == 500


@pytest.mark.parametrize(
    ("result", "complaint"),
    [
        ({"ok": 0, "others": 0, "journaled": 0}, "of 0 operations 0"),
        ({"ok": 99, "others": 1, "journaled": 100}, "of 100 operations 1"),
        ({"ok": 1000, "others": 0, "journaled": 1000 - USERS - 1}, "are on record"),
    ],
)
def test_a_side_that_does_not_do_its_work_fails_the_bench(result: dict[str, Any], complaint: str) -> None:
    """Unanswered, malformed and unrecorded operations are no speed."""
    with pytest.raises(RuntimeError, match=complaint):
        checked("ours", {**result, "cpu_s": 1.0, "wall_s": 1.0})


@pytest.mark.parametrize(
    ("ok", "connects", "seen"),
    [(99, 10, Counts(10, 10, 100)), (100, 11, Counts(10, 10, 100)), (100, 10, Counts(10, 10, 99))],
)
def test_counts_that_differ_fail_the_bench(ok: int, connects: int, seen: Counts) -> None:
    """A lost operation, and a connection or a request that only one side has seen."""
    with pytest.raises(RuntimeError):
        check(10, {"ok": ok, "others": 100 - ok, "journaled": 100, "connects": connects, "held": 10}, seen)


def test_more_files_than_there_may_be() -> None:
    """The limit is a plain error before anything starts."""
    with pytest.raises(ConfigError, match="raise the limit"), open_files(10**12):
        pass


def test_status_page_is_read() -> None:
    """Open connections, accepted ones and requests, of nginx's own words."""
    page = "Active connections: 2 \nserver accepts handled requests\n 10 11 12 \nReading: 0 Writing: 1 Waiting: 1 \n"
    assert read_counts(page) == Counts(active=2, accepted=10, requests=12)


@needs_nginx
@pytest.mark.parametrize("name", sorted(peers.COMMANDS))
def test_peers_are_read(name: str, tmp_path: Path) -> None:
    """A peer's own count of its requests is the server's; what it cannot reach is an error."""
    if name not in peers.installed():
        pytest.skip(f"{name} is not installed")
    with nginx(tmp_path) as server:
        before = server.counts()
        url = f"http://127.0.0.1:{server.port}"
        peer = peers.run_peer(name, tmp_path, url, users=2, seconds=1)
        seen = server.counts().requests - before.requests - 1
    assert 0 <= seen - peer.requests <= 2
    assert peer.cpu_s > 0
    with pytest.raises(RuntimeError):
        peers.run_peer(name, tmp_path, url, users=2, seconds=1)
