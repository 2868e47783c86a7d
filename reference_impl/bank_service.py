"""The bank, as far as this system needs one (B23): a stand-in that keeps books of its own and has moods.

POST /v1/payments   {withdrawal, act, amount_fen, tagged}  →  {withdrawal, outcome}
POST /v1/questions  {withdrawal, tagged}                   →  {withdrawal, outcome}
"""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from reference_impl.wallet.bank import PATIENCE_S, NoAnswer, Outcome, Refusing, Told, in_mood

MUTE_S: Final = PATIENCE_S + 0.5
"""How long a mute bank keeps those waiting who ask."""


class Payment(msgspec.Struct, forbid_unknown_fields=True):
    withdrawal: str
    act: int
    amount_fen: int
    tagged: bool


class Question(msgspec.Struct, forbid_unknown_fields=True):
    withdrawal: str
    tagged: bool


class Teller:
    """Serves what is asked by the bank's books, each in the mood that comes next."""

    def __init__(self, books: Refusing, moods: Iterator[str]) -> None:
        self._books, self._moods, self._drawing = books, moods, threading.Lock()

    def mood(self) -> str:
        with self._drawing:
            return next(self._moods)

    def answer(self, path: str, body: bytes, mood: str) -> Told:
        """Raises NoAnswer, LookupError, MsgspecError and database errors."""
        if path == "/v1/payments":
            payment = msgspec.json.decode(body, type=Payment)
            return Told(payment.withdrawal, in_mood(mood, lambda: self._pay(payment, mood), time.sleep))
        if path == "/v1/questions":
            asked = msgspec.json.decode(body, type=Question)
            outcome = in_mood(mood, lambda: self._books.ask(asked.withdrawal, asked.tagged), time.sleep)
            return Told(asked.withdrawal, outcome)
        raise LookupError(path)

    def _pay(self, payment: Payment, mood: str) -> Outcome:
        if mood == "refuses":
            return self._books.refuse(payment.withdrawal, payment.act, payment.tagged)
        return self._books.send(payment.withdrawal, payment.act, payment.amount_fen, payment.tagged)


def server(host: str, port: int, teller: Teller) -> ThreadingHTTPServer:
    """The stand-in, ready to `serve_forever`; port 0 is a free one."""
    handler = type("Handler", (_Handler,), {"teller": teller})
    return _Server((host, port), handler)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # otherwise a body waits for the acknowledgement of its head: 40 ms an answer
    teller: Teller

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        mood = self.teller.mood()
        try:
            told = self.teller.answer(self.path, body, mood)
        except NoAnswer as silence:
            self._stay_silent() if silence.done else self._say(500, b"{}")
        except LookupError:
            self._say(404, b"{}")
        except (msgspec.MsgspecError, sa.exc.SQLAlchemyError):
            self._say(500, b"{}")
        else:
            for _ in range(1 + (mood == "twice")):
                self._say(200, msgspec.json.encode(told))

    def _say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stay_silent(self) -> None:
        time.sleep(MUTE_S)
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Says nothing about requests."""
