"""Databases: one `Store` each, with transactions that are tried again when the database asks for it.

SQLite takes one lock a database and `BEGIN IMMEDIATE` for every write: a deferred BEGIN fails under concurrency. Reads
are outside of transactions on either database.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from functools import cache
from typing import Any, Final, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from reference_impl.runtime import Runtime
from reference_impl.stores.failover import READ_ONLY, connect_to_the_first_that_writes

T = TypeVar("T")

TRANSIENT_MARIADB: Final = {1205, 1213, READ_ONLY}
"""Lock wait timeout, deadlock, a server that is read-only: the transaction did not happen and may be tried again."""
ATTEMPTS: Final = 8


class DatabaseClock(FunctionElement[int]):
    """The database's clock in an expression, in microseconds."""

    type = sa.BigInteger()
    inherit_cache = True


@compiles(DatabaseClock, "sqlite")
def _sqlite_clock(_element: DatabaseClock, _compiler: Any, **_: Any) -> str:
    return "rainproof_now_us()"


@compiles(DatabaseClock, "mysql")
def _mariadb_clock(_element: DatabaseClock, _compiler: Any, **_: Any) -> str:
    return "CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED)"


class LockedClock(FunctionElement[int]):
    """The same, read once the statement's row is locked: NOW is when the statement began, which may wait for the lock
    past a packet's time (Money rule 4). In a condition it would keep an index from being used."""

    type = sa.BigInteger()
    inherit_cache = True


@compiles(LockedClock, "sqlite")
def _sqlite_locked_clock(_element: LockedClock, _compiler: Any, **_: Any) -> str:
    return "rainproof_now_us()"


@compiles(LockedClock, "mysql")
def _mariadb_locked_clock(_element: LockedClock, _compiler: Any, **_: Any) -> str:
    return "CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS SIGNED)"


class Store:
    """One database. `write` runs a function in a transaction; `read` outside one."""

    def __init__(self, name: str, sql: str, runtime: Runtime, replica: str = "") -> None:
        """`sql`: where its server is, `replica`: where one is that may be promoted (B10); without a database's name."""
        self.name = name
        self.sqlite = sql.startswith("sqlite")
        self._runtime = runtime
        self._one_writer: Any = runtime.lock() if self.sqlite else nullcontext()
        if self.sqlite:
            self._reads = self._writes = _sqlite_engine(f"{sql}/{name}", runtime)
        else:
            self._reads = _mariadb_engine(f"{sql}/{name}", "AUTOCOMMIT")
            self._writes = _mariadb_engine(f"{sql}/{name}", "READ COMMITTED")
        if replica:
            for engine in self.engines:
                connect_to_the_first_that_writes(engine, (sql, replica))

    def write(self, work: Callable[[sa.Connection], T]) -> T:
        """Run `work` in one transaction and commit it; again from the start when it fell to a deadlock."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with self._one_writer, self._writes.connect() as connection, connection.begin():
                    if self.sqlite:
                        connection.exec_driver_sql("BEGIN IMMEDIATE")
                    return work(connection)
            except sa.exc.OperationalError as error:
                if attempt == ATTEMPTS or not is_transient(error):
                    raise
                self._runtime.sleep(0.002 * attempt)
        raise AssertionError("unreachable")

    def read(self, work: Callable[[sa.Connection], T]) -> T:
        """Run `work` on a connection that commits nothing; each of its statements sees the newest commits."""
        with self._reads.connect() as connection:
            return work(connection)

    def now_us(self, connection: sa.Connection) -> int:
        """The database's clock, which alone decides expiry (Money rule 4)."""
        return int(connection.execute(_CLOCK).scalar_one())

    def insert_many(
        self, connection: sa.Connection, table: sa.Table, columns: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> None:
        """Insert rows, each a sequence in the order of `columns`, with one statement; raises IntegrityError for all.

        MariaDB gets them as one JSON parameter: writing a long VALUES list is most of what the driver would do.
        """
        if not rows:
            return
        if self.sqlite:
            connection.execute(insert_into(table), [dict(zip(columns, row, strict=True)) for row in rows])
        else:
            connection.execute(_json_insert(table, tuple(columns)), {"rows": msgspec.json.encode(rows).decode()})

    def add_to(
        self, connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]], column: str
    ) -> None:
        """Insert rows, or add their `column` to what stands under the same primary key."""
        connection.execute(_upsert(table, column, self.sqlite), list(rows))

    @property
    def engines(self) -> tuple[sa.Engine, sa.Engine]:
        """The engines of reads and writes."""
        return self._reads, self._writes

    def close(self) -> None:
        self._reads.dispose()
        self._writes.dispose()


