"""The reference implementation passes the state machine; with a bug planted it does not."""

import json
import subprocess
import sys
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from invariants.machine import machine_for
from scenarios.reference_system import Deployment

RUNS = settings(
    max_examples=10, stateful_step_count=10, deadline=None, derandomize=True, database=None, print_blob=False,
    phases=(Phase.generate,), suppress_health_check=list(HealthCheck),
)  # fmt: skip
FOUND_BY = {
    "refund_races_open": "succeeded after its time",
    "mod_without_floor": " fen left in ",
}

# Planting replaces functions, so each bug gets a process of its own: a fork of one that has imported everything.
_PLANTED = """
import json, logging, os, sys
from pathlib import Path
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from invariants.machine import machine_for
from reference_impl import mutants
from scenarios.reference_system import Deployment
from test_reference_machine import RUNS

def complaint(name, folder):
    mutants.plant(name, "")
    try:
        run_state_machine_as_test(machine_for(Deployment(folder).make), settings=settings(RUNS, max_examples=100))
    except AssertionError as error:
        return str(error)
    return "none"

logging.disable(logging.CRITICAL)
for name in sys.argv[2:]:
    folder = Path(sys.argv[1], name)
    if os.fork() == 0:
        print(json.dumps([name, complaint(name, folder)]), flush=True)
        os._exit(0)
    os.wait()
"""


def test_the_reference_passes(tmp_path: Path) -> None:
    """Sends, payments, opens, retries, expiry over the end of a month, settling: no complaint, money conserved."""
    machine = machine_for(Deployment(tmp_path).make)
    run_state_machine_as_test(machine, settings=RUNS)
    for what in ("open ok", "open fail", "pay fail", "settle ok", "details ok"):
        assert machine.tally[what] >= 5, machine.tally
    assert [folder.name for folder in tmp_path.iterdir()] == ["empty"]


def test_a_planted_bug_is_found(tmp_path: Path) -> None:
    """An open after the refund, a share below its least: each is told as what it is."""
    said = subprocess.run(
        [sys.executable, "-c", _PLANTED, str(tmp_path), *FOUND_BY],
        check=True, capture_output=True, text=True, timeout=120, cwd=Path(__file__).parent,
    )  # fmt: skip
    complaints = dict(json.loads(line) for line in said.stdout.splitlines())
    assert complaints.keys() == FOUND_BY.keys()
    for name, words in FOUND_BY.items():
        assert words in complaints[name], (name, complaints[name])
