"""Games: showers, fireworks and friends' rain are played in two processes at once and asked for again; a process that
dies between the record and the award has its sweeper."""

from random import Random
from typing import Any, Final

from harness.simulation.scheduler import active
from harness.simulation.world import Plan, Request, Step, World
from harness.target.answer import Answer
from reference_impl.domain.acts import act_id
from reference_impl.system import System
from reference_impl.wallet import collecting, playing
from reference_impl.wallet.desk import Desk
from reference_impl.wallet.playing import PlayRequest
from scenarios.worlds.festival import GAMES, UNMARKED, Festival, person, views
from scenarios.worlds.scripts import api, within

CLAIMS: Final = tuple(name for name in UNMARKED if name not in ("bank_agrees", "no_lost_award"))


class Evening(Festival):
    """A festival at which games are played."""

    def answer(self, service: System, request: Request) -> Answer:
        match request.operation, service.desk:
            case "play", Desk() as desk:
                return self._play(service, desk, request)
            case "join", Desk() as desk:
                collecting.join(desk, request.person, request.values["pool"], "live")
                return Answer("ok")
            case "close_pool", Desk() as desk:
                terms = request.values["pool"], request.values["pool_fen"], "live", request.tagged
                collecting.close(service, desk, *terms)
                return Answer("ok")
            case "koi", Desk() as desk:
                collecting.draw_koi(service, desk, request.values["pool"], "live", request.tagged)
                return Answer("ok")
        return super().answer(service, request)

    def finish(self, system: System, until_us: int) -> None:
        super().finish(system, until_us)
        scheduler = active()
        if scheduler is not None:  # what was given just now is out of a slice whose time has to be over too
            scheduler.now_ns += int(2.5e9 * self.settings.slice_s)

    def _play(self, service: System, desk: Desk, request: Request) -> Answer:
        values = request.values
        asked = PlayRequest(request.person, values.get("host", 0))
        told = playing.play(service, desk, values["game"], values["number"], asked)
        if told.award.token:
            self.keep(request.person, told.award.order, told.award.token)
        return Answer("ok", subject=told.award.order, amount_fen=told.award.amount_fen)


def plays(game: str, number: int = 1, *, attempts: int = 2, pause_s: float = 0.0, **values: Any) -> Step:
    """Take part in an occurrence of a game."""
    return Step("play", {"game": game, "number": number, **values}, attempts=attempts, pause_s=pause_s)


def joins(pool: int = 1, pause_s: float = 0.0) -> Step:
    """Have every card of a pool."""
    return Step("join", {"pool": str(pool)}, attempts=2, pause_s=pause_s)


def closes(pool_fen: int, pool: int = 1, pause_s: float = 0.0) -> Step:
    """The game's service closes a pool."""
    return Step("close_pool", {"pool": pool, "pool_fen": pool_fen}, attempts=3, pause_s=pause_s)


def finds_koi(pool: int = 1, pause_s: float = 0.0) -> Step:
    """The game's service draws a pool's koi."""
    return Step("koi", {"pool": pool}, attempts=2, pause_s=pause_s)


def plan(random: Random) -> Plan:
    pause_s = within(random, 0, 0.01)
    people = (
        person(1, plays("rain", attempts=3), views(), plays("rain", pause_s=0.002), asks="api-1"),
        person(1, plays("rain", attempts=2), plays("fireworks", 3), asks="api-2"),
        person(2, plays("friends", host=act_id(1, False)), views(), asks=api(random)),
        person(3, plays("friends", host=act_id(1, False), attempts=3, pause_s=pause_s), views(0.02), asks=api(random)),
    )
    return Plan(people, background=("award-1", "sweep-1"))


WORLD = World(
    name="games",
    summary="a shower on two phones at once and again, fireworks, two friends of one host; a consumer, a sweeper",
    claims=(*CLAIMS, GAMES),
    plan=plan,
    deploy=Evening,
)
