"""The festival wallet: awards for the games; the wallet page, withdrawal and the use of coupons for people."""

from collections.abc import Callable
from typing import Annotated, Any

import falcon
import msgspec

from reference_impl.domain.acts import APP_IDS, check_act
from reference_impl.domain.errors import Refused
from reference_impl.domain.identities import identity, phone_number
from reference_impl.domain.stages import stage_of
from reference_impl.resilience.tagging import is_tagged_request
from reference_impl.routes.answers import InStage
from reference_impl.system import System
from reference_impl.wallet import asking, live_total, stages
from reference_impl.wallet import login as logging_in
from reference_impl.wallet import page as paging
from reference_impl.wallet.award import AwardRequest, award
from reference_impl.wallet.coupons import stock_report, use
from reference_impl.wallet.desk import Desk
from reference_impl.wallet.withdrawal import ASKED, REFUSED
from reference_impl.wallet.withdrawal import withdraw as pay_out
from reference_impl.web import Fen, Routes, answer, body_of, key_of

Tokens = Annotated[list[str], msgspec.Meta(max_length=paging.MOST_TOKENS)]


class PageBody(msgspec.Struct, forbid_unknown_fields=True):
    """The tokens that the client kept."""

    tokens: Tokens = []


class UseBody(msgspec.Struct, forbid_unknown_fields=True):
    act: int
    app: str = "douyin"


class LoginBody(msgspec.Struct, forbid_unknown_fields=True):
    """Who logs in from which app, the phone number if the account has one, and the tokens that the client kept."""

    app: str
    uid: str
    phone: str = ""
    tokens: Tokens = []


class StageBody(msgspec.Struct, forbid_unknown_fields=True):
    """Who wants to take part in which occurrence."""

    act: int
    rain: str


class PhoneBody(msgspec.Struct, forbid_unknown_fields=True):
    phone: str
    tokens: Tokens = []


class WithdrawalBody(msgspec.Struct, forbid_unknown_fields=True):
    amount_fen: Fen
    app: str = "douyin"
    tokens: Tokens = []


def routes(system: System) -> Routes:
    if system.desk is None:
        return {}
    desk: Desk = system.desk

    def login(request: falcon.Request, response: falcon.Response) -> None:
        body, _ = body_of(request, LoginBody), key_of(request)
        phone = phone_number(body.phone) if body.phone else None
        who, tagged = identity(body.app, body.uid), is_tagged_request(request)
        answer(response, {"act": logging_in.login(system, desk, who, phone, body.tokens, tagged)})

    def bind_phone(request: falcon.Request, response: falcon.Response, act: str) -> None:
        who, body, _ = _act(request, act), body_of(request, PhoneBody), key_of(request)
        answer(response, {"act": logging_in.bind(system, desk, who, phone_number(body.phone), body.tokens)})

    def take_part(request: falcon.Request, response: falcon.Response) -> None:
        body = body_of(request, StageBody)
        check_act(body.act, is_tagged_request(request))
        act = stages.self_in(desk, body.act, body.rain)
        answer(response, InStage(act, stage_of(act)))

    def give_award(request: falcon.Request, response: falcon.Response) -> None:
        body, _ = body_of(request, AwardRequest), key_of(request)
        check_act(body.act, is_tagged_request(request))
        answer(response, award(system, desk, body))

    def wallet_page(request: falcon.Request, response: falcon.Response, act: str) -> None:
        who, body = _act(request, act), body_of(request, PageBody)
        answer(response, paging.page(system, desk, who, body.tokens))

    def force_credit(request: falcon.Request, response: falcon.Response, act: str) -> None:
        who, body = _act(request, act), body_of(request, PageBody)
        answer(response, asking.force_credit(system, desk, who, body.tokens))

    def wallet_balance(request: falcon.Request, response: falcon.Response, act: str) -> None:
        answer(response, asking.balance(system, desk, _act(request, act)))

    def has_got(request: falcon.Request, response: falcon.Response, act: str, scene: str, rain: str) -> None:
        answer(response, asking.has_got(system, desk, _act(request, act), scene, rain))

    def withdraw(request: falcon.Request, response: falcon.Response, act: str) -> None:
        who, body, key = _act(request, act), body_of(request, WithdrawalBody), key_of(request)
        done = pay_out(system, desk, who, body.amount_fen, _app_of(body.app), key, body.tokens)
        if done.state == REFUSED:
            raise Refused("bank_refused", done.withdrawal)
        answer(response, done, falcon.HTTP_202 if done.state == ASKED else falcon.HTTP_200)

    def use_coupon(request: falcon.Request, response: falcon.Response, coupon: str) -> None:
        body, key = body_of(request, UseBody), key_of(request)
        check_act(body.act, is_tagged_request(request))
        answer(response, use(system, desk, body.act, coupon, _app_of(body.app), key))

    def stock(_request: falcon.Request, response: falcon.Response) -> None:
        answer(response, stock_report(desk))

    def total(request: falcon.Request, response: falcon.Response) -> None:
        answer(response, {"total_fen": live_total.read(system, desk, is_tagged_request(request))})

    def totals(_request: falcon.Request, response: falcon.Response) -> None:
        answer(response, live_total.totals(system, desk))

    handlers: dict[str, dict[str, Callable[..., Any]]] = {
        "/v1/logins": {"POST": login},
        "/v1/wallets/{act}/phone": {"POST": bind_phone},
        "/v1/stages": {"POST": take_part},
        "/v1/awards": {"POST": give_award},
        "/v1/wallets/{act}": {"POST": wallet_page},
        "/v1/wallets/{act}/credit": {"POST": force_credit},
        "/v1/wallets/{act}/balance": {"GET": wallet_balance},
        "/v1/wallets/{act}/awards/{scene}/{rain}": {"GET": has_got},
        "/v1/wallets/{act}/withdrawals": {"POST": withdraw},
        "/v1/coupons/{coupon}/use": {"POST": use_coupon},
        "/v1/stock": {"GET": stock},
        "/v1/total": {"GET": total},
        "/v1/totals": {"GET": totals},
    }
    return handlers


def _act(request: falcon.Request, text: str) -> int:
    act = int(text) if text.isascii() and text.isdigit() and len(text) == 15 else 0
    check_act(act, is_tagged_request(request))
    return act


def _app_of(name: str) -> int:
    if name not in APP_IDS:
        raise Refused("bad_request", f"app {name[:24]!r}")
    return APP_IDS[name]
