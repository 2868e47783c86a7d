"""The live total: how much was awarded so far, as everybody sees it (B13). It never decides about money.

An award counts when it surely was given for the first time. What was not counted, because a process died or nobody knew
whether it was the first time, is found in the ledger (`reconcile/total.py`).
"""

from typing import Final

import msgspec

from reference_impl.domain.errors import Refused
from reference_impl.domain.live_total import interval_s
from reference_impl.domain.orders import OrderNumber
from reference_impl.domain.stages import LIVE
from reference_impl.system import System
from reference_impl.wallet.desk import Desk

PATIENCE_US: Final = 3_000_000
"""How long a first reader waits for the first copy."""
POLL_S: Final = 0.02


class TotalRow(msgspec.Struct, frozen=True):
    """A row of the canonical table `live_totals`."""

    store: str
    activity: str
    total_fen: int
    tag: bool


def count(system: System, desk: Desk, order: OrderNumber, amount_fen: int) -> None:
    """Count an award that was given for the first time; those of other stages are not shown to everybody (B22)."""
    if order.stage == LIVE:
        desk.total.add(order.act, amount_fen, system.controls.on("counter_frozen"))


def read(system: System, desk: Desk, tagged: bool) -> int:
    """The total in fen. A first reader waits; raises Refused("unavailable") where nothing comes."""
    until_us = system.runtime.now_us() + PATIENCE_US
    while (total_fen := desk.total.read(tagged)) is None:
        if system.controls.on("counter_frozen"):
            return 0
        if system.runtime.now_us() >= until_us:
            raise Refused("unavailable", "the live total is not known yet")
        system.runtime.sleep(POLL_S)
    return total_fen


def tick(system: System, desk: Desk) -> None:
    """What a process does once in an interval; frozen, it shows what it knows."""
    if not system.controls.on("counter_frozen"):
        shown = desk.total.tick(system.controls.on("counter_backup"))
        system.counts.add("total_asked", shown)


def watch(system: System) -> None:
    """Tick without end; without a wallet it ends."""
    desk, settings = system.desk, system.settings
    pause_s = interval_s(settings.total_every_s, settings.total_instances)
    while desk is not None:
        tick(system, desk)
        system.runtime.sleep(pause_s)


def totals(system: System, desk: Desk) -> list[TotalRow]:
    """What each Redis says, of either side."""
    return [
        TotalRow(name, desk.activity.id, total_fen, tagged)
        for tagged in system.sides()
        for name, total_fen in desk.total.standing(tagged).items()
    ]
