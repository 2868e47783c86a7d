"""A deployment with a wallet, and short words for what people do in it. Tests share the stores, so each has acts of its
own. Amounts are fen."""

import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa
from operators import operators_set

from reference_impl.bootstrap import build
from reference_impl.domain.acts import APP_IDS, act_id
from reference_impl.domain.errors import Refused
from reference_impl.domain.stages import Pilot
from reference_impl.reconcile import awards, slices, withdrawals
from reference_impl.reconcile.report import Report
from reference_impl.runtime import ThreadRuntime
from reference_impl.stores import stream
from reference_impl.stores.wallet_tables import wallet_tables
from reference_impl.system import System
from reference_impl.wallet import coupons, crediting, page, withdrawal
from reference_impl.wallet.award import AwardRequest, Given, award
from reference_impl.wallet.coupons import Coupon
from reference_impl.wallet.desk import Desk
from reference_impl.wallet.page import Page
from reference_impl.wallet.token_store import TOPICS
from reference_impl.wallet.withdrawal import Withdrawal

ACTIVITY = Path(__file__).parents[3] / "reference_impl" / "wallet" / "activity.toml"
FAR_US = 60_000_000
_numbers = itertools.count(1)


class Festival:
    def __init__(self, system: System) -> None:
        assert system.desk is not None
        self.system = system
        self.desk: Desk = system.desk

    def like(self, **changes: Any) -> "Festival":
        """Another process of the same deployment, with other settings."""
        settings = msgspec.structs.replace(self.system.settings, **changes)
        return Festival(build(settings, ThreadRuntime(), holder=f"like-{next(_numbers)}"))

    def controls(self, **values: int) -> AbstractContextManager[None]:
        """Operators have set this, in the eyes of this process."""
        return operators_set(self.system, values)

    @contextmanager
    def rolled_out(self, **pilot: Any) -> Iterator[None]:
        """The activity is rolled out so far, in the eyes of this process."""
        config, before = self.desk.config, self.desk.config.activity
        config.activity = msgspec.structs.replace(before, pilot=Pilot(**pilot))
        try:
            yield
        finally:
            config.activity = before

    def act(self, tagged: bool = False) -> int:
        return act_id(next(_numbers), tagged)

    def key(self) -> str:
        return f"key-{next(_numbers)}"

    def award(self, act: int, amount_fen: int = 100, scene: str = "rain", rain: str = "", **more: Any) -> Given:
        request = AwardRequest(act, scene, rain or str(next(_numbers)), amount_fen, **more)
        return award(self.system, self.desk, request)

    def coupon(self, act: int, scene: str = "tea", rain: str = "", **more: Any) -> Given:
        return self.award(act, 0, scene, rain, **more)

    def use(self, act: int, coupon: str, app: str = "douyin", key: str = "") -> Coupon:
        return coupons.use(self.system, self.desk, act, coupon, APP_IDS[app], key or self.key())

    def page(self, act: int, *tokens: str) -> Page:
        return page.page(self.system, self.desk, act, tokens)

    def withdraw(self, act: int, amount_fen: int, key: str = "", *tokens: str) -> Withdrawal:
        return withdrawal.withdraw(self.system, self.desk, act, amount_fen, 1, key or self.key(), tokens)

    def credit(self) -> int:
        """Credit until the streams hold nothing new; how many awards that was."""
        self.groups()
        seen = 0
        while more := crediting.run_once(self.system, self.desk, "tester"):
            seen += more
        return seen

    def groups(self) -> None:
        for tagged in (False, True):
            stream.create_groups(self.desk.tokens.client, tagged, TOPICS)

    def forget_tokens(self) -> None:
        """The token store loses everything."""
        client = self.desk.tokens.client
        for pattern in ("*tokens:*", "*stream:awards*"):
            for key in client.scan_iter(pattern):
                client.delete(key)
        self.groups()

    def reconcile_awards(self) -> Report:
        return awards.reconcile(self.system, 0, self.system.runtime.now_us() + FAR_US)

    def reconcile_withdrawals(self) -> Report:
        return withdrawals.reconcile(self.system, 0, self.system.runtime.now_us() + FAR_US)

    def reconcile_slices(self) -> Report:
        return slices.reconcile(self.system, 0, self.system.runtime.now_us() + FAR_US)

    def promised_fen(self, scene: str, stage: str = "live", tagged: bool = False) -> int:
        """What of a scene's budget is promised to slices."""
        budgets = wallet_tables(tagged).budgets
        asked = sa.select(budgets.c.promised_fen).where(budgets.c.scene == scene, budgets.c.stage == stage)
        return int(self.desk.budget_store.read(lambda c: c.execute(asked).scalar()) or 0)

    def at_once(self, work: Any, times: int, threads: int = 16) -> list[Any]:
        """What `work` returns or raises when it is called so often at the same time."""

        def one(number: int) -> Any:
            try:
                return work(number)
            except (Refused, sa.exc.SQLAlchemyError) as error:
                return error

        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(one, range(times)))
