"""A topology's servers: many private MariaDBs and Redises, started side by side and gone afterwards.

A topology is a TOML file. The harness reads its `[servers]` only; the rest says what the target makes of them.

    [servers.south_0]
    kind = "mariadb"

    [servers.standby]
    kind = "mariadb"
    replicates = ["south_0"]

    [servers.spare]
    kind = "mariadb"
    replicates = ["south_1"]
    takes_over = true

The target is told the file, and the servers' addresses by a JSON file: name → URL.
"""

import contextlib
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct, field

from harness import config, processes, replication
from harness.config import ConfigError, nearest
from harness.servers import MariaDB, Redis, Running, Server, require_programs, wait_or_move

_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_OURS: Final = frozenset({"python", "port", "data", "backend", "options", "topology", "run", "worker", "target"})
"""Names that mean something else in a target file or a fault."""


class ServerTable(Struct, frozen=True, forbid_unknown_fields=True):
    """[servers.NAME]: one server. `replicates`: names of MariaDBs whose every change it follows. `takes_over`: it is
    promoted in the place of the one it follows (fault `promote`), which tells nobody of what this one has not got.
    """

    kind: Literal["mariadb", "redis"]
    replicates: list[str] = field(default_factory=list)
    takes_over: bool = False
    memory_mb: Annotated[int, Meta(ge=16, le=65_536)] = 64  # of a MariaDB's buffer pool
    flush: Literal["second", "always"] = "second"  # how often a Redis writes to its disk


Tables = Mapping[str, ServerTable]


class _File(Struct, frozen=True):
    servers: dict[str, ServerTable] = field(default_factory=dict)


def find(text: str, target: Path) -> Path:
    """The topology called `text`: a path, or the name of one that comes with the target file at `target`."""
    if Path(text).is_file():
        return Path(text).resolve()
    folder = config.read_toml(target).get("start", {}).get("topologies")
    shipped: dict[str, Path] = {}
    if folder:
        shipped = {path.stem: path for path in (target.parent / folder).glob("*.toml")}
    if text not in shipped:
        raise ConfigError(f"--topology {text}: neither a file nor a name: {nearest(text, shipped)}")
    return shipped[text].resolve()


def read(path: Path) -> Tables:
    """The servers that the topology at `path` lists; what does not fit is a ConfigError."""
    tables = config.convert({"servers": config.read_toml(path).get("servers", {})}, _File, source=str(path)).servers
    for name, table in tables.items():
        if not _NAME.fullmatch(name) or name in _OURS:
            raise ConfigError(f"{path}: [servers.{name}]: take another name, of small letters, digits and _")
        _check_sources(f"{path}: [servers.{name}]", table, tables)
    return tables


def _check_sources(place: str, table: ServerTable, tables: Tables) -> None:
    if table.replicates and table.kind != "mariadb":
        raise ConfigError(f"{place}: only a mariadb replicates")
    databases = [name for name, other in tables.items() if other.kind == "mariadb" and other is not table]
    for source in table.replicates:
        if source not in databases:
            raise ConfigError(f"{place}: no other mariadb is called '{source}': {nearest(source, databases)}")
    if table.takes_over and len(table.replicates) != 1:
        raise ConfigError(f"{place}: takes_over is for a mariadb that replicates one other")
    rivals = [name for name, other in tables.items() if other.takes_over and other.replicates == table.replicates]
    if table.takes_over and len(rivals) > 1:
        raise ConfigError(f"{place}: only one takes over from {table.replicates[0]}: {', '.join(rivals)}")


@contextlib.contextmanager
def start(
    folder: Path, tables: Tables, logs: Path, free_port: Callable[[], int] = processes.free_port
) -> Iterator[Running]:
    """Starts all of them, with data under `folder`, which is new and is removed afterwards. Raises as servers.start."""
    folder = folder.resolve()
    kinds = {table.kind for table in tables.values()}
    require_programs("mariadb" in kinds, "redis" in kinds)
    folder.mkdir(parents=True)
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        named = {name: _server(name, table, folder, logs, free_port()) for name, table in tables.items()}
        _prepare(named, folder, logs)
        _make_sources(named, tables)
        for server in named.values():
            stack.callback(server.kill)
            server.spawn()
        for server in named.values():
            wait_or_move(server, free_port)
        for name, table in tables.items():
            if table.replicates:
                replication.follow(_database(named[name]), [_database(named[source]) for source in table.replicates])
        replicas = {source: _database(named[name]) for source, name in _pairs(tables).items()}
        for source in replicas:
            replication.open_source(_database(named[source]))
        yield Running(mariadb=None, redis=None, sql="", cache="", named=named, replicas=replicas)


def _pairs(tables: Tables) -> dict[str, str]:
    """Source → the replica that takes over from it."""
    return {table.replicates[0]: name for name, table in tables.items() if table.takes_over}


def _database(server: Server) -> MariaDB:
    """A server of which the tables say that it is a MariaDB."""
    if not isinstance(server, MariaDB):
        raise TypeError(server.name)
    return server


def _server(name: str, table: ServerTable, folder: Path, logs: Path, port: int) -> MariaDB | Redis:
    if table.kind == "redis":
        redis = Redis(folder / name, port, logs, name=name)
        redis.flush = table.flush
        return redis
    database = MariaDB(folder / name, port, logs, name=name)
    database.memory_mb = table.memory_mb
    return database


def _prepare(named: Mapping[str, Server], folder: Path, logs: Path) -> None:
    """Data folders. MariaDB's is installed once and copied, for installing is slow."""
    databases = [server for server in named.values() if isinstance(server, MariaDB)]
    for server in named.values():
        if server not in databases:
            server.prepare()
    if databases:
        installed = MariaDB(folder / "installed", 0, logs, name="install")
        installed.prepare()
        for database in databases:
            shutil.copytree(installed.folder, database.folder)
        shutil.rmtree(installed.folder)


def _make_sources(named: Mapping[str, Server], tables: Tables) -> None:
    """Sources write a binary log, each numbered apart from the others; replicas write none."""
    sources = {source for table in tables.values() for source in table.replicates}
    pairs = _pairs(tables)
    for number, (name, server) in enumerate(named.items(), start=1):
        if not isinstance(server, MariaDB):
            continue
        words = [f"--server-id={number}"]
        if name in sources:
            words += ["--log-bin=binlog", "--binlog-format=ROW", "--sync-binlog=1", f"--gtid-domain-id={number}"]
        if tables[name].replicates:
            words += ["--relay-log=relay", "--read-only=ON"]
        if name in pairs:
            words += replication.SOURCE_WORDS
        if tables[name].takes_over:
            words += replication.REPLICA_WORDS
        if name in (*pairs, *pairs.values()):
            server.user = replication.WRITER
        server.extra = tuple(words)
