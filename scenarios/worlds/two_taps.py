"""Two taps: a packet is sent from two phones under one key, while operators steer new packets to the other city and
back, and take the cache out of sending.

A city has order databases and a cache of its own, and one logic process, to which nginx brings both taps; what belongs
to the other city goes over a link. A logic process that dies keeps what it remembers of keys here: who loses that and
the cache at once has forgotten a packet that nobody paid (W05).
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from harness.simulation.cache import fake_client, real_client
from harness.simulation.network import Lost, ask
from harness.simulation.people import PATIENCE_S
from harness.simulation.runtime import ProcessRuntime
from harness.simulation.scheduler import acting
from harness.simulation.world import Options, Plan, Request, World
from harness.target.answer import Answer
from reference_impl.bootstrap import assemble
from reference_impl.domain.identifiers import parse_packet_id
from reference_impl.packets import elsewhere
from reference_impl.packets.send import SendRequest
from reference_impl.resilience.tagging import TAG_HEADER
from reference_impl.settings import REGIONS
from reference_impl.system import System
from scenarios.worlds.reference import SHOWN, Reference
from scenarios.worlds.scripts import funds, guest, lucky_fen, opens, orders, sets, within

SOUTH, NORTH = REGIONS
"""The logic process of a city bears the city's name."""
REMEMBERED: Final = ("recent", "steered")
"""What a logic process remembers of keys."""


class Cities(Reference):
    """Two cities with a logic process each."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        apart = urlsplit(options.cache)._replace(path="/1").geturl()
        self._caches = {SOUTH: self.cache, NORTH: real_client(apart) if options.cache else fake_client()}
        self._cities: dict[str, System] = {}
        self._ask = elsewhere._ask
        vars(elsewhere)["_ask"] = self._over_the_link

    def reset(self) -> None:
        super().reset()
        self._caches[NORTH].flushall()
        self._cities.clear()

    def boot(self, process: str, runtime: ProcessRuntime) -> System:
        if process not in REGIONS:
            return super().boot(process, runtime)
        links = {other: other for other in REGIONS if other != process}
        orders = {place: store for place, store in self.stores.orders.items() if place[0] == process}
        stores = self.stores._replace(orders=orders, cold={process: self.stores.cold[process]})
        settings = msgspec.structs.replace(self.settings, serves=(process,), links=links)
        system = assemble(settings, runtime, stores, self._caches[process], process, stream=self.cache)
        before = self._cities.get(process, system)
        self._cities[process] = replace(system, **{name: getattr(before, name) for name in REMEMBERED})
        self._booted.append(self._cities[process])
        return self._cities[process]

    def loops(self, process: str, service: System) -> Mapping[str, Callable[[], None]]:
        """A city's logic process is there from the beginning, and does nothing by itself."""
        return {}

    def answer(self, service: System, request: Request) -> Answer:
        """A packet's requests go to the city that its id names."""
        city = parse_packet_id(request.subject).region if request.subject else service.name
        return super().answer(service, request) if city == service.name else self._there(city, request, PATIENCE_S)

    def _there(self, city: str, request: Request, within_s: float) -> Answer:
        """What the other city answers."""
        scheduler, there = acting(), self._cities.get(city)
        if scheduler is None or there is None:
            return Answer("info", "unavailable")
        try:
            answer: Answer = ask(scheduler, city, request.operation, lambda: self.serve(there, request), within_s)
        except Lost:
            return Answer("info", "unavailable")
        return answer

    def _over_the_link(self, address: str, body: bytes, headers: Mapping[str, str], within_s: float) -> dict[str, Any]:
        """Stands where the processes of one city ask another's over HTTP."""
        values = msgspec.structs.asdict(msgspec.json.decode(body, type=SendRequest))
        sender, tagged = values.pop("sender"), headers[TAG_HEADER] == "1"
        request = Request("send", sender, values, None, headers["Idempotency-Key"], tagged)
        answer = self._there(address, request, within_s)
        return {"packet": answer.subject} if answer.outcome == "ok" else {"code": answer.reason}

    def close(self) -> None:
        vars(elsewhere)["_ask"] = self._ask
        self._caches[NORTH].close()
        super().close()


def plan(random: Random) -> Plan:
    total_fen = lucky_fen(random, 2)
    steers = (sets("steer_north", 1, within(random, 0.0, 0.004)), sets("steer_north", 0, within(random, 0.0, 0.006)))
    switches = (sets("order_database", 1, within(random, 0.0, 0.008)), sets("order_database", 0, 0.004))
    taps = [orders(tap, total_fen, 2, key="tap", pause_s=within(random, 0.0, 0.004)) for tap in ("one", "two")]
    people = (
        guest(1, funds(1, 2 * total_fen, "both"), *taps[0], asks=SOUTH),
        guest(1, *taps[1], asks=SOUTH),
        guest(3, *steers, asks=SOUTH),
        guest(4, *switches, asks=SOUTH),
        guest(11, opens("one"), opens("two"), asks=SOUTH),
    )
    return Plan(people, background=(NORTH,))


WORLD = World(
    name="two_taps",
    summary="a packet sent from two phones under one key, while operators steer to and fro and do without the cache",
    claims=SHOWN,
    plan=plan,
    deploy=Cities,
)
