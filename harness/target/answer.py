"""Reading an answer: `ok`, `fail` (it surely did not happen) or `info` (it may have), and what it carries.

Whatever is neither a well-formed `ok` nor a refusal that the target file lists is `info`: a 500, a
proxy's 502, a code nobody listed, an `ok` that lacks the amount it owes. Taking any of these for a
failure would hide money that moved.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec
from msgspec import UNSET, Struct

from harness.config import ConfigError
from harness.target.files import Code, OkTable
from harness.target.promises import CHECKS, Pointer, promises_decoder

Outcome = Literal["ok", "fail", "info"]

MALFORMED: Final = "malformed"
_NOTHING: Final = object()
_EACH: Final = "*"
_CODE_LENGTH_MAX: Final = 40


class Answer(Struct, frozen=True, gc=False):
    """What a client knows after an operation. `orders`: order numbers with commas between them. `fields` holds what
    else the target file asked to read.
    """

    outcome: Outcome
    reason: str = ""
    subject: str | None = None
    amount_fen: int | None = None
    sequence: int | None = None
    remaining_fen: int | None = None
    reader: str | None = None
    balance_fen: int | None = None
    income_fen: int | None = None
    orders: str | None = None
    fields: dict[str, Any] = {}


class AnswerReader:
    """One operation's rules for reading answers, compiled."""

    __slots__ = ("_code", "_codes_ok", "_decode_ok", "_fields", "_parses_ok", "_promises", "_refusals", "_statuses_ok")

    def __init__(self, ok: OkTable, refusals: Mapping[str, list[list[Code]]], error_code: str | None) -> None:
        self._statuses_ok = frozenset(ok.status)
        self._codes_ok = frozenset(ok.code) if ok.code is not None else None
        self._refusals = _refusal_table(refusals)
        self._code = pointer(error_code) if error_code is not None else None
        self._promises = tuple((name, pointer(getattr(ok, name))) for name in CHECKS if getattr(ok, name))
        self._fields = tuple((name, pointer(text)) for name, text in ok.fields.items())
        self._refuse_contradictions()
        codes_matter = self._codes_ok is not None or any(status in self._statuses_ok for status, _ in self._refusals)
        self._parses_ok = bool(codes_matter or self._promises or self._fields)
        self._decode_ok = None if codes_matter else promises_decoder(self._promises, self._fields)

    def read(self, status: int, body: bytes, reader: str | None = None) -> Answer:
        """What `status` and `body` say. `reader` is passed through: the process that answered."""
        likely_ok = status in self._statuses_ok
        if likely_ok and not self._parses_ok:
            return Answer("ok", reader=reader)
        if likely_ok and self._decode_ok is not None:
            try:
                return self._kept(self._decode_ok(body), reader)
            except (ValueError, RecursionError):
                pass  # a promise is not kept: in which way is for those below to say
        try:
            tree = msgspec.json.decode(body)
        except (ValueError, RecursionError):  # not JSON, not even UTF-8, or nested beyond reason
            tree = _NOTHING
        code = self._code_of(tree)
        refusal = self._refusals.get((status, code)) or self._refusals.get((status, None))
        if refusal:
            return Answer("fail", refusal, reader=reader)
        if likely_ok and (self._codes_ok is None or code in self._codes_ok):
            return self._ok(tree, reader)
        if likely_ok and code is None:
            return Answer("info", MALFORMED, reader=reader)
        return Answer("info", _said(status, code), reader=reader)

    def _kept(self, told: Any, reader: str | None) -> Answer:
        """The answer that keeps all promises."""
        subject = told.subject
        if type(subject) is int:
            subject = str(subject)
        fields = self._fields and {
            name: value
            for n, (name, _) in enumerate(self._fields)
            if (value := getattr(told, f"field_{n}")) is not UNSET
        }
        return Answer(
            "ok",
            "",
            subject,
            told.amount_fen,
            told.sequence,
            told.remaining_fen,
            reader,
            told.balance_fen,
            told.income_fen,
            None,
            fields or {},
        )

    def _ok(self, tree: object, reader: str | None) -> Answer:
        values: dict[str, Any] = {}
        for name, where in self._promises:
            value = values[name] = CHECKS[name](find(tree, where))
            if value is None:
                return Answer("info", MALFORMED, reader=reader)
        if self._fields:
            found = ((name, find(tree, where)) for name, where in self._fields)
            values["fields"] = {name: value for name, value in found if value is not _NOTHING}
        return Answer("ok", reader=reader, **values)

    def _code_of(self, tree: object) -> Code | None:
        if self._code is None or tree is _NOTHING:
            return None
        code = find(tree, self._code)
        return code if type(code) is str or type(code) is int else None

    def _refuse_contradictions(self) -> None:
        """The same status and code cannot say both that it happened and that it did not."""
        if self._code is None and (self._codes_ok is not None or any(code is not None for _, code in self._refusals)):
            raise ConfigError("codes are listed but [target] has no error_code that says where a code stands")
        for (status, code), reason in self._refusals.items():
            says_ok = status in self._statuses_ok and (code is None or code in (self._codes_ok or ()))
            if says_ok:
                listed = [status] if code is None else [status, code]
                raise ConfigError(f"refusal '{reason}' lists {listed}, which is also ok")


def pointer(text: str) -> Pointer:
    """A JSON pointer (RFC 6901), compiled: "/a/0/b~1c" → ("a", "0", "b/c"); "" is the whole document."""
    if text and not text.startswith("/"):
        raise ConfigError(f"'{text}' is not a JSON pointer: it begins with /")
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in text.split("/")[1:])


def find(tree: Any, where: Pointer) -> Any:
    """The value at a pointer, or `_NOTHING`. The step `*` goes into every item of a list, and gives a list."""
    for at, step in enumerate(where):
        if type(tree) is dict:
            tree = tree.get(step, _NOTHING)
        elif type(tree) is list and step.isdecimal() and int(step) < len(tree):
            tree = tree[int(step)]
        elif type(tree) is list and step == _EACH:
            return [find(item, where[at + 1 :]) for item in tree]
        else:
            return _NOTHING
    return tree


def _said(status: int, code: Code | None) -> str:
    """A reason for what nobody listed. Short and plain: reasons are interned, and printed."""
    text = str(code)[:_CODE_LENGTH_MAX]
    return f"{status} {text}" if code is not None and text.isprintable() else str(status)


def _refusal_table(refusals: Mapping[str, list[list[Code]]]) -> dict[tuple[int, Code | None], str]:
    """(status, code) → reason; code None is any code or none."""
    table: dict[tuple[int, Code | None], str] = {}
    for reason, listed in refusals.items():
        for pair in listed:
            if not (1 <= len(pair) <= 2 and type(pair[0]) is int):
                raise ConfigError(f"refusal '{reason}' lists {pair}: write [status, code] or [status]")
            key = (pair[0], pair[1] if len(pair) == 2 else None)
            if table.setdefault(key, reason) != reason:
                raise ConfigError(f"refusals '{table[key]}' and '{reason}' both list {pair}")
    return table
