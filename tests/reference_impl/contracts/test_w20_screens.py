"""Lists a screen at a time: two from the cache, more from the database, restricted under pressure (W20)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from night import Night

from reference_impl.domain.errors import Refused
from reference_impl.domain.lists import RECEIVED, SCREEN, SENT, Line, Page
from reference_impl.packets import listing
from reference_impl.packets.lists import page
from reference_impl.stores.cache import screen_key


@contextmanager
def switched(night: Night, name: str) -> Iterator[None]:
    night.system.controls.set(name, 1, "tests")
    try:
        yield
    finally:
        night.system.controls.set(name, 0, "tests")


def with_lines(night: Night, count: int) -> tuple[int, list[str]]:
    """A person whose received list has so many lines, and their packets, newest first; two lines a moment."""
    person, base = night.person(), night.paid()
    packets = [f"{base[:-8]}{number:08d}" for number in range(count)]
    lines = [Line(person, RECEIVED, packet, 1, 1_000 + number // 2) for number, packet in enumerate(packets)]
    listing.write(night.system, lines, False)
    return person, packets[::-1]


def screens(night: Night, person: int, box: str = RECEIVED) -> list[Page]:
    """What somebody sees who scrolls to the end."""
    seen = [page(night.system, person, box, None, False)]
    while seen[-1].next:
        seen.append(page(night.system, person, box, seen[-1].next, False))
    return seen


def packets_of(pages: list[Page]) -> list[str]:
    return [line.packet for one in pages for line in one.lines]


@pytest.mark.parametrize("count", [0, 1, 19, 20, 21, 39, 40, 41, 60, 61, 95])
def test_w20_scrolling_shows_every_line_once(night: Night, count: int) -> None:
    """Newest first, twenty a screen, whatever the number of lines, and nothing twice."""
    person, packets = with_lines(night, count) if count else (night.person(), [])
    pages = screens(night, person)
    assert packets_of(pages) == packets
    assert [len(one.lines) for one in pages[:-1]] == [SCREEN] * (len(pages) - 1)
    assert not any(one.restricted for one in pages)


def test_w20_two_screens_need_no_database(night: Night) -> None:
    """Once somebody has looked, two screens are answered by the cache alone; the third is not."""
    person, packets = with_lines(night, 50)
    first = page(night.system, person, RECEIVED, None, False)
    blind = Night(replace(night.system, lists=None))  # type: ignore[arg-type]
    again = page(blind.system, person, RECEIVED, None, False)
    second = page(blind.system, person, RECEIVED, again.next, False)
    assert (again, packets_of([again, second])) == (first, packets[:40])
    with pytest.raises(AttributeError):
        page(blind.system, person, RECEIVED, second.next, False)


def test_w20_under_pressure_lists_end_after_two_screens(night: Night) -> None:
    """The third screen answers clearly that it is restricted; the first two are what they were."""
    person, packets = with_lines(night, 50)
    with switched(night, "lists_two_screens"):
        pages = screens(night, person)
    assert [(len(one.lines), one.restricted) for one in pages] == [(20, False), (20, False), (0, True)]
    assert (packets_of(pages), pages[-1].next) == (packets[:40], None)
    assert packets_of(screens(night, person)) == packets


def test_w20_a_list_of_two_screens_is_not_restricted(night: Night) -> None:
    """Who has no third screen is told nothing of it."""
    person, packets = with_lines(night, 40)
    with switched(night, "lists_two_screens"):
        pages = screens(night, person)
    assert (packets_of(pages), [one.restricted for one in pages]) == (packets, [False, False])


def test_w20_a_new_line_is_on_the_screen_at_once(night: Night) -> None:
    """What the consumer writes forgets the screens that lack it."""
    giver = night.rich(2000)
    for _ in range(2):
        packet = night.send(giver, 1000, 4)
        night.pay(packet, giver)
        night.credit()
        assert packets_of(screens(night, giver, SENT))[0] == packet


def test_w20_lists_are_read_without_the_cache(night: Night) -> None:
    """The cache gone, every screen comes from the database."""
    person, packets = with_lines(night, 45)
    blind = night.like(cache="redis://127.0.0.1:1/0", stream=night.system.settings.cache)
    assert packets_of(screens(blind, person)) == packets
    blind.system.close()


def test_w20_screens_expire(night: Night) -> None:
    """A screen is no older than the setting: a region whose consumer did not write the line sees it then."""
    person, _ = with_lines(night, 3)
    page(night.system, person, RECEIVED, None, False)
    assert 0 < night.system.cache.ttl(screen_key(person, RECEIVED, False)) <= night.system.settings.screen_s


def test_w20_with_the_stream_off_nothing_is_written_until_reconciled(night: Night) -> None:
    """No message, no line; afterwards every line is there, of what was sent and what was opened meanwhile."""
    night.reconcile_lists()
    giver, taker = night.rich(1000), night.person()
    with switched(night, "lists_stream_off"):
        packet = night.send(giver, 1000, 4)
        night.pay(packet, giver)
        night.open(packet, taker)
        night.credit()
    assert packets_of(screens(night, giver, SENT)) == packets_of(screens(night, taker)) == []
    assert night.reconcile_lists().repaired == 2
    assert packets_of(screens(night, giver, SENT)) == packets_of(screens(night, taker)) == [packet]


@pytest.mark.parametrize("cursor", ["x", "1", "-", "5-", "-5", "1-2-3", "１-2", "9" * 70])
def test_w20_a_cursor_that_is_none_is_refused(night: Night, cursor: str) -> None:
    """Whatever a client sends as a cursor, it is told."""
    with pytest.raises(Refused) as caught:
        page(night.system, night.person(), RECEIVED, cursor, False)
    assert caught.value.code == "bad_request"
