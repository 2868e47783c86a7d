"""`kill=WHO@SECONDS`: kill -9.

WHO is `target` (all its processes; it is started again), `mariadb`, `redis` or a server of the topology (started again
on the same data), `worker` (one of the swarm's; `restart=worker` starts another), or a role of the target: the name of
one of its [start] `processes` pid files. A role is not started again by the run: that is the target's own business.
"""

import contextlib
import os
import signal
from pathlib import Path

from harness import processes
from harness.config import ConfigError, nearest
from harness.faults import Site, fault
from harness.servers import Server


@fault("kill")
def kill(site: Site, who: str) -> str:
    """Kills `who`; what was done, in words."""
    if who == "target":
        return _kill_target(site)
    if who == "worker":
        return kill_worker(site)
    servers = site.running.named if site.running else {}
    if who in servers:
        return _kill_server(servers[who])
    role_pid = pid_of(site, who, [*servers, "worker", *(["target"] if site.launched else [])])
    with contextlib.suppress(ProcessLookupError):  # it may have ended by itself
        os.kill(role_pid, signal.SIGKILL)
    return f"killed {who} ({role_pid})"


def _kill_target(site: Site) -> str:
    if site.launched is None:
        raise ConfigError("--fault kill=target: this run did not start the target")
    before = site.launched.pid
    site.launched.kill()
    site.launched.start()
    return f"killed all processes of the target ({before}), started it again ({site.launched.pid})"


def kill_worker(site: Site) -> str:
    """Kills the first of the swarm's workers that is alive; what was done, in words."""
    alive = [worker for worker in site.workers if worker.poll() is None]
    if not alive:
        raise ConfigError("--fault: no worker is alive at that moment")
    processes.kill(alive[0])
    return f"killed worker process {alive[0].pid}"


def _kill_server(server: Server) -> str:
    before = server.pid
    server.kill()
    server.start()
    name = server.label if server.name == type(server).name else f"{server.label} {server.name}"
    return f"killed {name} ({before}), started it again ({server.pid})"


def pid_of(site: Site, role: str, others: list[str]) -> int:
    """The process id of a role of the target; ConfigError names the nearest of what could be meant."""
    roles = _roles(site)
    if role not in roles:
        raise ConfigError(f"--fault: nothing is called {role!r}: {nearest(role, [*roles, *others])}")
    return roles[role]


def _roles(site: Site) -> dict[str, int]:
    """Process ids by role, from the pid files that the target keeps."""
    start = site.target.start
    if start is None or start.processes is None:
        return {}
    pattern = Path(start.processes)
    texts = {path.stem: path.read_text().strip() for path in pattern.parent.glob(pattern.name)}
    return {role: int(text) for role, text in texts.items() if text.isdecimal()}
