"""`restart=worker@SECONDS`: kill -9 of one of the swarm's workers, and another in its place.

It takes up the part that was lost, with other people; see docs/distributed.md.
"""

from harness.config import ConfigError, nearest
from harness.faults import Site, fault
from harness.faults.kill import kill_worker


@fault("restart")
def restart(site: Site, who: str) -> str:
    """Kills a worker and starts one; what was done, in words."""
    if who != "worker":
        raise ConfigError(f"--fault restart={who}: nothing of that name is started again: {nearest(who, ['worker'])}")
    if site.start_worker is None:
        raise ConfigError("--fault restart=worker: this run has no swarm to start a worker in")
    done = kill_worker(site)
    return f"{done}, started another ({site.start_worker().pid})"
