"""HTTP: one small resource a route. Bodies are checked before anything is done, refusals come from the error table."""

import logging
from typing import Annotated, Any, TypeVar

import falcon
import msgspec
import sqlalchemy as sa

from reference_impl.domain.errors import ERRORS, Refused
from reference_impl.domain.identifiers import MOST_PERSON, PacketId, parse_packet_id
from reference_impl.packets import details, grab, open, pay, send
from reference_impl.reconcile import backlog
from reference_impl.resilience import shadow
from reference_impl.resilience.tagging import check_tag, is_tagged_request
from reference_impl.stores.cache import CacheError
from reference_impl.system import System

log = logging.getLogger(__name__)
MOST_BODY = 16 * 1024
READER_HEADER = "X-Reader"
KEY_HEADER = "Idempotency-Key"

Person = Annotated[int, msgspec.Meta(ge=1, le=MOST_PERSON)]
Fen = Annotated[int, msgspec.Meta(ge=1, le=10**13)]
T = TypeVar("T")


class FundBody(msgspec.Struct, forbid_unknown_fields=True):
    amount_fen: Fen


class PayBody(msgspec.Struct, forbid_unknown_fields=True):
    sender: Person


class PersonBody(msgspec.Struct, forbid_unknown_fields=True):
    person: Person


class Api:
    """The routes over one system."""

    def __init__(self, system: System) -> None:
        self.system = system

    def fund(self, request: falcon.Request, response: falcon.Response, person: str) -> None:
        who, body = _person(person), _body(request, FundBody)
        tagged = is_tagged_request(request)
        self.system.ledger.fund(who, body.amount_fen, _key(request), tagged)
        _answer(response, {"person": who, "balance_fen": self.system.ledger.balance_fen(who, tagged)})

    def balance(self, request: falcon.Request, response: falcon.Response, person: str) -> None:
        who = _person(person)
        _answer(
            response,
            {"person": who, "balance_fen": self.system.ledger.balance_fen(who, is_tagged_request(request))},
        )

    def send(self, request: falcon.Request, response: falcon.Response) -> None:
        body, key = _body(request, send.SendRequest), _key(request)
        order = send.send(self.system, body, key, is_tagged_request(request))
        _answer(response, {"packet": order.packet, "state": "preordered"}, falcon.HTTP_201)

    def pay(self, request: falcon.Request, response: falcon.Response, packet: str) -> None:
        at, body, _ = _packet(request, packet), _body(request, PayBody), _key(request)
        paid = pay.pay(self.system, at, body.sender)
        _answer(
            response,
            {
                "packet": paid.packet,
                "state": "paid",
                "total_fen": paid.total_fen,
                "paid_us": paid.paid_us,
                "expires_us": paid.expires_us,
            },
        )

    def grab(self, request: falcon.Request, response: falcon.Response, packet: str) -> None:
        at, body, _ = _packet(request, packet), _body(request, PersonBody), _key(request)
        grab.grab(self.system, at, body.person)
        _answer(response, {"packet": packet, "grab": "open"})

    def open(self, request: falcon.Request, response: falcon.Response, packet: str) -> None:
        at, body, key = _packet(request, packet), _body(request, PersonBody), _key(request)
        voucher = open.open_packet(self.system, at, body.person, key)
        _answer(
            response,
            {
                "packet": packet,
                "voucher": voucher.voucher,
                "amount_fen": voucher.amount_fen,
                "sequence": voucher.sequence,
                "remaining_fen": voucher.remaining_fen,
            },
        )

    def details(self, request: falcon.Request, response: falcon.Response, packet: str) -> None:
        _answer(response, details.details(self.system, _packet(request, packet)))

    def health(self, request: falcon.Request, response: falcon.Response) -> None:
        _answer(response, {"ok": True})

    def backlog(self, request: falcon.Request, response: falcon.Response) -> None:
        _answer(response, {"pending": backlog.pending(self.system)})

    def keys(self, request: falcon.Request, response: falcon.Response) -> None:
        _answer(response, list(shadow.rows_of_keys(self.system.cache)))


