"""Making tables and views that are not there yet."""

from collections.abc import Iterable

import sqlalchemy as sa

from reference_impl.stores.sql import Store


def create_tables(store: Store, tables: Iterable[sa.Table]) -> None:
    """Make those of the tables that the database has not got."""

    def work(connection: sa.Connection) -> None:
        standing = set(sa.inspect(connection).get_table_names())
        for table in tables:
            if table.name not in standing:
                table.create(connection)

    store.write(work)


def create_view(store: Store, name: str, select: str) -> None:
    """Make a view, or make it anew."""

    def work(connection: sa.Connection) -> None:
        connection.exec_driver_sql(f"DROP VIEW IF EXISTS {name}")
        connection.exec_driver_sql(f"CREATE VIEW {name} AS {select}")

    store.write(work)
