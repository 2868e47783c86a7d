"""The canonical tables of history and evidence.

Every target maps what it keeps to these tables, and every invariant reads only these. Money is integer fen; moments are
integer nanoseconds (`_ns`, the generator's clock) or microseconds (`_us`, the clock of the database that wrote them).
Identifiers and persons are text, so that any system's own ids fit. A column that a target cannot supply is NULL.
"""

from typing import Final

Columns = dict[str, str]

HISTORY: Final[Columns] = {
    "worker": "VARCHAR",  # the process that sent it
    "number": "BIGINT",  # position in that worker's journal; (worker, number) is the operation's identity
    "person": "VARCHAR",
    "operation": "VARCHAR",  # fund, send, pay, grab, open, details, balance, award, play, coupon, use, …
    "subject": "VARCHAR",  # packet or order; NULL while nobody knows it
    "key": "VARCHAR",  # idempotency key; the same on every attempt of one intent
    "amount_fen": "BIGINT",  # what the target said (open, total), otherwise what was asked (fund, send, pay)
    "intended_ns": "BIGINT",  # when the schedule wanted it sent
    "sent_ns": "BIGINT",
    "done_ns": "BIGINT",  # NULL: no answer ever came
    "outcome": "VARCHAR",  # ok | fail (surely did not happen) | info (may have)
    "reason": "VARCHAR",  # canonical refusal (sold_out, already_opened, expired, …) or how it broke (timeout, reset, …)
    "sequence": "BIGINT",  # server sequence, where the target tells it
    "remaining_fen": "BIGINT",  # remaining after this operation, where the target tells it
    "tag": "BOOLEAN",  # pressure traffic
    "clock_error_ns": "BIGINT",  # how far this worker's clock may be off; widens every real-time comparison
    "reader": "VARCHAR",  # the target's process that answered, where it tells
    "mark": "VARCHAR",  # forged | altered | foreign | expired | replayed: an operation that must have no effect
    "orders": "VARCHAR",  # order numbers a view showed
    "balance_fen": "BIGINT",  # balance a view showed
    "income_fen": "BIGINT",  # total income a view showed
    "stage": "VARCHAR",  # of the campaign, in which it was asked for; NULL where there are none
}

