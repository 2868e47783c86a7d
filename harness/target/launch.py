"""Starting the target for a run, and leaving nothing of it afterwards (see keeper.py)."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from harness import processes
from harness.config import ConfigError
from harness.target import keeper
from harness.target.fetch import Unreachable, fetch
from harness.target.files import StartTable
from harness.target.mapping import Target

_POLL_S: Final = 0.05
_ASK_S: Final = 2.0
_KEEPER_S: Final = 5.0  # what the keeper may take beyond the target's own time to stop


@contextmanager
def launch(target: Target, log_folder: Path) -> Iterator["Launched | None"]:
    """The target, up and answering, for the time of the block; its output goes to `log_folder`/target.log.

    None if the target file has no [start]: then it must answer already. ConfigError: it does not answer,
    its port is taken, it died before it was ready or was not ready in time, with its last words.
    """
    if target.start is None:
        _expect_answer(target)
        yield None
        return
    launched = Launched(target, target.start, log_folder / "target.log")
    try:
        launched.start()
        yield launched
    finally:
        launched.stop()


class Launched:
    """A target that this run started. It can be stopped, killed and started again."""

    def __init__(self, target: Target, table: StartTable, log: Path) -> None:
        self.log = log
        self._target = target
        self._table = table
        self._keeper: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process that the command became; None while it is not running."""
        if self._keeper is None or self._keeper.poll() is not None:
            return None
        return next(iter(keeper.children(self._keeper.pid)), None)

    def start(self) -> None:
        """Start the command and wait until the ready path answers 200."""
        _expect_free_port(self._target)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._keeper = self._keep(log)
        self._wait_until_ready()

    def stop(self) -> None:
        """SIGTERM, time to finish, SIGKILL; returns when nothing of it is left."""
        if self._keeper is None:
            return
        self._keeper.terminate()
        try:
            self._keeper.wait(self._table.stop_s + _KEEPER_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """SIGKILL to every process of the target, as a power cut would."""
        if self._keeper is None or self._keeper.poll() is not None:
            return
        keeper.kill(keeper.descendants(self._keeper.pid))
        self._keeper.wait(_KEEPER_S)

    def _keep(self, log: IO[bytes]) -> "subprocess.Popen[bytes]":
        how = [sys.executable, "-I", "-S", keeper.__file__, str(os.getpid()), str(self._table.stop_s)]
        try:
            return subprocess.Popen(
                [*how, *self._table.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=os.environ | self._table.environment,
                cwd=self._table.folder,
                start_new_session=True,  # Ctrl-C is for the run, which then stops the target in order
            )
        except OSError as error:
            raise ConfigError(f"{self._target.path}: [start] folder: {error.strerror}: {error.filename}") from None

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + self._table.timeout_s
        last = "no answer"
        while time.monotonic() < deadline:
            if self._keeper is None or self._keeper.poll() is not None:
                status = self._keeper.returncode if self._keeper else None
                raise ConfigError(f"{self._who()} ended with status {status} before it was ready: {self._last_words()}")
            try:
                status, _ = fetch(self._target, self._table.ready, min(_ASK_S, self._table.timeout_s))
                last = f"status {status}"
            except Unreachable as error:
                status, last = 0, str(error)
            if status == 200:
                return
            time.sleep(_POLL_S)
        waited = f"was not ready within {self._table.timeout_s:g} s ({self._table.ready}: {last})"
        raise ConfigError(f"{self._who()} {waited}: {self._last_words()}")

    def _who(self) -> str:
        return f"{self._target.path}: target {self._target.base_url}"

    def _last_words(self) -> str:
        return f"{processes.last_line(self.log) or 'it said nothing'} (log: {self.log})"


def _expect_answer(target: Target) -> None:
    """Any HTTP answer will do: what stands at / is the target's business."""
    try:
        fetch(target, "/", _ASK_S)
    except Unreachable as error:
        what = f"target {target.base_url} does not answer ({error})"
        raise ConfigError(f"{target.path}: {what}: start it, or say how in [start]") from None


def _expect_free_port(target: Target) -> None:
    """Somebody else at the address would be taken for the target."""
    try:
        socket.create_connection((target.host, target.port), timeout=_ASK_S).close()
    except OSError:
        return
    raise ConfigError(f"{target.path}: port {target.port} on {target.host} is taken: free it or choose another")
