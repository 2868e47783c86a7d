"""What a night looks like, as Locust files. `catalogue` is what the command line finds: name → scenario."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from scenarios import evening, rain

_HERE = Path(__file__).parent


def nothing(people: int, rounds: int, duration_s: float) -> Sequence[str]:
    """Nothing is set."""
    return ()


@dataclass(frozen=True)
class Scenario:
    """A locustfile and the target it is played against unless another is named."""

    name: str
    locustfile: Path
    target: Path
    summary: str
    rounds: int = 0
    sets: Callable[[int, int, float], Sequence[str]] = nothing
    people_per_s: float = 60.0
    also: tuple[Path, ...] = ()


def catalogue() -> dict[str, Scenario]:
    """All scenarios of this package. Imports no Locust: that would change sockets and threads under the caller."""
    reference = _HERE.parent / "reference_impl" / "target.toml"
    wallet = reference.parent / "wallet"
    scenarios = [
        Scenario(
            "group_grab",
            _HERE / "group_grab.py",
            reference,
            "groups of friends send packets; a herd comes seconds after each, with every bad habit people have",
        ),
        Scenario(
            "hot_packet",
            _HERE / "hot_packet.py",
            reference,
            "one packet that everybody wants: a herd of up to 100,000 comes within seconds, few of them get a share",
        ),
        Scenario(
            "midnight",
            _HERE / "midnight.py",
            reference,
            "the eve as a day: groups send and grab by the hours of the festival, most of them at midnight",
        ),
        Scenario(
            "face_to_face",
            _HERE / "face_to_face.py",
            reference,
            "tables of a few people: a packet's short code is said aloud, and everybody at the table types it",
        ),
        Scenario(
            "rain_peak",
            _HERE / "rain_peak.py",
            wallet / "target.toml",
            "showers of awards, several times as many a second as are credited; people refresh, withdraw, forge",
            rain.ROUNDS,
            rain.sets,
            rain.PEOPLE_PER_S,
        ),
        Scenario(
            "festival",
            _HERE / "festival.py",
            wallet / "target.toml",
            "an evening of games in the rain: cards and their koi, a pool that is split, friends' rain, fireworks",
            1,
            rain.sets,
            evening.PEOPLE_PER_S,
            (wallet / "games.toml",),
        ),
    ]
    return {scenario.name: scenario for scenario in scenarios}
