"""The games, for the services that play them with people (B02)."""

from collections.abc import Callable
from typing import Any

import falcon
import msgspec

from reference_impl.domain.acts import check_act
from reference_impl.domain.errors import Refused
from reference_impl.domain.stages import LIVE, Stage
from reference_impl.resilience.tagging import is_tagged_request
from reference_impl.system import System
from reference_impl.wallet import collecting
from reference_impl.wallet.desk import Desk
from reference_impl.wallet.playing import PlayRequest, play
from reference_impl.web import Fen, Routes, answer, body_of, key_of


class KoiBody(msgspec.Struct, forbid_unknown_fields=True):
    stage: Stage = LIVE


class PoolBody(msgspec.Struct, forbid_unknown_fields=True):
    pool_fen: Fen
    stage: Stage = LIVE


def routes(system: System) -> Routes:
    if system.desk is None:
        return {}
    desk: Desk = system.desk

    def play_game(request: falcon.Request, response: falcon.Response, game: str, occurrence: str) -> None:
        body, _ = body_of(request, PlayRequest), key_of(request)
        check_act(body.act, is_tagged_request(request))
        answer(response, play(system, desk, game, _number(occurrence), body))

    def close_pool(request: falcon.Request, response: falcon.Response, pool: str) -> None:
        body, _ = body_of(request, PoolBody), key_of(request)
        terms = body.pool_fen, body.stage, is_tagged_request(request)
        answer(response, collecting.close(system, desk, _number(pool), *terms))

    def draw_koi(request: falcon.Request, response: falcon.Response, pool: str) -> None:
        body, _ = body_of(request, KoiBody), key_of(request)
        answer(response, collecting.draw_koi(system, desk, _number(pool), body.stage, is_tagged_request(request)))

    handlers: dict[str, dict[str, Callable[..., Any]]] = {
        "/v1/wallet/games/{game}/{occurrence}": {"POST": play_game},
        "/v1/wallet/pools/{pool}/close": {"POST": close_pool},
        "/v1/wallet/pools/{pool}/koi": {"POST": draw_koi},
    }
    return handlers


def _number(text: str) -> int:
    """An occurrence of a game, counted from 1. Raises Refused("unknown_game")."""
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Refused("unknown_game", text[:24])
    return int(text)
