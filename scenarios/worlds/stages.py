"""Stages: an activity goes live in the middle of an occurrence, while people of the pilot ask in both stages (B22)."""

from functools import partial
from pathlib import Path
from random import Random
from typing import Final

from harness.simulation.world import Person, Plan, Request, Step, World
from harness.target.answer import Answer
from reference_impl.domain.acts import act_id
from reference_impl.domain.scenes import load_activity
from reference_impl.domain.stages import stage_for
from reference_impl.system import System
from scenarios.worlds.festival import ISOLATION, UNMARKED, Festival, gets, person, views, withdraws
from scenarios.worlds.scripts import api, within

_ACTIVITY: Final = Path(__file__).with_name("pilot.toml")
_PILOT: Final = _ACTIVITY.read_text(encoding="utf-8")
_LIVE: Final = _PILOT.replace('stage = "gray"', 'stage = "live"\nrains = ["1"]')
_TESTER: Final = 3


class Piloted(Festival):
    """A wallet whose operators can say that everybody takes part, and whose processes learn it when they look."""

    def answer(self, service: System, request: Request) -> Answer:
        desk = service.desk
        if request.operation == "goes_live" and desk is not None:
            desk.config.publish(_LIVE, "operator", service.runtime.now_us())
            desk.config.refresh()
            return Answer("ok")
        if request.operation == "looks" and desk is not None:
            desk.config.refresh()
            return Answer("ok")
        return super().answer(service, request)


def _numbers(stage: str | None) -> list[int]:
    """People who are in this stage of the first occurrence."""
    pilot = load_activity(_PILOT).pilot
    return [n for n in range(4, 20) if stage_for(pilot, act_id(n, False), "1") == stage]


def _both(number: int, random: Random) -> list[Person]:
    """Somebody of the pilot who asks as such, and at about the same time live."""
    asks = partial(gets, number, attempts=2)
    return [
        person(number, asks(30, stage="gray"), views(), stage="gray", asks=api(random)),
        person(
            number,
            *(asks(30, pause_s=within(random, 0, 0.01)), asks(20, "koi", rain="2", pause_s=0.005), views()),
            asks=api(random),
            stage="live",
        ),
    ]


def plan(random: Random) -> Plan:
    gray, waits = random.choice(_numbers("gray")), _numbers(None)[0]
    operators = (
        person(1, Step("goes_live", pause_s=within(random, 0, 0.012), attempts=3)),
        person(2, *(Step("looks", pause_s=within(random, 0, 0.006)) for _ in range(3)), asks="api-2"),
    )
    tester = person(_TESTER, gets(_TESTER, 50, stage="internal"), withdraws(20), stage="internal", asks=api(random))
    waiting = person(
        waits, *(gets(waits, 30, pause_s=0.005) for _ in range(3)), views(), stage="live", asks=api(random)
    )
    return Plan((*operators, tester, waiting, *_both(gray, random)), background=("award-1",))


WORLD = World(
    name="stages",
    summary="a tester, somebody of the pilot in both stages, one who waits, as the activity goes live; a consumer",
    claims=(*UNMARKED, ISOLATION),
    plan=plan,
    deploy=partial(Piloted, activity=str(_ACTIVITY)),
)
