"""Details dressed up: names, pictures, a blessing (W13). Where one cannot be had a default takes its place, and the
answer says so: what counts are the packet and its opens.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Final, cast

import msgspec

from reference_impl.domain.identifiers import PacketId
from reference_impl.domain.packet import Order, Packet
from reference_impl.domain.profiles import DEFAULT_BLESSING, DEFAULT_PROFILE, Profile
from reference_impl.packets.profiles import profiles
from reference_impl.packets.views import Details, Opened, Shown
from reference_impl.stores.cache import CacheError, blessing_key, profile_key
from reference_impl.system import System

BLESSING_OUTLIVES_S: Final = 24 * 3600
"""So long after a packet's time its blessing is kept."""


def remember_blessing(system: System, order: Order, at: PacketId) -> None:
    """Keep what the order table does not hold (W13). Where it is lost, the default one is shown."""
    lasts_s = order.lifetime_us // 1_000_000 + BLESSING_OUTLIVES_S
    with suppress(CacheError):
        system.cache.set(blessing_key(str(at), at.tagged), order.blessing or DEFAULT_BLESSING, ex=lasts_s)


def dressed(system: System, at: PacketId, packet: Packet, opens: Sequence[Opened]) -> Details:
    """The page of a packet and its opens."""
    people = sorted({packet.sender, *(one.person for one in opens)})
    blessing, cached = _ornaments(system, at, people)
    known = profiles(system, people, cached, at.tagged)
    lacking = {"blessing": blessing is None, "profiles": DEFAULT_PROFILE in known.values()}
    sender = known[packet.sender]
    return Details(
        packet=packet.packet,
        sender=packet.sender,
        kind=packet.kind,
        total_fen=packet.total_fen,
        shares=packet.shares,
        state=packet.state,
        opens=[_shown(one, known[one.person]) for one in opens],
        luckiest=_luckiest(packet, opens),
        nickname=sender.nickname,
        avatar=sender.avatar,
        blessing=blessing or DEFAULT_BLESSING,
        degraded=[name for name, is_lacking in lacking.items() if is_lacking],
    )


def _ornaments(system: System, at: PacketId, people: Sequence[int]) -> tuple[str | None, dict[int, Profile]]:
    """What the cache has of a packet's blessing and of people's profiles; nothing where it does not answer."""
    keys = [blessing_key(str(at), at.tagged), *(profile_key(person, at.tagged) for person in people)]
    try:
        blessing, *texts = cast(list[str | None], system.cache.mget(keys))
    except CacheError:
        return None, {}
    found = ((person, text) for person, text in zip(people, texts, strict=True) if text)
    return blessing, {person: msgspec.json.decode(text, type=Profile) for person, text in found}


def _shown(one: Opened, profile: Profile) -> Shown:
    return Shown(one.person, one.amount_fen, one.sequence, one.opened_us, profile.nickname, profile.avatar)


def _luckiest(packet: Packet, opens: Sequence[Opened]) -> int | None:
    """Who took the most of a packet that is sold out, the earlier of two."""
    if packet.state != "exhausted" or not opens:
        return None
    return max(opens, key=lambda one: (one.amount_fen, -one.sequence)).person
