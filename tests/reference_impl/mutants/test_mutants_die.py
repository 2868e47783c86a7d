"""Mutants in simulation: those that need no luck are accused of what their files say, in the first schedules."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from reference_impl.mutants import catalogue

SCHEDULES = 4
SURE = (
    "answers_shifted", "arrives_without_leaving", "check_then_insert", "guard_missing", "overdrawn_swallowed",
    "award_number_a_try", "refund_by_the_second", "refund_twice", "row_count_unread", "split_remainder_lost",
    "stored_in_the_other_region", "tag_lost",
)  # fmt: skip
"""Some whose bug shows in any order and without a fault, each by another invariant; the trial of all takes minutes."""

# Planting replaces functions, so each mutant gets a process of its own: a fork of one that has imported everything.
_DIES = f"""
import os, sys, traceback
from pathlib import Path
from harness.simulation.explore import Search, schedules
from harness.simulation.judging import accused
from harness.simulation.stand import stand
from reference_impl.mutants import catalogue
from scenarios.worlds import catalogue as worlds

def accusers(name):
    mutant = catalogue()[name]
    world = worlds()[mutant.world]
    with stand(world, "embedded", name) as deployment:
        for *_, played in schedules(world, deployment, Search(1, {SCHEDULES}, frozenset())):
            names = accused(played, world.claims)
            if mutant.caught_by in names:
                return names
    return []

for name in sys.argv[2:]:
    if os.fork() == 0:
        try:
            said = " ".join(accusers(name))
        except BaseException:
            said = traceback.format_exc()
        Path(sys.argv[1], name).write_text(said)
        os._exit(0)
    os.wait()
"""


@pytest.fixture(scope="module")
def deaths(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file a mutant that says what it was accused of."""
    folder = tmp_path_factory.mktemp("deaths")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", _DIES, str(folder), *SURE], check=True, timeout=120, env=environment)
    return folder


@pytest.mark.parametrize("name", SURE)
def test_a_mutant_dies(name: str, deaths: Path) -> None:
    """The invariant named in its file accuses it."""
    assert catalogue()[name].caught_by in (deaths / name).read_text().split()
