"""What handlers answer, as shapes: the OpenAPI document is made from them. Amounts are fen, moments microseconds."""

import msgspec

from reference_impl.packets.cached import CacheRow
from reference_impl.packets.shown import ViewRow
from reference_impl.reconcile.report import Difference
from reference_impl.resilience.controls import Change
from reference_impl.resilience.shadow import KeyRow
from reference_impl.wallet.live_total import TotalRow
from reference_impl.wallet.stock import Counted


class Refusal(msgspec.Struct):
    code: str
    message: str


class Balance(msgspec.Struct):
    person: int
    balance_fen: int


class Sent(msgspec.Struct, omit_defaults=True):
    """`code` is a face-to-face packet's (W23)."""

    packet: str
    state: str
    code: str = ""


class Code(msgspec.Struct):
    packet: str
    code: str


class CodeOf(msgspec.Struct):
    packet: str


class Paid(msgspec.Struct):
    packet: str
    total_fen: int
    paid_us: int
    expires_us: int
    state: str


class Grabbed(msgspec.Struct):
    packet: str
    grab: str


class OpenedShare(msgspec.Struct):
    packet: str
    voucher: str
    amount_fen: int
    sequence: int
    remaining_fen: int


class Health(msgspec.Struct):
    ok: bool
    role: str
    process: str
    uptime_s: int
    last_pass_us: dict[str, int]
    stores: dict[str, bool]
    in_force: list[str]
    """Switches, in this process."""


class Backlog(msgspec.Struct):
    pending: int


class Control(msgspec.Struct):
    """A switch or a dial; what only the other has is absent."""

    name: str
    kind: str
    value: int
    on: bool
    default: int
    effect: str
    least: int | None = None
    most: int | None = None
    unit: str | None = None
    dependency: str | None = None
    strength: str | None = None
    excludes: list[str] | None = None


class Reconciled(msgspec.Struct):
    name: str
    examined: int
    missing: int
    repaired: int
    rows: list[Difference]


class Act(msgspec.Struct):
    act: int


class InStage(msgspec.Struct):
    """The act_id with which somebody takes part, and the stage it is of (B22)."""

    act: int
    stage: str


class Total(msgspec.Struct):
    total_fen: int


Keys = list[KeyRow]
Controls = list[Control]
Changes = list[Change]
Shown = list[ViewRow]
Cached = list[CacheRow]
Stock = list[Counted]
Totals = list[TotalRow]
