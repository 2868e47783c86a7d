"""The festival wallet under simulation: awards, tokens, pages and withdrawals, with the bank's books beside them."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec
import redis

from harness.simulation.cache import fake_client, real_client
from harness.simulation.network import Lost, ask
from harness.simulation.people import PATIENCE_S
from harness.simulation.runtime import ProcessRuntime
from harness.simulation.scheduler import acting
from harness.simulation.world import Options, Person, Request, Rows, Step
from harness.target.answer import Answer
from harness.target.mapping import load_target
from reference_impl import reconcile
from reference_impl.bootstrap import assemble, open_desk
from reference_impl.domain.acts import APP_IDS, act_id
from reference_impl.domain.orders import order_number
from reference_impl.domain.stages import LIVE, in_stage
from reference_impl.domain.token import Token
from reference_impl.stores import stream
from reference_impl.system import System
from reference_impl.wallet import coupons, crediting, live_total, login, page, withdrawal
from reference_impl.wallet.award import AwardRequest, award
from reference_impl.wallet.bank import Bank, Outcome
from reference_impl.wallet.desk import Desk
from reference_impl.wallet.sealing import Key, Keyring
from reference_impl.wallet.token_store import TOPICS
from reference_impl.wallet.total_store import total_key
from scenarios.worlds.reference import NOTHING, Reference

_WALLET: Final = Path(__file__).parents[2] / "reference_impl" / "wallet"
_TARGET: Final = load_target(_WALLET / "target.toml", NOTHING)
COUPONS: Final = ("coupon_stock", "no_lost_coupon", "coupon_used_once")
"""Those of its claims that a world shows in which coupons are given and used."""
TOTAL: Final = "counter_monotone"
"""That of its claims that a world shows in which people look at the live total."""
MERGES: Final = "merge_preserves"
"""That of its claims that a world shows in which people are merged."""
ISOLATION: Final = "stage_isolation"
"""That of its claims that a world shows in which people are in stages."""
GAMES, SPLIT = "plays_awarded", "split_exact"
"""What a world shows in which games are played, and one in which a pool is split."""
CLAIMS: Final = tuple(name for name in _TARGET.claims if name not in (*COUPONS, TOTAL, MERGES, ISOLATION))
"""The other invariants that the wallet claims: those of money."""
UNMARKED: Final = tuple(name for name in CLAIMS if name != "token_integrity")
"""Those that a world shows in which nobody forges."""
_KEYS: Final = [Key(1, b"1" * 32, b"2" * 32, b"3" * 32)]
_FORGERS: Final = [Key(1, b"4" * 32, b"2" * 32, b"3" * 32)]
"""The box's keys are stolen, the signing key is not."""
AWARDS: Final = {"rain": "cash", "video": "video", "koi": "cash", "split": "cash", "fireworks": "cash"}
"""The award types of the activity's scenes of money; a coupon's scene is named like its type."""


class DistantBank:
    """A bank in a process of its own: what it is asked and what it answers can be late, lost or heard twice."""

    def __init__(self, bank: Bank) -> None:
        self._bank = bank

    def send(self, withdrawal: str, act: int, amount_fen: int, tagged: bool) -> Outcome:
        return _asked(lambda: self._bank.send(withdrawal, act, amount_fen, tagged))

    def ask(self, withdrawal: str, tagged: bool) -> Outcome:
        return _asked(lambda: self._bank.ask(withdrawal, tagged))


def _asked(work: Callable[[], Outcome]) -> Outcome:
    scheduler = acting()
    if scheduler is None:
        return work()
    try:
        answer: Outcome = ask(scheduler, "bank-1", "bank", work, PATIENCE_S)
    except Lost:
        return "unknown"
    return answer


