"""The rows that prove violations.

A proof asks for rows by a name that its violation bears. On a large night each question would be a walk through a
whole table; so every table is walked through once for the names of all violations, and the questions go to what was
found.
"""

import re
from collections.abc import Collection, Sequence
from typing import Any, Final

import duckdb

from invariants.registry import Invariant
from invariants.schema import DESCRIPTIVE, EVIDENCE, HISTORY

Row = dict[str, Any]

_TABLES: Final = {"history": HISTORY, **EVIDENCE}
_PARAMETER: Final = re.compile(r"\$(\w+)")


class Proofs:
    """Finds the rows behind the violations of a judgement; `close` leaves the connection as it was."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, large: Collection[str], violations: Sequence[Row]
    ) -> None:
        """`large`: the tables that are to be walked through once only."""
        self._connection = connection
        self._large = sorted(_TABLES.keys() & set(large))
        self._names = sorted({name for row in violations for name in _names(row)})
        self._near: list[str] = []

    def close(self) -> None:
        """Drop what was made."""
        for table in self._near:
            self._connection.execute(f"DROP TABLE near_{table}")

    def of(self, invariant: Invariant, violation: Row) -> list[Row]:
        """The rows that the invariant's proof names for a violation."""
        statements = [statement.strip() for statement in invariant.proof.split(";") if statement.strip()]
        return [row for statement in statements for row in self._rows(statement, violation)]

    def _rows(self, statement: str, values: Row) -> list[Row]:
        """Run a statement with those of the values that it names as `$name`."""
        self._gather()
        near = ", ".join(
            f"{table} AS (SELECT * FROM near_{table})" for table in self._near if re.search(rf"\b{table}\b", statement)
        )
        named = {name: values.get(name) for name in _PARAMETER.findall(statement)}
        cursor = self._connection.execute(f"WITH {near} {statement}" if near else statement, named)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def _gather(self) -> None:
        """Of each large table the rows that bear one of the names."""
        for table in self._large[len(self._near) :]:
            known = [name for name, *_ in self._connection.execute(f"DESCRIBE {table}").fetchall()]
            bearing = [name for name, kind in _TABLES[table].items() if kind == "VARCHAR" and name not in DESCRIPTIVE]
            asked = " OR ".join(f'"{name}" IN (SELECT UNNEST($names))' for name in bearing if name in known)
            self._connection.execute(
                f"CREATE TEMP TABLE near_{table} AS SELECT * FROM {table} WHERE {asked}", {"names": self._names}
            )
            self._near.append(table)


def _names(violation: Row) -> list[str]:
    """What a violation's values may be called in other tables: themselves, and the entry of a funding under its key."""
    return [value for value in violation.values() if isinstance(value, str)] + [
        f"fund:{violation.get('person')}:{violation.get('key')}"
    ]
