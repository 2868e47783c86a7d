"""The live total: two processes show it while they die, lose their Redis, or are told to ask the backup."""

from functools import partial
from random import Random

from harness.simulation.world import Person, Plan, Step, World
from scenarios.worlds.festival import TOTAL, Festival, gets, loses_total, person, reconciles, totals
from scenarios.worlds.scripts import api, sets, within


def plan(random: Random) -> Plan:
    people = [_winner(random, number) for number in (1, 2)]
    people += [person(number, *_looks(random), asks=f"api-{number - 3}") for number in (4, 5)]
    switch = "counter_backup" if random.random() < 0.7 else "counter_frozen"
    steps = (sets(switch, 1, within(random, 0, 0.02)), reconciles("total"), sets(switch, 0, within(random, 0, 0.03)))
    lost = loses_total(within(random, 0.03, 0.07))
    people += [person(6, *steps, asks=api(random)), person(7, lost, asks=api(random))]
    return Plan(tuple(people), background=("api-1", "api-2"))


def _winner(random: Random, number: int) -> Person:
    first = gets(number, 100 * number, "koi", attempts=2, pause_s=within(random, 0, 0.01))
    second = gets(number, 10, "fireworks", pause_s=within(random, 0, 0.02))
    return person(number, first, second, asks=api(random))


def _looks(random: Random) -> list[Step]:
    return [totals(), *(totals(within(random, 0.01, 0.04)) for _ in range(2))]


WORLD = World(
    name="live_total",
    summary="two get awards and two look at the total in two processes; a backup Redis, an operator, and a loss",
    claims=(TOTAL, "no_lost_award"),
    plan=plan,
    deploy=partial(Festival, total_every_s=0.03, total_backup="beside"),
)