EVIDENCE: Final[dict[str, Columns]] = {
    "packets": {
        "store": "VARCHAR",  # where it stands; a cold store's name begins with `cold`
        "packet": "VARCHAR",
        "sender": "VARCHAR",
        "kind": "VARCHAR",  # lucky | equal
        "total_fen": "BIGINT",
        "shares": "BIGINT",
        "state": "VARCHAR",  # paid | exhausted | expired | refunded | void (a tombstone: never funded, or returned)
        "paid_us": "BIGINT",
        "expires_us": "BIGINT",
        "tag": "BOOLEAN",
        "home": "VARCHAR",  # the store in which its id says it belongs
    },
    "opens": {
        "store": "VARCHAR",  # as of packets
        "packet": "VARCHAR",
        "person": "VARCHAR",
        "sequence": "BIGINT",  # 1, 2, 3 … in the order shares were taken
        "amount_fen": "BIGINT",
        "remaining_fen": "BIGINT",  # of the packet after this open
        "opened_us": "BIGINT",
        "voucher": "VARCHAR",
        "key": "VARCHAR",  # the client's idempotency key
        "tag": "BOOLEAN",
        "home": "VARCHAR",  # the store in which its id says it belongs
    },
    "refunds": {
        "store": "VARCHAR",  # as of packets
        "packet": "VARCHAR",
        "person": "VARCHAR",  # who got it back: the sender
        "amount_fen": "BIGINT",
        "refunded_us": "BIGINT",
        "voucher": "VARCHAR",
        "tag": "BOOLEAN",
        "home": "VARCHAR",  # the store in which its id says it belongs
    },
    "accounts": {
        "store": "VARCHAR",
        "account": "VARCHAR",
        "kind": "VARCHAR",  # user | escrow | world (where money enters) | clearing (between ledger shards)
        "person": "VARCHAR",  # of a user account
        "packet": "VARCHAR",  # of an escrow account
        "balance_fen": "BIGINT",
        "tag": "BOOLEAN",
    },
    "postings": {
        "store": "VARCHAR",
        "number": "BIGINT",  # rises, within a store, in the order postings of one account were made
        "entry": "VARCHAR",  # the entry's key: fund:{person}:{key}, pay:{packet}, credit:{voucher}, return:{packet}
        "kind": "VARCHAR",  # fund | pay | credit (of an open) | refund (of a refund's voucher) | return (of a pay)
        "subject": "VARCHAR",  # packet of a pay or return, voucher of a credit or refund
        "account": "VARCHAR",
        "account_kind": "VARCHAR",
        "amount_fen": "BIGINT",  # signed; the lines of one entry in one store sum to zero
        "posted_us": "BIGINT",
        "tag": "BOOLEAN",
    },
    "user_lists": {
        "store": "VARCHAR",
        "person": "VARCHAR",
        "box": "VARCHAR",  # sent | received
        "packet": "VARCHAR",
        "amount_fen": "BIGINT",  # of a sent packet its total, of a received one what the person took
        "at_us": "BIGINT",  # when it was paid, or opened
        "tag": "BOOLEAN",
    },
    "cache_view": {
        "store": "VARCHAR",
        "view": "VARCHAR",  # cache | details: who says it
        "packet": "VARCHAR",
        "person": "VARCHAR",  # NULL: the row is about the packet itself, otherwise about what this person took
        "state": "VARCHAR",  # of the packet
        "amount_fen": "BIGINT",  # of an open
        "sequence": "BIGINT",  # of an open
        "remaining_fen": "BIGINT",  # of the packet
        "remaining_shares": "BIGINT",  # of the packet
        "tag": "BOOLEAN",
    },
    "samples": {
        "store": "VARCHAR",
        "process": "VARCHAR",
        "packet": "VARCHAR",
        "inside": "BIGINT",  # the most opens of the packet that this process had in the database at once
        "cap": "BIGINT",  # the most it may have
        "at_us": "BIGINT",
    },
    "awards": {
        "store": "VARCHAR",
        "order_number": "VARCHAR",
        "activity": "VARCHAR",  # the campaign
        "person": "VARCHAR",
        "scene": "VARCHAR",
        "rain": "VARCHAR",  # the occurrence
        "award_type": "VARCHAR",
        "stage": "VARCHAR",
        "owner": "VARCHAR",  # who that person is in every stage; NULL: they are the same
        "amount_fen": "BIGINT",
        "state": "VARCHAR",  # accepted (promised, not in the account yet) | credited
        "tag": "BOOLEAN",
    },
    "merges": {
        "store": "VARCHAR",
        "person": "VARCHAR",  # whose id has become an alias
        "holder": "VARCHAR",  # of this person, who is nobody's alias
        "state": "VARCHAR",  # merging (the money may not have moved) | merged
        "tag": "BOOLEAN",
    },
    "budgets": {
        "store": "VARCHAR",
        "scene": "VARCHAR",
        "stage": "VARCHAR",
        "total_fen": "BIGINT",
        "cap_fen": "BIGINT",  # of one award
        "outstanding_fen": "BIGINT",  # reserved, and neither given nor returned
        "promised_fen": "BIGINT",  # given and reserved, as the system itself counts
        "tag": "BOOLEAN",
    },
    "coupons": {
        "store": "VARCHAR",
        "coupon": "VARCHAR",  # the order number that it was given under
        "person": "VARCHAR",
        "scene": "VARCHAR",  # that was asked for
        "template": "VARCHAR",  # whose stock it is of; NULL where a blessing was given instead
        "award_type": "VARCHAR",
        "stage": "VARCHAR",
        "stock": "BIGINT",  # how many of the template there are in the stage, as configured
        "used": "BIGINT",  # how often
        "tag": "BOOLEAN",
    },
    "plays": {
        "store": "VARCHAR",
        "person": "VARCHAR",
        "game": "VARCHAR",
        "occurrence": "VARCHAR",  # of the game; where many share a pool, the pool
        "order_number": "VARCHAR",  # of the award that was asked for
        "scene": "VARCHAR",
        "rain": "VARCHAR",
        "stage": "VARCHAR",
        "amount_fen": "BIGINT",  # that the game decided; 0: a coupon
        "state": "VARCHAR",  # open (the award may not have been asked for) | given | refused
        "tag": "BOOLEAN",
    },
    "pools": {
        "store": "VARCHAR",
        "game": "VARCHAR",  # whose plays share it
        "pool": "VARCHAR",
        "stage": "VARCHAR",
        "pool_fen": "BIGINT",
        "winners": "BIGINT",  # how many share it
        "tag": "BOOLEAN",
    },
    "live_totals": {
        "store": "VARCHAR",  # which count it is: total, backup, …
        "activity": "VARCHAR",
        "total_fen": "BIGINT",  # awarded in stage live, as everybody is shown it
        "tag": "BOOLEAN",
    },
    "withdrawals": {
        "store": "VARCHAR",
        "withdrawal": "VARCHAR",
        "person": "VARCHAR",
        "amount_fen": "BIGINT",
        "state": "VARCHAR",  # asked (the bank has not answered) | paid | refused
        "tag": "BOOLEAN",
    },
    "bank_statement": {
        "store": "VARCHAR",
        "withdrawal": "VARCHAR",
        "amount_fen": "BIGINT",  # that the bank paid out
        "tag": "BOOLEAN",
    },
    "shadow_rows": {
        "store": "VARCHAR",
        "place": "VARCHAR",  # table or key
        "shadow": "BOOLEAN",  # does the place belong to the shadow side?
        "subject": "VARCHAR",  # the packet, voucher or entry the row is about, if any
        "person": "VARCHAR",  # the person the row is about, if any
        "tag": "BOOLEAN",  # what the row's own id says, NULL where it says nothing
    },
}

DESCRIPTIVE: Final = frozenset(
    (
        *(
            "worker",
            "store",
            "home",
            "operation",
            "outcome",
            "reason",
            "reader",
            "mark",
            "kind",
            "account_kind",
            "state",
            "place",
        ),
        *("box", "view", "process", "award_type", "stage", "rain", "game"),
    )
)
"""Text columns that say how something is; all others name somebody or something."""

OUTCOMES: Final = ("ok", "fail", "info")
