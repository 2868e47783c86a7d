"""Cards: people come to have every card while a pool is closed by two at once, its koi is drawn, and two of them turn
out to be one."""

from random import Random

from harness.simulation.world import Plan, World
from scenarios.worlds.festival import GAMES, SPLIT, binds, person, views
from scenarios.worlds.games import CLAIMS, Evening, closes, finds_koi, joins, plays
from scenarios.worlds.scripts import api, within

POOL_FEN = 1_000
PHONE = "8613800000001"


def plan(random: Random) -> Plan:
    two = [
        person(n, joins(), binds(PHONE, attempts=2, pause_s=within(random, 0, 0.006)), asks=api(random))
        for n in range(1, 3)
    ]
    three = person(3, joins(), plays("split", pause_s=0.01), views(), asks=api(random))
    late = person(4, joins(pause_s=within(random, 0, 0.006)), plays("cards"), asks=api(random))
    service = [
        person(8, closes(POOL_FEN, pause_s=within(random, 0, 0.004)), finds_koi(), asks="api-1"),
        person(9, finds_koi(pause_s=within(random, 0, 0.004)), closes(POOL_FEN, pause_s=0.001), asks="api-2"),
    ]
    return Plan((*two, three, late, *service), background=("sweep-1",))


WORLD = World(
    name="cards",
    summary="four have every card, two of them are one person, one is late; two close the pool and draw the koi",
    claims=(*CLAIMS, GAMES, SPLIT),
    plan=plan,
    deploy=Evening,
)
