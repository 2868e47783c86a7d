"""The boss sends a packet; the office comes for it in three showers, as often as the talk turns to it."""

from functools import partial
from pathlib import Path
from random import Random

from harness.swarm.arrivals import Arrival
from harness.swarm.schedules import part_of, rain
from harness.swarm.users import ArrivalsUser


class Office(ArrivalsUser):
    """One worker's part of the office."""

    default_target = Path("target.toml")

    def plan(self):
        settings = self.worker.settings
        shower_s = settings.duration_s / 4
        self.moments = rain(3, settings.people // 3, shower_s, shower_s, Random(settings.seed))

    def preparations(self):
        yield self.send

    def send(self):
        boss = self.worker.person(1 + self.worker.part, tagged=False)
        boss.insist("fund", amount_fen=10_000)
        wish = {"kind": "lucky", "total_fen": 10_000, "shares": 20, "region": "south", "expires_in_ms": 60_000}
        self.packet = boss.insist("send", amount_fen=10_000, values=wish).subject
        boss.insist("pay", packet=self.packet, amount_fen=10_000)

    def arrivals(self):
        everybody = list(enumerate(self.moments, start=1001))
        mine = part_of(everybody, self.worker.part, self.worker.parts)
        return [Arrival(at_ns, partial(self.come, uid)) for uid, at_ns in mine]

    def come(self, uid, due_ns):
        guest = self.worker.person(uid, tagged=False, due_ns=due_ns)
        if guest.insist("grab", packet=self.packet).outcome == "ok":
            guest.think(0.3)
            guest.insist("open", packet=self.packet)
