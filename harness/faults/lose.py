"""`lose=WHO@SECONDS`: kill -9 of a server, which stays away until `back=WHO@SECONDS` starts it again on the same data.

WHO is a server of the run, by name, as for `kill`.
"""

from harness.config import ConfigError, nearest
from harness.faults import Site, fault
from harness.servers import Server


@fault("lose")
def lose(site: Site, who: str) -> str:
    """Kills `who` and leaves it so; what was done, in words."""
    server = _server(site, who)
    before = server.pid
    if not before:
        raise ConfigError(f"--fault lose={who}: it is away already")
    server.kill()
    return f"killed {server.label} {who} ({before}), which stays away"


@fault("back")
def back(site: Site, who: str) -> str:
    """Starts `who` again; what was done, in words."""
    server = _server(site, who)
    if server.pid:
        raise ConfigError(f"--fault back={who}: it is not away")
    server.start()
    return f"started {server.label} {who} again ({server.pid})"


def _server(site: Site, who: str) -> Server:
    servers = site.running.named if site.running else {}
    if who not in servers:
        raise ConfigError(f"--fault: no server is called {who!r}: {nearest(who, servers)}")
    return servers[who]
