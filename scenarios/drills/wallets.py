"""A small load on the festival wallet: people take part in rain and draws, look, ask again, and withdraw; some have two
accounts, and bring one phone number to both.

Each person's story is theirs alone and follows from the seed; `people` may come from any plan.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from random import Random
from typing import Any, Final

from reference_impl.domain.acts import APP_IDS, act_id
from reference_impl.domain.orders import order_number
from reference_impl.domain.token import Token
from reference_impl.runtime import ThreadRuntime
from reference_impl.wallet.sealing import Keyring, new_key
from scenarios.drills.visitor import Said, Visitor
from scenarios.rain import phone_of

CASH: Final = "cash"
APP: Final = "douyin"
PAUSE_S: Final = 0.05
FORGERS: Final = 0.1
"""The share of people who forge."""
BINDERS: Final = 0.15
"""The share of people who have two accounts."""
FORGED_RAIN: Final = "999999"
BASE: Final = 1_000_000
"""Numbers of people of a thread lie this far from those of the next."""
SECOND_FROM: Final = BASE // 2
"""So far from the first account's number lies that of the second."""

_FORGERS: Final = Keyring([new_key(1)], ThreadRuntime().draw)


class Owner:
    """A person with a wallet, and the tokens that their phone keeps."""

    def __init__(self, visitor: Visitor, number: int) -> None:
        self.act, self._visitor = act_id(number, False), visitor
        self._tokens: dict[str, str] = {}
        self._rains = 0

    def gets(self, amount_fen: int, scene: str = "rain", rain: str = "") -> Said:
        """An award of the next shower, or of the one named."""
        self._rains += not rain
        rain = rain or str(self._rains)
        order = str(order_number(self.act, scene, rain, CASH, "live"))
        asked: dict[str, Any] = {"scene": scene, "rain": rain, "app": APP_IDS[APP]}
        said = self._visitor.ask("award", self.act, subject=order, amount_fen=amount_fen, **asked)
        if said.body.get("token"):
            self._tokens[said.body["order"]] = said.body["token"]
        return said

    def looks(self) -> Said:
        """The wallet page, with the tokens."""
        return self._visitor.ask("wallet", self.act, tokens=list(self._tokens.values()))

    def forges(self) -> Said:
        """The wallet page, with a token more: of 200 yuan, under keys of their own."""
        order = str(order_number(self.act, "rain", FORGED_RAIN, CASH, "live"))
        token = Token(1, self.act, "spring", "rain", 20_000, order, 1, int(FORGED_RAIN))
        tokens = [*self._tokens.values(), _FORGERS.seal(token, 1)]
        return self._visitor.ask("wallet", self.act, subject=order, tokens=tokens, mark="forged")

    def withdraws(self, amount_fen: int) -> Said:
        tokens = list(self._tokens.values())
        return self._visitor.insist("withdraw", self.act, amount_fen=amount_fen, tokens=tokens, app=APP)

    def binds(self, phone: str) -> Said:
        """Brings a phone number."""
        return self._visitor.insist("bind", self.act, phone=phone, tokens=list(self._tokens.values()))

    def joins(self, other: "Owner", phone: str) -> None:
        """Brings the phone number that the other account has brought; from then on it has the other's tokens too."""
        other.binds(phone)
        if self.binds(phone).answer.outcome == "ok":
            self._tokens |= other._tokens

    def draws(self, scene: str) -> Said:
        """A coupon of a scene."""
        order = str(order_number(self.act, scene, "1", scene, "live"))
        return self._visitor.ask("coupon", self.act, subject=order, scene=scene, rain="1")

    def uses(self, coupon: str) -> Said:
        return self._visitor.insist("use", self.act, subject=coupon, coupon=coupon, app=APP)

    def looks_at_total(self) -> Said:
        """What everybody got together."""
        return self._visitor.ask("total", self.act)


def live(owner: Owner, random: Random, second: Owner | None = None) -> None:
    """One person's night; `second`: who they are in another app."""
    given_fen = 0
    for _ in range(random.randint(1, 4)):
        amount_fen = random.randint(1, 200)
        scene = random.choice(("rain", "rain", "fireworks"))
        if owner.gets(amount_fen, scene).answer.outcome == "ok":
            given_fen += amount_fen
        owner.looks()
        owner.looks_at_total()
    drawn = owner.draws("tea")
    if drawn.body.get("template"):
        owner.uses(drawn.body["order"])
    if random.random() < FORGERS:
        owner.forges()
    if second is not None:
        second.gets(random.randint(1, 200))
        owner.joins(second, phone_of(owner.act))
        owner.looks()
    if given_fen and random.random() < 0.3:
        owner.withdraws(random.randint(1, given_fen))
        owner.looks()


@contextmanager
def crowd(visitors: Sequence[Visitor], seed: int) -> Iterator[None]:
    """One person after the other with each visitor, until the end of the block; what went wrong is raised then."""
    over = threading.Event()
    with ThreadPoolExecutor(len(visitors)) as pool:
        streams = [
            pool.submit(_stream, visitor, Random(f"{seed}/{place}"), place * BASE, over.wait)
            for place, visitor in enumerate(visitors, 1)
        ]
        try:
            yield
        finally:
            over.set()
    for stream in streams:
        stream.result()


def _stream(visitor: Visitor, random: Random, base: int, is_over: Callable[[float], bool]) -> None:
    number = base
    while not is_over(PAUSE_S):
        number += 1
        second = Owner(visitor, number + SECOND_FROM) if random.random() < BINDERS else None
        live(Owner(visitor, number), random, second)
