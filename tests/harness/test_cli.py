"""The command line: bad input is one line and exit 2 with nothing left running; signals stop everything."""

import http.server
import json
import os
import re
import shutil
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.command import MERE_MORTAL, left_running, rainproof, started

TARGET = Path(__file__).parents[2] / "reference_impl" / "target.toml"
SMALL = ("--people", "30", "--packets", "3", "--duration", "2")


@pytest.fixture
def listener() -> Iterator[int]:
    """The port of somebody who listens, answers 404 to everything and is not ours."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def target_file(folder: Path, *changes: tuple[str, str]) -> Path:
    """The reference's target file with texts replaced."""
    text = TARGET.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / "target.toml"
    path.write_text(text)
    return path


def without_start(folder: Path, url: str) -> Path:
    """A target file of a system that somebody else starts."""
    text = re.sub(r"\n\[start\].*?(?=\n\[drain\])", "\n", TARGET.read_text(), flags=re.DOTALL)
    path = folder / "target.toml"
    path.write_text(text.replace("http://127.0.0.1:{port}", url))
    return path


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("run", "group_gra"), "no scenario is called 'group_gra': did you mean 'group_grab'?"),
        (("run", "group_grab", "--mutant", "refund_twise"), "no mutant is called 'refund_twise': did you mean"),
        (("mutants", "--only", "refund_twise"), "did you mean 'refund_twice'?"),
        (("bench", "hot-paket"), "no bench is called 'hot-paket': did you mean 'hot-packet'?"),
        (("run", "group_grab", "--people", "0"), "Invalid value for '--people'"),
        (("run", "group_grab", "--tagged", "1.5"), "Invalid value for '--tagged'"),
        (("run", "group_grab", "--seed", "x"), "Invalid value for '--seed'"),
        (("run", "group_grab", "--backend", "clouds"), "Invalid value for '--backend'"),
        (("run", "group_grab", "--topology", "two-region"), "did you mean 'two-regions'?"),
        (("run", "group_grab", "--topology", "embedded", "--backend", "servers"), "leave out --backend"),
        (("serve", "--topology", "nowhere.toml"), "--topology nowhere.toml: neither a file nor a name"),
        (("run", "group_grab", "--fault", "kill"), "write NAME=ARGUMENT@SECONDS"),
        (("run", "group_grab", "--fault", "kil=api@3"), "no fault is called 'kil': did you mean 'kill'?"),
        (("run", "group_grab", "--target", "nowhere.toml"), "nowhere.toml: no such file"),
        (("run",), "Missing argument 'SCENARIO'"),
        (("fly",), "No such command 'fly'"),
        (("check", "runs/latest"), "no run is here"),
        (("report", "nothing"), "no run is here"),
    ],
)
def test_bad_words(tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    """What is misspelt or out of range is named, with the nearest that is known, before anything is started."""
    assert says in rainproof(tmp_path, *arguments).complaint
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ([("key_header", "key_heather")], "did you mean 'key_header'?"),
        ([('"no_overspend"', '"no_overspent"')], "did you mean 'no_overspend'?"),
        ([("{south_0|mariadb|sql}/south_0", "{south_0|mariadb|sqll}/south_0")], "did you mean 'sql'?"),
        ([("method = ", "method ")], "target.toml"),
        ([('"-m", "reference_impl"', '"-m", "no_such_module"')], "No module named no_such_module"),
        ([('command = [\n    "{python}"', 'command = [\n    "/no/such/program"')], "cannot start /no/such/program"),
        (
            [('ready = "/v1/health"', 'ready = "/v1/nothing"'), ("timeout_s = 120", "timeout_s = 3")],
            "was not ready within 3 s",
        ),
    ],
)
def test_bad_target_files(tmp_path: Path, changes: list[tuple[str, str]], says: str) -> None:
    """A target file that is wrong, or whose target does not start, is one line that says what and where."""
    path = target_file(tmp_path, *changes)
    assert says in rainproof(tmp_path, "run", "group_grab", *SMALL, "--target", str(path)).complaint


def test_a_target_that_takes_no_topology(tmp_path: Path) -> None:
    """A topology whose target cannot be told of it is refused before anything is started."""
    path = target_file(tmp_path, ('"{topology}", ', ""))
    topology = str(path.parent / "t.toml")
    Path(topology).write_text("")
    said = rainproof(tmp_path, "run", "group_grab", *SMALL, "--target", str(path), "--topology", topology)
    assert "[start] command has no {topology}" in said.complaint


def test_a_topology_that_the_target_cannot_read(tmp_path: Path) -> None:
    """What is wrong in the target's part of a topology is its last word, in one line."""
    path = tmp_path / "t.toml"
    path.write_text('[regions.south]\ncache = "nowhere"')
    said = rainproof(tmp_path, "run", "group_grab", *SMALL, "--topology", str(path))
    assert "no server is called 'nowhere'" in said.complaint


