"""A legal festival in small: rows of every table that a wallet has, for nights that are judged whole.

One person gets two awards and a coupon, sees the live total before and after, looks at their wallet, once when it shows
the credited balance alone, is shown a forged token's failure, uses the coupon, and withdraws a part; then a pool is
split between them and another, who turns out to be the same person, and what they have is shown as one.
"""

from typing import Any, Final

Row = dict[str, Any]

PERSON: Final = "100000000000001"
_ORDERS: Final = tuple(f"{PERSON}_rain_{rain}_cash_live" for rain in (1, 2))
_FEN: Final = (30, 40)
_COUPON: Final = f"{PERSON}_tea_1_tea_live"
_WITHDRAWN_FEN: Final = 50
_WITHDRAWAL: Final = f"{PERSON}-w"
_MS: Final = 1_000_000

ALIAS: Final = "100000000000002"
_ALIAS_ORDER: Final = f"{ALIAS}_rain_3_cash_live"
_ALIAS_FEN: Final = 20

_POOL_FEN: Final = 15
_SHARES: Final = ((PERSON, f"{PERSON}_split_1-1_cash_live", 8), (ALIAS, f"{ALIAS}_split_1-2_cash_live", 7))


def history(begins_ns: int) -> list[Row]:
    """What the person asked for and saw, one after the other."""
    income_fen = sum(_FEN)
    told: list[Row] = [
        {"operation": "award", "subject": order, "amount_fen": fen} for order, fen in zip(_ORDERS, _FEN, strict=True)
    ]
    shown: Row = {"operation": "total", "reader": "api-1"}
    told = [{**shown, "amount_fen": 0}, *told, *[{**shown, "amount_fen": income_fen}] * 2]
    told += [
        {"operation": "wallet", "orders": ",".join(_ORDERS), "balance_fen": income_fen, "income_fen": income_fen},
        {"operation": "wallet", "balance_fen": _FEN[0]},
        {"operation": "wallet", "subject": f"{PERSON}_rain_9_cash_live", "mark": "forged", "balance_fen": income_fen},
        {"operation": "coupon", "subject": _COUPON},
        {"operation": "use", "subject": _COUPON},
        {"operation": "withdraw", "subject": _WITHDRAWAL, "amount_fen": _WITHDRAWN_FEN},
    ]
    told += [
        {"person": ALIAS, "operation": "award", "subject": _ALIAS_ORDER, "amount_fen": _ALIAS_FEN},
        *(
            {"person": person, "operation": "play", "subject": order, "amount_fen": fen}
            for person, order, fen in _SHARES
        ),
        {"person": ALIAS, "operation": "bind", "subject": PERSON},
        {
            "operation": "wallet",
            "orders": ",".join((*_ORDERS, _ALIAS_ORDER, *(order for _, order, _ in _SHARES))),
            "balance_fen": income_fen - _WITHDRAWN_FEN + _ALIAS_FEN + _POOL_FEN,
            "income_fen": income_fen + _ALIAS_FEN + _POOL_FEN,
        },
    ]
    return [
        {
            "worker": "festival",
            "number": number,
            "person": PERSON,
            "key": f"festival-{number}",
            "intended_ns": begins_ns + number * _MS,
            "sent_ns": begins_ns + number * _MS,
            "done_ns": begins_ns + number * _MS + _MS // 2,
            "outcome": "ok",
            "tag": False,
            "clock_error_ns": 0,
            "stage": "live",
            **each,
        }
        for number, each in enumerate(told, 1)
    ]


def evidence() -> dict[str, list[Row]]:
    """What the stores say afterwards, postings and accounts apart."""
    untagged = {"tag": False}
    given = [(PERSON, order, fen) for order, fen in zip(_ORDERS, _FEN, strict=True)]
    given += [(ALIAS, _ALIAS_ORDER, _ALIAS_FEN), *_SHARES]
    return {
        "awards": [
            {
                "store": "ledger_1",
                "order_number": order,
                "activity": "spring",
                "person": person,
                "scene": order.split("_")[1],
                "rain": order.split("_")[2],
                "award_type": "cash",
                "stage": "live",
                "owner": person,
                "amount_fen": fen,
                "state": "credited",
                **untagged,
            }
            for person, order, fen in given
        ],
        "merges": [{"store": "wallet_0", "person": ALIAS, "holder": PERSON, "state": "merged", **untagged}],
        "budgets": [
            {
                "store": "wallet_0",
                "scene": scene,
                "stage": "live",
                "total_fen": 1_000,
                "cap_fen": 100,
                "outstanding_fen": 0,
                "promised_fen": promised_fen,
                **untagged,
            }
            for scene, promised_fen in (("rain", sum(_FEN) + _ALIAS_FEN), ("split", _POOL_FEN))
        ],
        "plays": [
            {
                "store": "wallet_0",
                "person": person,
                "game": "split",
                "occurrence": "1",
                "order_number": order,
                "scene": "split",
                "rain": order.split("_")[2],
                "stage": "live",
                "amount_fen": fen,
                "state": "given",
                **untagged,
            }
            for person, order, fen in _SHARES
        ],
        "pools": [
            {
                "store": "wallet_0",
                "game": "split",
                "pool": "1",
                "stage": "live",
                "pool_fen": _POOL_FEN,
                "winners": len(_SHARES),
                **untagged,
            }
        ],
        "coupons": [
            {
                "store": "wallet_1",
                "coupon": _COUPON,
                "person": PERSON,
                "scene": "tea",
                "template": "tea",
                "award_type": "tea",
                "stage": "live",
                "stock": 10,
                "used": 1,
                **untagged,
            }
        ],
        "live_totals": [
            {"store": "total", "activity": "spring", "total_fen": sum(_FEN) + _ALIAS_FEN + _POOL_FEN, **untagged}
        ],
        "withdrawals": [
            {
                "store": "wallet_1",
                "withdrawal": _WITHDRAWAL,
                "person": PERSON,
                "amount_fen": _WITHDRAWN_FEN,
                "state": "paid",
                **untagged,
            }
        ],
        "bank_statement": [
            {"store": "bank_0", "withdrawal": _WITHDRAWAL, "amount_fen": _WITHDRAWN_FEN, **untagged},
        ],
    }


def movements() -> list[tuple[str, str, str | None, list[tuple[str, int]]]]:
    """Entries of the ledger: key, kind, subject and lines."""
    account, alias, transit = f"user:{PERSON}", f"user:{ALIAS}", f"transit:{_WITHDRAWAL}"
    out, back, moved_fen = -_WITHDRAWN_FEN, _WITHDRAWN_FEN, _ALIAS_FEN + _SHARES[1][2]
    moved = [
        (order, "award", None, [("budget:rain:live:1", -fen), (account, fen)])
        for order, fen in zip(_ORDERS, _FEN, strict=True)
    ]
    return [
        *moved,
        (f"withdraw:{_WITHDRAWAL}", "withdraw", None, [(account, out), (transit, back)]),
        (f"settle:{_WITHDRAWAL}", "settle", None, [(transit, out), ("bank", back)]),
        (_ALIAS_ORDER, "award", None, [("budget:rain:live:1", -_ALIAS_FEN), (alias, _ALIAS_FEN)]),
        *((order, "award", None, [("budget:split:live:1", -fen), (f"user:{who}", fen)]) for who, order, fen in _SHARES),
        (f"merge:{ALIAS}", "merge", ALIAS, [(alias, -moved_fen), ("clearing", moved_fen)]),
        (f"merged:{ALIAS}", "merge", ALIAS, [("clearing", -moved_fen), (account, moved_fen)]),
    ]
