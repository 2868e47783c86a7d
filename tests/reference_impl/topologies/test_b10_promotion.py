"""MariaDB is strong: when it is gone for good its replica is promoted, and has all that anybody was told of (B10)."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import pymysql
import pytest
import sqlalchemy as sa

from harness import faults, fleet
from harness.config import ConfigError
from harness.faults import Site
from harness.servers import MariaDB, Running
from reference_impl.bootstrap import build, create_stores, store_names
from reference_impl.domain.acts import act_id
from reference_impl.runtime import ThreadRuntime
from reference_impl.settings import Settings
from reference_impl.stores.layout import ledger_tables
from reference_impl.system import System
from reference_impl.wallet import asking
from reference_impl.wallet.award import AwardRequest, award

TOPOLOGY = Path(__file__).parents[3] / "reference_impl" / "topologies" / "festival_replica.toml"
READ_ONLY = 1290
ACCOUNTS = ledger_tables(False).accounts
_acts = count(1)


class Pair(NamedTuple):
    """A system over a MariaDB and its replica."""

    system: System
    running: Running
    source: MariaDB
    replica: MariaDB

    def award(self) -> int:
        """Give 5 fen by order row, credited at once; to whom."""
        act = act_id(next(_acts), False)
        assert self.system.desk is not None
        award(self.system, self.system.desk, AwardRequest(act, "koi", "1", 5))
        return act

    def balance_fen(self, act: int) -> int:
        assert self.system.desk is not None
        return asking.balance(self.system, self.system.desk, act).balance_fen

    def strike(self, text: str) -> str:
        site: Any = Site(target=None, launched=None, running=self.running, workers=())  # type: ignore[arg-type]
        return faults.act(faults.parse(text), site)


@pytest.fixture(scope="module")
def pair(server_programs: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("promotion")
    tables = {name: table for name, table in fleet.read(TOPOLOGY).items() if table.kind == "mariadb"}
    with fleet.start(folder / "servers", tables, folder) as running:
        source, replica = running.named["mariadb"], running.replicas["mariadb"]
        assert isinstance(source, MariaDB)
        small = {"order_shards": 1, "ledger_shards": 1, "wallet_shards": 1, "day_tables": (1,), "regions": ("south",)}
        settings = Settings(sql=source.url, cache="embedded", data=str(folder), **small)
        spare = dict.fromkeys(store_names(settings), replica.url)
        settings = Settings(sql=source.url, replicas=spare, cache="embedded", data=str(folder), **small)
        create_stores(settings)
        system = build(settings, ThreadRuntime(), holder="promotion")
        yield Pair(system, running, source, replica)
        system.close()


def as_root(server: MariaDB, *statements: str) -> Any:
    with pymysql.connect(host="127.0.0.1", port=server.port, user="root", autocommit=True) as connection:
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        return cursor.fetchall()


def port(pair: Pair) -> int:
    """Of the server that a transaction of the ledger's writes to."""

    def work(connection: sa.Connection) -> int:
        connection.execute(sa.delete(ACCOUNTS).where(sa.false()))  # nothing, and yet no reading
        return int(connection.execute(sa.text("SELECT @@port")).scalar_one())

    return pair.system.ledger.stores[0].write(work)


@pytest.mark.servers
def test_b10_nobody_is_told_what_the_replica_has_not_got(pair: Pair) -> None:
    """While the replica hears nothing an award waits for its answer; then it is there."""
    pair.award()
    as_root(pair.replica, "STOP ALL SLAVES")
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(pair.award)
        assert not wait([asked], timeout=0.5).done
        as_root(pair.replica, "START ALL SLAVES")
        asked.result(timeout=20)


@pytest.mark.servers
def test_b10_the_replica_takes_over_with_all_that_was_told(pair: Pair) -> None:
    """Awards go on while MariaDB is killed for good; each that was told of is there, and the old one, back, takes no
    write."""
    told, over = [], threading.Event()

    def ask() -> None:
        while not over.is_set():
            try:
                told.append(pair.award())
            except sa.exc.SQLAlchemyError:
                over.wait(0.01)

    with ThreadPoolExecutor(4) as pool:
        for _ in range(4):
            pool.submit(ask)
        try:
            over.wait(0.5)
            before = len(told)
            assert "killed MariaDB mariadb" in pair.strike("promote=mariadb@0")
            over.wait(0.5)
        finally:
            over.set()
    assert 0 < before < len(told)
    assert {pair.balance_fen(act) for act in told} == {5}
    assert pair.running.named["mariadb"] is pair.replica
    pair.source.start()
    assert (as_root(pair.source, "SELECT @@read_only"), port(pair)) == (((1,),), pair.replica.port)
    with pytest.raises(pymysql.OperationalError) as refused:
        pymysql.connect(host="127.0.0.1", port=pair.source.port, user=pair.source.user).query("CREATE DATABASE late")
    assert refused.value.args[0] == READ_ONLY
    with pytest.raises(ConfigError, match="no replica that takes over"):
        pair.strike("promote=mariadb@0")


@pytest.mark.servers
def test_b10_read_only_means_that_it_is_elsewhere(pair: Pair) -> None:
    """A server that stops taking writes is left, also by open connections; where none takes any, that is said."""
    pair.award()
    as_root(pair.replica, "SET GLOBAL read_only = ON")
    with pytest.raises(sa.exc.OperationalError, match="no server of this database can be written to"):
        pair.award()
    as_root(pair.source, "SET GLOBAL rpl_semi_sync_master_enabled = OFF", "SET GLOBAL read_only = OFF")
    pair.award()
    assert port(pair) == pair.source.port
