"""Every statement and commit is a point: the dialect's own calls are wrapped, beneath all of SQLAlchemy.

SQLAlchemy's events run before a call and cannot say 'applied, but timed out'. An injected error means that the
connection broke: the transaction is rolled back at once, not whenever a server notices, and the connection answers
nothing more until the pool hands it out again.
"""

import sqlite3
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import sqlalchemy as sa
from pymysql.constants import SERVER_STATUS

from harness.simulation.faults import COMMIT, STATEMENT, befall
from harness.simulation.scheduler import Crashed, Scheduler, acting, active

NO_ANSWER: Final = 1159  # ER_NET_READ_INTERRUPTED: a driver that takes it for a lost connection would close it slowly
DEADLOCK: Final = 1213
LOCK_WAIT: Final = 1205
SQLITE_BUSY: Final = 5
_CLOCKS: Final = ("NOW(6)", "SYSDATE(6)")

_broken: Final[set[int]] = set()
"""Connections, by identity, that lie broken in somebody's hands."""


def watch(engine: sa.Engine) -> set[str]:
    """Make every call of this engine a point, whenever an actor makes it.

    Returns a set to which the text of every statement is added that anybody sends from then on.
    """
    sent: set[str] = set()
    dialect: Any = engine.dialect
    error = dialect.loaded_dbapi.OperationalError
    for name in ("do_execute", "do_execute_no_params", "do_executemany"):
        execute = getattr(dialect, name)
        if dialect.name != "sqlite":
            execute = partial(_at_simulated_time, execute)
        setattr(dialect, name, partial(_statement, sent, execute, error))
    dialect.do_commit = partial(_commit, dialect.do_commit, error)
    dialect.do_rollback = partial(_rollback, dialect.do_rollback)
    sa.event.listen(engine, "checkout", lambda connection, *_: _broken.discard(id(connection)))
    return sent


def _statement(
    sent: set[str], execute: Any, error: type[Exception], cursor: Any, statement: str, *arguments: Any
) -> None:
    sent.add(statement)
    scheduler = acting()
    if scheduler is None:
        execute(cursor, statement, *arguments)
        return
    with _Connection(cursor.connection, error) as connection:
        fault = scheduler.point("sql", statement, arguments[0] if len(arguments) > 1 else None, STATEMENT)
        befall(scheduler, fault)
        if fault == "fail":
            connection.breaks("the statement never arrived")
        while not _done(scheduler, connection, partial(execute, cursor, statement, *arguments)):
            pass
        if fault == "timeout":
            connection.breaks("no answer came")


def _commit(commit: Any, error: type[Exception], pooled: Any) -> None:
    scheduler = acting()
    if scheduler is None:
        commit(pooled)
        return
    with _Connection(pooled.dbapi_connection, error) as connection:
        fault = scheduler.point("commit", "COMMIT", faults=COMMIT)
        if fault == "fail":
            connection.breaks("the commit never arrived")
        if fault == "crash_after":
            commit(pooled)
        befall(scheduler, fault)
        commit(pooled)
        scheduler.moved(holds=False)
        if fault == "timeout":
            connection.breaks("committed, but no answer came")


def _rollback(rollback: Any, pooled: Any) -> None:
    """No point: nobody waits for it, and it cannot fail."""
    rollback(pooled)
    scheduler = acting()
    if scheduler is not None:
        scheduler.moved(holds=False)


class _Connection:
    """A driver's connection during one call. A crash of its actor undoes what it did not commit."""

    __slots__ = ("_error", "_raw")

    def __init__(self, raw: Any, error: type[Exception]) -> None:
        self._raw, self._error = raw, error

    def __enter__(self) -> "_Connection":
        if id(self._raw) in _broken:
            raise self._error(NO_ANSWER, "the connection is broken since an injected fault")
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None and issubclass(kind, Crashed):
            self._raw.rollback()

    def is_in_transaction(self) -> bool:
        """As the server, or SQLite, says: whoever is may hold locks."""
        status = getattr(self._raw, "server_status", None)
        return bool(self._raw.in_transaction) if status is None else bool(status & SERVER_STATUS.SERVER_STATUS_IN_TRANS)

    def breaks(self, words: str) -> None:
        self._raw.rollback()
        _broken.add(id(self._raw))
        raise self._error(NO_ANSWER, f"injected: {words}")

    def is_victim(self) -> None:
        """As InnoDB does, the whole transaction is rolled back."""
        self._raw.rollback()
        raise self._error(DEADLOCK, "deadlock found: this transaction is the victim") from None


def _done(scheduler: Scheduler, connection: _Connection, execute: Callable[[], None]) -> bool:
    """Whether the call was done; False where it met a lock and is to be tried again."""
    try:
        execute()
    except Exception as error:
        if not _met_lock(error):
            scheduler.moved()
            raise
        if scheduler.lock_failed():
            scheduler.moved(holds=False)
            connection.is_victim()
        return False
    scheduler.moved(holds=connection.is_in_transaction())
    return True


def _met_lock(error: Exception) -> bool:
    """SQLITE_BUSY_SNAPSHOT (517) is not among them: it never heals, the transaction begins anew."""
    if isinstance(error, sqlite3.OperationalError):
        return error.sqlite_errorcode == SQLITE_BUSY
    return bool(error.args) and error.args[0] == LOCK_WAIT


def _at_simulated_time(execute: Any, cursor: Any, statement: str, *arguments: Any) -> None:
    """MariaDB's clock, for a statement that reads it, is the schedule's at the moment it is sent."""
    scheduler = active()
    if scheduler is not None and any(clock in statement for clock in _CLOCKS):
        seconds, us = divmod(scheduler.now_ns // 1000, 1_000_000)
        statement = f"SET STATEMENT timestamp = {seconds}.{us:06d} FOR {statement}"
    execute(cursor, statement, *arguments)
