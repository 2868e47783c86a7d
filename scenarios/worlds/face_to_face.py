"""Face to face: senders say short codes aloud, of which there are hardly enough, and people open what they stand for.

A cache that lost everything may give a code anew: then people find another packet than they meant, and see that.
"""

from random import Random
from typing import Any

from harness.simulation.world import Options, Plan, Request, Step, World
from harness.target.answer import Answer
from reference_impl.domain.errors import Refused
from reference_impl.domain.identifiers import parse_packet_id
from reference_impl.packets import codes
from reference_impl.system import System
from scenarios.worlds.reference import SHOWN, Reference
from scenarios.worlds.scripts import TAGGED_FROM, api, guest, lucky_fen, opens, sends

SENDERS = (1, 2, TAGGED_FROM + 1, TAGGED_FROM + 2)


class FaceToFace(Reference):
    """Whoever has paid asks for a code and says it. `heard`: packet → code."""

    def __init__(self, options: Options, **changes: Any) -> None:
        super().__init__(options, code_digits=(2, 3), **changes)
        self.heard: dict[str, str] = {}
        self._just_pay = self.serves["pay"]
        self.serves = {**self.serves, "pay": self._pay, "find": self._find}

    def reset(self) -> None:
        super().reset()
        self.heard.clear()

    def _pay(self, system: System, request: Request) -> Answer:
        paid, packet = self._just_pay(system, request), request.subject or ""
        self.heard[packet] = codes.give_to(system, parse_packet_id(packet), request.person)
        return paid

    def _find(self, system: System, request: Request) -> Answer:
        code = self.heard.get(request.subject or "")
        if code is None:
            raise Refused("unknown_code")
        return Answer("ok", subject=str(codes.find(system, code, request.tagged)))


def plan(random: Random) -> Plan:
    senders = [
        guest(sender, *sends(sender, f"packet-{sender}", lucky_fen(random, 2), 2), asks=api(random))
        for sender in SENDERS
    ]
    people = [
        guest(person, *_both(person, side), asks=api(random))
        for side in (0, TAGGED_FROM)
        for person in (side + 11, side + 12)
    ]
    return Plan((*senders, *people))


def _both(person: int, side: int) -> list[Step]:
    """Find and open the packets of both senders of a side."""
    names = [(f"packet-{side + sender}", f"found-{person}-{sender}") for sender in (1, 2)]
    return [
        step for packet, found in names for step in (Step("find", about=packet, makes=found), opens(found, attempts=2))
    ]


WORLD = World(
    name="face_to_face",
    summary="four packets, live and tagged, whose senders say codes aloud, four people who open what they find",
    claims=SHOWN,
    plan=plan,
    deploy=FaceToFace,
)
