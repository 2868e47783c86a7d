"""Private MariaDB and Redis for a run: a folder and free ports of their own, gone afterwards on every way
out.

They are as durable as production would have them, because what is proved after a `kill -9` depends on it.
"""

import contextlib
import os
import shutil
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec
import pymysql
import redis as redis_client
from redis.backoff import NoBackoff
from redis.retry import Retry

from harness import processes
from harness.config import ConfigError

_INSTALLER: Final = Path(__file__).resolve().parents[1] / "ci" / "install"
_SYSTEM_FOLDERS: Final = ("/usr/sbin", "/usr/local/sbin")  # Debian keeps servers off the users' PATH
_READY_WITHIN_S: Final = 60.0
_LOOK_EVERY_S: Final = 0.02
_PATIENCE_S: Final = 2  # with one look: whoever else holds the port may be mute
_PORT_TAKEN: Final = "Address already in use"


_APPENDFSYNC: Final = {"second": "everysec", "always": "always"}
_DURABLE: Final = ("--innodb-flush-log-at-trx-commit=1",)
_VOLATILE: Final = (
    "--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync",
    "--innodb-lock-wait-timeout=0",  # a scheduler decides who waits, and for how long
    "--sysdate-is-now",  # and what time it is
)  # fmt: skip


class PortTakenError(ConfigError):
    """Somebody else listens on the port that was free a moment ago."""


class Server(ABC):
    """One private server; `kill` and `start` again are a crash and a restart on the same port and data."""

    name: str
    label: str

    def __init__(self, folder: Path, port: int, logs: Path, volatile: bool = False, name: str = "") -> None:
        """`name`: what it is called where there are several of its kind."""
        self.name = name or type(self).name
        self.folder, self.port, self._volatile = folder, port, volatile
        self._log = logs / f"{self.name}.log"
        self._said_before = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the running process; 0 when it does not run."""
        return self._process.pid if self._process and self._process.poll() is None else 0

    def prepare(self) -> None:
        """Makes the data folder."""
        self.folder.mkdir(parents=True)

    def start(self) -> None:
        """Starts the process and returns when it answers. Raises PortTakenError, or ConfigError with its last
        words.
        """
        self.spawn()
        self.wait()

    def spawn(self) -> None:
        """Starts the process and does not wait for it: `wait` does."""
        self._log.touch()
        self._said_before = self._log.stat().st_size
        self._process = processes.start(self._command(), self._log, folder=self.folder)

    def wait(self) -> None:
        """Returns when the spawned process answers. Raises as `start`."""
        deadline = time.monotonic() + _READY_WITHIN_S
        while True:
            time.sleep(_LOOK_EVERY_S)
            if self._process is None or self._process.poll() is not None:
                raise self._explain_death(self._log.read_bytes()[self._said_before :].decode(errors="replace"))
            if self._answers():
                return
            if time.monotonic() > deadline:
                self.kill()
                raise ConfigError(f"{self.label} did not answer within {_READY_WITHIN_S:.0f} s; its log is {self._log}")

    def stop(self) -> None:
        """Ends it in good order."""
        if self._process:
            processes.stop(self._process, grace_s=30)

    def kill(self) -> None:
        """Ends it as a power cut would: SIGKILL."""
        if self._process:
            processes.kill(self._process)

    def _explain_death(self, words: str) -> ConfigError:
        if _PORT_TAKEN in words:
            return PortTakenError(f"{self.label}: port {self.port} of 127.0.0.1 is taken; free it or run again")
        return ConfigError(f"{self.label} ended at once: {processes.last_line(self._log)} (log: {self._log})")

    @abstractmethod
    def _command(self) -> list[str]: ...

    @abstractmethod
    def _answers(self) -> bool:
        """Does this very process (not another on its port) serve?"""


class MariaDB(Server):
    """MariaDB 10.11 with the data folder `folder`."""

    name = "mariadb"
    label = "MariaDB"
    memory_mb = 256
    user = "root"
    """Whom its URL names; nobody has a password."""
    extra: tuple[str, ...] = ()
    """More words for its command line."""

    @property
    def url(self) -> str:
        return f"mysql+pymysql://{self.user}@127.0.0.1:{self.port}"

    def prepare(self) -> None:
        super().prepare()
        # what is lost when this is interrupted is worth nothing, so it need not be durable
        installer = [
            find_program("mariadb-install-db"), "--no-defaults", *_as_root(), *self._places(),
            "--auth-root-authentication-method=normal", "--skip-test-db", "--innodb-log-file-size=16M",
            "--innodb-undo-tablespaces=0", "--innodb-flush-log-at-trx-commit=0",
            "--innodb-flush-method=nosync",
        ]  # fmt: skip
        with self._log.open("ab") as log:
            if subprocess.run(installer, stdin=subprocess.DEVNULL, stdout=log, stderr=log).returncode:
                raise ConfigError(f"mariadb-install-db failed: {processes.last_line(self._log)} (log: {self._log})")

    def _places(self) -> list[str]:
        """Its data, and its temporary tables: in a shared /tmp another one's start would delete them."""
        return [f"--datadir={self.folder}", f"--tmpdir={self.folder}"]

    def _command(self) -> list[str]:
        return [
            find_program("mariadbd"), "--no-defaults", *_as_root(), *self._places(),
            "--bind-address=127.0.0.1", f"--port={self.port}", "--skip-name-resolve",
            "--socket=mariadb.sock",  # in the data folder: a socket's whole path may have 107 bytes only
            "--innodb-log-file-size=128M", f"--innodb-buffer-pool-size={self.memory_mb}M",
            "--max-connections=1000", "--character-set-server=utf8mb4",
            *(_VOLATILE if self._volatile else _DURABLE), *self.extra,
        ]  # fmt: skip

    def _answers(self) -> bool:
        try:
            connection = pymysql.connect(
                host="127.0.0.1", port=self.port, user="root", connect_timeout=_PATIENCE_S, read_timeout=_PATIENCE_S
            )
            with connection, connection.cursor() as cursor:
                cursor.execute("SELECT @@datadir")
                (found,) = cursor.fetchone() or ("",)
        except pymysql.MySQLError:
            return False
        return Path(found) == self.folder


