"""nginx with the configuration of a deployment, over small servers that say who they are."""

import http.client
import http.server
import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from harness import processes
from harness.servers import find_program
from reference_impl import gateway
from reference_impl.domain.errors import ERRORS
from reference_impl.ports import free_port, listens
from reference_impl.settings import Settings
from reference_impl.topology import City, Deployment, Limits

pytestmark = pytest.mark.servers
SOUTH, NORTH = "1", "2"


class Stub:
    """A process that answers every request with its name, and counts them."""

    def __init__(self, name: str) -> None:
        self.requests: list[str] = []
        self.breaks = False

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # otherwise a body waits for the acknowledgement of its head

            def do_GET(handler) -> None:
                self.requests.append(handler.path)
                handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
                if self.breaks:
                    handler.connection.close()
                    handler.close_connection = True
                    return
                body = name.encode()
                handler.send_response(200)
                handler.send_header("Content-Length", str(len(body)))
                handler.end_headers()
                handler.wfile.write(body)

            do_POST = do_GET

            def log_message(self, *_: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Front:
    """nginx over two regions with two logic processes each. A link's stub stands for the whole other region."""

    def __init__(self, stubs: dict[str, Stub], deployment: Deployment) -> None:
        self.stubs, self.port = stubs, deployment.settings.port
        self.access = {city.name: city.port for city in deployment.cities}

    def ask(self, path: str, port: int = 0, method: str = "POST", **headers: str) -> tuple[int, str]:
        """Status and body."""
        with closing(http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=10)) as connection:
            connection.request(method, path, "{}", {name.replace("_", "-"): text for name, text in headers.items()})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()


@contextmanager
def front(folder: Path, limits: Limits) -> Iterator[Front]:
    names = ("south-1", "south-2", "north-1", "north-2", "link-south-north", "link-north-south", "ops")
    with ExitStack() as stack:
        stubs = {name: Stub(name) for name in names}
        for stub in stubs.values():
            stack.callback(stub.close)
        cities = tuple(
            City(
                here,
                (here,),
                free_port(),
                (stubs[f"{here}-1"].port, stubs[f"{here}-2"].port),
                {there: stubs[f"link-{here}-{there}"].port},
            )
            for here, there in (("south", "north"), ("north", "south"))
        )
        settings = Settings(sql="", cache="", data="", port=free_port())
        deployment = Deployment(settings, (), cities, stubs["ops"].port, limits)
        (folder / "nginx.conf").write_text(gateway.config(deployment))
        command = [find_program("nginx"), "-p", str(folder), "-c", "nginx.conf", "-e", "stderr"]
        nginx = processes.start(command, folder / "nginx.log")
        stack.callback(processes.stop, nginx)
        while not listens("127.0.0.1", settings.port):
            assert nginx.poll() is None, (folder / "nginx.log").read_text()
        yield Front(stubs, deployment)


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    if shutil.which("nginx", path="/usr/sbin:/usr/bin") is None:
        pytest.skip("nginx is not installed")
    with front(tmp_path_factory.mktemp("gateway"), Limits()) as started:
        yield started


def packet(region: str, number: int) -> str:
    return f"{region}00202702050000001{number:09d}"


def test_w10_a_packet_has_one_process(gate: Front) -> None:
    """All that is asked of a packet goes to one process of its region, and packets are spread over both."""
    seen = {}
    for number in range(40):
        path = f"/v1/packets/{packet(SOUTH, number)}"
        asked = [("/grab", "POST"), ("/open", "POST"), ("", "GET"), ("/pay", "POST")]
        seen[number] = {
            gate.ask(path + end, method=method, X_Access_Point="south")[1] for end, method in asked for _ in range(3)
        }
    assert all(len(readers) == 1 for readers in seen.values())
    assert set.union(*seen.values()) == {"south-1", "south-2"}


