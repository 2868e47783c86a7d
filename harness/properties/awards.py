"""Properties of functions that write and read order numbers (mechanism B06) and award tokens (B08)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as st

from harness.properties.functions import Function
from harness.properties.trial import Property, ensure, trial
from invariants.strategies import OrderNumber, order_numbers, tokens

FIELDS: Final = ("act_id", "scene_id", "rain_id", "award_type", "stage")


def order_number_properties(write: Function, read: Function, examples: int) -> list[Property]:
    """`write(act_id, scene_id, rain_id, award_type, stage)` gives text, `read(text)` the five or an object of them."""

    @trial(examples)
    @given(order=order_numbers())
    def reads_back(order: OrderNumber) -> None:
        text = write(*_five(order))
        ensure(text == str(order), f"it is {text!r} and not {str(order)!r}")
        parts = _parts(read(text))
        ensure(parts == list(map(str, _five(order))), f"{text} is read as {parts}")

    @trial(examples)
    @given(order=order_numbers(), field=st.sampled_from(["scene_id", "award_type", "stage"]))
    def refuses(order: OrderNumber, field: str) -> None:
        five = [f"{value}_" if name == field else value for name, value in zip(FIELDS, _five(order), strict=True)]
        written = _unless_refused(lambda: write(*five))
        ensure(written is None, f"it is written as {written!r}")

    return [
        Property(
            "order_number_reads_back", "an order number is its five parts with _ between, and reads back", reads_back
        ),
        Property("order_number_parts", "a part that contains _ is refused: two orders could share a number", refuses),
    ]


def token_properties(write: Function, read: Function, examples: int) -> list[Property]:
    """`write(fields)` gives bytes or text, `read(token)` the fields; it raises for what `write` did not give."""

    @trial(examples)
    @given(fields=tokens())
    def reads_back(fields: dict[str, Any]) -> None:
        found = dict(read(write(fields)))
        ensure(found == fields, f"it is read as {found}")

    @trial(examples)
    @given(fields=tokens(), place=st.integers(0, 10_000), by=st.integers(1, 255))
    def refuses(fields: dict[str, Any], place: int, by: int) -> None:
        token = write(fields)
        found = _unless_refused(lambda: dict(read(_altered(token, place, by))))
        ensure(found is None or found == fields, f"byte {place % len(token)} was altered, and it is read as {found}")

    return [
        Property("token_reads_back", "a token reads back as the fields it was made of", reads_back),
        Property("token_altered", "a token of which one byte was altered gives no other fields", refuses),
    ]


def _five(order: OrderNumber) -> list[Any]:
    return [getattr(order, name) for name in FIELDS]


def _parts(said: Any) -> list[str]:
    """The five as text, of a mapping, a sequence or an object."""
    if isinstance(said, Mapping):
        return [str(said[name]) for name in FIELDS]
    if isinstance(said, Sequence):
        return list(map(str, said))
    return [str(getattr(said, name)) for name in FIELDS]


def _unless_refused(ask: Callable[[], Any]) -> Any:
    """None where it raises."""
    try:
        return ask()
    except Exception:  # noqa: BLE001 however somebody else's function refuses
        return None


def _altered(token: bytes | str, place: int, by: int) -> bytes | str:
    if isinstance(token, str):
        return _altered(token.encode("latin-1"), place, by).decode("latin-1")  # type: ignore[union-attr]
    altered = bytearray(token)
    altered[place % len(token)] = (altered[place % len(token)] + by) % 256
    return bytes(altered)
