"""A MariaDB and the replica that takes over from it.

Nobody is told of a commit before the replica has it (semi-synchronous, and others see it after that only), however long
that takes. Both start read-only and are opened by promotion alone, so that one that comes back late never takes a write
of its own. Who writes has a user that read-only stops; root it would not.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pymysql
from pymysql.cursors import DictCursor

from harness.config import ConfigError
from harness.servers import MariaDB

WRITER: Final = "writer"
"""The user of whoever writes to a server that may stop being the one to write to."""
_EVER_MS: Final = 24 * 3600 * 1000
"""How long a commit waits for the replica: it is never told of without."""
_WITHIN_S: Final = 30
_LOOK_EVERY_S: Final = 0.02
_RETRY_S: Final = 1  # a replica looks for a source that is gone this often

SOURCE_WORDS: Final = (
    "--read-only=ON", "--rpl-semi-sync-master-enabled=ON", "--rpl-semi-sync-master-wait-point=AFTER_SYNC",
    f"--rpl-semi-sync-master-timeout={_EVER_MS}",
)  # fmt: skip
REPLICA_WORDS: Final = ("--rpl-semi-sync-slave-enabled=ON",)


def follow(replica: MariaDB, sources: list[MariaDB]) -> None:
    """Makes `replica` follow the sources from their first change, also after a crash of either side."""
    with _connected(replica) as cursor:
        for source in sources:
            cursor.execute(
                f"CHANGE MASTER '{source.name}' TO MASTER_HOST = '127.0.0.1', MASTER_PORT = {source.port},"
                f" MASTER_USER = 'root', MASTER_USE_GTID = slave_pos, MASTER_CONNECT_RETRY = {_RETRY_S}"
            )
        cursor.execute("START ALL SLAVES")


def open_source(source: MariaDB) -> None:
    """Lets a source be written to, once its replica is there to acknowledge. Raises ConfigError."""
    with _connected(source) as cursor:
        deadline = time.monotonic() + _WITHIN_S
        while not _acknowledging(cursor):
            if time.monotonic() > deadline:
                raise ConfigError(f"{source.name}: its replica did not come within {_WITHIN_S} s")
            time.sleep(_LOOK_EVERY_S)
        cursor.execute("SET GLOBAL read_only = OFF")
        cursor.execute(f"CREATE USER {WRITER}@'%'")
        cursor.execute(f"GRANT ALL ON *.* TO {WRITER}@'%'")
        cursor.execute(f"REVOKE READ ONLY ADMIN ON *.* FROM {WRITER}@'%'")


def promote(replica: MariaDB) -> None:
    """Makes a replica, whose source is gone, the one to write to, with all that it was told. Raises ConfigError."""
    with _connected(replica) as cursor:
        names = [follower["Connection_name"] for follower in _followers(cursor)]
        for name in names:
            cursor.execute(f"STOP SLAVE '{name}' IO_THREAD")
        for told in filter(None, [follower["Gtid_IO_Pos"] for follower in _followers(cursor)]):
            cursor.execute("SELECT MASTER_GTID_WAIT(%s, %s) AS late", (told, _WITHIN_S))
            if cursor.fetchall()[0]["late"]:
                raise ConfigError(f"{replica.name} has not applied {told} within {_WITHIN_S} s")
        for name in names:
            cursor.execute(f"STOP SLAVE '{name}'")
            cursor.execute(f"RESET SLAVE '{name}' ALL")
        cursor.execute("SET GLOBAL read_only = OFF")


def _acknowledging(cursor: Any) -> int:
    """How many replicas a source waits for."""
    cursor.execute("SHOW STATUS LIKE 'Rpl_semi_sync_master_clients'")
    return int(cursor.fetchall()[0]["Value"])


def _followers(cursor: Any) -> list[dict[str, Any]]:
    """What a replica knows of each source."""
    cursor.execute("SHOW ALL SLAVES STATUS")
    return list(cursor.fetchall())


@contextmanager
def _connected(server: MariaDB) -> Iterator[Any]:
    """A cursor of root's, whose rows are dicts."""
    connection = pymysql.connect(
        host="127.0.0.1", port=server.port, user="root", autocommit=True, cursorclass=DictCursor
    )
    with connection, connection.cursor() as cursor:
        yield cursor
