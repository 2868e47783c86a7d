"""Friends' rain: who comes to a friend's shower gets something, and so does the friend, a few times (B02).

The source names the game alone; its rules are ours.
"""

from typing import Final

from reference_impl.domain.games.win import Win

SCENE: Final = "friends"
GUEST_FEN: Final = 66
HOST_FEN: Final = 88
"""For each friend who comes."""
MOST_FRIENDS: Final = 3
"""For whom a host gets something, in one shower."""


def guest(occurrence: str, host: int) -> Win:
    """What who comes gets; it is noted who brought them."""
    return Win(SCENE, occurrence, GUEST_FEN, str(host))


def host(occurrence: str, place: int, guest: int) -> Win:
    """What the host gets for the friend who came as number `place`, from 1."""
    return Win(SCENE, f"{occurrence}-{place}", HOST_FEN, str(guest))
