"""What a Locust started by hand leaves beside the histories, so that `rainproof check` can judge it like any run."""

import sys
from pathlib import Path
from typing import Final

import msgspec
from gevent import subprocess

from harness import rundir
from harness.processes import last_line
from harness.swarm.health import Ending
from harness.swarm.settings import Settings
from harness.target import Target

_SETTINGS: Final = "swarm.json"


def begin(folder: Path, settings: Settings, target: Target, run: str) -> bool:
    """Writes run.json and swarm.json; False if whoever started this swarm has written its own."""
    if (folder / "run.json").exists():
        return False
    folder.mkdir(parents=True, exist_ok=True)
    told = msgspec.structs.replace(settings, run=run, history=str(folder / "history"))
    configuration = msgspec.to_builtins(told) | {"claims": target.claims}
    rundir.record(folder, settings.scenario or "locust", settings.seed, sys.argv[1:], configuration, servers=False)
    rundir.write_json(folder / _SETTINGS, told)
    return True


def end(folder: Path, ending: Ending) -> None:
    """Writes how the load ended, as the master saw it."""
    rundir.write_json(folder / Ending.FILE, ending)


def hand_in(folder: Path, url: str) -> str | None:
    """Sends what ended workers left in `folder` to `url`; what went wrong, if anything did."""
    return _said([sys.executable, "-m", "harness.history.gather", "push", str(folder), url], folder / "gather.log")


def hand_in_record(folder: Path, url: str) -> str | None:
    """Sends the record of the run itself; what went wrong, if anything did."""
    return _said([sys.executable, "-m", "harness.history.gather", "record", str(folder), url], folder / "gather.log")


def judge(folder: Path) -> int:
    """`rainproof check` in a process of its own: results.json stands in `folder` then. Its exit code."""
    draft = folder / "results.json.part"
    with draft.open("wb") as results:
        done = subprocess.run([sys.executable, "-m", "harness.cli", "check", str(folder), "--json"], stdout=results)
    if draft.stat().st_size:
        draft.replace(folder / "results.json")
    else:
        draft.unlink()
    return int(done.returncode)


def _said(command: list[str], log: Path) -> str | None:
    """Runs `command` while other greenlets go on; the last line it said, if it failed."""
    with log.open("ab") as output:
        done = subprocess.run(command, stdout=output, stderr=output)
    return last_line(log) if done.returncode else None
