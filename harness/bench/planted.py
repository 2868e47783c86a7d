"""Violations planted in a generated night: packets of their own, legal but for one thing each.

A thing is either planted in what happened, before canonical tables are made of it, or in the tables, by SQL.
"""

from typing import Final

import numpy as np
from msgspec import Struct

from harness.bench.night_facts import (
    EXHAUSTED,
    LIFETIME_NS,
    MS,
    PAID,
    REFUNDED,
    SENDERS,
    Columns,
    number_of,
    packet_id,
    senders,
)

_SHARES: Final = 5
_FEN: Final = 200
_FIRST_NS: Final = 1_795_377_348_000 * MS
_THESE: Final = "IN (SELECT packet FROM planted WHERE invariant = '{}')"


class Plant(Struct, frozen=True):
    """What is wrong with the packets of one plant.

    `also`: other invariants that cannot but see it too; `last`: `sql` is about accounts, which are summed up last.
    """

    end: int = EXHAUSTED
    amounts_fen: tuple[int, ...] = (_FEN,) * _SHARES
    sql: str = ""
    also: tuple[str, ...] = ()
    last: bool = False


PLANTS: Final = {
    # half of it is taken first
    "allocation_bounds": Plant(amounts_fen=(500, 125, 125, 125, 125)),
    # a process had one more of its opens inside than it may
    "cap_respected": Plant(sql="UPDATE samples SET inside = cap + 1 WHERE packet {these}"),
    # a fen more is left than the orders say
    "cache_agrees": Plant(
        sql="UPDATE cache_view SET remaining_fen = remaining_fen + 1 WHERE packet {these} AND view = 'cache'"
    ),
    # an exhausted packet of which only three shares were opened
    "conservation": Plant(
        PAID,
        (_FEN,) * 3,
        "UPDATE packets SET state = 'exhausted' WHERE packet {these}",
        also=("details_agree", "cache_agrees"),
    ),
    # details do not show the first share
    "details_agree": Plant(sql="DELETE FROM cache_view WHERE packet {these} AND view = 'details' AND sequence = 1"),
    # the credit goes to somebody else: see `mislead`
    "exactly_once_credit": Plant(),
    # the first share went to a cold store, and its packet did not
    "hot_cold_once": Plant(
        sql="UPDATE opens SET store = 'cold_south', home = 'cold_south' WHERE packet {these} AND sequence = 1"
    ),
    # asked again, the first share's answer has no sequence
    "idempotent_requests": Plant(
        sql="""INSERT INTO history SELECT * REPLACE (
            number + 1000000000 AS number, sent_ns + 1000000000 AS sent_ns, done_ns + 1000000000 AS done_ns,
            NULL AS sequence)
        FROM history WHERE subject {these} AND operation = 'open' AND sequence = 1"""
    ),
    # the packet stands in a second store
    "ids_unique": Plant(
        sql="""INSERT INTO packets SELECT * REPLACE ('elsewhere' AS store, 'elsewhere' AS home)
        FROM packets WHERE packet {these}""",
        also=("details_agree", "lists_agree"),
    ),
    # the escrow account says one fen more than its lines
    "ledger_balances": Plant(sql="UPDATE accounts SET balance_fen = balance_fen + 1 WHERE packet {these}", last=True),
    # the sender's list shows one fen more
    "lists_agree": Plant(sql="UPDATE user_lists SET amount_fen = amount_fen + 1 WHERE box = 'sent' AND packet {these}"),
    # somebody was told of a share that is another's
    "no_lost_acknowledgement": Plant(
        sql="""INSERT INTO history SELECT * REPLACE (
            number + 1000000000 AS number, 'nobody-' || person AS person, "key" || '-nobody' AS "key")
        FROM history WHERE subject {these} AND operation = 'open' AND sequence = 1"""
    ),
    # the packet was paid before its sender had the money
    "no_negative_balance": Plant(sql="UPDATE postings SET number = -number WHERE kind = 'pay' AND subject {these}"),
    # a share beyond the last, of nothing
    "no_overspend": Plant(
        amounts_fen=(*(_FEN,) * _SHARES, 0),
        sql=f"UPDATE packets SET shares = {_SHARES} WHERE packet {{these}}",
        also=("allocation_bounds", "cache_agrees"),
    ),
    # whoever holds the first share was refused
    "no_phantom": Plant(
        sql="""UPDATE history
        SET outcome = 'fail', reason = 'limited', amount_fen = NULL, sequence = NULL, remaining_fen = NULL
        WHERE subject {these} AND operation = 'open' AND sequence = 1"""
    ),
    # the holder of the first share has the second one too: see `mislead`
    "one_open_per_user": Plant(also=("cache_agrees",)),
    # the second share was answered before the first was asked for
    "open_order": Plant(
        sql=f"""UPDATE history SET sent_ns = sent_ns - {15 * MS}, done_ns = done_ns - {15 * MS}
        WHERE subject {{these}} AND operation = 'open' AND sequence = 2"""
    ),
    # the sender's money went into escrow for a packet that was never made
    "packet_funded_once": Plant(
        PAID,
        (),
        """DELETE FROM packets WHERE packet {these};
        UPDATE history SET outcome = 'info', reason = 'timeout', done_ns = NULL
        WHERE subject {these} AND operation = 'pay'""",
        also=("details_agree", "lists_agree", "cache_agrees"),
    ),
    # refunded a microsecond too early
    "refund_once_after_expiry": Plant(
        REFUNDED,
        (_FEN,) * 3,
        f"""UPDATE refunds SET refunded_us = paid_us + {LIFETIME_NS // 1_000 - 1}
        FROM packets WHERE packets.packet = refunds.packet AND refunds.packet {{these}}""",
    ),
    # the packet stands in a store that its id does not name
    "region_closure": Plant(sql="UPDATE packets SET store = 'elsewhere' WHERE packet {these}"),
    # the untagged packet's row stands among the shadows
    "shadow_isolation": Plant(
        sql="UPDATE shadow_rows SET shadow = TRUE WHERE place LIKE 'packets_%' AND subject {these}"
    ),
    # the last share was asked for long after others were told that none is left
    "sold_out_is_final": Plant(
        sql=f"""UPDATE history SET sent_ns = sent_ns + {1_000 * MS}, done_ns = done_ns + {1_000 * MS}
        WHERE subject {{these}} AND operation = 'open' AND sequence = {_SHARES}"""
    ),
}


