"""Process roles: `api` serves HTTP, `credit` moves vouchers into accounts, `lists` writes people's lists, `repair` what
the cache missed, `sweep` refunds and reconciles, `profiles` and `bank` stand in for the profile service and the bank
where that is wanted. A topology with regions has `gateway` too, which is nginx, `link`, and `ops`, which answers for
all regions. Each of them looks what operators have set (B17).

On servers each role is a process, restarted when it dies; embedded they share one process with their cache. A process's
id stands in `{data}/pids/{name}.pid`; its name begins with its role.
"""

import ctypes
import logging
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any, Final

import msgspec

from reference_impl import bank_service, gateway, link, mutants, profile_service
from reference_impl.api import make_app, make_ops_app
from reference_impl.bootstrap import build_all, create_stores, open_bank, store_names
from reference_impl.packets import consuming, crediting, expiry, listing, preorders, repairing
from reference_impl.ports import free_port, listens
from reference_impl.reconcile.run import run_all
from reference_impl.resilience.operators import keep_token
from reference_impl.role_port import listen_for_questions
from reference_impl.runtime import ThreadRuntime
from reference_impl.settings import Settings
from reference_impl.system import System
from reference_impl.topology import Deployment, Limits, Process, Topology, plan
from reference_impl.wallet import crediting as awards
from reference_impl.wallet import live_total
from reference_impl.wallet.desk import Desk

log = logging.getLogger(__name__)

SETTINGS_VARIABLE: Final = "RAINPROOF_REFERENCE"
"""The settings of a process, or, for one that works on all regions, of each: a JSON list."""
NAME_VARIABLE: Final = "RAINPROOF_PROCESS"
END_S: Final = 5.0
"""How long processes may take to end in good order, together."""
_PR_SET_PDEATHSIG: Final = 1


def serve(settings: Settings) -> int:
    """Run a deployment until it is told to stop; the exit code."""
    settings = _with_bank(settings)
    roles = ("api",) if settings.embedded else ("api", *_work_of(settings))
    stand_ins = [*["profiles"] * (settings.profile_port > 0), *["bank"] * (settings.bank_port > 0)]
    processes = tuple(Process(role, (settings,)) for role in (*roles, *stand_ins))
    return serve_deployment(Deployment(settings, processes, (), 0, Limits()))


def _with_bank(settings: Settings) -> Settings:
    """On servers a bank that has moods is a process of its own; embedded it shares the one that there is."""
    if settings.embedded or settings.bank or not settings.bank_moods:
        return settings
    port = settings.bank_port or free_port()
    return msgspec.structs.replace(settings, bank=f"http://{settings.host}:{port}", bank_port=port)


def plan_deployment(topology: Topology, servers: Mapping[str, str], settings: Settings) -> Deployment:
    """The deployment that a topology asks for. Raises TopologyError."""
    settings = _with_bank(settings)
    planned = plan(topology, servers, settings, store_names(settings), _work_of(settings), free_port)
    bank = [Process("bank", (planned.settings,))] * (settings.bank_port > 0)
    return planned._replace(processes=(*bank, *planned.processes))


def _work_of(settings: Settings) -> tuple[str, ...]:
    """The roles that work by themselves; without a wallet nobody credits awards."""
    return tuple(role for role in WORK if role != "award" or settings.activity)


def serve_deployment(deployment: Deployment) -> int:
    """Run a deployment until it is told to stop; the exit code."""
    settings = deployment.settings
    (Path(settings.data) / "pids").mkdir(parents=True, exist_ok=True)
    mutants.plant(settings.mutant, settings.weather)
    create_stores(settings)
    keep_token(settings)
    if deployment.cities:
        folder = _gateway_folder(settings)
        folder.mkdir(exist_ok=True)
        (folder / "nginx.conf").write_text(gateway.config(deployment))
    return _supervise(deployment.processes)


def run_role(name: str, parent: int) -> None:
    """Be one process of the deployment, below process `parent`."""
    die_with(parent)
    process = _process()
    settings = process.settings[0]
    match process.role:
        case "api" | "ops":
            _run_api(settings)
        case "gateway":
            _run_gateway(settings)
        case "link":
            system, (to,) = _start(process), settings.links.values()
            link.forward(settings.host, settings.port, to, lambda: system.controls.value("link_delay_ms"))
        case "profiles":
            _write_pid(name, settings)
            profile_service.server(settings.host, settings.profile_port).serve_forever()
        case "bank":
            _write_pid(name, settings)
            bank_service.server(settings.host, settings.bank_port, open_bank(settings)).serve_forever()
        case role:
            system = _start(process)
            listen_for_questions(system, name)
            WORK[role](system, f"{name}-{os.getpid()}")


