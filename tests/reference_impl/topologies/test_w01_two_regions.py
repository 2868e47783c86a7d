"""The topology `two-regions` as it is shipped, on servers, from a client's side."""

import http.client
import json
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis
import sqlalchemy as sa

from harness import fleet
from harness.run import Deployed, deployed
from reference_impl.domain.identifiers import parse_packet_id
from reference_impl.stores.layout import tables_of

pytestmark = [pytest.mark.servers, pytest.mark.long, pytest.mark.timeout(400)]
TARGET = Path(__file__).parents[3] / "reference_impl" / "target.toml"
REGIONS = ("south", "north")
SHARDS = ("south_0", "south_1", "north_0", "north_1")


class Cities:
    """Clients of both regions. Amounts are fen."""

    def __init__(self, running: Deployed, folder: Path) -> None:
        self.running, self.folder = running, folder
        self._people, self._keys = count(1), count(1)

    def ask(
        self,
        method: str,
        path: str,
        access: str,
        body: Any = None,
        *,
        key: str = "",
        port: int = 0,
        within_s: float = 20,
    ) -> tuple[int, Any, str]:
        """Status, answer and who answered."""
        headers = {"X-Access-Point": access, "Idempotency-Key": key or f"key-{next(self._keys)}"}
        there = port or self.running.target.port
        with closing(http.client.HTTPConnection("127.0.0.1", there, timeout=within_s)) as connection:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read()
            told = json.loads(text) if text.startswith((b"{", b"[")) else text
            return answer.status, told, answer.getheader("X-Reader") or ""

    def person(self) -> int:
        return next(self._people)

    def send(self, region: str, shares: int = 4, access: str = "") -> tuple[str, int]:
        """A paid packet of `region`, and its sender, whose access point is `access`."""
        sender, access = self.person(), access or region
        assert self.ask("POST", f"/v1/accounts/{sender}/fund", access, {"amount_fen": 1000})[0] == 200
        body = {"sender": sender, "kind": "lucky", "total_fen": 1000, "shares": shares, "region": region}
        status, told, _ = self.ask("POST", "/v1/packets", access, body)
        assert status == 201, told
        assert self.ask("POST", f"/v1/packets/{told['packet']}/pay", access, {"sender": sender})[0] == 200
        return told["packet"], sender

    def open(self, packet: str, person: int, access: str, **more: Any) -> tuple[int, Any, str]:
        return self.ask("POST", f"/v1/packets/{packet}/open", access, {"person": person}, **more)

    def insist(self, packet: str, person: int, access: str) -> tuple[int, Any, str]:
        """Open under one key until the answer is definite."""
        key = f"key-{next(self._keys)}"
        return until(lambda: definite(self.open(packet, person, access, key=key)))

    def pid(self, name: str) -> int:
        return int((self.folder / "data" / "pids" / f"{name}.pid").read_text())

    def rows(self, server: str, database: str, table: sa.Table, packet: str) -> int:
        """How many rows of a packet a server's database holds."""
        assert self.running.running
        engine = sa.create_engine(f"{self.running.running.named[server].url}/{database}", poolclass=sa.NullPool)
        query = sa.select(sa.func.count()).select_from(table).where(table.c.packet == packet)
        with engine.connect() as connection:
            return int(connection.execute(query).scalar_one())

    def logic_ports(self, region: str) -> list[int]:
        """Where a region's logic processes listen, behind the gateway."""
        config = (self.folder / "data" / "gateway" / "nginx.conf").read_text()
        (block,) = re.findall(rf"upstream logic_{region} \{{(.*?)\}}", config, re.DOTALL)
        return [int(port) for port in re.findall(r"server [\d.]+:(\d+)", block)]


def definite(told: tuple[int, Any, str]) -> tuple[int, Any, str] | None:
    return told if told[0] < 500 else None


