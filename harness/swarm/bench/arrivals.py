"""A locustfile for benchmarks: people by a schedule, each of whom looks once. `options` of the settings say which:
`schedule` is constant (`rate_per_s`) or herd (`median_s`, `spread`), over `duration_s`.
"""

from functools import partial
from random import Random

from harness.swarm.arrivals import Arrival
from harness.swarm.schedules import constant, herd, part_of
from harness.swarm.settings import Settings
from harness.swarm.users import ArrivalsUser


class Looker(ArrivalsUser):
    """One worker's part of those who look."""

    def arrivals(self) -> list[Arrival]:
        everybody = list(enumerate(offsets_ns(self.worker.settings)))
        mine = part_of(everybody, self.worker.part, self.worker.parts)
        return [Arrival(offset_ns, partial(self.look, person), "herd") for person, offset_ns in mine]

    def look(self, person: int, due_ns: int) -> None:
        self.worker.person(person, False, due_ns).ask("look")


def offsets_ns(settings: Settings) -> list[int]:
    """The schedule that the settings name."""
    options = settings.options
    if options["schedule"] == "constant":
        return constant(options["rate_per_s"], settings.duration_s)
    random = Random(settings.seed)
    return herd(settings.people, options["median_s"], options["spread"], settings.duration_s, random)
