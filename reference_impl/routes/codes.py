"""Codes of face-to-face packets: a sender asks for one, whoever sees it asks whose it is (W23)."""

import falcon
import msgspec

from reference_impl.packets import codes
from reference_impl.resilience.tagging import is_tagged_request
from reference_impl.system import System
from reference_impl.web import Person, Routes, answer, body_of, key_of, packet_of


class SenderBody(msgspec.Struct, forbid_unknown_fields=True):
    sender: Person


def routes(system: System) -> Routes:
    def give_code(request: falcon.Request, response: falcon.Response, packet: str) -> None:
        at, body, _ = packet_of(request, packet), body_of(request, SenderBody), key_of(request)
        answer(response, {"packet": packet, "code": codes.give_to(system, at, body.sender)})

    def find_code(request: falcon.Request, response: falcon.Response, code: str) -> None:
        answer(response, {"packet": str(codes.find(system, code, is_tagged_request(request)))})

    return {
        "/v1/packets/{packet}/code": {"POST": give_code},
        "/v1/codes/{code}": {"GET": find_code},
    }
