"""`promote=NAME@SECONDS`: kill -9 of a MariaDB for good, and promotion of the replica that takes over from it.

From then on the replica has its name, for other faults and for evidence.
"""

import time

from harness import replication
from harness.config import ConfigError, nearest
from harness.faults import Site, fault


@fault("promote")
def promote(site: Site, who: str) -> str:
    """Kills `who` and promotes its replica; what was done, in words."""
    replicas = site.running.replicas if site.running else {}
    if site.running is None or who not in replicas:
        raise ConfigError(f"--fault promote={who}: it has no replica that takes over: {nearest(who, replicas)}")
    source, replica = site.running.named[who], replicas.pop(who)
    killed, began_s = f"{source.label} {who} ({source.pid})", time.monotonic()
    source.kill()
    replication.promote(replica)
    site.running.named[who] = replica
    return f"killed {killed} for good, promoted {replica.name} within {time.monotonic() - began_s:.2f} s"
