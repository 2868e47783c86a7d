"""A topology as this system reads it: which processes there are, and what each of them works on (W01). Pure.

    sql = "ledger"                          the server of every database that is not named
    [servers.south_0]                       whoever starts the servers reads these
    [databases]  south_0 = "south_0"        database → server
    [standbys]   "south_*" = "standby"      databases → the server of their replica for reconciliation
    [replicas]   "*" = "replica"            databases → the server that is promoted when theirs is gone
    [regions.south]                         one city: its cache, its streams, its award tokens, its processes
    [gateway]                               nginx's limits
    [settings]                              any setting of settings.py

A region's processes are named `{role}-{region}`, `{role}-{region}-{number}` where there are several.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatch
from typing import Annotated, Any, Final, NamedTuple

import msgspec
from msgspec import Meta, Struct

from reference_impl.settings import Settings

EMBEDDED: Final = "embedded"
OPS_THREADS: Final = 8
_PLACES: Final = ("stream", "tokens", "kv", "lock")
"""What a region may have a server of its own for."""
Count = Annotated[int, Meta(ge=0)]


class TopologyError(Exception):
    """What does not fit, in one line."""


class Region(Struct, frozen=True, forbid_unknown_fields=True):
    """One city. `serves`: the regions whose packets it has, by default its own. `processes`: how many of a role, where
    it is not one.
    """

    cache: str
    stream: str = ""
    tokens: str = ""
    kv: str = ""
    lock: str = ""
    serves: list[str] = []
    processes: dict[str, Count] = {}


class Limits(Struct, frozen=True, forbid_unknown_fields=True):
    """What an access point takes; 0 is no limit (W12)."""

    requests_per_s: Count = 0
    burst: Count = 200
    connections: Count = 0


class Topology(Struct, frozen=True, forbid_unknown_fields=True):
    regions: dict[str, Region]
    servers: dict[str, Any] = {}
    sql: str = ""
    databases: dict[str, str] = {}
    standbys: dict[str, str] = {}
    replicas: dict[str, str] = {}
    gateway: Limits = Limits()
    settings: dict[str, Any] = {}


class Process(NamedTuple):
    """A process of the deployment. An `ops` process has the settings of every region, all others those of their own."""

    name: str
    settings: tuple[Settings, ...]

    @property
    def role(self) -> str:
        return self.name.partition("-")[0]

    @property
    def host(self) -> str:
        return self.settings[0].host

    @property
    def port(self) -> int:
        return self.settings[0].port

    @property
    def listens(self) -> bool:
        """Does the gateway lead to it?"""
        return self.role in ("api", "ops")


class City(NamedTuple):
    """Where a region's processes listen, for the gateway. `links`: region → the port of the link to it."""

    name: str
    serves: tuple[str, ...]
    port: int
    logic: tuple[int, ...]
    links: dict[str, int]


class Deployment(NamedTuple):
    """`settings`: of whoever works on all regions at once. Without `cities`, the one process is reached directly."""

    settings: Settings
    processes: tuple[Process, ...]
    cities: tuple[City, ...]
    ops_port: int
    limits: Limits


def parse(tree: Mapping[str, Any]) -> Topology:
    """The file's tables. Raises TopologyError."""
    try:
        topology = msgspec.convert(tree, Topology)
    except msgspec.ValidationError as error:
        raise TopologyError(str(error)) from None
    if not topology.regions:
        raise TopologyError("[regions] names none")
    return topology