class Festival(Reference):
    """A deployment with a wallet. People present the tokens that they were given."""

    target = _TARGET
    weak: Mapping[str, redis.Redis] = {}
    """Clients of the KV store and the lock's Redis, where these are not the cache."""

    def __init__(self, options: Options, **changes: Any) -> None:
        activity = str(_WALLET / "activity.toml")
        super().__init__(options, **{"activity": activity, "wallet_shards": 1, "regions": ("south",), **changes})
        self._purses: dict[int, dict[str, str]] = {}
        self._backup = None
        if self.settings.total_backup:
            self._backup = fake_client() if options.backend == "embedded" else real_client(f"{options.cache}/1")

    def reset(self) -> None:
        super().reset()
        if self._backup is not None:
            self._backup.flushall()
        self._purses.clear()

    def boot(self, process: str, runtime: ProcessRuntime) -> System:
        others = {**self.weak, "backup": self._backup}
        desk = open_desk(self.settings, runtime, self.stores, self.cache, process, _KEYS, **others)
        desk = replace(desk, bank=DistantBank(desk.bank))
        return assemble(self.settings, runtime, self.stores, self.cache, process, desk=desk)

    def loops(self, process: str, service: System) -> Mapping[str, Callable[[], None]]:
        """`api-…` processes that work by themselves tell and ask the live total."""
        if process.startswith("api"):
            return {"total": partial(live_total.watch, service)}
        return super().loops(process, service)

    def answer(self, service: System, request: Request) -> Answer:
        match request.operation, service.desk:
            case "bind", Desk() as desk:
                return self._bind(service, desk, request)
            case "award", Desk() as desk:
                return self._award(service, desk, request)
            case "wallet", Desk() as desk:
                return self._page(service, desk, request)
            case "withdraw", Desk() as desk:
                return self._withdraw(service, desk, request)
            case "total", Desk() as desk:
                total_fen = live_total.read(service, desk, request.tagged)
                return Answer("ok", amount_fen=total_fen, reader=desk.total.reader)
            case "reconcile", _:
                reconcile.find(request.values["name"]).reconcile(service, 0, service.runtime.now_us())
                return Answer("ok")
            case "lose_total", Desk() as desk:
                desk.tokens.client.delete(total_key(request.tagged))
                return Answer("ok")
            case "coupon", Desk() as desk:
                return Answer("ok", subject=award(service, desk, AwardRequest(request.person, **request.values)).order)
            case "use", Desk() as desk:
                return self._use(service, desk, request)
        return super().answer(service, request)

    def finish(self, system: System, until_us: int) -> None:
        if system.desk is not None:
            for act, purse in sorted(self._purses.items()):  # some day everybody looks at their wallet again
                page.page(system, system.desk, act, list(purse.values()))
            for tagged in system.sides():
                stream.create_groups(system.desk.tokens.client, tagged, TOPICS)
            crediting.run_once(system, system.desk, "drain")
            crediting.take_over(system, system.desk, "drain")
        super().finish(system, until_us)

    def evidence(self) -> Rows:
        found = dict(super().evidence())
        if self._drained is not None and self._drained.desk is not None:
            rows = live_total.totals(self._drained, self._drained.desk)
            found["live_totals"] = [msgspec.structs.astuple(row) for row in rows]
        return found

    def _award(self, service: System, desk: Desk, request: Request) -> Answer:
        given = award(service, desk, AwardRequest(request.person, **request.values))
        if given.token:
            self.keep(request.person, given.order, given.token)
        return Answer("ok", subject=given.order, amount_fen=given.amount_fen)

    def keep(self, act: int, order: str, token: str) -> None:
        """A person's client keeps a token."""
        self._purses.setdefault(act, {})[order] = token

    def _bind(self, service: System, desk: Desk, request: Request) -> Answer:
        joined = login.bind(service, desk, request.person, request.values["phone"], self._presented(request))
        self._share(joined, request.person)
        return Answer("ok", subject=str(joined))

    def _share(self, act: int, other: int) -> None:
        """Two who know that they are one person keep their tokens together."""
        one, two = (self._purses.setdefault(each, {}) for each in (act, other))
        one.update(two)
        self._purses.update({each: one for each, purse in self._purses.items() if purse is two})

    def _page(self, service: System, desk: Desk, request: Request) -> Answer:
        shown = page.page(service, desk, request.person, self._presented(request))
        if shown.flow is None:
            return Answer("ok", balance_fen=shown.balance_fen)
        orders = ",".join(line.order for line in shown.flow)
        return Answer("ok", balance_fen=shown.balance_fen, income_fen=shown.income_fen, orders=orders)

    def _withdraw(self, service: System, desk: Desk, request: Request) -> Answer:
        amount_fen, tokens = request.values["amount_fen"], self._presented(request)
        done = withdrawal.withdraw(service, desk, request.person, amount_fen, 1, request.key, tokens)
        outcome = {withdrawal.PAID: "ok", withdrawal.REFUSED: "fail"}.get(done.state, "info")
        return Answer(outcome, subject=done.withdrawal, amount_fen=amount_fen)  # type: ignore[arg-type]

    def _use(self, service: System, desk: Desk, request: Request) -> Answer:
        app = APP_IDS[request.values["app"]]
        used = coupons.use(service, desk, request.person, request.subject or "", app, request.key)
        return Answer("ok", subject=used.coupon)

    def _presented(self, request: Request) -> list[str]:
        """The client's tokens; a forger adds one that the box's stolen keys make and no signature backs."""
        kept = list(self._purses.get(request.person, {}).values())
        if request.values.get("forges"):
            token = Token(1, request.person, "spring", "rain", 20_000, request.subject or "", 1, 9)
            kept.append(Keyring(_FORGERS, lambda: 0).seal(token, 1))
        return kept


