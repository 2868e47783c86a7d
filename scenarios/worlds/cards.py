"""Cards: people come to have every card while a pool is closed by two at once, and its koi is drawn."""

from random import Random

from harness.simulation.world import Plan, World
from scenarios.worlds.festival import GAMES, SPLIT, person, views
from scenarios.worlds.games import CLAIMS, Evening, closes, finds_koi, joins, plays
from scenarios.worlds.scripts import api, within

POOL_FEN = 1_000


def plan(random: Random) -> Plan:
    crowd = [person(n, joins(), plays("split", pause_s=0.01), views(), asks=api(random)) for n in range(1, 4)]
    late = person(4, joins(pause_s=within(random, 0, 0.006)), plays("cards"), asks=api(random))
    service = [
        person(8, closes(POOL_FEN, pause_s=within(random, 0, 0.004)), finds_koi(), asks="api-1"),
        person(9, finds_koi(pause_s=within(random, 0, 0.004)), closes(POOL_FEN, pause_s=0.001), asks="api-2"),
    ]
    return Plan((*crowd, late, *service), background=("sweep-1",))


WORLD = World(
    name="cards",
    summary="three have every card, one has it late or too late; two close the pool and draw the koi; a sweeper",
    claims=(*CLAIMS, GAMES, SPLIT),
    plan=plan,
    deploy=Evening,
)