def until(look: Callable[[], Any], seconds: float = 40.0) -> Any:
    """What `look` finds, once it finds something."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.1)
    return found


@pytest.fixture(scope="module")
def cities(server_programs: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cities]:
    folder = tmp_path_factory.mktemp("two-regions")
    (folder / "logs").mkdir()
    with deployed(TARGET, "servers", folder, topology=fleet.find("two-regions", TARGET)) as running:
        yield Cities(running, folder)


@pytest.mark.parametrize("grabber", REGIONS)
@pytest.mark.parametrize("sender", REGIONS)
def test_w01_sender_and_grabber_in_any_two_regions(cities: Cities, sender: str, grabber: str) -> None:
    """The packet is of its sender's region; who grabs, opens and reads anywhere is served wholly there; packet and
    voucher stand in one order database of that region and at the standby, nowhere else.
    """
    packet, _ = cities.send(sender)
    person = cities.person()
    assert parse_packet_id(packet).region == sender
    status, _, reader = cities.ask("POST", f"/v1/packets/{packet}/grab", grabber, {"person": person})
    assert status == 200 and reader.startswith(f"api-{sender}")
    status, opened, reader = cities.open(packet, person, grabber)
    assert status == 200 and reader.startswith(f"api-{sender}")
    _, details, reader = cities.ask("GET", f"/v1/packets/{packet}", grabber)
    assert [one["amount_fen"] for one in details["opens"]] == [opened["amount_fen"]]
    at = parse_packet_id(packet)
    home = f"{sender}_{at.shard}"
    held = {shard: rows(cities, shard, shard, packet) for shard in SHARDS}
    assert held == {shard: (1, 1, 0) if shard == home else (0, 0, 0) for shard in SHARDS}
    until(lambda: rows(cities, "standby", home, packet) == (1, 1, 0))
    balance = f"/v1/accounts/{person}"
    until(lambda: cities.ask("GET", balance, grabber)[1]["balance_fen"] == opened["amount_fen"])


def rows(cities: Cities, server: str, database: str, packet: str) -> tuple[int, ...]:
    """Rows of a packet, its vouchers and its preorder; a database of another shard has no such tables."""
    try:
        return tuple(cities.rows(server, database, table, packet) for table in tables_of(parse_packet_id(packet)))
    except sa.exc.ProgrammingError:
        return (0, 0, 0)


def test_w01_a_logic_process_refuses_another_region_s_packet(cities: Cities) -> None:
    """Whatever way it comes there, past the gateway too."""
    packet, _ = cities.send("north")
    for port in cities.logic_ports("south"):
        status, told, reader = cities.open(packet, cities.person(), "south", port=port)
        assert (status, told["code"]) == (421, "wrong_region") and reader.startswith("api-south")


def test_w01_a_packet_that_belongs_elsewhere_is_sent_there(cities: Cities) -> None:
    """Its sender's access point sends it over the link; the same key gets the same packet."""
    sender = cities.person()
    body = {"sender": sender, "kind": "equal", "total_fen": 10, "shares": 2, "region": "north"}
    told = [cities.ask("POST", "/v1/packets", "south", body, key=f"elsewhere-{sender}") for _ in range(2)]
    assert [(status, reader[:9]) for status, _, reader in told] == [(201, "api-south")] * 2
    first, second = (answer["packet"] for _, answer, _ in told)
    assert first == second and parse_packet_id(first).region == "north"


def test_w01_a_halted_link_harms_only_what_crosses_it(cities: Cities) -> None:
    """While it answers nobody, each region serves its own people; what crosses is indeterminate, and the same key finds
    afterwards what became of it.
    """
    packet, _ = cities.send("north")
    person, key = cities.person(), "over a halted link"
    with halted(cities.pid("link-south-north")):
        with pytest.raises(TimeoutError):
            cities.open(packet, person, "south", key=key, within_s=1)
        assert cities.open(packet, cities.person(), "north")[0] == 200
        assert cities.send("south")[0].startswith("1")
    status, opened, _ = until(lambda: definite(cities.open(packet, person, "south", key=key)))
    assert status == 200 and opened["amount_fen"] > 0
    assert cities.open(packet, person, "north", key=key)[1] == opened


