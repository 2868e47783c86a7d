"""Process roles: `api` serves HTTP, `credit` moves vouchers into accounts, `sweep` refunds and reconciles. Each of them
looks what operators have set (B17).

On servers each role is a process, restarted when it dies; embedded they share one process with their cache. A process's
id stands in `{data}/pids/{role}.pid`.
"""

import ctypes
import logging
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec

from reference_impl import mutants
from reference_impl.api import make_app
from reference_impl.bootstrap import build, create_stores
from reference_impl.packets import consuming, crediting, expiry
from reference_impl.reconcile.run import run_all
from reference_impl.runtime import ThreadRuntime
from reference_impl.settings import Settings
from reference_impl.system import System
from reference_impl.wallet import crediting as awards

log = logging.getLogger(__name__)

SETTINGS_VARIABLE: Final = "RAINPROOF_REFERENCE"
FULL_PASS_EVERY: Final = 20
"""Every so many passes a reconciliation starts from the beginning, for what was committed late."""
_PR_SET_PDEATHSIG: Final = 1


def serve(settings: Settings) -> int:
    """Run a deployment until it is told to stop; the exit code."""
    folder = Path(settings.data) / "pids"
    folder.mkdir(parents=True, exist_ok=True)
    mutants.plant(settings.mutant, settings.weather)
    create_stores(settings)
    os.environ[SETTINGS_VARIABLE] = msgspec.json.encode(settings).decode()
    return _supervise(("api",) if settings.embedded else ("api", *WORK))


def run_role(role: str, parent: int) -> None:
    """Be one role, in a process of its own below process `parent`."""
    die_with(parent)
    settings = _settings()
    if role == "api":
        _run_api(settings)
    else:
        system = _start(settings, role)
        WORK[role](system, f"{role}-{os.getpid()}")


def application() -> Any:
    """The WSGI application, made inside the HTTP server's worker process."""
    server = multiprocessing.parent_process()
    if server is not None and server.pid is not None:
        die_with(server.pid)
    settings = _settings()
    system = _start(settings, "api")
    if settings.embedded:
        for role, work in WORK.items():
            system.runtime.spawn(role, partial(work, system, role))
    return make_app(system, f"api-{os.getpid()}")


def credit_forever(system: System, name: str) -> None:
    consuming.listen(system, crediting.JOB, name)


def sweep_forever(system: System, name: str) -> None:
    """Refund what is due and repair what is missing, without end; a store that is gone is waited for."""
    passes, since_us = 0, 0
    while True:
        until_us = system.runtime.now_us() - int(system.settings.reconcile_after_s * 1_000_000)
        since_us = 0 if passes % FULL_PASS_EVERY == 0 else since_us
        try:
            expiry.sweep(system)
            for reconciled, report in run_all(system, since_us, until_us).items():
                if report.missing:
                    log.warning("%s reconciled %s: %s", name, reconciled, report)
            passes, since_us = passes + 1, until_us
        except Exception:
            log.exception("a pass of %s failed", name)
        system.runtime.sleep(system.settings.sweep_every_s)


def award_forever(system: System, name: str) -> None:
    awards.listen(system, name)


WORK: Final[dict[str, Callable[[System, str], None]]] = {
    "credit": credit_forever,
    "award": award_forever,
    "sweep": sweep_forever,
}


def die_with(parent: int) -> None:
    """Ask Linux to end this process when its parent ends, however that happens; end now if it has ended already."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _settings() -> Settings:
    return msgspec.json.decode(os.environ[SETTINGS_VARIABLE], type=Settings)


def _start(settings: Settings, role: str) -> System:
    logging.basicConfig(level=logging.WARNING, format=f"%(asctime)s {role} %(levelname)s %(name)s: %(message)s")
    mutants.plant(settings.mutant, settings.weather)
    (Path(settings.data) / "pids" / f"{role}.pid").write_text(str(os.getpid()))
    system = build(settings, ThreadRuntime(), holder=f"{role}-{os.getpid()}")
    system.runtime.spawn("controls", partial(system.controls.watch, settings.controls_every_s))
    return system


def _run_api(settings: Settings) -> None:
    from granian import Granian
    from granian.constants import Interfaces

    Granian(
        "reference_impl.roles:application",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        factory=True,
        workers=1,
        blocking_threads=4 if settings.embedded else settings.threads,
        respawn_failed_workers=True,
        log_access=False,
    ).serve()


def _supervise(roles: tuple[str, ...]) -> int:
    stopping: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _frame: stopping.append(number))
    running = {role: _spawn(role) for role in roles}
    try:
        while not stopping:
            for role, process in running.items():
                if process.poll() is not None:
                    log.warning("%s ended with %s and is started again", role, process.returncode)
                    running[role] = _spawn(role)
            time.sleep(0.1)
    finally:
        for process in running.values():
            process.terminate()
        for process in running.values():
            _end(process)
    return 0


def _spawn(role: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-m", "reference_impl", "role", role, str(os.getpid())])


def _end(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