def test_failing_evidence_query(tmp_path: Path) -> None:
    """A query that fails after the load stops everything, and is named."""
    path = target_file(tmp_path, ("FROM all_packets", "FROM all_pockets"))
    complaint = rainproof(tmp_path, "run", "group_grab", *SMALL, "--target", str(path)).complaint
    assert "[evidence.packets] in store 'south_0'" in complaint
    assert "all_pockets" in complaint


def test_target_that_does_not_answer(tmp_path: Path) -> None:
    """A target that the run need not start must be there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
        path = without_start(tmp_path, url)
        complaint = rainproof(tmp_path, "run", "group_grab", *SMALL, "--target", str(path)).complaint
    assert f"target {url} does not answer" in complaint


def test_target_that_cannot_be_prepared(tmp_path: Path, listener: int) -> None:
    """A target that refuses to fund anybody ends the run before its load."""
    path = without_start(tmp_path, f"http://127.0.0.1:{listener}")
    complaint = rainproof(tmp_path, "run", "group_grab", *SMALL, "--target", str(path)).complaint
    assert "the swarm could not prepare" in complaint


def test_port_taken(tmp_path: Path, listener: int) -> None:
    """Somebody else's port is not used."""
    complaint = rainproof(tmp_path, "serve", "--port", str(listener)).complaint
    assert f"port {listener} on 127.0.0.1 is taken" in complaint


def test_no_folder_for_runs(tmp_path: Path) -> None:
    """Where no run folder can be made, the run says so before it starts anything."""
    (tmp_path / "runs").write_text("in the way")
    assert "no run folder can be made here" in rainproof(tmp_path, "run", "group_grab", *SMALL).complaint


def test_no_write_permission(tmp_path: Path) -> None:
    """The same for a folder that must not be written to."""
    tmp_path.chmod(0o500)
    before = MERE_MORTAL if os.geteuid() == 0 else ()
    said = rainproof(tmp_path, "run", "group_grab", *SMALL, before=before)
    assert "no run folder can be made here" in said.complaint


def test_servers_not_installable(tmp_path: Path) -> None:
    """Without Redis and without a way to install it, the run says what to install."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("bash", "env"):
        (programs / name).symlink_to(str(shutil.which(name)))
    said = rainproof(tmp_path, "run", "group_grab", "--backend", "servers", *SMALL, path=str(programs))
    assert "install these Debian packages: redis-server" in said.complaint
    assert not (tmp_path / "runs").exists()


def test_an_option_nobody_takes(tmp_path: Path) -> None:
    """A mutant is never silently not planted: a target file without {options} cannot have one."""
    path = without_start(tmp_path, "http://127.0.0.1:9")
    arguments = ("run", "group_grab", "--mutant", "refund_twice", "--target", str(path))
    assert "has no {options}" in rainproof(tmp_path, *arguments).complaint


def test_internal_errors_are_one_line(tmp_path: Path) -> None:
    """A bug of ours is one line, a traceback in a file, and 70."""
    folder = tmp_path / "runs" / "s" / "t"
    (folder / "history").mkdir(parents=True)
    record = {"scenario": "s", "seed": 1, "argv": [], "started": "", "configuration": {}, "versions": {}}
    (folder / "run.json").write_text(json.dumps(record | {"platform": {}}))
    said = rainproof(tmp_path, "check", "s/t")
    assert (said.code, said.out, said.err.count("\n")) == (70, "", 1)
    match = re.search(r"internal error: KeyError: 'claims' \(traceback: (.+)\)", said.err)
    assert match
    assert "Traceback" in Path(match[1]).read_text()
    Path(match[1]).unlink()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_stop_everything(tmp_path: Path, number: signal.Signals, code: int) -> None:
    """A run that is interrupted in mid-load, once or again and again, leaves no process and no data."""
    with started(tmp_path, "run", "group_grab", "--people", "60", "--packets", "6") as (process, mark):
        assert process.stderr
        for line in process.stderr:
            if " load " in line:
                break
        assert len(left_running(mark)) >= 4  # the command, its target, master and worker
        for _ in range(3):
            process.send_signal(number)
            time.sleep(0.05)
        assert process.wait(30) == code
    assert left_running(mark) == []
    assert not (tmp_path / "runs" / "latest" / "data").exists()


def test_kill_minus_nine_of_the_run(tmp_path: Path) -> None:
    """Nothing outlives a run that is killed without a chance to clean up."""
    with started(tmp_path, "run", "group_grab", "--people", "60", "--packets", "6") as (process, mark):
        assert process.stderr
        for line in process.stderr:
            if " load " in line:
                break
        process.kill()
        process.wait()
        deadline = time.monotonic() + 20
        while left_running(mark) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert left_running(mark) == []


def test_serve_until_interrupted(tmp_path: Path) -> None:
    """`serve` prints where the target is, and stops with Ctrl-C."""
    with started(tmp_path, "serve", "--json") as (process, mark):
        assert process.stdout
        told = json.loads(process.stdout.readline())
        port = int(told["url"].rpartition(":")[2])
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
    assert left_running(mark) == []
