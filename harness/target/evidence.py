"""What the target's own stores say, as canonical tables in Parquet.

Every query of one store runs in one read-only transaction with one snapshot, where the database can: what
is collected is what stood there at one moment, and nothing is changed by looking.
"""

from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from harness.config import ConfigError, nearest, one_line
from harness.parquet import writing
from harness.target.coerce import Unfit, arrow_column, arrow_schema
from harness.target.fetch import Unreachable, fetch
from harness.target.files import Query
from harness.target.mapping import Target
from invariants.schema import EVIDENCE, Columns

_BATCH_ROWS: Final = 20_000
_HTTP: Final = "http"
_HTTP_TIMEOUT_S: Final = 60.0
_LOOK_ONLY: Final[dict[str, tuple[str, ...]]] = {
    "sqlite": ("PRAGMA query_only = ON", "BEGIN"),
    "mysql": (
        "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "SET SESSION TRANSACTION READ ONLY",  # also for what a CREATE TABLE would begin
        "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
    ),
    "postgresql": ("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",),
}
_LOOK_ONLY["mariadb"] = _LOOK_ONLY["mysql"]

Batch = tuple[Sequence[str], list[Sequence[Any]]]  # column names, rows
Rows = Generator[Batch, None, None]


def collect_evidence(target: Target, out_folder: Path) -> dict[str, int]:
    """Run every query of [evidence]; write `out_folder`/<table>.parquet. Table → rows found.

    Columns and types are those of the canonical tables; a column that no query gives is NULL, `store` is
    the name of the store. A table that has no query is not written: no evidence. ConfigError: a store
    that cannot be read, a query that fails, a column nobody knows, a value that does not fit its column.
    """
    out_folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        stores = _Stores(target.evidence.stores, stack)
        return {
            table: _collect(target, stores, table, queries, out_folder)
            for table, queries in target.evidence.sources.items()
        }


def _collect(target: Target, stores: "_Stores", table: str, queries: Sequence[Query], folder: Path) -> int:
    """One canonical table, from all its sources into one file that is there complete or not at all."""
    columns = EVIDENCE[table]
    schema = arrow_schema(columns)
    finished, partial = folder / f"{table}.parquet", folder / f"{table}.parquet.part"
    found = 0
    try:
        with pq.ParquetWriter(partial, schema, **writing(schema)) as writer:
            for query in queries:
                for store, batches in _sources(target, stores, query):
                    place = f"{target.path}: [evidence.{table}] in store '{store}'"
                    with _blamed(place), closing(batches):
                        for names, rows in batches:
                            writer.write_batch(_batch(names, rows, columns, store))
                            found += len(rows)
        partial.replace(finished)
    finally:
        partial.unlink(missing_ok=True)
    return found


def _sources(target: Target, stores: "_Stores", query: Query) -> Iterator[tuple[str, Rows]]:
    """Where a query is answered: each store's name with its rows, in batches."""
    if query.http is not None:
        yield _HTTP, _rows_over_http(target, query.http)
        return
    for name in stores.names:
        if any(fnmatch(name, pattern) for pattern in query.stores):
            yield name, stores.rows(name, query.sql or "")


def _batch(names: Sequence[str], rows: list[Sequence[Any]], columns: Columns, store: str) -> Any:
    _check_names(names, columns)
    given = dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else {}
    if "store" not in given:
        given["store"] = (store,) * len(rows)
    nothing = (None,) * len(rows)
    arrays = [arrow_column(name, given.get(name, nothing), kind) for name, kind in columns.items()]
    return pa.record_batch(arrays, schema=arrow_schema(columns))


def _check_names(names: Sequence[str], columns: Columns) -> None:
    for name in names:
        if name not in columns:
            raise Unfit(f"unknown column '{name}': {nearest(name, columns)}")
    if len(set(names)) < len(names):
        raise Unfit(f"a column is given twice: {', '.join(sorted(names))}")


@contextmanager
def _blamed(place: str) -> Iterator[None]:
    """Whatever goes wrong inside is the target file's or its stores' fault: said in one line."""
    try:
        yield
    except DBAPIError as error:
        raise ConfigError(f"{place}: {one_line(error.orig)}") from None
    except (SQLAlchemyError, ImportError) as error:
        raise ConfigError(f"{place}: {one_line(error)}") from None
    except (Unfit, Unreachable) as error:
        raise ConfigError(f"{place}: {error}") from None


class _Stores:
    """Connections to the stores, opened when first asked for, each in its one transaction until the end."""

    def __init__(self, urls: dict[str, str], stack: ExitStack) -> None:
        self.names = tuple(urls)
        self._urls = urls
        self._stack = stack
        self._open: dict[str, sa.Connection] = {}

    def rows(self, name: str, sql: str) -> Rows:
        """What `sql` finds in the store `name`. The database gets the text as it stands, % and : included."""
        if name not in self._open:
            self._open[name] = self._stack.enter_context(_looking(self._urls[name]))
        found = self._open[name].exec_driver_sql(
            sql, execution_options={"no_parameters": True, "stream_results": True, "yield_per": _BATCH_ROWS}
        )
        if not found.returns_rows:
            raise Unfit("the query returns no rows: it is no SELECT")
        names = tuple(found.keys())
        with found:  # also read to its end when somebody stops in the middle: the connection is used again
            yield names, []
            for rows in found.partitions(_BATCH_ROWS):
                yield names, list(rows)


@contextmanager
def _looking(url: str) -> Iterator[sa.Connection]:
    """A connection to `url` in a read-only transaction."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    file = engine.url.database
    if engine.dialect.name == "sqlite" and not Path(file or "").is_file():
        raise Unfit(f"there is no file {file}")  # SQLite would make one
    with engine.connect() as connection:
        for statement in _LOOK_ONLY.get(engine.dialect.name, ()):
            connection.exec_driver_sql(statement)
        yield connection


def _rows_over_http(target: Target, path: str) -> Rows:
    """The rows of a JSON list of objects."""
    status, body = fetch(target, path, _HTTP_TIMEOUT_S)
    if status != 200:
        raise Unfit(f"{path} answered {status}")
    try:
        rows = msgspec.json.decode(body, type=list[dict[str, Any]])
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError):
        raise Unfit(f"{path} did not answer a JSON list of objects") from None
    names = tuple({name: None for row in rows for name in row})
    for first in range(0, len(rows), _BATCH_ROWS):
        yield names, [[row.get(name) for name in names] for row in rows[first : first + _BATCH_ROWS]]
