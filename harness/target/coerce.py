"""Columns as a target's database gives them into the canonical types, strictly.

Text takes text, integers and UUIDs; integers take integers; booleans take booleans, 0 and 1. A float is
refused even where it happens to be whole: money that went through a float has already been rounded by
somebody.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import pyarrow as pa

_ARROW: Final[dict[str, Any]] = {"VARCHAR": pa.string(), "BIGINT": pa.int64(), "BOOLEAN": pa.bool_()}
_AS_IT_IS: Final = {
    "VARCHAR": frozenset({str, type(None)}),
    "BIGINT": frozenset({int, type(None)}),
    "BOOLEAN": frozenset({bool, type(None)}),
}


class Unfit(Exception):
    """A value that does not fit its column; the text says which and why."""


def arrow_schema(columns: dict[str, str]) -> Any:
    """The Parquet schema of a canonical table."""
    return pa.schema([(name, _ARROW[kind]) for name, kind in columns.items()])


def arrow_column(name: str, values: Sequence[object], kind: str) -> Any:
    """`values` as an Arrow array of the canonical type `kind`, or Unfit."""
    if not _AS_IT_IS[kind].issuperset(map(type, values)):
        values = [None if value is None else _fit(name, value, kind) for value in values]
    try:
        return pa.array(values, _ARROW[kind])
    except (OverflowError, pa.ArrowInvalid):
        raise Unfit(f"column '{name}' holds a number beyond 64 bits") from None
    except UnicodeEncodeError:
        raise Unfit(f"column '{name}' holds text that is not Unicode") from None


def _fit(name: str, value: object, kind: str) -> object:
    fitted = _FITS[kind](value)
    if fitted is None:
        hint = "map money to integer fen in the query" if name.endswith("_fen") else "convert it in the query"
        said = repr(value) if len(repr(value)) <= 40 else f"{repr(value)[:40]}…"
        raise Unfit(f"column '{name}' is {_CALLED[kind]}, not {type(value).__name__} {said}: {hint}")
    return fitted


def _text(value: object) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        try:
            return bytes(value).decode()
        except UnicodeDecodeError:
            return None
    if isinstance(value, UUID):
        return str(value)
    whole = _whole(value)
    return None if whole is None else str(whole)


def _whole(value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, Decimal) and value == value.to_integral_value():  # what a database makes of SUM()
        return int(value)
    return None


def _truth(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, bytes) and len(value) == 1:  # BIT(1)
        value = value[0]
    whole = _whole(value)
    return bool(whole) if whole in (0, 1) else None


_FITS: Final[dict[str, Callable[[object], object]]] = {"VARCHAR": _text, "BIGINT": _whole, "BOOLEAN": _truth}
_CALLED: Final = {"VARCHAR": "text", "BIGINT": "an integer", "BOOLEAN": "a boolean"}
