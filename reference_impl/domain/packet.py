"""A packet's life: preordered → paid → exhausted, or refunded after its time; void where the payment was returned."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from reference_impl.domain.allocation import MAX_SHARE_FEN, equal_fen, lucky_fen
from reference_impl.domain.errors import Refused
from reference_impl.domain.identifiers import voucher_id

KINDS: Final = ("lucky", "equal")
REFUND_SEQUENCE: Final = 0
OVER: Final = ("exhausted", "refunded", "void")
"""The states in which nothing can happen to a packet any more."""


class Order(msgspec.Struct, frozen=True):
    """What a sender asked for; in the cache until it is paid (W05), then in the pay entry (Money rule 1)."""

    packet: str
    sender: int
    kind: str
    total_fen: int
    shares: int
    client_key: str
    lifetime_us: int
    blessing: str = ""
    paid_us: int = 0
    expires_us: int = 0


class Packet(msgspec.Struct, frozen=True):
    """The key fields of a paid packet, as its row holds them (W13)."""

    packet: str
    sender: int
    kind: str
    total_fen: int
    shares: int
    state: str
    remaining_fen: int
    remaining_shares: int
    paid_us: int
    expires_us: int


class Voucher(msgspec.Struct, frozen=True):
    """Money owed to a person: what an open or a refund leaves (W06, Money rule 5)."""

    packet: str
    sequence: int
    person: int
    amount_fen: int
    remaining_fen: int
    made_us: int
    client_key: str

    @property
    def voucher(self) -> str:
        return voucher_id(self.packet, self.sequence)


class OpenRequest(msgspec.Struct, frozen=True):
    person: int
    client_key: str


class OpenDecisions(msgspec.Struct, frozen=True):
    """What one transaction does: an answer a request, the vouchers that are new, the packet afterwards."""

    answers: list[Voucher | Refused]
    made: list[Voucher]
    packet: Packet


def check_order(kind: str, total_fen: int, shares: int, max_shares: int) -> None:
    """Refuse an order that cannot be divided (W15); raises Refused."""
    if kind not in KINDS:
        raise Refused("bad_request", f"kind is {kind!r}, not one of {', '.join(KINDS)}")
    if not 1 <= shares <= max_shares:
        raise Refused("bad_shares", f"{shares}, allowed are 1 to {max_shares}")
    if total_fen < shares:
        raise Refused("bad_amount", f"{total_fen} fen cannot give {shares} shares a fen each")
    if total_fen > MAX_SHARE_FEN * shares:
        raise Refused("share_too_large", f"{total_fen} fen in {shares} shares")
    if kind == "equal" and total_fen % shares:
        raise Refused("bad_amount", f"{total_fen} fen in {shares} equal shares")


def paid_packet(order: Order) -> Packet:
    """The row of an order that has been paid."""
    return Packet(
        packet=order.packet,
        sender=order.sender,
        kind=order.kind,
        total_fen=order.total_fen,
        shares=order.shares,
        state="paid",
        remaining_fen=order.total_fen,
        remaining_shares=order.shares,
        paid_us=order.paid_us,
        expires_us=order.expires_us,
    )


def tombstone(order: Order) -> Packet:
    """The row that keeps a returned payment's packet from ever coming to be (Money rule 1)."""
    return msgspec.structs.replace(paid_packet(order), state="void", remaining_fen=0, remaining_shares=0)


def taken_shares(packet: Packet, opens: int) -> int:
    """How many shares were opened; of a packet that was closed early its row does not say, there `opens` counts all."""
    return opens if packet.state in ("refunded", "void") else packet.shares - packet.remaining_shares


def refusal(packet: Packet, now_us: int) -> str | None:
    """Why nobody can open this packet now, or None."""
    if packet.state == "void":
        return "void"
    if packet.remaining_shares == 0 and packet.state == "exhausted":
        return "sold_out"
    if packet.state == "refunded" or now_us >= packet.expires_us:
        return "expired"
    return None


def is_over(packet: Packet, vouchers: Sequence[Voucher]) -> bool:
    """Whether nothing can happen to a packet any more, and its vouchers, opens and refund, account for all of it."""
    owed_fen = sum(voucher.amount_fen for voucher in vouchers)
    return packet.state in OVER and owed_fen == (0 if packet.state == "void" else packet.total_fen)


def decide_opens(
    packet: Packet,
    standing: Mapping[int, Voucher],
    requests: Sequence[OpenRequest],
    now_us: int,
    draw: Callable[[], int],
) -> OpenDecisions:
    """Serve `requests` in arrival order (W11). `standing` are the vouchers of those who opened before.

    The same key gets the same answer whatever has happened since (W22); `now_us` is the database's clock (rule 4).
    """
    vouchers = dict(standing)
    answers: list[Voucher | Refused] = []
    made: list[Voucher] = []
    closed = refusal(packet, now_us)
    remaining_fen, remaining_shares = packet.remaining_fen, packet.remaining_shares
    for request in requests:
        voucher = vouchers.get(request.person)
        if voucher is not None:
            answers.append(voucher if voucher.client_key == request.client_key else Refused("already_opened"))
        elif closed or remaining_shares == 0:
            answers.append(Refused(closed or "sold_out"))
        else:
            amount_fen = share_fen(packet.kind, remaining_fen, remaining_shares, draw)
            remaining_fen, remaining_shares = remaining_fen - amount_fen, remaining_shares - 1
            voucher = Voucher(
                packet=packet.packet,
                sequence=packet.shares - remaining_shares,
                person=request.person,
                amount_fen=amount_fen,
                remaining_fen=remaining_fen,
                made_us=now_us,
                client_key=request.client_key,
            )
            vouchers[request.person] = voucher
            made.append(voucher)
            answers.append(voucher)
    return OpenDecisions(answers, made, _opened(packet, remaining_fen, remaining_shares) if made else packet)


def share_fen(kind: str, remaining_fen: int, remaining_shares: int, draw: Callable[[], int]) -> int:
    """The next share of a packet of this kind (W15)."""
    if kind == "equal":
        return equal_fen(remaining_fen, remaining_shares)
    return lucky_fen(remaining_fen, remaining_shares, draw())


def _opened(packet: Packet, remaining_fen: int, remaining_shares: int) -> Packet:
    state = packet.state if remaining_shares else "exhausted"
    return msgspec.structs.replace(packet, remaining_fen=remaining_fen, remaining_shares=remaining_shares, state=state)


def decide_refund(packet: Packet, now_us: int) -> tuple[Voucher, Packet] | None:
    """The refund's voucher and the packet afterwards, or None while there is nothing to refund (W21)."""
    if packet.state != "paid" or now_us < packet.expires_us:
        return None
    voucher = Voucher(
        packet=packet.packet,
        sequence=REFUND_SEQUENCE,
        person=packet.sender,
        amount_fen=packet.remaining_fen,
        remaining_fen=0,
        made_us=now_us,
        client_key="",
    )
    return voucher, msgspec.structs.replace(packet, state="refunded", remaining_fen=0, remaining_shares=0)
