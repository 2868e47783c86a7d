"""Nicknames and avatars: from the cache, then from the profile service, then the default ones (W13, W18)."""

import logging
from collections.abc import Mapping, Sequence

import msgspec

from reference_impl import profile_service
from reference_impl.domain.profiles import DEFAULT_PROFILE, Profile
from reference_impl.profile_service import ServiceError
from reference_impl.stores.cache import CacheError, profile_key
from reference_impl.system import System

log = logging.getLogger(__name__)


def profiles(system: System, people: Sequence[int], cached: Mapping[int, Profile], tagged: bool) -> dict[int, Profile]:
    """Everybody's profile; `cached` is what the cache had. Of whom nothing is known has the default one.

    `profile_live` takes all from the service, `profile_defaults` asks nobody.
    """
    if system.controls.on("profile_defaults"):
        system.counts.add("profiles", "default", by=len(people))
        return dict.fromkeys(people, DEFAULT_PROFILE)
    known = {} if system.controls.on("profile_live") else cached
    asked = _ask(system, [person for person in people if person not in known])
    _remember(system, asked, tagged)
    for source, found in (("cache", len(known)), ("service", len(asked))):
        system.counts.add("profiles", source, by=found)
    system.counts.add("profiles", "default", by=len(people) - len(known) - len(asked))
    return {person: known.get(person) or asked.get(person) or DEFAULT_PROFILE for person in people}


def _ask(system: System, people: Sequence[int]) -> dict[int, Profile]:
    if not people or not system.settings.profiles:
        return {}
    try:
        return profile_service.ask(system.settings.profiles, people, system.settings.profile_wait_ms / 1000)
    except ServiceError as error:
        log.warning("%d people are shown by default profiles: %s", len(people), error)
        return {}


def _remember(system: System, asked: Mapping[int, Profile], tagged: bool) -> None:
    if not asked:
        return
    try:
        with system.cache.pipeline(transaction=False) as pipe:
            for person, profile in asked.items():
                pipe.set(profile_key(person, tagged), msgspec.json.encode(profile), ex=system.settings.profile_s)
            pipe.execute()
    except CacheError:
        log.warning("%d profiles are asked for again next time", len(asked))
