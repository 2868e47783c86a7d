"""Cap: a hot packet in one process that lets two opens of it into the database at once; whoever is one too many is told
to come again (W11)."""

from functools import partial
from random import Random

from harness.simulation.world import Plan, Request, World
from harness.target.answer import Answer
from reference_impl.system import System
from scenarios.worlds.reference import SHOWN, Reference
from scenarios.worlds.scripts import guest, lucky_fen, opens, sends, within


class Capped(Reference):
    """Where a request is delivered twice, one delivery may be one too many and the other not: of the request as a whole
    `limited` says nothing certain."""

    def serve(self, service: System, request: Request) -> Answer:
        answer = super().serve(service, request)
        return Answer("info", answer.reason) if answer.reason == "limited" else answer


def plan(random: Random) -> Plan:
    late_s = within(random, 0.001, 0.01)
    people = (
        guest(1, *sends(1, "hot", lucky_fen(random, 4), 4)),
        guest(11, opens("hot", key="tap"), opens("hot", key="tap", pause_s=late_s)),
        guest(12, opens("hot", key="tap", attempts=2), opens("hot", key="tap", pause_s=late_s)),
        guest(13, opens("hot", key="tap"), opens("hot", key="tap", pause_s=late_s)),
        guest(14, opens("hot", attempts=2, pause_s=late_s)),
    )
    return Plan(people)


WORLD = World(
    name="cap",
    summary="one packet of four shares, four people at once, and a process that lets two into the database",
    claims=SHOWN,
    plan=plan,
    deploy=partial(Capped, group_commit=False, group_most=2),
)