def plan(
    topology: Topology,
    servers: Mapping[str, str],
    settings: Settings,
    databases: Sequence[str],
    work: Sequence[str],
    free_port: Callable[[], int],
) -> Deployment:
    """Every process of the deployment. `servers`: name → address; `settings`: what all processes share, its port the
    gateway's; `databases`: names of all there are; `work`: roles of which each region has at least one. Raises
    TopologyError.
    """
    whole = _with_servers(topology, servers, settings, databases)
    if any(region.cache == EMBEDDED for region in topology.regions.values()):
        if len(topology.regions) > 1:
            raise TopologyError("an embedded cache is one process: one region, which serves all")
        return Deployment(whole, (Process("api", (whole,)),), (), 0, topology.gateway)
    cities = tuple(_city(topology, name, free_port) for name in topology.regions)
    of = {city.name: _settings_of(city, cities, topology.regions[city.name], servers, whole) for city in cities}
    processes = [process for city in cities for process in _processes_of(city, topology, of[city.name], work)]
    processes += [_link(city, other, of[city.name]) for city in cities for other in cities if other.name in city.links]
    ops_port = free_port()
    ops = tuple(msgspec.structs.replace(one, port=ops_port, threads=OPS_THREADS) for one in of.values())
    gateway = Process("gateway", (whole,))
    return Deployment(whole, (*processes, Process("ops", ops), gateway), cities, ops_port, topology.gateway)


def _with_servers(
    topology: Topology, servers: Mapping[str, str], settings: Settings, databases: Sequence[str]
) -> Settings:
    """The settings with every database at its server."""
    return msgspec.structs.replace(
        settings,
        sql=_address(servers, topology.sql) if topology.sql else settings.sql,
        databases=_addresses(topology.databases, servers, databases),
        standbys=_addresses(topology.standbys, servers, databases),
        replicas=_addresses(topology.replicas, servers, databases),
    )


def _addresses(wanted: Mapping[str, str], servers: Mapping[str, str], databases: Sequence[str]) -> dict[str, str]:
    """Database → address; of several patterns that name a database, the first counts."""
    found: dict[str, str] = {}
    for pattern, server in wanted.items():
        address = _address(servers, server)
        for name in databases:
            if fnmatch(name, pattern):
                found.setdefault(name, address)
    return found


def _address(servers: Mapping[str, str], name: str) -> str:
    if name not in servers:
        raise TopologyError(f"no server is called {name!r}; there are: {', '.join(sorted(servers)) or 'none'}")
    return servers[name]


def _city(topology: Topology, name: str, free_port: Callable[[], int]) -> City:
    region = topology.regions[name]
    logic = tuple(free_port() for _ in range(region.processes.get("api", 1)))
    if not logic:
        raise TopologyError(f"[regions.{name}] has no api process")
    serves = tuple(region.serves) or (name,)
    others = [other for other in topology.regions if other != name]
    return City(name, serves, free_port(), logic, {other: free_port() for other in others})


def _settings_of(
    city: City, cities: Sequence[City], region: Region, servers: Mapping[str, str], whole: Settings
) -> Settings:
    """What a region's processes share: its own stores, and the way to what other regions serve."""
    return msgspec.structs.replace(
        whole,
        serves=city.serves,
        cache=_address(servers, region.cache),
        **{place: _address(servers, named) for place in _PLACES if (named := getattr(region, place))},
        links={
            served: f"http://{whole.host}:{city.links[other.name]}"
            for other in cities
            if other.name != city.name
            for served in other.serves
        },
    )


def _processes_of(city: City, topology: Topology, settings: Settings, work: Sequence[str]) -> Iterator[Process]:
    """Logic processes and workers."""
    for number, port in enumerate(city.logic, start=1):
        yield Process(_name("api", city, number, len(city.logic)), (msgspec.structs.replace(settings, port=port),))
    for role in work:
        count = topology.regions[city.name].processes.get(role, 1)
        for number in range(1, count + 1):
            yield Process(_name(role, city, number, count), (settings,))


def _link(city: City, other: City, settings: Settings) -> Process:
    """What forwards a region's requests to the other's access point."""
    there = {other.name: f"http://{settings.host}:{other.port}"}
    changed = msgspec.structs.replace(settings, port=city.links[other.name], links=there)
    return Process(f"link-{city.name}-{other.name}", (changed,))


def _name(role: str, city: City, number: int, count: int) -> str:
    return f"{role}-{city.name}-{number}" if count > 1 else f"{role}-{city.name}"
