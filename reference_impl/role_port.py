"""A small HTTP server in every process that serves no people: health and metrics; its port is in {data}/ports/ROLE."""

from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from reference_impl.api import make_app
from reference_impl.routes import watching
from reference_impl.system import System


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def server_bind(self) -> None:
        """Without asking a name server who we are."""
        super(WSGIServer, self).server_bind()
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]
        self.setup_environ()


class _Silent(WSGIRequestHandler):
    def log_message(self, *_words: Any) -> None:
        """Requests are counted, not logged."""


def listen_for_questions(system: System, role: str) -> int:
    """Answer from now on, in a thread of its own; the port."""
    server = _Server((system.settings.host, 0), _Silent)
    server.set_app(make_app(system, system.name, (watching.routes,)))
    file = Path(system.settings.data) / "ports" / role
    file.parent.mkdir(exist_ok=True)
    file.write_text(str(server.server_port))
    system.runtime.spawn("questions", server.serve_forever)
    return server.server_port
