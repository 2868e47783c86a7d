"""`kill=WHO@SECONDS`: kill -9.

WHO is `target` (all its processes; it is started again), `mariadb` or `redis` (started again on the same
data), `worker` (one of the swarm's; `restart=worker` starts another), or a role of the target: the name of one of its
[start] `processes` pid files. A role is not started again by the run: that is the target's own business.
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
    servers = _servers(site)
    if who in servers:
        return _kill_server(servers[who])
    return _kill_role(site, who, [*servers, "worker", *(["target"] if site.launched else [])])


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
    return f"killed {server.label} ({before}), started it again ({server.pid})"


def _servers(site: Site) -> dict[str, Server]:
    if site.running is None:
        return {}
    return {server.name: server for server in (site.running.mariadb, site.running.redis) if server}


def _kill_role(site: Site, role: str, others: list[str]) -> str:
    roles = _roles(site)
    if role not in roles:
        raise ConfigError(f"--fault kill={role}: nothing is called {role!r}: {nearest(role, [*roles, *others])}")
    with contextlib.suppress(ProcessLookupError):  # it may have ended by itself
        os.kill(roles[role], signal.SIGKILL)
    return f"killed {role} ({roles[role]})"


def _roles(site: Site) -> dict[str, int]:
    """Process ids by role, from the pid files that the target keeps."""
    start = site.target.start
    if start is None or start.processes is None:
        return {}
    pattern = Path(start.processes)
    texts = {path.stem: path.read_text().strip() for path in pattern.parent.glob(pattern.name)}
    return {role: int(text) for role, text in texts.items() if text.isdecimal()}