@contextmanager
def halted(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_w01_a_dead_link_comes_back(cities: Cities) -> None:
    """What crosses is answered 502 until another link is there; nobody is refused for good."""
    packet, _ = cities.send("south")
    before = cities.pid("link-north-south")
    os.kill(before, signal.SIGKILL)
    status, _, _ = cities.open(packet, cities.person(), "north")
    assert status == 502
    assert cities.insist(packet, cities.person(), "north")[0] == 200
    assert cities.pid("link-north-south") != before


def test_w01_a_slow_link(cities: Cities) -> None:
    """The dial `link_delay_ms` holds what crosses, each way; who is at home does not wait."""
    packet, _ = cities.send("north", shares=8)
    assert cities.running.running
    for number, delay_ms in enumerate((300, 0), start=1_000_000):
        change = {"number": number, "name": "link_delay_ms", "value": delay_ms, "who": "test", "at_us": 0}
        for region in REGIONS:
            stream: Any = redis.Redis.from_url(cities.running.running.named[f"stream_{region}"].url)
            stream.hset("controls", "link_delay_ms", json.dumps(change))
        time.sleep(1.0)
        took_s = {
            access: seconds(lambda access=access: cities.open(packet, cities.person(), access)) for access in REGIONS
        }
        assert (took_s["south"] >= 0.6) is (delay_ms == 300), took_s
        assert took_s["north"] < 0.6 or delay_ms == 0, took_s


def seconds(work: Callable[[], Any]) -> float:
    began_s = time.monotonic()
    work()
    return time.monotonic() - began_s


def test_w10_one_process_sees_all_opens_of_a_packet_and_another_takes_over(cities: Cities) -> None:
    """People of both regions are answered by one process; it is killed, its packets move to the other, and each person
    has one share, under a sequence of its own.
    """
    packet, _ = cities.send("south", shares=30)
    people = [cities.person() for _ in range(24)]
    first = open_together(cities, packet, people[:12])
    (reader,) = {reader for _, _, reader in first}
    name = reader.rpartition("-")[0]
    os.kill(cities.pid(name), signal.SIGKILL)
    second = open_together(cities, packet, people[12:] + people[:4])
    assert reader not in {reader for _, _, reader in second}
    opened = [told for status, told, _ in (*first, *second) if status == 200]
    assert sorted(told["sequence"] for told in opened) == list(range(1, 25))
    refused = [told["code"] for status, told, _ in second if status != 200]
    assert refused == ["already_opened"] * 4
    vouchers = tables_of(parse_packet_id(packet)).vouchers
    home = f"south_{parse_packet_id(packet).shard}"
    assert cities.rows(home, home, vouchers, packet) == 24
    until(lambda: psutil.pid_exists(cities.pid(name)) and f"{name}-{cities.pid(name)}" != reader)


def open_together(cities: Cities, packet: str, people: list[int]) -> list[tuple[int, Any, str]]:
    with ThreadPoolExecutor(len(people)) as pool:
        return list(pool.map(lambda person: cities.insist(packet, person, REGIONS[person % 2]), people))


def test_the_whole_is_answered_by_one(cities: Cities) -> None:
    """What is under way and what the caches hold is told of both regions together."""
    packets = [cities.send(region)[0] for region in REGIONS]
    until(lambda: cities.ask("GET", "/v1/backlog", "south")[1]["pending"] == 0)
    status, keys, reader = cities.ask("GET", "/v1/keys", "north")
    assert status == 200 and reader.startswith("ops-")
    assert set(packets) <= {row["subject"] for row in keys}


def test_every_process_is_there_by_name(cities: Cities) -> None:
    """Its process id stands in a file of its name, which is how faults find it."""
    names = {path.stem for path in (cities.folder / "data" / "pids").glob("*.pid")}
    assert {"api-south-1", "api-north-2", "credit-south", "sweep-north", "link-south-north", "ops", "gateway"} <= names
    assert all(psutil.pid_exists(cities.pid(name)) for name in names)
