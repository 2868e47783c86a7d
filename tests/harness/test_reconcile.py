"""`rainproof reconcile NAME`: one reconciliation of what is served, or of any target with [reconcile]."""

import http.server
import json
import re
import signal
import sqlite3
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness.command import rainproof, started

REFERENCE = Path(__file__).parents[2] / "reference_impl" / "target.toml"


ASKED: list[tuple[str, str | None]] = []
"""Paths, and what was said in Authorization."""


class Somebody(http.server.BaseHTTPRequestHandler):
    """A target that reconciles everything but `broken` and `chatty`."""

    def do_POST(self) -> None:
        ASKED.append((self.path, self.headers["Authorization"]))
        name = self.path.rpartition("/")[2]
        status = 503 if name == "broken" else 200
        body = (
            b"all well"
            if name == "chatty"
            else json.dumps(
                {"name": name, "examined": 1234, "missing": 5, "repaired": 4 if name == "stubborn" else 5}
            ).encode()
        )
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Path]:
    """The target file of a running system."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Somebody)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (tmp_path / "token").write_text("secret\n")
    path = tmp_path / "target.toml"
    path.write_text(
        f'[target]\nbase_url = "http://127.0.0.1:{server.server_address[1]}"\n'
        f'[admin]\npath = "/set/$name"\ntoken_file = "{tmp_path}/token"\n'
        '[reconcile]\npath = "/fix/$name"\n'
    )
    yield path
    server.shutdown()
    server.server_close()


def test_any_target(tmp_path: Path, target: Path) -> None:
    """The target is asked once, with the operators' token; its report is shown in words or as one object."""
    ASKED.clear()
    said = rainproof(tmp_path, "reconcile", "orders", "--target", str(target))
    assert (said.code, said.out) == (0, "orders: 1,234 examined, 5 missing, 5 repaired\n")
    assert ASKED == [("/fix/orders", "Bearer secret")]
    said = rainproof(tmp_path, "reconcile", "orders", "--target", str(target), "--json")
    assert json.loads(said.out) == {"name": "orders", "examined": 1234, "missing": 5, "repaired": 5}


def test_what_stays_missing(tmp_path: Path, target: Path) -> None:
    """Exit 1 where not everything was repaired."""
    assert rainproof(tmp_path, "reconcile", "stubborn", "--target", str(target)).code == 1


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        ("broken", ("", ""), "answers 503 to /fix/broken"),
        ("chatty", ("", ""), "tells no {name, examined, missing, repaired}: all well"),
        ("orders", ('[reconcile]\npath = "/fix/$name"\n', ""), "no [reconcile] says where"),
        ("orders", ("/fix/$name", "/fix/$nam"), "[reconcile] path '/fix/$nam' must name the reconciliation as $name"),
        ("orders", ("/fix/", "fix/"), "[reconcile] path 'fix/$name' does not begin with /"),
        ("orders", ("/token", "/tokens"), "token_file: "),
        ("orders", (r"127\.0\.0\.1:\d+", "127.0.0.1:1"), "does not answer"),
    ],
)
def test_bad_targets(tmp_path: Path, target: Path, name: str, change: tuple[str, str], says: str) -> None:
    """What is wrong with a target is said in one line."""
    old, new = change
    text = target.read_text()
    target.write_text(re.sub(old, new, text) if "\\" in old else text.replace(old, new) if old else text)
    assert says in rainproof(tmp_path, "reconcile", name, "--target", str(target)).complaint


def test_nothing_is_served(tmp_path: Path) -> None:
    """Without a target and without `serve` there is nothing to reconcile."""
    assert "start `rainproof serve` in this folder" in rainproof(tmp_path, "reconcile", "payments").complaint


def test_what_is_served(tmp_path: Path) -> None:
    """A packet lost after its payment is found and repaired in a running `serve`; an unknown name is told."""
    file = tmp_path / "lazy.toml"  # its own sweeper leaves us the repair
    lazy = '"{options}", "--sweep-every-s", "1000", "--reconcile-after-s", "0"'
    file.write_text(REFERENCE.read_text().replace('"{options}"', lazy))
    with started(tmp_path, "serve", "--json", "--target", str(file)) as (process, _):
        assert process.stdout
        served = json.loads(process.stdout.readline())
        _lose(_paid(served["url"]), Path(served["variables"]["data"]))
        told = json.loads(rainproof(tmp_path, "reconcile", "payments", "--json").out)
        assert told == {"name": "payments", "examined": 1, "missing": 1, "repaired": 1}
        assert rainproof(tmp_path, "reconcile", "payments").out == "payments: 1 examined, 0 missing, 0 repaired\n"
        assert "unknown_reconciliation" in rainproof(tmp_path, "reconcile", "payment").complaint
        process.send_signal(signal.SIGINT)
        process.wait(30)
    assert "nothing is served here" in rainproof(tmp_path, "reconcile", "payments").complaint


def _paid(url: str) -> str:
    """The id of a paid packet."""
    _post(url, "/v1/accounts/7/fund", {"amount_fen": 10})
    packet = str(_post(url, "/v1/packets", {"sender": 7, "kind": "equal", "total_fen": 10, "shares": 1})["packet"])
    _post(url, f"/v1/packets/{packet}/pay", {"sender": 7})
    return packet


def _post(url: str, path: str, body: Any) -> Any:
    headers = {"Idempotency-Key": path[-60:], "Content-Type": "application/json"}
    request = urllib.request.Request(url + path, json.dumps(body).encode(), headers, method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def _lose(packet: str, data: Path) -> None:
    """Its row was never written."""
    shard, day = int(packet[11:13]), int(packet[9:11])
    with sqlite3.connect(data / f"south_{shard}", timeout=10) as database:
        assert database.execute(f"DELETE FROM packets_{shard}_{day:02d} WHERE packet = ?", [packet]).rowcount == 1
    database.close()