def packet_ids(each: int) -> dict[str, list[str]]:
    """The packets that are planted in, by plant."""
    ids = [packet_id(number) for number in range(each * len(PLANTS))]
    return {name: ids[place * each : (place + 1) * each] for place, name in enumerate(PLANTS)}


def expected(each: int) -> dict[str, list[str]]:
    """What each invariant has to report of a night with so many plants of `each`: the packets, one violation each."""
    planted = packet_ids(each)
    return {
        name: sorted(
            packet for other, plant in PLANTS.items() if name in (other, *plant.also) for packet in planted[other]
        )
        for name in PLANTS
    }


def sender_account(packet: str) -> str:
    """The account that a planted packet was paid from."""
    return f"user:{SENDERS + number_of(packet)}"


def statements(last: bool) -> list[str]:
    """The SQL that plants, once the packets meant are listed in the table planted(packet, invariant)."""
    return [
        statement
        for name, plant in PLANTS.items()
        if plant.last == last
        for statement in plant.sql.replace("{these}", _THESE.format(name)).split(";")
        if statement
    ]


def packets(each: int, people: int, chance: np.random.Generator) -> Columns:
    """Packets to plant in, untagged, `each` for each plant, in the order of the plants."""
    index = np.arange(each * len(PLANTS))
    ends = np.repeat([plant.end for plant in PLANTS.values()], each)
    taken = np.repeat([len(plant.amounts_fen) for plant in PLANTS.values()], each)
    size = len(index)
    nothing = np.zeros(size, np.int64)
    return {
        "packet": index,
        "sender": senders(index, nothing),
        "equal": nothing,
        "shares": np.maximum(taken, _SHARES),
        "total_fen": np.full(size, _FEN * _SHARES),
        "end": ends,
        "taken": taken,
        "late": np.full(size, 2),
        "tag": nothing,
        "paid_ns": _FIRST_NS + np.arange(size) * 100 * MS,
        "first": chance.integers(0, people, size),
        "stride": np.ones(size, np.int64),
    }


def mislead(packets: Columns, takes: Columns) -> None:
    """Plant what has to be in the facts: amounts, one person in two shares, a credit to another person."""
    each = len(packets["packet"]) // len(PLANTS)
    for place, (name, plant) in enumerate(PLANTS.items()):
        mine = takes["row"] // each == place
        amounts = np.array(plant.amounts_fen, np.int64)
        takes["amount_fen"][mine] = np.tile(amounts, each)
        takes["remaining_fen"][mine] = np.tile(_FEN * _SHARES - np.cumsum(amounts), each)
        second = np.flatnonzero(mine & (takes["sequence"] == 2))
        if name == "one_open_per_user":
            takes["person"][second] = takes["credited"][second] = takes["person"][second - 1]
        if name == "exactly_once_credit":
            takes["credited"][second] = takes["person"][second - 1]
    takes["at_ns"] = packets["paid_ns"][takes["row"]] + takes["sequence"] * 10 * MS
