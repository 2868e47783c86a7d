"""Who did what in a generated night, as columns of numbers: packets, the shares taken of them, what clients sent.

Everything here is legal: shares are drawn as `invariants.allocation` says, a packet is sold out only after its last
share, clocks are off by no more than their error. -1 stands for nothing. Persons are numbers; tagged ones and senders
have numbers of their own.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from invariants.allocation import SHARE_FEN_MAX

Numbers = npt.NDArray[np.int64]
Columns = dict[str, Numbers]

MS: Final = 1_000_000
WORKERS: Final = 4
CLOCK_ERROR_NS: Final = 200_000
LIFETIME_NS: Final = 60_000 * MS
SENDERS: Final = 500_000_000
TAGGED: Final = 1_000_000_000
NOTHING: Final = -1

FUND, SEND, PAY, GRAB, OPEN, DETAILS, BALANCE = range(7)
OPERATIONS: Final = ("fund", "send", "pay", "grab", "open", "details", "balance")
OK, FAIL, INFO = range(3)
OUTCOMES: Final = ("ok", "fail", "info")
REASONS: Final = ("sold_out", "expired", "limited", "already_opened", "timeout")
SOLD_OUT, EXPIRED, LIMITED, ALREADY_OPENED, TIMEOUT = range(5)
EXHAUSTED, REFUNDED, PAID = range(3)
STATES: Final = ("exhausted", "refunded", "paid")

_SHARES: Final = np.array([1, 2, 3, 5, 8, 10, 15, 20, 50, 200])
_SHARES_WEIGHTS: Final = (0.04, 0.06, 0.1, 0.17, 0.2, 0.2, 0.1, 0.09, 0.03, 0.01)
_OPERATIONS_A_PACKET_LEAST: Final = 8
_ENDS: Final = (0.7, 0.2, 0.1)  # of EXHAUSTED, REFUNDED, PAID
_EQUAL: Final = 0.25
_TAGGED: Final = 0.3
_START_NS: Final = 1_795_377_348_000 * MS
_NIGHT_NS: Final = 3_600_000 * MS
_SKEWS_NS: Final = np.array([0, 150_000, -120_000, 60_000])
_FIELDS: Final = (
    *("operation", "packet", "person", "intent", "amount_fen", "sent_ns", "done_ns"),
    *("outcome", "reason", "sequence", "remaining_fen", "tag"),
)


def packet_id(number: int) -> str:
    """The id of the packet so numbered: region, date, database, number."""
    return f"{1 + number % 2}1020261122{number // 2 % 2}{number:015d}"


def number_of(packet: str) -> int:
    """The number of the packet with this id."""
    return int(packet[-15:])


class Intents:
    """Gives numbers to what people want; every attempt of one intent carries the same."""

    def __init__(self) -> None:
        self._next = 0

    def __call__(self, size: int) -> Numbers:
        self._next += size
        return np.arange(self._next - size, self._next)


def packets(first: int, operations: int, people: int, chance: np.random.Generator) -> Columns:
    """Packets numbered from `first` on, as many as so many `operations` are about.

    `people`, a power of two, may open on each side, tagged and untagged.
    """
    size = operations // _OPERATIONS_A_PACKET_LEAST + 1
    index = first + np.arange(size)
    shares = chance.choice(_SHARES, size, p=_SHARES_WEIGHTS)
    equal = chance.random(size) < _EQUAL
    mean_fen = np.exp(chance.random(size) * np.log(SHARE_FEN_MAX)).astype(np.int64)
    end = chance.choice(3, size, p=_ENDS)
    tag = (chance.random(size) < _TAGGED).astype(np.int64)
    drawn = {
        "packet": index,
        "sender": senders(index, tag),
        "equal": equal.astype(np.int64),
        "shares": shares,
        "total_fen": np.where(equal, shares * mean_fen, shares + (chance.random(size) * shares * mean_fen).astype(int)),
        "end": end,
        "taken": np.where(end == EXHAUSTED, shares, (chance.random(size) * shares).astype(np.int64)),
        "late": chance.poisson(1.5 * shares),
        "tag": tag,
        "paid_ns": _START_NS + chance.integers(0, _NIGHT_NS, size) // 1_000 * 1_000,
        "first": chance.integers(0, people, size),
        "stride": chance.integers(0, people, size) | 1,
    }
    about = np.cumsum(4 + 3.6 * drawn["taken"] + drawn["late"])  # and the people look at their balances
    fits = np.searchsorted(about, operations)
    return {name: values[:fits] for name, values in drawn.items()}


def senders(index: Numbers, tag: Numbers) -> Numbers:
    """Who sends each packet: somebody who opens none."""
    return SENDERS + index + TAGGED * tag


def takes(packets: Columns, people: int, chance: np.random.Generator) -> Columns:
    """The shares taken, each packet's in their order: row of its packet, sequence, who took it, who was credited, …"""
    row, sequence = _counted(packets["taken"])
    amount_fen = _drawn(packets, chance)
    person = _visitor(packets, row, sequence, people)
    return {
        "row": row,
        "packet": packets["packet"][row],
        "tag": packets["tag"][row],
        "sequence": sequence,
        "person": person,
        "credited": person.copy(),
        "amount_fen": amount_fen,
        "remaining_fen": packets["total_fen"][row] - _running(amount_fen, packets["taken"]),
        "at_ns": packets["paid_ns"][row]
        + _running(chance.integers(MS // 5, 3 * MS, len(row)) // 1_000 * 1_000, packets["taken"]),
    }


def _drawn(packets: Columns, chance: np.random.Generator) -> Numbers:
    """The amount of every share taken, drawn round by round as the allocation's bounds say."""
    first = np.cumsum(packets["taken"]) - packets["taken"]
    amounts = np.zeros(packets["taken"].sum(), np.int64)
    left_fen = packets["total_fen"].copy()
    equal_fen = np.where(packets["equal"] == 1, packets["total_fen"] // packets["shares"], 0)
    for position in range(packets["taken"].max(initial=0)):
        rows = np.flatnonzero(packets["taken"] > position)
        left, left_shares = left_fen[rows], packets["shares"][rows] - position
        lower = np.maximum(1, left - SHARE_FEN_MAX * (left_shares - 1))
        upper = np.minimum(np.minimum(SHARE_FEN_MAX, left - (left_shares - 1)), 2 * left // left_shares)
        drawn = np.maximum(lower, (chance.random(len(rows)) * upper).astype(np.int64))
        drawn = np.where(left_shares == 1, left, drawn)
        drawn = np.where(equal_fen[rows] > 0, equal_fen[rows], drawn)
        amounts[first[rows] + position] = drawn
        left_fen[rows] -= drawn
    return amounts


def operations(
    packets: Columns,
    takes: Columns,
    people: int,
    intents: Intents,
    chance: np.random.Generator,
    mishaps: float = 0.02,
    fill: int = 0,
) -> Columns:
    """What clients sent about these packets, in the order of sending; adds the intents to `packets` and `takes`.

    `mishaps`: how often an answer is lost. Looks at balances, of anybody, `fill` it up to so many operations.
    """
    taker = {name: takes[name] for name in ("packet", "person", "tag")}
    told = {name: takes[name] for name in ("amount_fen", "sequence", "remaining_fen")}
    takes["intent"] = intents(len(takes["row"]))
    opened = {**taker, **told, "operation": OPEN, "intent": takes["intent"]}
    looks = _some(takes, 0.8, chance)
    blocks = [
        *_sender_does(packets, intents, mishaps, chance),
        _block(chance, takes["at_ns"] - 5 * MS, **taker, operation=GRAB, intent=intents(len(takes["row"]))),
        *_attempts(chance, takes["at_ns"], mishaps, opened, unknown=tuple(told), given_up=0.3),
        *_too_late(packets, takes, people, intents, chance),
        *_once_more(takes, taker, intents, chance),
        _block(chance, takes["at_ns"][looks] + 9 * MS, **_at(taker, looks), operation=DETAILS),
    ]
    sent = sum(len(block["sent_ns"]) for block in blocks)
    return _in_order([*blocks, _balances(max(0, fill - sent), people, chance)])


def _balances(size: int, people: int, chance: np.random.Generator) -> Columns:
    """So many looks at an account, of anybody at any time."""
    tag = (chance.random(size) < _TAGGED).astype(np.int64)
    at_ns = _START_NS + chance.integers(0, _NIGHT_NS, size)
    person = chance.integers(0, people, size) + tag * TAGGED
    return _block(chance, at_ns, operation=BALANCE, person=person, tag=tag)


def _sender_does(packets: Columns, intents: Intents, mishaps: float, chance: np.random.Generator) -> list[Columns]:
    """Fund, send and pay; an attempt to send that got no answer does not know its packet."""
    same = {"person": packets["sender"], "tag": packets["tag"], "amount_fen": packets["total_fen"]}
    blocks = []
    for operation, before_ns, packet, unknown, given_up in (
        (FUND, 30 * MS, NOTHING, (), 0.0),
        (SEND, 20 * MS, packets["packet"], ("packet",), 0.0),
        (PAY, 10 * MS, packets["packet"], (), 0.3),
    ):
        intent = packets[f"{OPERATIONS[operation]}_intent"] = intents(len(packets["packet"]))
        does = {**same, "packet": packet, "operation": operation, "intent": intent}
        blocks += _attempts(chance, packets["paid_ns"] - before_ns, mishaps, does, unknown, given_up)
    return blocks


def _attempts(
    chance: np.random.Generator,
    at_ns: Numbers,
    mishaps: float,
    does: Mapping[str, Any],
    unknown: Sequence[str],
    given_up: float,
) -> list[Columns]:
    """Attempts of intents that had their effect at `at_ns`: most are answered, some only when asked again under the
    same key, some are answered twice. A lost answer leaves `unknown`; of these so many are `given_up`.
    """
    fate = chance.random(len(at_ns))
    lost = np.flatnonzero(fate < mishaps)
    answered = np.flatnonzero(fate >= mishaps)
    again = np.flatnonzero((fate >= mishaps * given_up) & (fate < mishaps * 1.5))
    known = {name: value for name, value in does.items() if name not in unknown}
    return [
        _block(chance, at_ns[lost], **_at(known, lost), outcome=INFO, reason=TIMEOUT, done_ns=NOTHING),
        _block(chance, at_ns[answered], **_at(does, answered)),
        _block(chance, at_ns[again] + 1_000 * MS, **_at(does, again)),
    ]


def _too_late(
    packets: Columns, takes: Columns, people: int, intents: Intents, chance: np.random.Generator
) -> list[Columns]:
    """Refusals: sold out after the last share, expired after expiry, limited where the packet is still open."""
    row, turn = _counted(packets["late"])
    last_ns = packets["paid_ns"].copy()
    np.maximum.at(last_ns, takes["row"], takes["at_ns"])
    expiry_ns = packets["paid_ns"] + LIFETIME_NS
    end = packets["end"][row]
    at_ns = np.where(end == REFUNDED, expiry_ns[row], last_ns[row]) + 5 * MS + turn * MS // 10
    refused = {
        "packet": packets["packet"][row],
        "person": _visitor(packets, row, packets["taken"][row] + turn, people),
        "tag": packets["tag"][row],
        "outcome": FAIL,
        "reason": np.array([SOLD_OUT, EXPIRED, LIMITED])[end],
        "intent": intents(len(row)),
    }
    grabs = turn % 4 > 0
    return [
        _block(chance, at_ns[chosen], **_at(refused, chosen), operation=operation)
        for operation, chosen in ((GRAB, np.flatnonzero(grabs)), (OPEN, np.flatnonzero(~grabs)))
    ]


def _once_more(takes: Columns, taker: Columns, intents: Intents, chance: np.random.Generator) -> list[Columns]:
    """A second tap under a new key is refused."""
    greedy = _some(takes, 0.05, chance)
    at_ns = takes["at_ns"][greedy] + 2_000 * MS
    intent = intents(len(greedy))
    refused = {**_at(taker, greedy), "outcome": FAIL, "reason": ALREADY_OPENED}
    return [_block(chance, at_ns, **refused, operation=OPEN, intent=intent)]


def _block(chance: np.random.Generator, at_ns: Numbers, **given: Any) -> Columns:
    """Operations that reached the target at these true times, stamped by their workers' clocks."""
    size = len(at_ns)
    skew_ns = _SKEWS_NS[given["person"] % WORKERS]
    block = {
        "outcome": OK,
        "sent_ns": at_ns + skew_ns - chance.integers(MS // 20, 2 * MS, size),
        "done_ns": at_ns + skew_ns + chance.integers(MS // 20, 2 * MS, size),
        **given,
    }
    return {name: np.broadcast_to(block.get(name, NOTHING), size) for name in _FIELDS}


def _in_order(blocks: Sequence[Columns]) -> Columns:
    """All blocks as one, by the time of sending."""
    order = np.argsort(np.concatenate([block["sent_ns"] for block in blocks]), kind="stable")
    return {name: np.concatenate([block[name] for block in blocks])[order] for name in _FIELDS}


def _visitor(packets: Columns, row: Numbers, turn: Numbers, people: int) -> Numbers:
    """The person whose turn it is at a packet, another one at every turn."""
    place = (packets["first"][row] + turn * packets["stride"][row]) % people
    return place + TAGGED * packets["tag"][row]


def _counted(counts: Numbers) -> tuple[Numbers, Numbers]:
    """Rows repeated as often as they count, and 1, 2, 3 … within each."""
    row = np.repeat(np.arange(len(counts)), counts)
    return row, np.arange(1, len(row) + 1) - np.repeat(np.cumsum(counts) - counts, counts)


def _running(values: Numbers, counts: Numbers) -> Numbers:
    """Running sums of the values, anew for each group of so many."""
    sums = np.concatenate(([0], np.cumsum(values)))
    first = np.cumsum(counts) - counts
    running: Numbers = sums[1:] - np.repeat(sums[first], counts)
    return running


def _some(takes: Columns, share: float, chance: np.random.Generator) -> Numbers:
    return np.flatnonzero(chance.random(len(takes["row"])) < share)


def _at(columns: Mapping[str, Any], rows: Numbers) -> dict[str, Any]:
    return {name: value[rows] if isinstance(value, np.ndarray) else value for name, value in columns.items()}
