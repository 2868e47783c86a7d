"""Accounts: money comes in, and a balance is read."""

import falcon
import msgspec

from reference_impl.resilience.tagging import is_tagged_request
from reference_impl.system import System
from reference_impl.web import Fen, Routes, answer, body_of, key_of, person_of


class FundBody(msgspec.Struct, forbid_unknown_fields=True):
    amount_fen: Fen


def routes(system: System) -> Routes:
    def fund(request: falcon.Request, response: falcon.Response, person: str) -> None:
        who, body = person_of(person), body_of(request, FundBody)
        tagged = is_tagged_request(request)
        system.ledger.fund(who, body.amount_fen, key_of(request), tagged)
        answer(response, {"person": who, "balance_fen": system.ledger.balance_fen(who, tagged)})

    def balance(request: falcon.Request, response: falcon.Response, person: str) -> None:
        who = person_of(person)
        balance_fen = system.ledger.balance_fen(who, is_tagged_request(request))
        answer(response, {"person": who, "balance_fen": balance_fen})

    return {
        "/v1/accounts/{person}/fund": {"POST": fund},
        "/v1/accounts/{person}": {"GET": balance},
    }
