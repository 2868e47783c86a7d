"""The invariants, one SQL file each, read once.

A file is a header and sections::

    -- statement: what must be true, in words
    -- needs: packets(packet, total_fen), opens    tables, and columns that may not be NULL throughout
    -- sentence: packet {subject} {fault}          filled from a violation's columns
    -- section: violations    a SELECT: the rows that must not exist: subject, badness, and optionally
                              fault (a text with placeholders of its own) and moment (orders first and last)
    -- section: unsettled     optional SELECT (subject, fault): what the evidence cannot decide
    -- section: examined      a SELECT of one number: how many items were looked at
    -- section: canary        INSERTs of a tiny consistent world with one fault, subjects 'canary…'
    -- section: proof         optional SELECTs, `;` between, of the rows behind a violation ($subject, $person, …)

Violations, unsettled and examined stay within SQL that sqlglot carries to Spark, ClickHouse (with
`join_use_nulls = 1`) and Trino.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from msgspec import Struct

Needs = dict[str, tuple[str, ...]]

_HEADER: Final = ("statement", "needs", "sentence")
_REQUIRED: Final = ("violations", "examined", "canary")
_OPTIONAL: Final = ("unsettled", "proof")
_SECTION: Final = re.compile(r"^-- section: (\w+)$", re.MULTILINE)
_FIELD: Final = re.compile(r"^-- (\w+): (.+(?:\n--   .+)*)", re.MULTILINE)
_NEED: Final = re.compile(r"(\w+)(?:\(([^)]*)\))?")


class Invariant(Struct, frozen=True):
    """One invariant as its file says it; `needs` maps a table to the columns a target has to supply."""

    name: str
    statement: str
    needs: Needs
    sentence: str
    violations: str
    examined: str
    canary: str
    unsettled: str = ""
    proof: str = ""


def parse(name: str, text: str) -> Invariant:
    """Read one file's text; ValueError names what is missing or unknown."""
    header, *parts = _SECTION.split(text)
    fields = {key: re.sub(r"\n--\s+", " ", value).strip() for key, value in _FIELD.findall(header)}
    sections = {key: body.strip().rstrip(";") for key, body in zip(parts[::2], parts[1::2], strict=True)}
    missing = [key for key in _HEADER if key not in fields] + [key for key in _REQUIRED if key not in sections]
    unknown = sorted((fields.keys() - set(_HEADER)) | (sections.keys() - set(_REQUIRED + _OPTIONAL)))
    if missing or unknown:
        raise ValueError(f"{name}.sql: missing {missing}, unknown {unknown}")
    needs = {
        table: tuple(column.strip() for column in columns.split(",") if column.strip())
        for table, columns in _NEED.findall(fields["needs"])
    }
    return Invariant(name=name, statement=fields["statement"], needs=needs, sentence=fields["sentence"], **sections)


def load(folder: Path) -> Mapping[str, Invariant]:
    """Every `*.sql` of a folder by its name, in the order of names."""
    return MappingProxyType(
        {path.stem: parse(path.stem, path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.sql"))}
    )


INVARIANTS: Final = load(Path(__file__).parent)
