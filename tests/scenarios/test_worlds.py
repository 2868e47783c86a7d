"""Worlds: the clean reference survives each, and each shows what it claims; the examples of docs/worlds.md run."""

import re
from datetime import date
from importlib import import_module
from pathlib import Path
from random import Random
from types import ModuleType

import msgspec
import pytest

from harness.simulation.explore import Search, Seen, explore
from harness.simulation.faults import FAULTS
from harness.simulation.runtime import ProcessRuntime
from harness.simulation.schedule import START_NS, play
from harness.simulation.scheduler import Scheduler
from harness.simulation.stand import stand
from harness.simulation.strategies import Default
from harness.simulation.trace import Trace
from harness.simulation.world import Options, Plan, World
from invariants.registry import INVARIANTS
from reference_impl.domain.identifiers import PacketId
from reference_impl.domain.packet import Packet, Voucher
from reference_impl.packets import rows
from reference_impl.stores.cache import packet_key, person_field
from scenarios.worlds import catalogue
from scenarios.worlds.reference import Reference

WORLDS = catalogue()
SCHEDULES = 12
"""Of one plan: each strategy has its turn three times."""
POINTS_MOST = 400
"""A schedule on average: the larger a world, the less of it is seen."""
PAGE = Path(__file__).parents[2] / "docs" / "worlds.md"


def search(world: World, schedules: int, faults: frozenset[str], seed: int = 3) -> Seen:
    with stand(world, "embedded") as deployment:
        return explore(world, deployment, Search(seed=seed, schedules=schedules, faults=faults))


@pytest.mark.parametrize("name", sorted(WORLDS))
def test_the_clean_reference_survives(name: str) -> None:
    """Every invariant that a world claims examines something and holds, all money arrives, and no schedule is long."""
    seen = search(WORLDS[name], SCHEDULES, frozenset(FAULTS))
    assert (seen.stuck, seen.undrained) == ([], 0)
    assert {claim: seen.verdicts[claim].verdict for claim in WORLDS[name].claims} == dict.fromkeys(
        WORLDS[name].claims, "holds"
    ), [found.accused for found in seen.found]
    assert seen.points.total() / seen.schedules <= POINTS_MOST


@pytest.mark.parametrize("name", sorted(WORLDS))
def test_a_plan_is_data(name: str) -> None:
    """The same seed draws the same plan, and a case file keeps it whole; its file describes the world by its name."""
    world = WORLDS[name]
    plans = [world.plan(Random(seed)) for seed in ("a", "a", "b", "c", "d")]
    assert plans[0] == plans[1]
    assert all(msgspec.json.decode(msgspec.json.encode(plan), type=Plan) == plan for plan in plans)
    assert world.path.stem == name
    assert set(world.claims) <= set(INVARIANTS)


def test_every_claim_of_the_reference_is_shown_somewhere() -> None:
    """Together the worlds judge by every invariant there is."""
    assert {claim for world in WORLDS.values() for claim in world.claims} == set(INVARIANTS)


def test_the_cache_is_seen_as_it_is_left() -> None:
    """What the cache lacks at the end is lacking in the evidence, though readers of details fill it."""
    world = WORLDS["cache_repair"]
    with stand(world, "embedded") as deployment:
        assert isinstance(deployment, Reference)
        played = play(deployment, world.plan(Random("seed")), Default(), frozenset(), "seed")
        line = next(row for row in played.rows["cache_view"] if row[1] == "cache" and row[3])
        with Scheduler(Default(), frozenset(), START_NS, Trace()):
            deployment.drain(ProcessRuntime("drain", "seed"))  # by a process that knows no packet yet
            deployment.cache.hdel(packet_key(line[2], tagged=False), person_field(int(line[3])))
            assert line not in deployment.evidence()["cache_view"]
            assert line in deployment.evidence()["cache_view"]


def test_the_target_file_asks_for_the_cache_before_its_readers() -> None:
    """As in simulations, so on nights."""
    asked = [query.http for query in Reference.target.evidence.sources["cache_view"]]
    assert asked == ["/v1/views/cache", "/v1/views/details"]


def test_what_cannot_be_finished_is_under_way(tmp_path: Path) -> None:
    """A pass that fails at the end of a schedule ends nothing: what it left undone is counted."""
    at = PacketId("south", False, 0, date(2028, 2, 1), 0, 1, 1)
    packet = Packet(str(at), 1, "equal", 10, 1, "paid", 10, 1, paid_us=1, expires_us=2)
    refund = Voucher(str(at), 0, 1, 10, 0, 2, "")
    deployment = Reference(Options("embedded", str(tmp_path)))
    store = deployment.stores.orders["south", 0]
    with Scheduler(Default(), frozenset(), START_NS, Trace()):
        deployment.reset()
        store.write(lambda connection: rows.insert_packet(connection, packet, at))
        store.write(lambda connection: rows.insert_vouchers(connection, store, [refund], at))
        assert deployment.drain(ProcessRuntime("drain", "seed")) > 0
    deployment.close()


@pytest.fixture
def examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, ModuleType]:
    """The examples of the page, imported from files with the names they bear."""
    monkeypatch.syspath_prepend(str(tmp_path))
    files = re.findall(r"^```python\n# (\w+)\.py\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    for name, text in files:
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    return {name: import_module(name) for name, _ in files}


def test_the_example_of_a_world_is_clean(examples: dict[str, ModuleType]) -> None:
    """The reference's example holds what it claims."""
    world = examples["two_friends"].WORLD
    seen = search(world, 16, frozenset(FAULTS))
    assert {claim: seen.verdicts[claim].verdict for claim in world.claims} == dict.fromkeys(world.claims, "holds")


def test_the_example_of_a_system_fails(examples: dict[str, ModuleType]) -> None:
    """The shop sells a third piece within the schedules that the page speaks of."""
    seen = search(examples["shop_world"].worlds()["shop"], 100, frozenset())
    assert seen.found[0].accused == ["no_overspend"]
