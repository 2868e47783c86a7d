"""`stop=WHO@SECONDS`: SIGSTOP, and SIGCONT two seconds later: WHO is there and does not answer.

WHO is a role of the target, or a server of the run, by name, as for `kill`.
"""

import contextlib
import os
import signal
import time
from typing import Final

from harness.config import ConfigError
from harness.faults import Site, fault
from harness.faults.kill import pid_of

STOPPED_S: Final = 2.0


@fault("stop")
def stop(site: Site, who: str) -> str:
    """Stops `who` for a while; what was done, in words."""
    servers = site.running.named if site.running else {}
    pid = servers[who].pid if who in servers else pid_of(site, who, list(servers))
    try:
        os.kill(pid, signal.SIGSTOP)
        time.sleep(STOPPED_S)
    except ProcessLookupError:
        raise ConfigError(f"--fault stop={who}: process {pid} has ended by itself") from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
    return f"stopped {who} ({pid}) for {STOPPED_S:g} s"
