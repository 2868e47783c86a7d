"""Mutants: each is described, can be planted, and leaves a system that still serves."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from invariants.registry import INVARIANTS
from reference_impl.mutants import catalogue, plant
from reference_impl.mutants import nothing as fair_weather

NAMES = sorted(catalogue())
FILES = Path(sys.modules[plant.__module__].__file__ or "").parent

# planting replaces functions, so each mutant gets a process of its own
_LIFE = """
import sys
from night import Night
from reference_impl import mutants
mutants.plant(*sys.argv[1:3])
from reference_impl.bootstrap import build, create_stores
from reference_impl.packets import expiry
from reference_impl.runtime import ThreadRuntime
from reference_impl.settings import Settings

settings = Settings(sql=f"sqlite:///{sys.argv[3]}", cache="embedded", data=sys.argv[3], order_shards=1, ledger_shards=1)
create_stores(settings)
night = Night(build(settings, ThreadRuntime(), holder="mutant"))
night.groups()
for tagged in (False, True):
    packet = night.paid(1000, 3, tagged=tagged)
    night.open(packet), night.open(packet)
    night.credit()
    night.expire(packet)
    expiry.sweep(night.system)
    night.credit()
    night.reconcile_vouchers(), night.reconcile_payments()
print("lived")
"""


def test_there_are_ten() -> None:
    """The catalogue has the ten bugs of the first night."""
    assert len(NAMES) >= 10


@pytest.mark.parametrize("name", NAMES)
def test_a_mutant_describes_itself(name: str) -> None:
    """Its file has its name; it names an invariant, says what is wrong and where that was seen, in one line each."""
    mutant = catalogue()[name]
    assert (FILES / f"{name}.py").is_file()
    assert mutant.name == name
    assert mutant.caught_by in INVARIANTS
    for text in (mutant.summary, mutant.seen_in):
        assert 20 <= len(text) <= 200 and "\n" not in text and not text.endswith(".")


@pytest.mark.parametrize("name", NAMES)
def test_a_mutant_lives(name: str, tmp_path: Path) -> None:
    """Planted, it carries two packets through send, pay, open, credit, refund and reconciliation without an error."""
    assert live(name, "", tmp_path) == (0, "lived\n", "")


@pytest.mark.parametrize("name", [name for name in NAMES if catalogue()[name].weather is not fair_weather])
def test_the_clean_system_lives_in_its_weather(name: str, tmp_path: Path) -> None:
    """The weather alone, without the bug, is survived."""
    assert live("", name, tmp_path) == (0, "lived\n", "")


def test_an_unknown_mutant_is_an_error() -> None:
    """A name that is not in the catalogue plants nothing and says so."""
    with pytest.raises(KeyError, match="no_such_bug"):
        plant("no_such_bug", "")
    plant("", "")


def live(mutant: str, weather: str, folder: Path) -> tuple[int, str, str]:
    """Run a life in a process of its own: exit code, output, and the last line of what went wrong."""
    here = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", _LIFE, mutant, weather, str(folder)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(here)},
    )
    failure = done.stderr.strip().splitlines()[-1:] if done.returncode else []
    return done.returncode, done.stdout, "".join(failure)
