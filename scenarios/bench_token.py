"""What a token costs (B08): made, signed, sealed and encoded for a client; opened and verified when it comes back."""

import time
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any, Final

from reference_impl.domain.acts import act_id
from reference_impl.domain.orders import order_number
from reference_impl.domain.token import Token
from reference_impl.runtime import ThreadRuntime
from reference_impl.wallet.sealing import Keyring, new_key

SECONDS: Final = 1.0
"""A measurement; each side has ROUNDS of them, the two in turn, and its best counts."""
ROUNDS: Final = 3
REACH: Final = 8_000
_KEPT: Final = 1_000
"""Different tokens that are opened."""


def bench_token(options: Mapping[str, Any]) -> dict[str, Any]:
    """Tokens issued, and opened and verified, per CPU-second of one thread; `value` is the smaller.

    RuntimeError: what was opened is not what was sealed.
    """
    seconds = options.get("seconds") or SECONDS
    ring, people = Keyring([new_key(1)], ThreadRuntime().draw), count(1)
    kept = [_issue(ring, next(people)) for _ in range(_KEPT)]
    if [ring.open(text).token.act for text in kept] != [act_id(n, False) for n in range(1, _KEPT + 1)]:
        raise RuntimeError("what was opened is not what was sealed")
    turns = count()
    sides: dict[str, Callable[[], object]] = {
        "issued": lambda: _issue(ring, next(people)),
        "opened": lambda: ring.open(kept[next(turns) % _KEPT]),
    }
    rates = dict.fromkeys(sides, 0.0)
    for _ in range(ROUNDS):
        for name, work in sides.items():
            rates[name] = max(rates[name], _per_cpu_s(work, seconds))
    return {
        "bench": "token",
        "value": round(min(rates.values())),
        "reach": REACH,
        "unit": "tokens issued, or opened and verified, per CPU-second",
        "figures": {f"{name}_per_cpu_s": round(rate) for name, rate in rates.items()} | {"characters": len(kept[0])},
    }


def _issue(ring: Keyring, number: int) -> str:
    """As awarding does it: the order number is made, the token is filled, signed, sealed and encoded."""
    act = act_id(number, tagged=False)
    order = order_number(act, "rain", "3", "cash", "live")
    token = Token(1, act, "spring", order.scene, 888, str(order), 1_700_000_000_000_000, int(order.rain))
    return ring.seal(token, number)


def _per_cpu_s(work: Callable[[], object], seconds: float) -> float:
    """How often a second of this thread's CPU does it."""
    done, began_s = 0, time.thread_time()
    while (spent_s := time.thread_time() - began_s) < seconds:
        for _ in range(100):
            work()
        done += 100
    return done / spent_s