def make_app(system: System, reader: str) -> Any:
    """The WSGI application; `reader` names this process in every answer."""
    api = Api(system)
    app = falcon.App()
    app.req_options.strip_url_path_trailing_slash = True
    app.add_middleware(_Reader(reader))
    app.add_error_handler(Exception, _internal)
    app.add_error_handler(sa.exc.SQLAlchemyError, _unavailable)
    app.add_error_handler(CacheError, _unavailable)
    app.add_error_handler(Refused, _refused)
    app.add_error_handler(falcon.HTTPError, _http_error)
    routes: dict[str, dict[str, Any]] = {
        "/v1/accounts/{person}/fund": {"POST": api.fund},
        "/v1/accounts/{person}": {"GET": api.balance},
        "/v1/packets": {"POST": api.send},
        "/v1/packets/{packet}/pay": {"POST": api.pay},
        "/v1/packets/{packet}/grab": {"POST": api.grab},
        "/v1/packets/{packet}/open": {"POST": api.open},
        "/v1/packets/{packet}": {"GET": api.details},
        "/v1/health": {"GET": api.health},
        "/v1/backlog": {"GET": api.backlog},
        "/v1/keys": {"GET": api.keys},
    }
    for path, handlers in routes.items():
        app.add_route(path, _Route(handlers))
    return app


class _Route:
    """A Falcon resource made of plain functions."""

    def __init__(self, handlers: dict[str, Any]) -> None:
        for method, handler in handlers.items():
            setattr(self, f"on_{method.lower()}", handler)


class _Reader:
    def __init__(self, reader: str) -> None:
        self._reader = reader

    def process_response(self, _request: Any, response: falcon.Response, _resource: Any, _ok: bool) -> None:
        response.set_header(READER_HEADER, self._reader)


def _body(request: falcon.Request, shape: type[T]) -> T:
    if (request.content_length or 0) > MOST_BODY:
        raise Refused("body_too_large")
    text = request.bounded_stream.read(MOST_BODY + 1)
    if len(text) > MOST_BODY:
        raise Refused("body_too_large")
    try:
        return msgspec.json.decode(text, type=shape)
    except msgspec.ValidationError as error:
        raise Refused("bad_request", str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refused("bad_json", str(error)) from None


def _key(request: falcon.Request) -> str:
    key = request.get_header(KEY_HEADER) or ""
    if not (1 <= len(key) <= 64 and key.isascii() and key.isprintable()):
        raise Refused("key_missing")
    return key


def _packet(request: falcon.Request, text: str) -> PacketId:
    packet = parse_packet_id(text)
    check_tag(request, packet)
    return packet


def _person(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 16 and 1 <= int(text) <= MOST_PERSON):
        raise Refused("bad_request", f"person {text[:32]!r}")
    return int(text)


def _answer(response: falcon.Response, body: Any, status: str = falcon.HTTP_200) -> None:
    response.status = status
    response.content_type = falcon.MEDIA_JSON
    response.data = msgspec.json.encode(body)


def _refuse(response: falcon.Response, code: str, message: str) -> None:
    kind = ERRORS[code]
    _answer(response, {"code": code, "message": message}, falcon.code_to_http_status(kind.status))
    if code == "limited":
        response.set_header("Retry-After", "1")


def _refused(_request: Any, response: falcon.Response, error: Refused, _params: Any) -> None:
    _refuse(response, error.code, error.message)


def _unavailable(request: falcon.Request, response: falcon.Response, error: Exception, _params: Any) -> None:
    log.warning("%s %s: %s", request.method, request.path, error)
    _refuse(response, "unavailable", ERRORS["unavailable"].meaning)


def _internal(request: falcon.Request, response: falcon.Response, error: Exception, _params: Any) -> None:
    log.error("%s %s", request.method, request.path, exc_info=error)
    _refuse(response, "internal", ERRORS["internal"].meaning)


def _http_error(_request: Any, response: falcon.Response, error: falcon.HTTPError, _params: Any) -> None:
    code = {404: "not_found", 405: "method_not_allowed", 413: "body_too_large"}.get(error.status_code, "bad_request")
    _refuse(response, code, ERRORS[code].meaning)
