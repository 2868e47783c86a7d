"""A person's lists: two screens from the cache, more from the database (W20), read from any region (W02).

Only the region whose consumer wrote a line forgets the screens without it; everywhere else they are as old as
`screen_s` at most.
"""

import msgspec

from reference_impl.domain.lists import CACHED, SCREEN, Page, Place, Screens, behind, is_whole, page_of, place_of
from reference_impl.packets import list_rows
from reference_impl.stores.cache import CacheError, screen_key
from reference_impl.system import System


def page(system: System, person: int, box: str, cursor: str | None, tagged: bool) -> Page:
    """The screen behind a cursor, or the first. With `lists_two_screens` what is behind the second is restricted.

    Raises Refused("bad_request"), database errors.
    """
    place = place_of(cursor) if cursor else None
    found = behind(_screens(system, person, box, tagged), place)
    if is_whole(found):
        return page_of(person, box, found)
    if system.controls.on("lists_two_screens"):
        return Page(person, box, found.lines, restricted=True)
    return page_of(person, box, _load(system, person, box, place, SCREEN, tagged))


def _screens(system: System, person: int, box: str, tagged: bool) -> Screens:
    """The newest two screens, from the cache or put there."""
    key = screen_key(person, box, tagged)
    try:
        text = system.cache.get(key)
        if text:
            return msgspec.json.decode(str(text), type=Screens)
        screens = _load(system, person, box, None, CACHED, tagged)
        system.cache.set(key, msgspec.json.encode(screens), ex=system.settings.screen_s)
    except CacheError:
        return _load(system, person, box, None, CACHED, tagged)
    return screens


def _load(system: System, person: int, box: str, place: Place | None, most: int, tagged: bool) -> Screens:
    """From the database; one line more is asked for, to know whether it goes on."""
    lines = system.lists.read(lambda connection: list_rows.newest(connection, person, box, place, most + 1, tagged))
    return Screens(lines[:most], len(lines) > most)
