"""A legal festival in small: rows of every table that a wallet has, for nights that are judged whole.

One person gets two awards and a coupon, sees the live total before and after, looks at their wallet, once when it shows
the credited balance alone, is shown a forged token's failure, uses the coupon, and withdraws a part; then another turns
out to be the same person, and what they have is shown as one.
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
        {"person": ALIAS, "operation": "bind", "subject": PERSON},
        {
            "operation": "wallet",
            "orders": ",".join((*_ORDERS, _ALIAS_ORDER)),
            "balance_fen": income_fen - _WITHDRAWN_FEN + _ALIAS_FEN,
            "income_fen": income_fen + _ALIAS_FEN,
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
    given.append((ALIAS, _ALIAS_ORDER, _ALIAS_FEN))
    return {
        "awards": [
            {
                "store": "ledger_1",
                "order_number": order,
                "activity": "spring",
                "person": person,
                "scene": "rain",
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
                "scene": "rain",
                "stage": "live",
                "total_fen": 1_000,
                "cap_fen": 100,
                "outstanding_fen": 0,
                "promised_fen": sum(_FEN) + _ALIAS_FEN,
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
        "live_totals": [{"store": "total", "activity": "spring", "total_fen": sum(_FEN) + _ALIAS_FEN, **untagged}],
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
    out, back = -_WITHDRAWN_FEN, _WITHDRAWN_FEN
    moved = [
        (order, "award", None, [("budget:rain:live:1", -fen), (account, fen)])
        for order, fen in zip(_ORDERS, _FEN, strict=True)
    ]
    return [
        *moved,
        (f"withdraw:{_WITHDRAWAL}", "withdraw", None, [(account, out), (transit, back)]),
        (f"settle:{_WITHDRAWAL}", "settle", None, [(transit, out), ("bank", back)]),
        (_ALIAS_ORDER, "award", None, [("budget:rain:live:1", -_ALIAS_FEN), (alias, _ALIAS_FEN)]),
        (f"merge:{ALIAS}", "merge", ALIAS, [(alias, -_ALIAS_FEN), ("clearing", _ALIAS_FEN)]),
        (f"merged:{ALIAS}", "merge", ALIAS, [("clearing", -_ALIAS_FEN), (account, _ALIAS_FEN)]),
    ]