class Redis(Server):
    """Redis 7 with an append-only file in `folder`, flushed every second, or `always`: before anything is answered."""

    name = "redis"
    label = "Redis"
    flush = "second"

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def _command(self) -> list[str]:
        return [
            find_program("redis-server"), "--bind", "127.0.0.1", "--port", str(self.port),
            "--dir", str(self.folder),
            "--appendonly", "no" if self._volatile else "yes", "--appendfsync", _APPENDFSYNC[self.flush], "--save", "",
        ]  # fmt: skip

    def _answers(self) -> bool:
        try:
            with redis_client.Redis(
                host="127.0.0.1", port=self.port, socket_timeout=_PATIENCE_S, retry=Retry(NoBackoff(), 0)
            ) as client:
                told = client.info()
        except redis_client.RedisError:
            return False
        return bool(told["process_id"] == self.pid and not told["loading"])


class Running(msgspec.Struct, frozen=True):
    """The servers of a run, and the URLs to reach them by; one that was not asked for is None and ""."""

    mariadb: MariaDB | None
    redis: Redis | None
    sql: str  # "mysql+pymysql://root@127.0.0.1:PORT", no database chosen
    cache: str  # "redis://127.0.0.1:PORT/0"
    named: dict[str, MariaDB | Redis] = {}  # all of them, by the names that faults kill them by
    replicas: dict[str, MariaDB] = {}  # by the name of the one that each takes over from


@contextlib.contextmanager
def start(
    folder: Path,
    mariadb: bool = True,
    redis: bool = True,
    *,
    volatile: bool = False,
    logs: Path | None = None,
    redis_flush: str = "second",
    free_port: Callable[[], int] = processes.free_port,
) -> Iterator[Running]:
    """Starts what is asked for, with data under `folder`, which is new and is removed afterwards.

    Raises ConfigError when a program is missing and may not be installed, does not start, or finds its port
    taken twice. Logs go to `logs`, by default into `folder`. `volatile`: for a simulator, nothing is flushed and no
    statement waits for a lock. `redis_flush`: second or always.
    """
    folder = folder.resolve()
    require_programs(mariadb, redis)
    folder.mkdir(parents=True)
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        database = cache = None
        if mariadb:
            database = MariaDB(folder / MariaDB.name, free_port(), logs or folder, volatile)
            _run(stack, database, free_port)
        if redis:
            cache = Redis(folder / Redis.name, free_port(), logs or folder, volatile)
            cache.flush = redis_flush
            _run(stack, cache, free_port)
        yield Running(
            mariadb=database,
            redis=cache,
            sql=database.url if database else "",
            cache=cache.url if cache else "",
            named={server.name: server for server in (database, cache) if server},
        )


def _run(stack: contextlib.ExitStack, server: Server, free_port: Callable[[], int]) -> None:
    """Starts a server; `stack` kills it. A port that was taken in between is replaced once."""
    stack.callback(server.kill)
    server.prepare()
    server.spawn()
    wait_or_move(server, free_port)


def wait_or_move(server: Server, free_port: Callable[[], int]) -> None:
    """Waits for a spawned server; one whose port was taken in between gets another, once."""
    try:
        server.wait()
    except PortTakenError:
        server.port = free_port()
        server.start()


def require_programs(mariadb: bool = True, redis: bool = True) -> None:
    """Installs the servers' programs where one is missing and that is allowed; ConfigError otherwise."""
    wanted = ["mariadbd", "mariadb-install-db"] * mariadb + ["redis-server"] * redis
    if all(_which(name) for name in wanted):
        return
    if not _INSTALLER.exists():
        raise ConfigError("servers: install the Debian packages mariadb-server and redis-server")
    done = subprocess.run([_INSTALLER, "servers"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()[-1]
        raise ConfigError(f"servers: {said.removeprefix('rainproof: ')}")


def find_program(name: str) -> str:
    """The path of a server's program; ConfigError when there is none."""
    if path := _which(name):
        return path
    raise ConfigError(f"servers: {name} is not installed; run ci/install servers, or install its Debian package")


def _which(name: str) -> str | None:
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", os.defpath), *_SYSTEM_FOLDERS]))


def _as_root() -> list[str]:
    """MariaDB runs as root only when told to."""
    return ["--user=root"] if os.geteuid() == 0 else []
