"""Details dressed up: blessing, nicknames and avatars live in the cache, and no page fails for want of one (W13)."""

from typing import Any

import msgspec
from night import Night
from test_w18_profiles import served

from reference_impl.domain.identifiers import parse_packet_id
from reference_impl.domain.profiles import DEFAULT_BLESSING, DEFAULT_PROFILE, Profile
from reference_impl.packets import dressing
from reference_impl.packets.details import details
from reference_impl.packets.shown import rows_of_details
from reference_impl.packets.views import Details
from reference_impl.stores.cache import CacheError, blessing_key, profile_key


def seen(night: Night, packet: str) -> Details:
    return details(night.system, parse_packet_id(packet))


def known(night: Night, person: int, nickname: str, tagged: bool = False) -> None:
    """The cache knows somebody."""
    profile = msgspec.json.encode(Profile(nickname, "/a.png"))
    night.system.cache.set(profile_key(person, tagged), profile)


def test_w13_the_order_table_holds_key_fields_only(night: Night) -> None:
    """Neither blessing nor name stands in a packet's row."""
    row = night.row(night.paid(blessing="新年快乐"))
    assert row and "新年快乐" not in repr(row)
    assert set(msgspec.structs.asdict(row)) == {
        *("packet", "sender", "kind", "total_fen", "shares", "state"),
        *("remaining_fen", "remaining_shares", "paid_us", "expires_us"),
    }


def test_w13_the_page_shows_the_blessing_and_the_names(night: Night) -> None:
    """What the cache knows is shown, to each person their own, and nothing is degraded."""
    packet = night.paid(1000, 4, blessing="新年快乐")
    people = [night.open(packet).person for _ in range(3)]
    row = night.row(packet)
    assert row
    for person in (*people, row.sender):
        known(night, person, f"name-{person}")
    page = seen(night, packet)
    assert (page.blessing, page.nickname, page.degraded) == ("新年快乐", f"name-{row.sender}", [])
    assert [(one.person, one.nickname) for one in page.opens] == [(person, f"name-{person}") for person in people]


def test_w13_who_wished_nothing_wishes_the_default(night: Night) -> None:
    """A packet without a blessing has the default one, and that is not degraded."""
    page = seen(night, night.paid())
    assert (page.blessing, "blessing" in page.degraded) == (DEFAULT_BLESSING, False)


def test_w13_a_lost_blessing_shows_the_default(night: Night) -> None:
    """The page says that it is not the sender's own, and is otherwise the same."""
    packet = night.paid(blessing="新年快乐")
    before = seen(night, packet)
    night.system.cache.delete(blessing_key(packet, False))
    page = seen(night, packet)
    assert (page.blessing, "blessing" in page.degraded) == (DEFAULT_BLESSING, True)
    assert msgspec.structs.replace(page, blessing="", degraded=[]) == msgspec.structs.replace(
        before, blessing="", degraded=[]
    )


def test_w13_one_missing_name_costs_that_name_only(night: Night) -> None:
    """Each line keeps its person and amount; who is not known has the default name, and the page says so."""
    packet = night.paid(1000, 4)
    vouchers = [night.open(packet) for _ in range(3)]
    known(night, vouchers[1].person, "second")
    page = seen(night, packet)
    assert [(one.person, one.amount_fen) for one in page.opens] == [(v.person, v.amount_fen) for v in vouchers]
    default = DEFAULT_PROFILE.nickname
    assert [one.nickname for one in page.opens] == [default, "second", default]
    assert page.degraded == ["profiles"]


def test_w13_the_page_stands_when_ornaments_cannot_be_read(night: Night, monkeypatch: Any) -> None:
    """A cache that stops answering between the packet and its ornaments costs the ornaments only."""
    packet = night.paid(1000, 4)
    voucher = night.open(packet)
    cache = night.system.cache

    def fails(*_: Any) -> Any:
        raise CacheError("gone")

    monkeypatch.setattr(cache, "mget", fails)
    page = seen(night, packet)
    assert [one.person for one in page.opens] == [voucher.person]
    assert (page.blessing, page.degraded) == (DEFAULT_BLESSING, ["blessing", "profiles"])


def test_w13_a_blessing_that_cannot_be_kept_stops_no_payment(night: Night, monkeypatch: Any) -> None:
    """Paying goes on while the cache refuses the blessing."""
    sender = night.rich(1000)
    packet = night.send(sender, blessing="x")

    def fails(*_: Any, **__: Any) -> Any:
        raise CacheError("gone")

    monkeypatch.setattr(night.system.cache, "set", fails)
    assert night.pay(packet, sender).state == "paid"


def test_w13_tagged_names_are_their_own(night: Night) -> None:
    """A tagged packet shows neither a live person's profile nor leaves its own among the live ones."""
    with served(night) as asking:
        packet = night.paid(tagged=True)
        person = night.open(packet).person
        known(night, person, "live")
        page = seen(asking, packet)
    assert page.opens[0].nickname not in ("live", DEFAULT_PROFILE.nickname)
    assert night.system.cache.get(profile_key(person, True))


def test_w13_a_packet_whose_time_is_over_is_looked_up(night: Night) -> None:
    """A cache that never heard of a refund is not believed when the packet's time is over."""
    packet = night.paid(1000, 4)
    night.open(packet)
    cache: Any = night.system.cache
    stale = cache.hgetall(f"packet:{packet}")
    night.expire(packet)
    cache.hset(f"packet:{packet}", mapping=_over(stale))
    night.refund(packet)
    cache.delete(f"packet:{packet}")
    cache.hset(f"packet:{packet}", mapping=_over(stale))
    assert seen(night, packet).state == "refunded"


def _over(fields: dict[str, str]) -> dict[str, str]:
    body = msgspec.json.decode(fields["body"])
    return {**fields, "body": msgspec.json.encode({**body, "expires_us": 1}).decode()}


def test_w07_details_are_right_while_the_credit_stream_stands_still(night: Night) -> None:
    """Nothing is credited and nothing listed, yet every page says what was opened, and the luckiest."""
    packets = [night.paid(1000, 3, region=region) for region in ("south", "north")]
    vouchers = {packet: [night.open(packet) for _ in range(3)] for packet in packets}
    rows = [row for row in rows_of_details(night.system) if row.packet in packets]
    assert len(night.messages()) == 6
    told = {(row.packet, row.person, row.amount_fen, row.sequence) for row in rows if row.person}
    assert told == {(v.packet, v.person, v.amount_fen, v.sequence) for made in vouchers.values() for v in made}
    assert [row.state for row in rows if row.person is None] == ["exhausted", "exhausted"]
    assert [night.balance(v.person) for made in vouchers.values() for v in made] == [0] * 6


def test_details_that_fail_leave_no_row(night: Night, monkeypatch: Any) -> None:
    """What evidence says of details is what whoever asks is answered: a page that fails is not there."""
    packet = night.paid()
    monkeypatch.setattr(dressing, "_luckiest", lambda *_: 1 // 0)
    monkeypatch.setattr("reference_impl.packets.shown._PACKETS", _only(packet))
    assert list(rows_of_details(night.system)) == []


def _only(packet: str) -> Any:
    import sqlalchemy as sa

    return sa.text(f"SELECT packet FROM all_packets WHERE packet = '{packet}'")
