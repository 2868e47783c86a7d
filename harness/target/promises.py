"""What an `ok` answer promises, and how each promise is checked: by hand, or all at once by a decoder made for them.

The decoder serves where every pointer is one step into an object, which is nearly everywhere. It agrees with the checks
by hand, but does not look closely at what nobody reads: a bad UTF-8 text there, say.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta

Pointer = tuple[str, ...]
Values = dict[str, Any]

_INT64_MAX: Final = 2**63 - 1
_Count = Annotated[int, Meta(ge=0, le=_INT64_MAX)]


def _count(value: object) -> int | None:
    return value if type(value) is int and 0 <= value <= _INT64_MAX else None


def _balance(value: object) -> int | None:
    """May be below zero: a target that shows an overdrawn account is believed, and judged."""
    return value if type(value) is int and -_INT64_MAX <= value <= _INT64_MAX else None


def _identifier(value: object) -> str | None:
    if type(value) is int:
        return str(value)
    return value if type(value) is str and value else None


def _orders(value: object) -> str | None:
    """Order numbers as the history has them: with commas between them."""
    if type(value) is not list or any(type(order) is not str or not order or "," in order for order in value):
        return None
    return ",".join(value)


CHECKS: Final[Mapping[str, Callable[[object], int | str | None]]] = MappingProxyType(
    {
        "subject": _identifier,
        "amount_fen": _count,
        "sequence": _count,
        "remaining_fen": _count,
        "balance_fen": _balance,
        "income_fen": _balance,
        "orders": _orders,
    }
)
"""Each gives the value, or None where it is not what it has to be."""

_Balance = Annotated[int, Meta(ge=-_INT64_MAX, le=_INT64_MAX)]
_TYPES: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "subject": int | Annotated[str, Meta(min_length=1)],
        "amount_fen": _Count,
        "sequence": _Count,
        "remaining_fen": _Count,
        "balance_fen": _Balance,
        "income_fen": _Balance,
    }
)


def promises_decoder(
    promises: Sequence[tuple[str, Pointer]], fields: Sequence[tuple[str, Pointer]]
) -> Callable[[bytes], Any] | None:
    """Decodes a body into an object with the attributes of CHECKS, and `field_0`, `field_1`, … for `fields`.

    What is not promised is None, a field that is absent UNSET. The decoder raises ValueError or RecursionError where a
    promise is not kept. None instead of a decoder: only checks by hand will do.
    """
    if any(len(where) != 1 for _, where in (*promises, *fields)) or any(name not in _TYPES for name, _ in promises):
        return None
    promised = [(name, _TYPES[name]) for name, _ in promises]
    asked = [(f"field_{n}", Any, UNSET) for n in range(len(fields))]
    keys = {name: where[0] for name, where in promises} | {f"field_{n}": f[1][0] for n, f in enumerate(fields)}
    absent = dict.fromkeys(CHECKS.keys() - keys.keys())
    try:
        told = msgspec.defstruct("Told", [*promised, *asked], rename=keys, namespace=absent, gc=False)
    except ValueError:  # two read the same key, or one has a name that msgspec does not take
        return None
    return msgspec.json.Decoder(told).decode
