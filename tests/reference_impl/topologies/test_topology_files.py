"""A topology's file, and the processes that follow from it."""

import tomllib
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest

from reference_impl.bootstrap import store_names
from reference_impl.roles import WORK, plan_deployment
from reference_impl.settings import Settings
from reference_impl.topology import Deployment, Topology, TopologyError, parse, plan

SHIPPED = Path(__file__).parents[3] / "reference_impl" / "topologies"
SETTINGS = Settings(sql="sqlite:////data", cache="embedded", data="/data", port=80)


def shipped(name: str) -> Topology:
    return parse(tomllib.loads((SHIPPED / f"{name}.toml").read_text()))


def planned(topology: Topology) -> Deployment:
    ports = count(1000)
    servers = {name: f"at:{name}" for name in topology.servers}
    return plan(topology, servers, SETTINGS, store_names(SETTINGS), tuple(WORK), lambda: next(ports))


def test_embedded_is_one_process() -> None:
    """It serves everything at the port that it was given, on SQLite, without a gateway."""
    deployment = planned(shipped("embedded"))
    (process,) = deployment.processes
    assert (process.name, process.settings, deployment.cities) == ("api", (SETTINGS,), ())


@pytest.mark.parametrize(
    ("name", "cities"),
    [
        ("one-region", ["south"]),
        ("festival", ["south"]),
        ("festival_replica", ["south"]),
        ("two-regions", ["south", "north"]),
    ],
)
def test_every_region_has_its_processes(name: str, cities: list[str]) -> None:
    """Logic processes, at least one of each role of work, links to the others; one process for the whole, the gateway
    last.
    """
    deployment = planned(shipped(name))
    names = [process.name for process in deployment.processes]
    wanted = [f"api-{city}-{number}" for city in cities for number in (1, 2)]
    wanted += [f"{role}-{city}" for city in cities for role in WORK]
    wanted += [f"link-{one}-{other}" for one in cities for other in cities if one != other]
    assert sorted(names) == sorted([*wanted, "ops", "gateway"])
    assert names[-1] == "gateway"
    ports = [process.port for process in deployment.processes if process.listens]
    assert len(set(ports)) == len(ports) and SETTINGS.port not in ports


def test_b08_tokens_have_a_redis_and_the_bank_a_process_of_its_own() -> None:
    """Whoever works on the wallet finds both; what a topology does not say of tokens leaves them with the streams."""
    topology = shipped("festival")
    servers = {name: f"redis://{name}" for name in topology.servers}
    settings = msgspec.structs.replace(SETTINGS, cache="redis://cache", bank_moods="mute:2")
    deployment = plan_deployment(topology, servers, settings)
    bank, *others = deployment.processes
    assert (bank.name, bank.settings[0].bank) == ("bank", f"http://127.0.0.1:{bank.settings[0].bank_port}")
    for process in others:
        for settings in process.settings if process.role != "gateway" else ():
            assert (settings.tokens, settings.stream) == ("redis://tokens", "redis://stream")
            assert settings.bank == bank.settings[0].bank
    assert {one.tokens for process in planned(shipped("one-region")).processes for one in process.settings} == {""}


def test_b10_every_process_knows_the_replica() -> None:
    """Of each database: where it is, and where it will be once that is gone."""
    for process in planned(shipped("festival_replica")).processes:
        for settings in process.settings:
            found = {(settings.address_of(name), settings.replica_of(name)) for name in store_names(settings)}
            assert found == {("at:mariadb", "at:replica")}
    assert planned(shipped("festival")).settings.replica_of("ledger_0") == ""


def test_regions_have_nothing_in_common_but_the_ledger() -> None:
    """Each process of a region works on that region's cache, streams and packets, and on the one ledger."""
    deployment = planned(shipped("two-regions"))
    assert deployment.settings.databases["north_1"] == "at:north_1"
    assert deployment.settings.standby_of("north_1") == "at:standby"
    for process in deployment.processes:
        for settings in process.settings if process.role not in ("ops", "gateway") else ():
            (region,) = settings.serves
            assert region in process.name.split("-")[1]
            assert (settings.cache, settings.stream) == (f"at:cache_{region}", f"at:stream_{region}")
            assert set(settings.links) == {"south", "north"} - {region}
            assert settings.address_of("ledger_1") == settings.address_of("ops_0") == "at:ledger"
    ops = next(process for process in deployment.processes if process.role == "ops")
    assert [settings.serves for settings in ops.settings] == [("south",), ("north",)]


def test_a_link_ends_at_the_other_region_s_access_point() -> None:
    """Whatever crosses goes through the other region's own gateway, which knows the packet's process."""
    deployment = planned(shipped("two-regions"))
    access = {city.name: city.port for city in deployment.cities}
    for process in deployment.processes:
        if process.role == "link":
            _, here, there = process.name.split("-")
            (settings,) = process.settings
            assert settings.links == {there: f"http://127.0.0.1:{access[there]}"}
            source = next(each.settings[0] for each in deployment.processes if each.name == f"credit-{here}")
            assert source.links == {there: f"http://127.0.0.1:{process.port}"}


def test_one_city_can_serve_both_regions() -> None:
    """Then nothing crosses a link."""
    (city,) = planned(shipped("one-region")).cities
    assert (city.serves, city.links) == (("south", "north"), {})


def test_of_several_patterns_the_first_counts() -> None:
    """Databases are named one by one or by pattern."""
    tree: dict[str, Any] = {"servers": {"a": {}, "b": {}, "c": {}}, "sql": "c", "regions": {"south": {"cache": "c"}}}
    tree["databases"] = {"south_1": "a", "south_*": "b"}
    settings = planned(parse(tree)).settings
    wanted = {"south_0": "at:b", "south_1": "at:a", "ledger_0": "at:c"}
    assert {name: settings.address_of(name) for name in wanted} == wanted


@pytest.mark.parametrize(
    ("tree", "says"),
    [
        ({}, "regions"),
        ({"regions": {}}, "names none"),
        ({"regions": {"south": {}}}, "cache"),
        ({"regions": {"south": {"cache": "x"}}}, "no server is called 'x'; there are: none"),
        ({"regions": {"south": {"cache": "embedded"}}, "sql": "y"}, "no server is called 'y'"),
        ({"regions": {"south": {"cache": "embedded"}, "north": {"cache": "embedded"}}}, "one process: one region"),
        ({"regions": {"south": {"cache": "s", "processes": {"api": 0}}}, "servers": {"s": {}}}, "no api process"),
        ({"regions": {"south": {"cache": "s", "proceses": {}}}, "servers": {"s": {}}}, "proceses"),
        ({"regions": {"south": {"cache": "s"}}, "gateway": {"burst": -1}}, "burst"),
    ],
)
def test_bad_topologies(tree: dict[str, Any], says: str) -> None:
    """What does not fit is said."""
    with pytest.raises(TopologyError, match=says):
        planned(parse(tree))
