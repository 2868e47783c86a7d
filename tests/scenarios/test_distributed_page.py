"""docs/distributed.md: its commands are run as they stand there, with this machine in the place of all others."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.processes import free_port

pytestmark = [pytest.mark.night, pytest.mark.long]

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "distributed.md"


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder as a reader's: the scenarios in it, and the commands on the path."""
    for name in ("scenarios", "reference_impl"):
        (tmp_path / name).symlink_to(ROOT / name)
    for name, module in (("rainproof", "harness.cli"), ("locust", "locust")):
        script = tmp_path / "bin" / name
        script.parent.mkdir(exist_ok=True)
        script.write_text(f'#!/bin/sh\nexec {sys.executable} -m {module} "$@"\n')
        script.chmod(0o755)
    return tmp_path


def play(desk: Path, script: str) -> str:
    """What `script` says, run by bash in `desk`; nothing of it is left running. Fails as soon as a command does."""
    port = free_port()
    env = os.environ | {
        "PATH": f"{desk / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": f"{ROOT}:{os.environ.get('PYTHONPATH', '')}",
        "LOCUST_MASTER_BIND_PORT": str(port),
        "LOCUST_MASTER_NODE_PORT": str(port),
    }
    script = script.replace("8080", str(free_port())).replace("s3://nights", f"file://{desk}/nights")
    script = script.replace("master.example", "127.0.0.1")
    with (desk / "said").open("w+") as said:
        shell = subprocess.Popen(
            ["bash", "-ec", script], cwd=desk, env=env, stdout=said, stderr=said, start_new_session=True
        )
        try:
            code = shell.wait(timeout=150)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGKILL)
        text = (desk / "said").read_text()
    assert code == 0, text
    return text


def test_the_pages_commands(desk: Path) -> None:
    """One machine by `rainproof run` and by Locust's own command, then a master and two workers that hand their
    histories in: every command ends with 0, and each night holds.
    """
    one, by_hand, master, worker = re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.S)
    play(desk, "\n".join([
        one, by_hand,
        "kill %1; wait %1 || true",
        *by_hand.splitlines()[:3],
        master, "MASTER=$!", worker.strip() + " &", worker, "wait $MASTER",
    ]))  # fmt: skip
    for place in ("nights/new_year", "runs/locust/new_year"):
        results = json.loads((desk / place / "results.json").read_text())
        assert (results["verdict"], results["reasons"]) == ("holds", [])
        assert results["generator"]["workers"] == 2
        assert results["generator"]["started"] == results["generator"]["arrivals"] > 0
    assert len(list((desk / "nights" / "new_year" / "history").glob("*.swarm.json"))) == 2
    (desk / "runs" / "locust" / "new_year" / "results.json").unlink()
    shutil.rmtree(desk / "runs" / "locust" / "new_year" / "history")
    again = play(desk, "rainproof check locust/new_year")
    assert "HOLDS" in again
    assert len(list((desk / "runs" / "locust" / "eve" / "history").glob("*.hlog"))) == 2
