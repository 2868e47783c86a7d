"""A private nginx that answers every POST with the same JSON: the target that costs least, the same for all sides."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

from msgspec import Struct

from harness import processes
from harness.servers import Server, find_program

ANSWER: Final = '{"packet": "p-17", "amount_fen": 88, "sequence": 3, "remaining_fen": 912}'
STATUS_PATH: Final = "/nginx_status"
_CONFIG: Final = """
daemon off; master_process off; pid nginx.pid; error_log stderr warn;
events {{ worker_connections {connections}; multi_accept on; }}
http {{
    log_format when '$msec $uri'; access_log {log}; default_type application/json;
    keepalive_requests 1000000000; keepalive_timeout 1h;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    server {{
        {listen}
        location / {{ return 200 '{answer}'; }}
        location = {status} {{ stub_status; access_log off; }}
    }}
}}
"""


class Counts(Struct, frozen=True):
    """What the server itself has seen: connections open now, accepted so far, requests so far."""

    active: int
    accepted: int
    requests: int


def read_counts(text: str) -> Counts:
    """The numbers of nginx's status page."""
    numbers = [int(word) for word in text.split() if word.isdigit()]
    return Counts(active=numbers[0], accepted=numbers[1], requests=numbers[3])


class Nginx(Server):
    """nginx in one process, so that it runs where its parent is pinned to. It listens on 127.0.0.1, .2, .3, …"""

    name = "nginx"
    label = "nginx"
    connections = 1024
    addresses = 1
    log = ""

    def prepare(self) -> None:
        super().prepare()
        listen = " ".join(f"listen 127.0.0.{n}:{self.port} backlog=4096;" for n in range(1, self.addresses + 1))
        log = f"{self.log} when" if self.log else "off"
        config = _CONFIG.format(connections=self.connections, listen=listen, answer=ANSWER, status=STATUS_PATH, log=log)
        (self.folder / "nginx.conf").write_text(config, encoding="utf-8")

    def counts(self) -> Counts:
        """Among them the connection and the request that ask."""
        with urlopen(f"http://127.0.0.1:{self.port}{STATUS_PATH}", timeout=5) as answer:
            return read_counts(answer.read().decode())

    def _command(self) -> list[str]:
        return [find_program("nginx"), "-p", str(self.folder), "-c", "nginx.conf", "-e", "stderr"]

    def _answers(self) -> bool:
        try:
            self.counts()
        except (URLError, OSError):
            return False
        return True


@contextmanager
def nginx(folder: Path, *, connections: int = 1024, addresses: int = 1, log: str = "") -> Iterator[Nginx]:
    """The running server; ConfigError where nginx is not installed or does not start.

    `log`: a file in its folder with a line a request, the moment in seconds and the path; complete at the end.
    """
    server = Nginx(folder / "nginx", processes.free_port(), folder)
    server.connections, server.addresses, server.log = connections, addresses, log
    server.prepare()
    try:
        server.start()
        yield server
    finally:
        server.stop()


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """Processes started meanwhile stay on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
