"""Day tables (W14): every id belongs to one table, live and tagged share none, and days turn over where months end."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from invariants.strategies import days
from reference_impl.domain.identifiers import NUMBERS_AN_EPOCH, PacketId, parse_packet_id
from reference_impl.stores.layout import SHADOW, hot_days, order_tables, tables_of

IDS = st.builds(
    PacketId,
    region=st.sampled_from(["south", "north"]),
    tagged=st.booleans(),
    source=st.integers(0, 9),
    day=days(),
    shard=st.integers(0, 3),
    epoch=st.integers(0, 10**6 - 1),
    number=st.integers(0, NUMBERS_AN_EPOCH - 1),
)
ALL = {
    (shard, day, tagged): order_tables(shard, day, tagged)
    for shard in range(4)
    for day in range(1, 32)
    for tagged in (False, True)
}
COUNTS = st.integers(1, 10)


@given(IDS)
def test_an_id_belongs_to_exactly_one_table(packet: PacketId) -> None:
    """Read back from its text it routes to the tables of its shard, day of month and side, and to no other."""
    tables = tables_of(parse_packet_id(str(packet)))
    assert [place for place, others in ALL.items() if tables is others] == [
        (packet.shard, packet.day.day, packet.tagged)
    ]
    assert {table.name for table in tables} == {
        f"{SHADOW * packet.tagged}{kind}_{packet.shard}_{packet.day:%d}"
        for kind in ("packets", "vouchers", "preorders")
    }


@given(IDS, IDS)
def test_tagged_and_live_never_share_a_table(one: PacketId, other: PacketId) -> None:
    """Two ids meet in a table only where side, shard and day of month are the same."""
    same = (one.tagged, one.shard, one.day.day) == (other.tagged, other.shard, other.day.day)
    assert ({table.name for table in tables_of(one)} & {table.name for table in tables_of(other)} != set()) == same


def test_no_two_tables_have_one_name() -> None:
    """Over shards, days, kinds and sides; the names of a shadow side all carry its prefix."""
    names = [table.name for tables in ALL.values() for table in tables]
    assert len(set(names)) == len(names) == 4 * 31 * 3 * 2
    for (_, _, tagged), tables in ALL.items():
        assert all(table.name.startswith(SHADOW) == tagged for table in tables)


@given(days(), COUNTS)
def test_hot_days_are_the_last_ones_and_tomorrow(today: date, count: int) -> None:
    """As many days back as are hot, today the second, tomorrow the first: also over the end of a month or February."""
    hot = hot_days(today, count)
    assert hot == [(today - timedelta(back)).day for back in range(-1, count)]
    assert len(set(hot)) == len(hot) == count + 1


@given(days(), COUNTS, st.integers(-1, 40))
def test_a_packet_is_hot_for_as_long_as_is_said(today: date, count: int, back: int) -> None:
    """A packet's table is looked at from its first moment, and until `count` days have passed."""
    sent = today - timedelta(back)
    if back < count:
        assert sent.day in hot_days(today, count)
    elif back < 28 - 1:
        assert sent.day not in hot_days(today, count)


@given(days(), COUNTS)
def test_tomorrow_a_day_leaves_and_a_day_comes(today: date, count: int) -> None:
    """From one day to the next the hot days move by one, whatever the month does."""
    before, after = hot_days(today, count), hot_days(today + timedelta(1), count)
    assert after[1:] == before[:-1]
