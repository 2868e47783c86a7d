"""The OpenAPI document of the HTTP API, made from its routes, their bodies' and answers' shapes and the error table."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from reference_impl.domain.errors import ERRORS
from reference_impl.domain.identifiers import LENGTH, MOST_PERSON
from reference_impl.domain.lists import Page
from reference_impl.packets.send import SendRequest
from reference_impl.packets.views import Details
from reference_impl.resilience.controls import Change
from reference_impl.resilience.operators import MOST_NAME, OPERATOR_HEADER
from reference_impl.resilience.tagging import TAG_HEADER
from reference_impl.routes import answers
from reference_impl.routes.accounts import FundBody
from reference_impl.routes.admin import MOST_NUMBER, ActivityBody, ControlBody
from reference_impl.routes.codes import SenderBody
from reference_impl.routes.games import KoiBody, PoolBody
from reference_impl.routes.packets import PayBody
from reference_impl.routes.wallet import LoginBody, PageBody, PhoneBody, StageBody, UseBody, WithdrawalBody
from reference_impl.wallet.asking import Forced, Got, Owned
from reference_impl.wallet.award import AwardRequest, Given
from reference_impl.wallet.collecting import Closed, Found
from reference_impl.wallet.config import Version
from reference_impl.wallet.coupons import Coupon
from reference_impl.wallet.page import Page as WalletPage
from reference_impl.wallet.playing import Played, PlayRequest
from reference_impl.wallet.withdrawal import Withdrawal
from reference_impl.web import KEY_HEADER, PersonBody, Routes

JSON: Final = "application/json"
_SCHEMAS: Final = "#/components/schemas/{name}"
_BODY: Final = ("bad_json", "body_too_large")
_FAULTS: Final = ("bad_request", "internal", "unavailable")
_PACKET: Final = ("unknown_packet", "tag_mismatch", "wrong_region")
_READING: Final = (*_PACKET, "not_paid")
_AFTER: Final = (("after", {"type": "string", "maxLength": 64}),)
_AWARDING: Final = (
    *("unknown_scene", "bad_order", "bad_amount", "over_cap", "budget_spent", "other_amount", "tag_mismatch"),
    *("out_of_stock", "in_progress", "not_in_stage"),
)
_OPENING: Final = (*_READING, "already_opened", "sold_out", "expired", "void", "limited")


class Operation(NamedTuple):
    """What the routes do not say themselves."""

    summary: str
    answer: Any
    """A shape, or a media type."""
    codes: tuple[str, ...] = ()
    """Refusals beside those that any request with such a body and such headers can meet."""
    body: Any = None
    status: int = 200
    also: tuple[int, ...] = ()
    """Other statuses of the same answer."""
    keyed: bool = False
    """Needs an idempotency key (W22)."""
    tagged: bool = False
    """May be pressure traffic (B20)."""
    operators: bool = False
    query: tuple[tuple[str, Mapping[str, Any]], ...] = ()


OPERATIONS: Final[dict[str, Operation]] = {
    "fund": Operation("put money into an account", answers.Balance, ("key_bound",), FundBody, keyed=True, tagged=True),
    "balance": Operation("what an account holds", answers.Balance, tagged=True),
    "send": Operation(
        "preorder a packet",
        answers.Sent,
        ("bad_amount", "bad_shares", "share_too_large", "key_bound", "limited"),
        SendRequest,
        status=201,
        keyed=True,
        tagged=True,
    ),
    "pay": Operation(
        "pay a preordered packet",
        answers.Paid,
        (*_PACKET, "no_preorder", "not_sender", "insufficient_funds", "key_bound", "void"),
        PayBody,
        keyed=True,
        tagged=True,
    ),
    "grab": Operation(
        "ask whether opening is worth trying", answers.Grabbed, _OPENING, PersonBody, keyed=True, tagged=True
    ),
    "open": Operation("take a share", answers.OpenedShare, _OPENING, PersonBody, keyed=True, tagged=True),
    "details": Operation("who opened a packet, and the luckiest", Details, (*_READING, "limited"), tagged=True),
    "give_code": Operation(
        "the code of a face-to-face packet, for its sender",
        answers.Code,
        (*_PACKET, "not_sender", "limited"),
        SenderBody,
        keyed=True,
        tagged=True,
    ),
    "find_code": Operation("the packet that a code stands for", answers.CodeOf, ("unknown_code",), tagged=True),
    "sent": Operation("a screen of what somebody sent", Page, tagged=True, query=_AFTER),
    "received": Operation("a screen of what somebody received", Page, tagged=True, query=_AFTER),
    "login": Operation(
        "the act_id of whoever logs in from one of eight apps", answers.Act, (), LoginBody, keyed=True, tagged=True
    ),
    "bind_phone": Operation(
        "the act_id of who brings a phone number", answers.Act, ("tag_mismatch",), PhoneBody, keyed=True, tagged=True
    ),
    "take_part": Operation(
        "the act_id with which somebody takes part in an occurrence, and its stage",
        answers.InStage,
        ("tag_mismatch", "not_in_stage"),
        StageBody,
        tagged=True,
    ),
    "give_award": Operation(
        "give an award under its order number",
        Given,
        _AWARDING,
        AwardRequest,
        keyed=True,
        tagged=True,
    ),
    "play_game": Operation(
        "play an occurrence of a game: cards, rain, friends, fireworks, or have one's share, gift or koi",
        Played,
        (*_AWARDING, "unknown_game", "no_share", "no_friend"),
        PlayRequest,
        keyed=True,
        tagged=True,
    ),
    "close_pool": Operation(
        "divide a pool among those who collected every card, once",
        Closed,
        ("unknown_game", "nobody_collected", "over_cap", "budget_spent", "other_amount", "bad_order", "unknown_scene"),
        PoolBody,
        keyed=True,
        tagged=True,
    ),
    "draw_koi": Operation(
        "draw the lucky koi of a pool, once",
        Found,
        ("unknown_game", "nobody_collected", "bad_order", "unknown_scene"),
        KoiBody,
        keyed=True,
        tagged=True,
    ),
    "wallet_page": Operation(
        "what a person owns, credited or not", WalletPage, ("tag_mismatch",), PageBody, tagged=True
    ),
    "force_credit": Operation(
        "credit everything that a person was promised", Forced, ("tag_mismatch", "limited"), PageBody, tagged=True
    ),
    "wallet_balance": Operation("how much a person owns, credited or not", Owned, ("tag_mismatch",), tagged=True),
    "has_got": Operation(
        "whether a person has got a scene's award of an occurrence",
        Got,
        ("tag_mismatch", "unknown_scene", "bad_order"),
        tagged=True,
    ),
    "withdraw": Operation(
        "pay out to the bank; 202 while it has not answered",
        Withdrawal,
        ("tag_mismatch", "insufficient_funds", "key_bound", "void", "bank_refused"),
        WithdrawalBody,
        also=(202,),
        keyed=True,
        tagged=True,
    ),
    "use_coupon": Operation(
        "use a coupon or pendant, once",
        Coupon,
        ("tag_mismatch", "unknown_coupon", "not_holder", "already_used"),
        UseBody,
        keyed=True,
        tagged=True,
    ),
    "stock": Operation("what is left of the coupons' stock, and how much of it is burnt", answers.Stock),
    "total": Operation("how much was awarded so far, as everybody sees it", answers.Total, tagged=True),
    "totals": Operation("what each Redis counts of that, as rows of live_totals", answers.Totals),
    "shown": Operation("the details of every packet, as rows of cache_view", answers.Shown),
    "cached": Operation("what the cache holds of every packet, as rows of cache_view", answers.Cached),
    "backlog": Operation("how much is still under way", answers.Backlog),
    "keys": Operation("what the cache holds, as rows of shadow_rows", answers.Keys),
    "health": Operation("is the process up, do its stores answer", answers.Health),
    "metrics": Operation("metrics for Prometheus", "text/plain"),
    "document": Operation("this document", JSON),
    "controls": Operation("every switch and dial with its value", answers.Controls, operators=True),
    "set_control": Operation(
        "set a switch or dial, in force within a second", Change, ("bad_control",), ControlBody, operators=True
    ),
    "activity": Operation("the activity as this process knows it", Version, operators=True),
    "publish": Operation(
        "make an activity the newest version, in force within a second",
        Version,
        ("bad_activity",),
        ActivityBody,
        operators=True,
    ),
    "changes": Operation(
        "what operators have set, a thousand at a time",
        answers.Changes,
        operators=True,
        query=(("after", {"type": "integer", "minimum": 0, "maximum": MOST_NUMBER}),),
    ),
    "reconcile": Operation(
        "find and repair differences", answers.Reconciled, ("unknown_reconciliation",), operators=True
    ),
}

PATH: Final[dict[str, Mapping[str, Any]]] = {
    "person": {"type": "integer", "minimum": 1, "maximum": MOST_PERSON},
    "packet": {"type": "string", "pattern": f"^[0-9]{{{LENGTH}}}$"},
    "name": {"type": "string", "minLength": 1},
    "code": {"type": "string", "pattern": "^[0-9]{4,6}$"},
    "act": {"type": "string", "pattern": "^[12][0-9]{14}$"},
    "coupon": {"type": "string", "minLength": 1},
    "scene": {"type": "string", "pattern": "^[A-Za-z0-9-]{1,16}$"},
    "rain": {"type": "string", "pattern": "^[A-Za-z0-9-]{1,16}$"},
    "game": {"type": "string", "minLength": 1},
    "occurrence": {"type": "string", "pattern": "^[0-9]{1,9}$"},
    "pool": {"type": "string", "pattern": "^[0-9]{1,9}$"},
}


def document(routes: Sequence[Routes]) -> dict[str, Any]:
    """The whole document; raises KeyError for a route that OPERATIONS or PATH does not describe."""
    paths: dict[str, Any] = {}
    for path, handlers in sorted((path, handlers) for each in routes for path, handlers in each.items()):
        paths[path] = {method.lower(): _operation(path, handler.__name__) for method, handler in handlers.items()}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Red packets", "version": "1", "description": "Amounts are fen, moments microseconds."},
        "paths": paths,
        "components": {
            "schemas": _components(),
            "securitySchemes": {"operator": {"type": "http", "scheme": "bearer"}},
        },
    }


def codes_of(name: str) -> list[str]:
    """Every code that an operation may refuse with, in the order of the table."""
    said = OPERATIONS[name]
    codes = {*_FAULTS, *said.codes, *(_BODY if said.body else ()), *(["key_missing"] if said.keyed else ())}
    return [code for code in ERRORS if code in codes or (code == "forbidden" and said.operators)]


def _operation(path: str, name: str) -> dict[str, Any]:
    said = OPERATIONS[name]
    told: dict[str, Any] = {
        "operationId": name,
        "summary": said.summary,
        "parameters": [*_parameters(path, said)],
        "responses": {**{str(status): _success(said) for status in (said.status, *said.also)}, **_refusals(name)},
    }
    if said.body:
        told["requestBody"] = {"required": True, "content": {JSON: {"schema": _reference(said.body)}}}
    if said.operators:
        told["security"] = [{"operator": []}]
    return told


def _parameters(path: str, said: Operation) -> Iterator[dict[str, Any]]:
    for name in re.findall(r"{(\w+)}", path):
        yield {"name": name, "in": "path", "required": True, "schema": PATH[name]}
    for name, schema in said.query:
        yield {"name": name, "in": "query", "schema": schema}
    if said.keyed:
        yield _header(KEY_HEADER, _printable(64), required=True)
    if said.tagged:
        yield _header(TAG_HEADER, {"enum": ["0", "1"]})
    if said.operators:
        yield _header(OPERATOR_HEADER, _printable(MOST_NAME), required=True)


def _header(name: str, schema: Mapping[str, Any], required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": required, "schema": schema}


def _printable(most: int) -> dict[str, Any]:
    """Spaces at the ends do not survive the way through HTTP."""
    return {"type": "string", "pattern": f"^[!-~]([ -~]{{0,{most - 2}}}[!-~])?$"}


def _success(said: Operation) -> dict[str, Any]:
    if isinstance(said.answer, str):
        return {"description": said.summary, "content": {said.answer: {}}}
    return {"description": said.summary, "content": {JSON: {"schema": _reference(said.answer)}}}


def _refusals(name: str) -> dict[str, Any]:
    """A response a status, with the codes that it may carry."""
    by_status: dict[int, list[str]] = defaultdict(list)
    for code in codes_of(name):
        by_status[ERRORS[code].status].append(code)
    return {str(status): _refusal(codes) for status, codes in sorted(by_status.items())}


def _refusal(codes: list[str]) -> dict[str, Any]:
    shape = {"allOf": [_reference(answers.Refusal)], "properties": {"code": {"enum": codes}}}
    told: dict[str, Any] = {
        "description": "; ".join(f"{code}: {ERRORS[code].meaning}" for code in codes),
        "content": {JSON: {"schema": shape}},
    }
    if "limited" in codes:
        told["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    return told


def _reference(shape: Any) -> dict[str, Any]:
    (schema,), _ = msgspec.json.schema_components([shape], ref_template=_SCHEMAS)
    return dict(schema)


def _components() -> dict[str, Any]:
    shapes = [answers.Refusal, *(each.answer for each in OPERATIONS.values() if not isinstance(each.answer, str))]
    shapes += [each.body for each in OPERATIONS.values() if each.body]
    return dict(msgspec.json.schema_components(shapes, ref_template=_SCHEMAS)[1])
