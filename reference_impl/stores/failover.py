"""A database with a replica: whoever connects takes the first server that is there and can be written to, and leaves
one that is so no longer (B10). A replica that follows, and an old primary that comes back, are read-only.
"""

from collections.abc import Sequence
from typing import Any, Final

import pymysql
import sqlalchemy as sa

READ_ONLY: Final = 1290
"""MariaDB's answer to who would write to a server that is read-only."""


def connect_to_the_first_that_writes(engine: sa.Engine, addresses: Sequence[str]) -> None:
    """Have an engine look for its server at each of the addresses whenever it connects. Once a connection is lost, or
    its server is read-only, all that were opened before it are opened anew.
    """
    places = [{"host": url.host, "port": url.port} for url in map(sa.make_url, addresses)]

    @sa.event.listens_for(engine, "do_connect")
    def connect(dialect: Any, _record: Any, arguments: Any, options: dict[str, Any]) -> Any:
        found: Exception = pymysql.OperationalError(READ_ONLY, "no server of this database can be written to")
        for place in places:
            try:
                connection = dialect.connect(*arguments, **{**options, **place})
            except pymysql.OperationalError as error:
                found = error
                continue
            if not _is_read_only(connection):
                return connection
            connection.close()
        raise found

    @sa.event.listens_for(engine, "handle_error")
    def leave(context: Any) -> None:
        if context.original_exception.args[:1] == (READ_ONLY,):
            context.is_disconnect = True


def _is_read_only(connection: Any) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@read_only")
        return bool(cursor.fetchone()[0])
