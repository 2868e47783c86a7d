"""A legal festival in small: rows of every table that a wallet has, for nights that are judged whole.

One person gets two awards and a coupon, sees the live total before and after, looks at their wallet, once when it shows
the credited balance alone, is shown a forged token's failure, uses the coupon, and withdraws a part.
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
            **each,
        }
        for number, each in enumerate(told, 1)
    ]


def evidence() -> dict[str, list[Row]]:
    """What the stores say afterwards, postings and accounts apart."""
    untagged = {"tag": False}
    return {
        "awards": [
            {
                "store": "ledger_1",
                "order_number": order,
                "activity": "spring",
                "person": PERSON,
                "scene": "rain",
                "rain": order.split("_")[2],
                "award_type": "cash",
                "stage": "live",
                "amount_fen": fen,
                "state": "credited",
                **untagged,
            }
            for order, fen in zip(_ORDERS, _FEN, strict=True)
        ],
        "budgets": [
            {
                "store": "wallet_0",
                "scene": "rain",
                "stage": "live",
                "total_fen": 1_000,
                "cap_fen": 100,
                "outstanding_fen": 0,
                "promised_fen": sum(_FEN),
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
        "live_totals": [{"store": "total", "activity": "spring", "total_fen": sum(_FEN), **untagged}],
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


def movements() -> list[tuple[str, str, list[tuple[str, int]]]]:
    """Entries of the ledger: key, kind and lines."""
    account, transit = f"user:{PERSON}", f"transit:{_WITHDRAWAL}"
    moved = [
        (order, "award", [("budget:rain:live:1", -fen), (account, fen)])
        for order, fen in zip(_ORDERS, _FEN, strict=True)
    ]
    moved.append((f"withdraw:{_WITHDRAWAL}", "withdraw", [(account, -_WITHDRAWN_FEN), (transit, _WITHDRAWN_FEN)]))
    moved.append((f"settle:{_WITHDRAWAL}", "settle", [(transit, -_WITHDRAWN_FEN), ("bank", _WITHDRAWN_FEN)]))
    return moved
