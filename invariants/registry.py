"""The invariants, one SQL file each, read once.

A file is a header and sections::

    -- statement: what must be true, in words
    -- needs: packets(packet, total_fen), opens    tables, and columns that may not be NULL throughout
    -- holds: after drain                          optional: while work is under way what it misses may still come
    -- uses: attempts                              optional: relations of `shared/*.sql` that it reads like tables
    -- sentence: packet {subject} {fault}          filled from a violation's columns
    -- section: violations    a SELECT: the rows that must not exist: subject, badness, and optionally
                              fault (a text with placeholders of its own) and moment (orders first and last)
    -- section: unsettled     optional SELECT (subject, fault): what the evidence cannot decide
    -- section: examined      a SELECT of one number: how many items were looked at
    -- section: canary        INSERTs of a tiny consistent world with one fault, subjects 'canary…'
    -- section: proof         optional SELECTs, `;` between, of the rows behind a violation ($subject, $person, …)

What several invariants need is said once, in `shared/*.sql`, and stands as a WITH in the queries as they are here:
each is complete. Whoever runs several may make a table of it instead (`drawing_on`).

Violations, unsettled and examined stay within SQL that sqlglot carries to Spark, ClickHouse (with
`join_use_nulls = 1`) and Trino.
"""

import re
from collections.abc import Collection, Mapping
from graphlib import TopologicalSorter
from pathlib import Path
from types import MappingProxyType
from typing import Final

from msgspec import Struct

Needs = dict[str, tuple[str, ...]]

CANARY: Final = "canary"
"""What the subjects of planted violations begin with."""

_HEADER: Final = ("statement", "needs", "sentence")
_MAY: Final = ("uses", "holds")
AFTER_DRAIN: Final = "after drain"
_REQUIRED: Final = ("violations", "examined", "canary")
_OPTIONAL: Final = ("unsettled", "proof")
_QUERIES: Final = {"violations", "unsettled", "examined"}
_SECTION: Final = re.compile(r"^-- section: (\w+)$", re.MULTILINE)
_FIELD: Final = re.compile(r"^-- (\w+): (.+(?:\n--   .+)*)", re.MULTILINE)
_NEED: Final = re.compile(r"(\w+)(?:\(([^)]*)\))?")
_READ: Final = re.compile(r"\b(?:FROM|JOIN) (\w+)")


def _in_order(relations: Mapping[str, str]) -> dict[str, str]:
    """Each relation behind those that it reads; graphlib.CycleError where there is no such order."""
    reads = {name: sorted(set(_READ.findall(query)) & relations.keys()) for name, query in relations.items()}
    return {name: relations[name] for name in TopologicalSorter(reads).static_order()}


SHARED: Final = _in_order(
    {path.stem: path.read_text(encoding="utf-8").strip() for path in sorted(Path(__file__).parent.glob("shared/*.sql"))}
)
"""The relations that invariants share, by name, each behind those that it reads: a SELECT over canonical tables."""


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
    uses: tuple[str, ...] = ()
    after_drain: bool = False
    """Whether it says something of a system only that has nothing more to do."""

    @property
    def alarm(self) -> str:
        """A SELECT of how many violations are the canary's."""
        return f"SELECT COUNT(*) AS rings FROM ({self.violations}) AS v WHERE v.subject LIKE '{CANARY}%'"


def parse(name: str, text: str) -> Invariant:
    """Read one file's text; ValueError names what is missing or unknown."""
    header, *parts = _SECTION.split(text)
    fields = {key: re.sub(r"\n--\s+", " ", value).strip() for key, value in _FIELD.findall(header)}
    sections = {key: body.strip().rstrip(";") for key, body in zip(parts[::2], parts[1::2], strict=True)}
    missing = [key for key in _HEADER if key not in fields] + [key for key in _REQUIRED if key not in sections]
    uses = tuple(each.strip() for each in fields.get("uses", "").split(",") if each.strip())
    unknown = sorted(
        (fields.keys() - set(_HEADER + _MAY))
        | (sections.keys() - set(_REQUIRED + _OPTIONAL))
        | (set(uses) - SHARED.keys())
    )
    holds = fields.get("holds", AFTER_DRAIN)
    if holds != AFTER_DRAIN:
        unknown.append(holds)
    if missing or unknown:
        raise ValueError(f"{name}.sql: missing {missing}, unknown {unknown}")
    needs = {
        table: tuple(column.strip() for column in columns.split(",") if column.strip())
        for table, columns in _NEED.findall(fields["needs"])
    }
    for section in _QUERIES & sections.keys():
        sections[section] = _complete(sections[section], uses)
    return Invariant(
        name=name,
        statement=fields["statement"],
        needs=needs,
        sentence=fields["sentence"],
        uses=uses,
        after_drain="holds" in fields,
        **sections,
    )


def shared(name: str) -> str:
    """The complete query of a shared relation."""
    return _complete(SHARED[name], SHARED.keys() - {name})


def drawing_on(query: str, tables: Mapping[str, str]) -> str:
    """The query reading shared relations from DuckDB's tables that hold them already: relation to table."""
    for name, table in tables.items():
        query = query.replace(_said(name), f"{name} AS NOT MATERIALIZED (SELECT * FROM {table})")
    return query


def _complete(query: str, uses: Collection[str]) -> str:
    """The query with the shared relations that it reads, and those that these read, said in its WITH."""
    read: list[str] = []
    for name in reversed(SHARED):
        if name in uses and name in _READ.findall("\n".join((query, *(SHARED[other] for other in read)))):
            read.insert(0, name)
    said = ",\n".join(_said(name) for name in read)
    if not said:
        return query
    own = re.sub(r"\A((?:--.*\n)*)WITH ", r",\n\1", query)
    return f"WITH {said}{own}" if own != query else f"WITH {said}\n{query}"


def load(folder: Path) -> Mapping[str, Invariant]:
    """Every `*.sql` of a folder by its name, in the order of names."""
    return MappingProxyType(
        {path.stem: parse(path.stem, path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.sql"))}
    )


def _said(name: str) -> str:
    return f"{name} AS (\n{SHARED[name]}\n)"


INVARIANTS: Final = load(Path(__file__).parent)
