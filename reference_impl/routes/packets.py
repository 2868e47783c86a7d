"""Packets: send, pay, grab, open, details."""

import falcon
import msgspec

from reference_impl.domain.identifiers import parse_packet_id
from reference_impl.packets import codes
from reference_impl.packets import details as reading
from reference_impl.packets import grab as grabbing
from reference_impl.packets import open as opening
from reference_impl.packets import pay as paying
from reference_impl.packets import send as sending
from reference_impl.resilience.tagging import is_tagged_request
from reference_impl.system import System
from reference_impl.web import Person, PersonBody, Routes, answer, body_of, key_of, packet_of


class PayBody(msgspec.Struct, forbid_unknown_fields=True):
    sender: Person


def routes(system: System) -> Routes:
    def send(request: falcon.Request, response: falcon.Response) -> None:
        body, key = body_of(request, sending.SendRequest), key_of(request)
        order = sending.send(system, body, key, is_tagged_request(request))
        at = parse_packet_id(order.packet)
        request.context.region = at.region
        told = {"packet": order.packet, "state": "preordered"}
        if body.face_to_face and at.region in system.settings.regions_served:  # elsewhere its sender asks for it
            told["code"] = codes.give(system, at)
        answer(response, told, falcon.HTTP_201)

    def pay(request: falcon.Request, response: falcon.Response, packet: str) -> None:
        at, body, _ = packet_of(request, packet), body_of(request, PayBody), key_of(request)
        paid = paying.pay(system, at, body.sender)
        told = {name: getattr(paid, name) for name in ("packet", "total_fen", "paid_us", "expires_us")}
        answer(response, told | {"state": "paid"})

    def grab(request: falcon.Request, response: falcon.Response, packet: str) -> None:
        at, body, _ = packet_of(request, packet), body_of(request, PersonBody), key_of(request)
        grabbing.grab(system, at, body.person)
        answer(response, {"packet": packet, "grab": "open"})

    def open(request: falcon.Request, response: falcon.Response, packet: str) -> None:
        at, body, key = packet_of(request, packet), body_of(request, PersonBody), key_of(request)
        made = opening.open_packet(system, at, body.person, key)
        told = {name: getattr(made, name) for name in ("packet", "voucher", "amount_fen", "sequence", "remaining_fen")}
        answer(response, told)

    def details(request: falcon.Request, response: falcon.Response, packet: str) -> None:
        answer(response, reading.details(system, packet_of(request, packet)))

    return {
        "/v1/packets": {"POST": send},
        "/v1/packets/{packet}/pay": {"POST": pay},
        "/v1/packets/{packet}/grab": {"POST": grab},
        "/v1/packets/{packet}/open": {"POST": open},
        "/v1/packets/{packet}": {"GET": details},
    }
