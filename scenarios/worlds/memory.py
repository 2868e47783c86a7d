"""Memory: grabs go past the cache, so that what the processes remember, or the database, answers them."""

from random import Random

from harness.simulation.runtime import ProcessRuntime
from harness.simulation.world import Plan, World
from reference_impl.resilience.controls import Change
from reference_impl.system import System
from scenarios.worlds.reference import SHOWN, Reference
from scenarios.worlds.scripts import api, grabs, guest, opens, sends, within


class PastTheCache(Reference):
    """Every process starts with `grab_database` set."""

    def boot(self, process: str, runtime: ProcessRuntime) -> System:
        system = super().boot(process, runtime)
        system.controls.publish(Change(1, "grab_database", 1, "world", 0))
        return system


def plan(random: Random) -> Plan:
    one = sends(1, "one", 2, 1, kind="equal")
    two = sends(2, "two", 6, 2, kind="equal", region="north")
    people = (
        guest(1, *one, asks="api-1"),
        guest(2, *two, asks="api-2"),
        guest(11, opens("one"), grabs("two", pause_s=within(random, 0.0, 0.01)), asks="api-1"),
        guest(12, grabs("one", pause_s=within(random, 0.0, 0.01)), opens("one"), opens("two"), asks="api-1"),
        guest(13, grabs("one"), opens("one"), grabs("two"), asks=api(random)),
        guest(14, grabs("two"), opens("two", pause_s=within(random, 0.01, 0.03)), asks="api-1"),
    )
    return Plan(people)


WORLD = World(
    name="memory",
    summary="two packets with the same number in two epochs, four people who grab them, two processes that remember",
    claims=(*SHOWN, "sold_out_is_final"),
    plan=plan,
    deploy=PastTheCache,
)
