"""One operation of a target: values into the bytes of an HTTP request, an answer into what it says."""

from collections.abc import Mapping
from typing import Final

from harness.config import ConfigError
from harness.target.answer import Answer, AnswerReader
from harness.target.files import HeaderPair, OperationTable, TargetTable
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
_LENGTH: Final = b"Content-Length: %d\r\n\r\n"


class Operation:
    """Compiled once, rendered for every request: `names` are the values that `render` needs."""

    __slots__ = ("_bare", "_body", "_head", "_key", "_reader", "_tag", "method", "name", "names", "path")

    def __init__(self, name: str, table: OperationTable, shared: TargetTable, authority: str, prefix: str) -> None:
        if not table.path.startswith("/"):
            raise ConfigError(f"path '{table.path}' does not begin with /")
        self.name, self.method, self.path = name, table.method, table.path
        self._head = _head(table, shared, authority, prefix)
        self._body = body_template(table.body) if table.body is not None else None
        self._bare = b"\r\n" if table.method == "GET" else _LENGTH % 0
        self._tag = _tag(shared.tag_header)
        self._key = f"{header_name(shared.key_header)}: ".encode() if shared.key_header else None
        self._reader = AnswerReader(table.ok, table.refusals, shared.error_code)
        self.names = self._head.names | (self._body.names if self._body else frozenset())

    def render(self, values: Mapping[str, object], *, key: str | None, tagged: bool) -> bytes:
        """The complete HTTP/1.1 request. ConfigError: a value is missing or cannot stand in its place."""
        try:
            head = self._head.render(values)
            if self._body is None:
                end = self._bare
            else:
                body = self._body.render(values)
                end = _LENGTH % len(body) + body
            said_key = b"" if key is None or self._key is None else b"%b%b\r\n" % (self._key, key_text(key))
        except KeyError as error:
            raise ConfigError(f"operation '{self.name}' needs a value for ${error.args[0]}") from None
        except ValueError as error:
            raise ConfigError(f"operation '{self.name}': {error}") from None
        if not tagged:
            return b"%b%b%b" % (head, said_key, end)
        if self._tag is None:
            raise ConfigError("pressure traffic needs [target] tag_header: untagged it would touch live rows")
        return b"%b%b%b%b" % (head, said_key, self._tag, end)

    def read(self, status: int, body: bytes, reader: str | None = None) -> Answer:
        """What an answer says; `reader` is the value of the target's reader header."""
        return self._reader.read(status, body, reader)


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


def _tag(header: HeaderPair | None) -> bytes | None:
    if header is None:
        return None
    return f"{header_name(header.name)}: ".encode() + header_text(header.value) + b"\r\n"
