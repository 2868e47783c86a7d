"""TOML files into frozen structs, and the one error that means "the user can mend this"."""

import difflib
import tomllib
import types
import typing
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec

S = TypeVar("S", bound=msgspec.Struct)


class ConfigError(Exception):
    """Bad input. Its text is one line: what is wrong, where, and what to do about it."""


def load_toml(path: Path, struct: type[S]) -> S:
    """Read the TOML file at `path` as `struct`; whatever does not fit is a ConfigError."""
    return convert(read_toml(path), struct, source=str(path))


def read_toml(path: Path) -> dict[str, Any]:
    """The plain tables of a TOML file."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: is not UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: is not TOML: {one_line(error)}") from None


def convert(tree: Any, struct: type[S], *, source: str) -> S:
    """Plain tables as `struct`, strictly: no unknown key, no text for a number. Errors name `source`."""
    fault = _fault(tree, struct, "")
    if fault:
        raise ConfigError(f"{source}: {fault}")
    return msgspec.convert(tree, struct)


def nearest(name: str, known: Iterable[str]) -> str:
    """What to say after "unknown …": the known name that is meant, or all of them."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    if close:
        return f"did you mean '{close[0]}'?"
    return f"known: {', '.join(names)}" if names else "none is known here"


def one_line(error: object) -> str:
    """An exception's text on a single line."""
    return " ".join(str(error).split())


def _fault(value: Any, kind: Any, place: str) -> str | None:
    """The first thing in `value` that does not fit `kind`, with its dotted place.

    msgspec says `$.operation[...].ok`; whoever has twenty operations wants to read which one.
    """
    kind = _alternative(value, kind)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and isinstance(value, dict):
        return _fault_in_struct(value, kind, place)
    if origin is dict and isinstance(value, dict):
        return _first(_fault(item, arguments[1], _dotted(place, name)) for name, item in value.items())
    if origin in (list, tuple) and isinstance(value, list):
        deeper = _first(_fault(item, arguments[0], f"{place}[{i}]") for i, item in enumerate(value))
        return deeper if deeper or origin is list else _misfit(value, kind, place)
    return _misfit(value, kind, place)


def _fault_in_struct(value: Mapping[str, Any], struct: type[msgspec.Struct], place: str) -> str | None:
    fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    for name in value:
        if name not in fields:
            return f"unknown key '{_dotted(place, name)}': {nearest(name, fields)}"
    for name, field in fields.items():
        if name not in value and field.required:
            return f"key '{_dotted(place, name)}' is missing"
    deeper = _first(_fault(value[name], fields[name].type, _dotted(place, name)) for name in value)
    return deeper or _misfit(value, struct, place)


def _misfit(value: Any, kind: Any, place: str) -> str | None:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        text = one_line(error).replace("`", "'")
        return f"'{place}': {text[:1].lower()}{text[1:]}" if place else text
    return None


def _alternative(value: Any, kind: Any) -> Any:
    """Of a union, the member that could hold `value`, so that the error is about the inside."""
    if typing.get_origin(kind) is Annotated:
        return kind
    if typing.get_origin(kind) not in (typing.Union, types.UnionType):
        return kind
    for member in typing.get_args(kind):
        origin = typing.get_origin(member) or member
        if isinstance(value, dict) and (origin is dict or _is_struct(origin)):
            return member
        if isinstance(value, list) and origin is list:
            return member
    return kind


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _first(faults: Iterable[str | None]) -> str | None:
    return next((fault for fault in faults if fault), None)


def _dotted(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name