_CLOCK: Final = sa.select(DatabaseClock())


def between(moment_us: sa.Column[Any]) -> sa.ColumnElement[bool]:
    """From the parameter `since_us` to before `until_us`."""
    return sa.and_(moment_us >= sa.bindparam("since_us"), moment_us < sa.bindparam("until_us"))


# Statements are built once a table: building one costs more than sending it.


@cache
def insert_into(table: sa.Table) -> sa.Insert:
    """The statement that inserts rows given as parameters."""
    return sa.insert(table)


@cache
def _upsert(table: sa.Table, column: str, for_sqlite: bool) -> sa.Insert:
    if for_sqlite:
        insert = sqlite.insert(table)
        return insert.on_conflict_do_update(
            index_elements=list(table.primary_key),
            set_={column: table.c[column] + insert.excluded[column]},
        )
    insert_or_add = mysql.insert(table)
    return insert_or_add.on_duplicate_key_update({column: table.c[column] + insert_or_add.inserted[column]})


@cache
def _json_insert(table: sa.Table, columns: tuple[str, ...]) -> sa.TextClause:
    names = ", ".join(columns)
    paths = ", ".join(f"{name} {_roomier(table.c[name].type)} PATH '$[{place}]'" for place, name in enumerate(columns))
    return sa.text(
        f"INSERT INTO {table.name} ({names}) SELECT {names} FROM JSON_TABLE(:rows, '$[*]' COLUMNS({paths})) j"
    )


def _roomier(kind: sa.types.TypeEngine[Any]) -> str:
    """A type with more room than a column has: JSON_TABLE cuts and clamps in silence, only the INSERT is strict."""
    if isinstance(kind, sa.Integer):
        return "VARCHAR(32)"
    return f"VARCHAR({kind.length + 1})" if isinstance(kind, sa.String) and kind.length else "LONGTEXT"


def is_transient(error: sa.exc.DBAPIError) -> bool:
    """Whether the database rolled back and asks for another try."""
    arguments: tuple[Any, ...] = getattr(error.orig, "args", ())
    return bool(arguments) and (arguments[0] in TRANSIENT_MARIADB or "database is locked" in str(arguments[0]))


def create_database(name: str, sql: str, replica: str = "") -> None:
    """Make a MariaDB's database that is not there yet. SQLite makes its file when it is opened."""
    if sql.startswith("sqlite"):
        return
    engine = sa.create_engine(sql + "/", isolation_level="AUTOCOMMIT")
    if replica:
        connect_to_the_first_that_writes(engine, (sql, replica))
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE IF NOT EXISTS {name} CHARACTER SET utf8mb4")
    engine.dispose()


def _mariadb_engine(url: str, isolation: Any) -> sa.Engine:
    return sa.create_engine(
        url,
        isolation_level=isolation,
        pool_size=64,
        max_overflow=0,
        pool_timeout=10,
        pool_reset_on_return=None,  # every transaction ends in its own `begin` block
        skip_autocommit_rollback=True,  # a read would send one for nothing
        connect_args={
            "connect_timeout": 5,
            "read_timeout": 20,
            "write_timeout": 20,
            "charset": "utf8mb4",
            "init_command": "SET time_zone = '+00:00'",
        },
    )


def _sqlite_engine(url: str, runtime: Runtime) -> sa.Engine:
    engine = sa.create_engine(
        url,
        isolation_level=None,
        connect_args={"timeout": 30, "check_same_thread": False},
        pool_size=32,
        max_overflow=256,
        pool_use_lifo=True,  # a connection that was just used has its pages and statements at hand
    )

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.create_function("rainproof_now_us", 0, runtime.now_us)

    return engine
