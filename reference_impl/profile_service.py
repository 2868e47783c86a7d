"""The profile service, as far as this system needs one (W18): a stand-in that makes nicknames of numbers, and a client.

GET /profiles?people=7,8  →  {"7": {"nickname": …, "avatar": …}, …}
"""

import http.client
from collections.abc import Iterable, Sequence
from socketserver import ThreadingMixIn
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import msgspec

from reference_impl.domain.profiles import Profile

PATH: Final = "/profiles"
MOST: Final = 200
"""People a request."""
_NAMES: Final = ("春风", "夏雨", "秋月", "冬雪", "晨星", "晚霞", "青山", "流水")


class ServiceError(Exception):
    """The profile service did not answer in time, or not what was asked."""


def ask(address: str, people: Sequence[int], wait_s: float) -> dict[int, Profile]:
    """The profiles of these people, some hundred a request, each waited for so long. Raises ServiceError."""
    found: dict[int, Profile] = {}
    for start in range(0, len(people), MOST):
        found |= _ask(address, people[start : start + MOST], wait_s)
    return found


def _ask(address: str, people: Sequence[int], wait_s: float) -> dict[int, Profile]:
    at = urlsplit(address)
    connection = http.client.HTTPConnection(at.hostname or "", at.port or 80, timeout=wait_s)
    try:
        connection.request("GET", f"{at.path}{PATH}?people={','.join(map(str, people))}")
        answer = connection.getresponse()
        if answer.status != 200:
            raise ServiceError(f"the profile service answered {answer.status}")
        return msgspec.json.decode(answer.read(), type=dict[int, Profile])
    except (OSError, http.client.HTTPException, msgspec.MsgspecError) as error:
        raise ServiceError(f"the profile service: {type(error).__name__}: {error}") from None
    finally:
        connection.close()


def profile_of(person: int) -> Profile:
    """The stand-in's answer for a person, always the same."""
    return Profile(f"{_NAMES[person % len(_NAMES)]}{person}", f"/avatars/{person % 64}.png")


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """The stand-in's WSGI application."""
    people = parse_qs(environ.get("QUERY_STRING", "")).get("people", [""])[0].split(",")
    if environ.get("PATH_INFO") != PATH or not all(text.isascii() and text.isdigit() for text in people):
        start_response("400 Bad Request", [("Content-Type", "text/plain")])
        return [b"GET /profiles?people=7,8"]
    start_response("200 OK", [("Content-Type", "application/json")])
    return [msgspec.json.encode({text: profile_of(int(text)) for text in people})]


def server(host: str, port: int) -> WSGIServer:
    """The stand-in, ready to `serve_forever`; port 0 is a free one."""
    return make_server(host, port, application, server_class=_Threads, handler_class=_Quiet)


class _Threads(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Says nothing about requests."""
