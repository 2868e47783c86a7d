"""Playing: what a game decides for a person is recorded, and then awarded through the asset order layer (B02, B04).

Who asks again, in whatever way and from whichever of the person's act_ids, gets the play that stands. What a process
that died left between the record and the award, the sweeper goes on with (`reconcile/games.py`).
"""

from contextlib import suppress

import msgspec

from reference_impl.domain.acts import is_act, is_tagged_act
from reference_impl.domain.errors import Refused
from reference_impl.domain.games import CARDS, FRIENDS, GAMES, HOST, friends_rain, occurrence_of
from reference_impl.domain.games.win import Win
from reference_impl.domain.stages import stage_of
from reference_impl.system import System
from reference_impl.wallet import collecting, plays
from reference_impl.wallet.award import AwardRequest, Given, award
from reference_impl.wallet.desk import Desk
from reference_impl.wallet.identities import family as family_of
from reference_impl.wallet.plays import Play


class PlayRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who plays; `host` brought them, in friends' rain."""

    act: int
    host: int = 0
    app: int = 1


class Played(msgspec.Struct, frozen=True):
    """The answer: what was decided, and the award. `note` is the card that was drawn, or who brought the person."""

    game: str
    occurrence: str
    note: str
    award: Given


def play(system: System, desk: Desk, game: str, number: int, request: PlayRequest) -> Played:
    """Play an occurrence of a game, or find what was decided before.

    Raises Refused: unknown_game, bad_order, no_share, no_friend, and what the award is refused for.
    """
    occurrence = occurrence_of(game, number)
    if not is_act(request.act):
        raise Refused("bad_order", f"act {request.act}")
    acts = family_of(desk, request.act).acts
    standing = plays.find(desk, acts, game, occurrence)
    if standing is None:
        win = _decided(system, game, number, request, acts)
        new = plays.made(desk, acts[0], game, occurrence, win, request.app, system.runtime.now_us())
        standing = plays.record(desk, new)
    return give(system, desk, standing)


def give(system: System, desk: Desk, standing: Play) -> Played:
    """Give a play's award, and whatever else follows from it: a host's share, a place among the collectors. Raises
    Refused as `award` does."""
    request = AwardRequest(standing.act, standing.scene, standing.rain, standing.amount_fen, standing.app)
    try:
        if standing.game == CARDS:
            collecting.collect(desk, standing)
        elif standing.game == FRIENDS:
            _give_host(system, desk, standing)
        given = award(system, desk, request)
    except Refused as refused:
        if refused.kind.definite and standing.game not in plays.TOGETHER:  # what was decided for many is due
            plays.settle(desk, standing, plays.REFUSED)
        raise
    if standing.state != plays.GIVEN:
        plays.settle(desk, standing, plays.GIVEN)
    return Played(standing.game, standing.occurrence, standing.note, given)


def _decided(system: System, game: str, number: int, request: PlayRequest, acts: tuple[int, ...]) -> Win:
    if game == FRIENDS:
        return friends_rain.guest(str(number), _host_of(request, acts))
    decide = GAMES[game].decide
    if decide is None:
        raise Refused("no_share")
    return decide(number, system.runtime.draw())


# --- friends' rain ----------------------------------------------------------------------------------------------------


def _host_of(request: PlayRequest, acts: tuple[int, ...]) -> int:
    host, act = request.host, request.act
    if not is_act(host) or host in acts or (is_tagged_act(host), stage_of(host)) != (is_tagged_act(act), stage_of(act)):
        raise Refused("no_friend", str(host))
    return host


def _give_host(system: System, desk: Desk, guest: Play) -> None:
    """The host's share for a guest, if the host had not enough friends there already. Nobody ever leaves a place, so
    that a guest who is looked for again is found where they are."""
    acts = family_of(desk, int(guest.note)).acts
    for place in range(1, friends_rain.MOST_FRIENDS + 1):
        win = friends_rain.host(guest.occurrence, place, guest.act)
        taken = plays.find(desk, acts, HOST, win.rain)
        if taken is None:
            new = plays.made(desk, acts[0], HOST, win.rain, win, guest.app, guest.played_us)
            taken = plays.record(desk, new)
        if taken.note == win.note:
            with suppress(Refused):  # is the host's affair, and stays in their record
                give(system, desk, taken)
            return
