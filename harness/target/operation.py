"""One operation of a target: values into the bytes of an HTTP request, an answer into what it says."""

from collections.abc import Mapping
from typing import Final

from harness.config import ConfigError
from harness.target.answer import Answer, AnswerReader
from harness.target.files import OperationTable, TargetTable
from harness.target.template import (
    Template,
    body_template,
    header_template,
    header_text,
    literal,
    path_template,
)

_OURS: Final = frozenset({"host", "content-length", "content-type", "transfer-encoding", "connection"})
_TOKEN: Final = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


class Operation:
    """Compiled once, rendered for every request: `names` are the values that `render` needs."""

    __slots__ = ("_body", "_forms", "_has_key", "_has_tag", "_head", "_reader", "method", "name", "names", "path")

    def __init__(self, name: str, table: OperationTable, shared: TargetTable, authority: str, prefix: str) -> None:
        if not table.path.startswith("/"):
            raise ConfigError(f"path '{table.path}' does not begin with /")
        self.name, self.method, self.path = name, table.method, table.path
        self._head = _head(table, shared, authority, prefix)
        self._body = body_template(table.body) if table.body is not None else None
        self._has_key, self._has_tag = bool(shared.key_header), shared.tag_header is not None
        self._forms = self._compile(shared)
        self._reader = AnswerReader(table.ok, table.refusals, shared.error_code)
        self.names = self._head.names | (self._body.names if self._body else frozenset())

    def render(self, values: Mapping[str, object], *, key: str | None, tagged: bool) -> bytes:
        """The complete HTTP/1.1 request. ConfigError: a value is missing or cannot stand in its place."""
        keyed = key is not None and self._has_key
        if tagged and not self._has_tag:
            raise ConfigError("pressure traffic needs [target] tag_header: untagged it would touch live rows")
        try:
            parts = self._head.arguments(values)
            if key is not None and keyed:
                parts.append(key_text(key))
            if self._body is not None:
                body = self._body.render(values)
                parts += (len(body), body)
        except KeyError as error:
            raise ConfigError(f"operation '{self.name}' needs a value for ${error.args[0]}") from None
        except ValueError as error:
            raise ConfigError(f"operation '{self.name}': {error}") from None
        return self._forms[keyed][tagged] % tuple(parts)

    def read(self, status: int, body: bytes, reader: str | None = None) -> Answer:
        """What an answer says; `reader` is the value of the target's reader header."""
        return self._reader.read(status, body, reader)

    def _compile(self, shared: TargetTable) -> list[list[bytes]]:
        """All that is the same in every request: by [is there a key][is it tagged]."""
        if self._body is not None:
            end = b"Content-Length: %d\r\n\r\n%b"
        else:
            end = b"\r\n" if self.method == "GET" else b"Content-Length: 0\r\n\r\n"
        keys, tags = [b""], [b""]
        if shared.key_header:
            keys.append(_form(header_name(shared.key_header)) + b": %b\r\n")
        if shared.tag_header:
            tag = header_text(shared.tag_header.value).decode()
            tags.append(_form(f"{header_name(shared.tag_header.name)}: {tag}\r\n"))
        return [[self._head.form + key + tag + end for tag in tags] for key in keys]


def key_text(key: str) -> bytes:
    """An idempotency key as a header's value: visible ASCII, no space, so that it arrives as it was sent."""
    if not (key.isascii() and key.isprintable() and key and " " not in key):
        raise ValueError(f"key {key!r} cannot stand in a header: visible ASCII without spaces only")
    return key.encode()


def header_name(name: str) -> str:
    """A header's name, checked."""
    if not name or not set(name) <= _TOKEN:
        raise ConfigError(f"'{name}' is not a header name")
    return name


def _head(table: OperationTable, shared: TargetTable, authority: str, prefix: str) -> Template:
    """The request line and every header that each request has."""
    head = literal(f"{table.method} {prefix}") + path_template(table.path)
    head += literal(f" HTTP/1.1\r\nHost: {authority}\r\n")
    if table.body is not None:
        head += literal("Content-Type: application/json\r\n")
    headers = {name.lower(): (name, text) for name, text in (shared.headers | table.headers).items()}
    for lower, (name, text) in headers.items():
        if lower in _OURS:
            raise ConfigError(f"header '{name}' is written by rainproof itself")
        head += literal(f"{header_name(name)}: ") + header_template(text) + literal("\r\n")
    return head


def _form(text: str) -> bytes:
    return literal(text).form
