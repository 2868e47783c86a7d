"""The profile chain: cache, profile service, default; each link is cut in turn (W18)."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from night import Night

from reference_impl import profile_service
from reference_impl.domain.profiles import DEFAULT_PROFILE, Profile
from reference_impl.packets.profiles import profiles
from reference_impl.profile_service import MOST, ServiceError, ask, profile_of
from reference_impl.stores.cache import profile_key

WAIT_S = 1.0


@contextmanager
def serving() -> Iterator[str]:
    """The stand-in's address."""
    server = profile_service.server("127.0.0.1", 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@contextmanager
def hanging() -> Iterator[str]:
    """A service that takes connections and never answers."""
    with closing(socket.socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@contextmanager
def served(night: Night, wait_ms: int = 1000) -> Iterator[Night]:
    """A process that knows where the profile service is."""
    with serving() as address:
        asking = night.like(profiles=address, profile_wait_ms=wait_ms)
        yield asking
        asking.system.close()


def seen(night: Night, *people: int, cached: dict[int, Profile] | None = None) -> list[Profile]:
    found = profiles(night.system, people, cached or {}, False)
    return [found[person] for person in people]


def test_w18_the_cache_comes_first(night: Night) -> None:
    """Who is in the cache is not asked for, though the service would say otherwise."""
    with served(night) as asking:
        one, other = night.person(), night.person()
        cached = {one: Profile("cached", "/c.png")}
        assert seen(asking, one, other, cached=cached) == [cached[one], profile_of(other)]
        assert night.system.cache.get(profile_key(one, False)) is None
        assert night.system.cache.get(profile_key(other, False)) is not None


def test_w18_then_the_service_then_the_default(night: Night) -> None:
    """The service is gone: who is cached is shown, who is not has the default."""
    gone = night.like(profiles="http://127.0.0.1:1")
    one, other = night.person(), night.person()
    cached = {one: Profile("cached", "/c.png")}
    assert seen(gone, one, other, cached=cached) == [cached[one], DEFAULT_PROFILE]
    assert seen(night, other) == [DEFAULT_PROFILE]
    gone.system.close()


def test_w18_a_service_that_hangs_is_not_waited_for(night: Night) -> None:
    """Fifty milliseconds, and the page goes on with defaults."""
    with hanging() as address:
        patient = night.like(profiles=address)
        began_s = time.monotonic()
        assert seen(patient, night.person()) == [DEFAULT_PROFILE]
        took_s = time.monotonic() - began_s
        patient.system.close()
    assert 0.04 < took_s < 1.0
    assert patient.system.settings.profile_wait_ms == 50


def test_w18_the_switches_cut_links(night: Night) -> None:
    """profile_live passes the cache over, profile_defaults asks nobody, and of both the latter wins."""
    with served(night) as asking:
        person, controls = night.person(), asking.system.controls
        cached = {person: Profile("cached", "/c.png")}
        for live, defaults, expected in (
            (0, 0, cached[person]), (1, 0, profile_of(person)), (0, 1, DEFAULT_PROFILE), (1, 1, DEFAULT_PROFILE),
        ):  # fmt: skip
            controls.set("profile_live", live, "tests")
            controls.set("profile_defaults", defaults, "tests")
            assert seen(asking, person, cached=cached) == [expected], (live, defaults)
        controls.set("profile_live", 0, "tests")
        controls.set("profile_defaults", 0, "tests")


def test_w18_the_stand_in_always_says_the_same() -> None:
    """A person has one name and picture, and more people than a request holds are asked for in several."""
    people = list(range(1, MOST + 30))
    with serving() as address:
        first = ask(address, people, WAIT_S)
        assert first == ask(address, people, WAIT_S) == {person: profile_of(person) for person in people}
    assert len({profile.nickname for profile in first.values()}) == len(people)


@pytest.mark.parametrize("people", ["", "x", "1,,2", "1;2"])
def test_w18_the_stand_in_refuses_nonsense(people: str) -> None:
    """A request that names nobody is a 400, which is an error for who asked."""
    told: list[str] = []
    environ = {"PATH_INFO": "/profiles", "QUERY_STRING": f"people={people}"}
    list(profile_service.application(environ, lambda status, _: told.append(status)))
    assert told == ["400 Bad Request"]


def test_w18_whatever_the_service_answers_is_one_error() -> None:
    """Neither a wrong path, nor text that is no JSON, nor a closed port gets past as another exception."""
    with serving() as address:
        for wrong in (f"{address}/elsewhere", "http://127.0.0.1:1"):
            with pytest.raises(ServiceError):
                ask(wrong, [1], WAIT_S)
