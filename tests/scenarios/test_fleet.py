"""Several workers as on several machines: one is killed and started again, clocks differ, histories are gathered."""

import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from harness.history.gather import pull
from harness.history.read import read_worker, workers
from harness.processes import free_port
from tests.scenarios import swarms

pytestmark = pytest.mark.night

OFF_NS = 3_000_000_000


def journals(folder: Path) -> dict[str, dict[str, set[Any]]]:
    """What each life of a worker has on record: its people and its keys."""
    found = {}
    for worker, segments in workers(folder).items():
        batches = list(read_worker(folder, worker, segments))
        found[worker] = {
            name: {value for batch in batches for value in batch.column(name).to_pylist()} - {None}
            for name in ("person", "key")
        }
    return found


def begun(folder: Path) -> int:
    """Records in the journals, counted byte by byte: every record's first half ends in a flag."""
    return sum(sum(path.read_bytes()[4096:][47::128]) for path in folder.glob("*.journal"))


@pytest.mark.long
def test_a_worker_is_killed_and_started_again(start: swarms.Start, model_port: int, tmp_path: Path) -> None:
    """kill -9 of one of two workers, then another in its place: it begins the lost part with people and keys that
    nobody had, every operation on record is in the history, and the master says 3 and why.
    """
    night = {"people": 120, "packets": 24, "duration_s": 2.5, "tagged": 0.3, "workers": 2, "restart_s": 30.0}
    settings = swarms.swarm_file(tmp_path, model_port, **night)
    port = free_port()
    began = {"RAINPROOF_SWARM": settings}
    master = start("--master", f"--master-bind-port={port}", "--expect-workers=2", **began)
    victim, survivor = (start("--worker", f"--master-port={port}", **began) for _ in range(2))
    swarms.wait_for_load(tmp_path / "progress", 2)
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    successor = start("--worker", f"--master-port={port}", **began)
    output, _ = master.communicate(timeout=60)
    assert master.returncode == 3, output
    assert "were lost and begun again by others" in output
    assert [worker.wait(timeout=10) for worker in (survivor, successor)] == [0, 0]
    told = swarms.reports(tmp_path)
    assert [report["complete"] for report in told] == [True, True]
    assert {report["part"] for report in told} == {0, 1}
    lives = journals(tmp_path / "history")
    assert len(lives) == 3
    assert all(life["person"] and life["key"] for life in lives.values())
    for what in ("person", "key"):
        assert len(set.union(*(life[what] for life in lives.values()))) == sum(
            len(life[what]) for life in lives.values()
        )
    told_of = swarms.history(tmp_path)
    assert swarms.count(told_of, "history") == begun(tmp_path / "history") > sum(report["issued"] for report in told)


def test_clocks_that_differ(start: swarms.Start, model_port: int, tmp_path: Path) -> None:
    """A worker whose clock is three seconds ahead starts with the others; histories from both folders, gathered at
    a URL, stand on the master's clock, with an error that was measured.
    """
    url, port = f"file://{tmp_path}/gathered", free_port()
    given = {"RAINPROOF_PORT": model_port, "RAINPROOF_PEOPLE": 60, "RAINPROOF_PACKETS": 8, "RAINPROOF_DURATION_S": 1}
    given |= {"RAINPROOF_HISTORY_TO": url, "RAINPROOF_RUN": "eve"}
    anchor_ns = time.time_ns() - time.monotonic_ns()
    master, *_ = [
        start(
            *options,
            RAINPROOF_MACHINE=name,
            RAINPROOF_CLOCK_ANCHOR_NS=anchor_ns + off_ns,
            RAINPROOF_HISTORY=tmp_path / name / "history",
            **given,
        )
        for name, off_ns, options in [
            ("master", 0, ("--master", f"--master-bind-port={port}", "--expect-workers=2")),
            ("near", 0, ("--worker", f"--master-port={port}")),
            ("ahead", OFF_NS, ("--worker", f"--master-port={port}")),
        ]
    ]
    output, _ = master.communicate(timeout=60)
    assert master.returncode == 0, output
    (tmp_path / "history").mkdir()
    assert pull(f"{url}/eve", tmp_path / "history") > 0
    notes = [json.loads(path.read_text()) for path in (tmp_path / "history").glob("*.clock.json")]
    assert sorted(round(note["offset_ns"] / OFF_NS) for note in notes) == [0, 1]
    for note in notes:
        true_ns = OFF_NS * round(note["offset_ns"] / OFF_NS)
        assert 0 < note["error_ns"] < 100_000_000
        assert abs(note["offset_ns"] - true_ns) <= note["error_ns"]
    night = swarms.history(tmp_path)
    assert swarms.count(night, "history") == sum(report["issued"] for report in swarms.reports(tmp_path))
    ((least_ns,),) = night.execute("SELECT MIN(clock_error_ns) FROM history").fetchall()
    assert least_ns == min(note["error_ns"] for note in notes)
    schedule = "SELECT MIN(intended_ns) FROM history WHERE operation = 'send' GROUP BY worker ORDER BY 1"
    (first_ns,), (second_ns,) = night.execute(schedule).fetchall()
    assert second_ns - first_ns < 1_000_000_000 < OFF_NS


def test_a_worker_with_other_settings_is_refused(start: swarms.Start, model_port: int, tmp_path: Path) -> None:
    """Parts of two different schedules are no schedule: one line that names what differs, and code 2."""
    port, given = free_port(), {"RAINPROOF_PORT": model_port, "RAINPROOF_HISTORY": tmp_path / "h"}
    master = start("--master", f"--master-bind-port={port}", "--expect-workers=1", **given)
    start("--worker", f"--master-port={port}", RAINPROOF_SEED=8, **given)
    output, _ = master.communicate(timeout=60)
    assert master.returncode == 2, output
    assert "seed is 8, the master's is 7" in output
