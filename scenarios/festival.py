"""The festival's evening: games are played while it rains.

    rainproof run festival --people 400
    locust -f scenarios/festival.py --headless              # against a running target

`evening.py` plans it, on top of the rain of `rain_peak.py`, whose people these are: with their purse, their second
accounts and their bad habits. What a game brings nobody knows beforehand; the answer says it.
"""

from functools import partial
from typing import Final

from harness.swarm.arrivals import Arrival
from harness.swarm.person import Person
from harness.target import Answer
from reference_impl.domain.acts import APP_IDS, act_id
from scenarios import rain_peak
from scenarios.evening import Closing, Evening, Going, plan_evening
from scenarios.rain_peak import Purse, look

POOL: Final = 1


def play(going: Going, purse: Purse, person: Person) -> Answer:
    """The game decides, or says what it decided before; the client keeps the token."""
    host = act_id(going.host, going.tagged) if going.host else 0
    answer = person.insist(
        "play",
        values={"game": going.game, "occurrence": going.number, "app": APP_IDS[going.app], "host": host},
    )
    purse.keep(answer)
    return answer


def go(going: Going, purse: Purse, person: Person) -> None:
    """What a person does in a game."""
    tap = partial(play, going, purse)
    person.together(*[tap] * (2 if going.behaviour == "twice" else 1))
    if going.behaviour == "looks":
        look(purse, person)


def close(closing: Closing, person: Person) -> None:
    """A service closes the pool and draws the koi; of two that do so at once both hear the same."""
    person.insist("close_pool", values={"pool": POOL, "pool_fen": closing.pool_fen})
    person.insist("koi", values={"pool": POOL})


class Festival(rain_peak.RainPeak):
    """One worker's people, in the rain and at play."""

    default_target = rain_peak.TARGET

    def plan(self) -> None:
        super().plan()
        everybody = sorted((last.person, last.tagged) for last in self.rain.readings)
        self.evening: Evening = plan_evening(self.worker.settings.seed, everybody, self.worker.settings.duration_s)

    def arrivals(self) -> list[Arrival]:
        playing = [Arrival(each.at_ns, partial(self.go, each)) for each in self.evening.goings if self.plays(each)]
        closing = [
            Arrival(each.at_ns, partial(self.close, each)) for each in self.evening.closings if self.serves(each)
        ]
        return sorted([*super().arrivals(), *playing, *closing], key=lambda arrival: arrival.offset_ns)

    def plays(self, going: Going) -> bool:
        return going.person % self.worker.parts == self.worker.part

    def serves(self, closing: Closing) -> bool:
        return closing.service % self.worker.parts == self.worker.part

    def go(self, going: Going, due_ns: int) -> None:
        person, purse = self.somebody(going.person, going.tagged, due_ns)
        go(going, purse, person)

    def close(self, closing: Closing, due_ns: int) -> None:
        close(closing, self.worker.person(closing.service, closing.tagged, due_ns))
