"""Part of some mutants: transactions at MariaDB's default isolation, where plain reads see one snapshot."""

from typing import Any

from reference_impl.stores import sql

_mariadb_engine = sql._mariadb_engine


def repeatable_read() -> None:
    """Writes are done under REPEATABLE READ. SQLite has one isolation only, and nothing changes there."""

    def engine(url: str, isolation: Any) -> Any:
        return _mariadb_engine(url, isolation if isolation == "AUTOCOMMIT" else "REPEATABLE READ")

    sql._mariadb_engine = engine
