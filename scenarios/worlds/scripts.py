"""What people do, as scripts: the pieces that worlds are made of."""

from random import Random
from typing import Any

from harness.simulation.world import Person, Step
from reference_impl.domain.allocation import MAX_SHARE_FEN

TAGGED_FROM = 900
"""People from here on are pressure traffic."""


def lucky_fen(random: Random, shares: int) -> int:
    """A total that so many shares can divide: often the least, now and then the most there can be."""
    drawn = random.random()
    if drawn < 0.1:
        return shares
    if drawn < 0.2:
        return shares * MAX_SHARE_FEN
    return shares + int(random.random() * 40 * shares)


def funds(person: int, amount_fen: int, what: str, *, attempts: int = 2) -> Step:
    """Bring money in, for `what`."""
    return Step(
        "fund", {"amount_fen": amount_fen}, amount_fen=amount_fen, key=f"{person}-fund-{what}", attempts=attempts
    )


def orders(
    packet: str,
    total_fen: int,
    shares: int,
    *,
    key: str = "",
    attempts: int = 2,
    pause_s: float = 0.0,
    **values: Any,
) -> tuple[Step, ...]:
    """Send and pay a packet, known to others from then on as `packet`; what fails for no known reason is tried again
    under the same key."""
    order = {"kind": "lucky", "total_fen": total_fen, "shares": shares, **values}
    return (
        Step("send", order, amount_fen=total_fen, makes=packet, key=key, attempts=attempts, pause_s=pause_s),
        pays(packet, total_fen, attempts=attempts),
    )


def pays(packet: str, total_fen: int, *, attempts: int = 2, pause_s: float = 0.0) -> Step:
    return Step("pay", amount_fen=total_fen, about=packet, shows=packet, attempts=attempts, pause_s=pause_s)


def sends(person: int, packet: str, total_fen: int, shares: int, **values: Any) -> tuple[Step, ...]:
    """Fund, send and pay a packet."""
    return (funds(person, total_fen, packet), *orders(packet, total_fen, shares, **values))


def opens(packet: str, *, attempts: int = 1, key: str = "", pause_s: float = 0.0) -> Step:
    return Step("open", about=packet, attempts=attempts, key=key, pause_s=pause_s)


def grabs(packet: str, pause_s: float = 0.0) -> Step:
    return Step("grab", about=packet, pause_s=pause_s)


def reads(packet: str, pause_s: float = 0.0) -> Step:
    return Step("details", about=packet, pause_s=pause_s)


def lists(box: str, pause_s: float = 0.0) -> Step:
    """Read the own list of packets: sent or received."""
    return Step(box, pause_s=pause_s)


def looks(pause_s: float = 0.0) -> Step:
    """Read the own balance."""
    return Step("balance", pause_s=pause_s)


def sets(name: str, value: int, pause_s: float = 0.0) -> Step:
    """An operator sets a switch or a dial."""
    return Step("control", {"name": name, "value": value}, attempts=2, pause_s=pause_s)


def guest(person: int, *steps: Step, asks: str = "api-1") -> Person:
    return Person(person, steps, asks, tagged=person >= TAGGED_FROM)


def api(random: Random, processes: int = 2) -> str:
    """One of the processes that serve requests."""
    return f"api-{1 + int(random.random() * processes)}"


def within(random: Random, least_s: float, most_s: float) -> float:
    """A moment between two."""
    return round(least_s + random.random() * (most_s - least_s), 4)
