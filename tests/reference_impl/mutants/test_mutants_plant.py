"""Mutants: each is described, can be planted, and leaves a system that still serves."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from harness.simulate import parse_faults
from harness.trial.verdicts import UNDER
from invariants.registry import INVARIANTS
from reference_impl.mutants import catalogue, plant
from reference_impl.mutants import nothing as fair_weather
from scenarios.worlds import catalogue as worlds

NAMES = sorted(catalogue())
HARSH = [name for name in NAMES if catalogue()[name].weather is not fair_weather]
WORLDS = worlds()
FILES = Path(sys.modules[plant.__module__].__file__ or "").parent

# Planting replaces functions, so each mutant gets a process of its own: a fork of one that has imported everything.
_LIVES = """
import os, sys, traceback
from pathlib import Path
from night import Night
from reference_impl import mutants
from reference_impl.bootstrap import build, create_stores
from reference_impl.packets import expiry
from reference_impl.runtime import ThreadRuntime
from reference_impl.settings import Settings
from reference_impl.stores.layout import hot_days

def live(folder):
    today = ThreadRuntime().today()
    settings = Settings(
        sql=f"sqlite:///{folder}", cache="embedded", data=str(folder), order_shards=1, ledger_shards=1, wallet_shards=1,
        regions=("south",), day_tables=tuple(hot_days(today, 1)), hot_days=1, activity="",
    )
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
    return "lived"

for number, pair in enumerate(sys.argv[2:]):
    folder = Path(sys.argv[1], str(number))
    folder.mkdir()
    if os.fork() == 0:
        try:
            mutants.plant(*pair.split(","))
            said = live(folder)
        except BaseException:
            said = traceback.format_exc()
        Path(sys.argv[1], pair).write_text(said)
        os._exit(0)
    os.wait()
"""


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file a pair `mutant,weather` that says how its life went."""
    folder = tmp_path_factory.mktemp("lives")
    pairs = [f"{name}," for name in NAMES] + [f",{name}" for name in HARSH]
    path = {"PYTHONPATH": str(Path(__file__).parents[1])}
    subprocess.run([sys.executable, "-c", _LIVES, str(folder), *pairs], check=True, timeout=120, env=os.environ | path)
    return folder


def test_there_are_enough() -> None:
    """Two dozen bugs of how money moves, some that only InnoDB shows, and all that fall to proof."""
    places = Counter(mutant.dies_in for mutant in catalogue().values())
    assert places["simulation"] >= 24 and places["innodb"] >= 4 and places.total() >= 30
    assert set(places) <= set(UNDER)


@pytest.mark.parametrize("name", NAMES)
def test_a_mutant_describes_itself(name: str) -> None:
    """Its file has its name; it names an invariant and faults, and says in a line each what is wrong and where."""
    mutant = catalogue()[name]
    assert (FILES / f"{name}.py").is_file()
    assert mutant.name == name
    shown = {"allocation_certificate", "allocation_support", "allocation_oracle"}
    assert mutant.caught_by in (shown if mutant.dies_in == "proof" else INVARIANTS)
    assert not mutant.beside or not catalogue()[mutant.beside].beside
    parse_faults(mutant.faults)
    for text in (mutant.summary, mutant.seen_in):
        assert 20 <= len(text) <= 200 and "\n" not in text and not text.endswith(".")


@pytest.mark.parametrize("name", NAMES)
def test_a_mutant_lives(name: str, lives: Path) -> None:
    """Planted, it carries two packets through send, pay, open, credit, refund and reconciliation without an error."""
    assert (lives / f"{name},").read_text() == "lived"


@pytest.mark.parametrize("name", HARSH)
def test_the_clean_system_lives_in_its_weather(name: str, lives: Path) -> None:
    """The weather alone, without the bug, is survived."""
    assert (lives / f",{name}").read_text() == "lived"


def test_an_unknown_mutant_is_an_error() -> None:
    """A name that is not in the catalogue plants nothing and says so."""
    with pytest.raises(KeyError, match="no_such_bug"):
        plant("no_such_bug", "")
    plant("", "")