@pytest.mark.parametrize(
    ("region", "access", "reached"),
    [
        (SOUTH, "south", "south-"),
        (SOUTH, "north", "link-north-south"),
        (NORTH, "south", "link-south-north"),
        (NORTH, "north", "north-"),
    ],
)
def test_w01_a_packet_is_reached_from_each_access_point(gate: Front, region: str, access: str, reached: str) -> None:
    """What the access point does not serve goes over its link, whether it is named or asked at its own port."""
    path = f"/v1/packets/{packet(region, 7)}/open"
    assert gate.ask(path, X_Access_Point=access)[1].startswith(reached)
    assert gate.ask(path, port=gate.access[access])[1].startswith(reached)


def test_w01_new_packets_and_accounts_are_the_access_point_s(gate: Front) -> None:
    """A send goes to the access point that is named; who names none has the nearest, by their number."""
    assert gate.ask("/v1/packets", X_Access_Point="north", X_Person="1")[1].startswith("north-")
    assert gate.ask("/v1/packets", X_Access_Point="nowhere", X_Person="1")[1].startswith("south-")
    assert gate.ask("/v1/accounts/2/fund", X_Person="2")[1].startswith("north-")
    assert gate.ask("/v1/packets")[1].startswith("south-")


def test_w10_a_retried_send_reaches_the_same_process(gate: Front) -> None:
    """Sends are spread by their idempotency keys."""
    seen = [{gate.ask("/v1/packets", Idempotency_Key=f"k{n}")[1] for _ in range(3)} for n in range(30)]
    assert all(len(readers) == 1 for readers in seen)
    assert set.union(*seen) == {"south-1", "south-2"}


def test_what_concerns_the_whole_goes_to_ops(gate: Front) -> None:
    """From every access point; a packet's path never does."""
    for path in ("/v1/backlog", "/v1/keys", "/v1/health", "/v1/metrics", "/v1/admin/controls/x", "/v1/openapi.json"):
        for port in (0, *gate.access.values()):
            assert gate.ask(path, port=port) == (200, "ops")
    assert gate.ask("/v1/healthy")[1].startswith("south-")


def test_w10_nothing_is_asked_twice(gate: Front) -> None:
    """A process that takes a request and breaks off is not asked again, and neither is the other: 502, which is
    indeterminate.
    """
    for stub in gate.stubs.values():
        stub.requests.clear()
        stub.breaks = stub.port in (gate.stubs["south-1"].port, gate.stubs["south-2"].port)
    try:
        path = f"/v1/packets/{packet(SOUTH, 1)}/open"
        assert gate.ask(path, X_Access_Point="south")[0] == 502
    finally:
        gate.stubs["south-1"].breaks = gate.stubs["south-2"].breaks = False
    assert [path for stub in gate.stubs.values() for path in stub.requests] == [path]


def test_w12_more_than_the_ingress_takes_is_refused(tmp_path: Path) -> None:
    """Beyond rate and burst an access point answers 429 in the API's own words, and no process hears of it; the other
    access point is not concerned.
    """
    with front(tmp_path, Limits(requests_per_s=1, burst=3)) as gate:
        path = f"/v1/packets/{packet(SOUTH, 1)}/grab"
        told = [gate.ask(path, X_Access_Point="south") for _ in range(12)]
        refused = [json.loads(body) for status, body in told if status == 429]
        passed = [body for status, body in told if status == 200]
        assert len(passed) in (4, 5, 6) and len(passed) + len(refused) == 12
        assert refused[0] == {"code": "limited", "message": ERRORS["limited"].meaning}
        assert sum(len(stub.requests) for stub in gate.stubs.values()) == len(passed)
        assert gate.ask(path, X_Access_Point="north")[0] == 200
        with closing(http.client.HTTPConnection("127.0.0.1", gate.port)) as connection:
            connection.request("POST", path, "{}", {"X-Access-Point": "south"})
            answer = connection.getresponse()
            assert (answer.status, answer.getheader("Retry-After")) == (429, "1")