def application() -> Any:
    """The WSGI application, made inside the HTTP server's worker process."""
    server = multiprocessing.parent_process()
    if server is not None and server.pid is not None:
        die_with(server.pid)
    process = _process()
    reader = f"{process.name}-{os.getpid()}"
    if process.role == "ops":
        return make_ops_app(_start_all(process), reader)
    system = _start(process)
    system.runtime.spawn("samples", partial(system.samples.watch, system.settings.samples_every_s))
    system.runtime.spawn("total", partial(live_total.watch, system))
    Finalize(None, system.samples.write, exitpriority=1)
    if system.settings.embedded:
        for role, work in WORK.items():
            system.runtime.spawn(role, partial(work, system, role))
    return make_app(system, reader)


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


def look_at_config(system: System, desk: Desk) -> None:
    """Learn how the activity is configured, and count who said so."""
    local = system.controls.on("config_local")
    system.counts.add("config_read", desk.config.refresh(local=local))


def watch_config(system: System) -> None:
    """Look how the activity is configured, without end; without a wallet it ends."""
    while system.desk is not None:
        look_at_config(system, system.desk)
        system.runtime.sleep(system.settings.controls_every_s)


def award_forever(system: System, name: str) -> None:
    awards.listen(system, name)


WORK: Final[dict[str, Callable[[System, str], None]]] = {
    "credit": credit_forever,
    "award": award_forever,
    "repair": repair_forever,
    "lists": list_forever,
    "sweep": sweep_forever,
}


def die_with(parent: int) -> None:
    """Ask Linux to end this process when its parent ends, however that happens; end now if it has ended already."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _process() -> Process:
    """What this process is."""
    settings = msgspec.json.decode(os.environ[SETTINGS_VARIABLE], type=tuple[Settings, ...])
    return Process(os.environ.get(NAME_VARIABLE, "api"), settings)


def _start(process: Process) -> System:
    (system,) = _start_all(process)
    return system


def _start_all(process: Process) -> list[System]:
    """The process's systems, and what each process does: it says its id and looks what operators have set."""
    settings = process.settings[0]
    told = f"%(asctime)s {process.name} %(levelname)s %(name)s: %(message)s"
    logging.basicConfig(level=logging.WARNING, format=told)
    mutants.plant(settings.mutant, settings.weather)
    _write_pid(process.name, settings)
    systems = build_all(process.settings, ThreadRuntime(), holder=f"{process.name}-{os.getpid()}")
    for system in systems:
        system.runtime.spawn("controls", partial(system.controls.watch, settings.controls_every_s))
        system.runtime.spawn("config", partial(watch_config, system))
    return systems


def _write_pid(name: str, settings: Settings) -> None:
    (Path(settings.data) / "pids" / f"{name}.pid").write_text(str(os.getpid()))


def _gateway_folder(settings: Settings) -> Path:
    return Path(settings.data) / "gateway"


def _run_gateway(settings: Settings) -> None:
    """Become nginx."""
    _write_pid("gateway", settings)
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin")
    if program is None:
        raise SystemExit("nginx is not installed")
    os.execv(program, [program, "-p", str(_gateway_folder(settings)), "-c", "nginx.conf", "-e", "stderr"])


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


def _supervise(processes: Sequence[Process]) -> int:
    """Start them in order, the gateway once all it leads to listen; start again what ends."""
    stopping: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _frame: stopping.append(number))
    running: dict[str, subprocess.Popen[bytes]] = {}
    try:
        while not stopping:
            for process in processes:
                _keep_up(process, running, processes)
            time.sleep(0.1)
    finally:
        _end(list(running.values()))
    return 0


def _keep_up(process: Process, running: "dict[str, subprocess.Popen[bytes]]", all_of_them: Sequence[Process]) -> None:
    """Start a process that does not run. A gateway leads nowhere before the others listen."""
    standing = running.get(process.name)
    if standing is None:
        if process.role != "gateway" or all(listens(each.host, each.port) for each in all_of_them if each.listens):
            running[process.name] = _spawn(process)
    elif standing.poll() is not None:
        log.warning("%s ended with %s and is started again", process.name, standing.returncode)
        running[process.name] = _spawn(process)


def _spawn(process: Process) -> "subprocess.Popen[bytes]":
    environment = os.environ | {
        SETTINGS_VARIABLE: msgspec.json.encode(process.settings).decode(),
        NAME_VARIABLE: process.name,
    }
    command = [sys.executable, "-m", "reference_impl", "role", process.name, str(os.getpid())]
    return subprocess.Popen(command, env=environment)


def _end(children: "Sequence[subprocess.Popen[bytes]]") -> None:
    """Tell all to end; whoever has not by a common deadline is killed."""
    for child in children:
        child.terminate()
    deadline = time.monotonic() + END_S
    for child in children:
        try:
            child.wait(timeout=max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
