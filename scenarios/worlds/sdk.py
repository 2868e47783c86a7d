"""SDK: games that embed the wallet credit at once what consumer, pages and each other credit too (B21)."""

from dataclasses import replace
from random import Random
from typing import Final

from harness.simulation.runtime import ProcessRuntime
from harness.simulation.world import Plan, Request, Step, World
from harness.target.answer import Answer
from reference_impl.system import System
from reference_impl.wallet.sdk import Sdk
from scenarios.worlds.festival import MERGES, UNMARKED, Festival, binds, gets, person, views
from scenarios.worlds.scripts import api, within

PHONE: Final = "8613800000002"
_GAME: Final = "game"


class Campaign(Festival):
    """A wallet, and `game-…` processes that have its SDK instead of asking it."""

    def boot(self, process: str, runtime: ProcessRuntime) -> System:
        system = super().boot(process, runtime)
        return replace(system, orders={}, cold={}, standbys={}) if process.startswith(_GAME) else system

    def answer(self, service: System, request: Request) -> Answer:
        if not service.name.startswith(_GAME):
            return super().answer(service, request)
        sdk, act = Sdk(service), request.person
        match request.operation:
            case "credit":
                sdk.force_credit(act, self._presented(request), tagged=request.tagged)
                return Answer("ok")
            case "got":
                got = sdk.has_got(act, **request.values, tagged=request.tagged)
                return Answer("ok", subject=got.order)
        return Answer("ok", balance_fen=sdk.balance(act, tagged=request.tagged).balance_fen)


def credits(*, attempts: int = 1, pause_s: float = 0.0) -> Step:
    """A game has everything credited that its player was promised."""
    return Step("credit", attempts=attempts, pause_s=pause_s)


def asks_got(scene: str, rain: str, pause_s: float = 0.0) -> Step:
    """A game asks whether its player has got an award."""
    return Step("got", {"scene": scene, "rain": rain}, pause_s=pause_s)


def plan(random: Random) -> Plan:
    people = (
        person(1, gets(1, 30, attempts=2), gets(1, 40, rain="2", attempts=2), views(within(random, 0, 0.02))),
        person(1, credits(pause_s=within(random, 0, 0.01), attempts=2), asks_got("rain", "2"), views(), asks="game-1"),
        person(1, credits(pause_s=within(random, 0, 0.01)), credits(), asks="game-2"),
        person(2, gets(2, 50, "koi"), gets(2, 20, attempts=2), binds(PHONE), views(0.01), asks=api(random)),
        person(3, gets(3, 60, attempts=2), binds(PHONE), asks="api-1"),
        person(3, credits(pause_s=within(random, 0, 0.01)), asks_got("rain", "1"), views(0.01), asks="game-1"),
    )  # fmt: skip
    return Plan(people, background=("award-1", "sweep-1"))


WORLD = World(
    name="sdk",
    summary="two games force-credit and look while a consumer, pages and a sweeper do; two of their players are one",
    claims=(*(name for name in UNMARKED if name != "bank_agrees"), MERGES),
    plan=plan,
    deploy=Campaign,
)