def person(number: int, *steps: Step, asks: str = "api-1", tagged: bool = False, stage: str = "") -> Person:
    """The `number`-th person of their side, live or as they are in a stage."""
    return Person(in_stage(act_id(number, tagged), stage or LIVE), steps, asks, tagged, stage)


def gets(
    number: int,
    amount_fen: int,
    scene: str = "rain",
    rain: str = "1",
    *,
    attempts: int = 1,
    pause_s: float = 0.0,
    stage: str = LIVE,
) -> Step:
    """The `number`-th person takes part, and a game gives them an award."""
    order = str(order_number(in_stage(act_id(number, False), stage), scene, rain, AWARDS[scene], stage))
    values = {"scene": scene, "rain": rain, "amount_fen": amount_fen}
    return Step("award", values, amount_fen, subject=order, attempts=attempts, pause_s=pause_s)


def binds(phone: str, *, attempts: int = 1, pause_s: float = 0.0) -> Step:
    """Bring a phone number."""
    return Step("bind", {"phone": phone}, attempts=attempts, pause_s=pause_s)


def totals(pause_s: float = 0.0) -> Step:
    """Look at the live total."""
    return Step("total", pause_s=pause_s)


def loses_total(pause_s: float = 0.0) -> Step:
    """The Redis that counts the live total comes back without it."""
    return Step("lose_total", pause_s=pause_s)


def reconciles(name: str, pause_s: float = 0.0) -> Step:
    """An operator has one reconciliation run."""
    return Step("reconcile", {"name": name}, pause_s=pause_s)


def draws(
    number: int, scene: str, rain: str = "1", *, tagged: bool = False, attempts: int = 1, pause_s: float = 0.0
) -> Step:
    """The `number`-th person takes part, and a game gives them a coupon."""
    order = _coupon(number, scene, rain, tagged)
    return Step("coupon", {"scene": scene, "rain": rain}, subject=order, attempts=attempts, pause_s=pause_s)


def uses(
    number: int,
    scene: str,
    rain: str = "1",
    *,
    tagged: bool = False,
    app: str,
    key: str,
    attempts: int = 2,
    pause_s: float = 0.0,
) -> Step:
    """Use that coupon in an app."""
    order = _coupon(number, scene, rain, tagged)
    return Step("use", {"app": app}, subject=order, key=key, attempts=attempts, pause_s=pause_s)


def _coupon(number: int, scene: str, rain: str, tagged: bool) -> str:
    return str(order_number(act_id(number, tagged), scene, rain, scene, "live"))


def views(pause_s: float = 0.0) -> Step:
    """Look at the wallet page."""
    return Step("wallet", pause_s=pause_s)


def forges(number: int, rain: str = "9") -> Step:
    """Present a token of 200 yuan that nobody gave."""
    order = str(order_number(act_id(number, False), "rain", rain, "cash", "live"))
    return Step("wallet", {"forges": True}, subject=order, mark="forged")


def withdraws(amount_fen: int, key: str = "", *, attempts: int = 1, pause_s: float = 0.0) -> Step:
    return Step("withdraw", {"amount_fen": amount_fen}, amount_fen, key=key, attempts=attempts, pause_s=pause_s)
