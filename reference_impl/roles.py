"""Process roles: `api` serves HTTP, `credit` moves vouchers into accounts, `lists` writes people's lists, `repair` what
the cache missed, `sweep` refunds and reconciles, `profiles` stands in for the profile service where that is wanted.
Each of them looks what operators have set (B17).

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
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any, Final

import msgspec

from reference_impl import mutants, profile_service
from reference_impl.api import make_app
from reference_impl.bootstrap import build, create_stores
from reference_impl.packets import consuming, crediting, expiry, listing, preorders, repairing
from reference_impl.reconcile.run import run_all
from reference_impl.resilience.operators import keep_token
from reference_impl.role_port import listen_for_questions
from reference_impl.runtime import ThreadRuntime
from reference_impl.settings import Settings
from reference_impl.system import System

log = logging.getLogger(__name__)

SETTINGS_VARIABLE: Final = "RAINPROOF_REFERENCE"
_PR_SET_PDEATHSIG: Final = 1


def serve(settings: Settings) -> int:
    """Run a deployment until it is told to stop; the exit code."""
    folder = Path(settings.data) / "pids"
    folder.mkdir(parents=True, exist_ok=True)
    mutants.plant(settings.mutant, settings.weather)
    create_stores(settings)
    keep_token(settings)
    os.environ[SETTINGS_VARIABLE] = msgspec.json.encode(settings).decode()
    roles = ("api",) if settings.embedded else ("api", *WORK)
    return _supervise((*roles, "profiles") if settings.profile_port else roles)


def run_role(role: str, parent: int) -> None:
    """Be one role, in a process of its own below process `parent`."""
    die_with(parent)
    settings = _settings()
    if role == "api":
        _run_api(settings)
    elif role == "profiles":
        _note_process(settings, role)
        profile_service.server(settings.host, settings.profile_port).serve_forever()
    else:
        system = _start(settings, role)
        listen_for_questions(system, role)
        WORK[role](system, f"{role}-{os.getpid()}")


def application() -> Any:
    """The WSGI application, made inside the HTTP server's worker process."""
    server = multiprocessing.parent_process()
    if server is not None and server.pid is not None:
        die_with(server.pid)
    settings = _settings()
    system = _start(settings, "api")
    system.runtime.spawn("samples", partial(system.samples.watch, settings.samples_every_s))
    Finalize(None, system.samples.write, exitpriority=1)
    if settings.embedded:
        for role, work in WORK.items():
            system.runtime.spawn(role, partial(work, system, role))
    return make_app(system, f"api-{os.getpid()}")


def credit_forever(system: System, name: str) -> None:
    consuming.listen(system, crediting.JOB, name)


def repair_forever(system: System, name: str) -> None:
    consuming.listen(system, repairing.JOB, name)


def list_forever(system: System, name: str) -> None:
    consuming.listen(system, listing.JOB, name)


def sweep_forever(system: System, name: str) -> None:
    """Refund what is due and repair what is missing, without end; a store that is gone is waited for."""
    passes, since_us = 0, 0
    while True:
        now_us = system.runtime.now_us()
        system.counts.put("last_pass_us", "sweep", value=now_us)
        until_us = now_us - int(system.settings.reconcile_after_s * 1_000_000)
        since_us = 0 if passes % system.settings.full_pass_every == 0 else since_us
        try:
            expiry.sweep(system, everywhere=since_us == 0)
            if since_us == 0:
                preorders.sweep(system)
            for reconciled, report in run_all(system, since_us, until_us).items():
                if report.missing:
                    log.warning("%s reconciled %s: %s", name, reconciled, report)
            passes, since_us = passes + 1, until_us
        except Exception:
            log.exception("a pass of %s failed", name)
        system.runtime.sleep(system.settings.sweep_every_s)


WORK: Final[dict[str, Callable[[System, str], None]]] = {
    "credit": credit_forever,
    "repair": repair_forever,
    "lists": list_forever,
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
    _note_process(settings, role)
    system = build(settings, ThreadRuntime(), holder=f"{role}-{os.getpid()}")
    system.runtime.spawn("controls", partial(system.controls.watch, settings.controls_every_s))
    return system


def _note_process(settings: Settings, role: str) -> None:
    (Path(settings.data) / "pids" / f"{role}.pid").write_text(str(os.getpid()))


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
