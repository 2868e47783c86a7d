"""Games over the asset order layer: what was decided once is recorded and awarded once, whatever happens meanwhile; a
pool is divided once, to the fen (B02)."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from festival import FAR_US, Festival

from reference_impl.domain.errors import Refused
from reference_impl.domain.games import GIFT, HOST, KOI, SPLIT, cards
from reference_impl.domain.games.friends_rain import GUEST_FEN, HOST_FEN, MOST_FRIENDS
from reference_impl.domain.games.koi import KOI_FEN
from reference_impl.reconcile import games
from reference_impl.stores.wallet_tables import wallet_tables
from reference_impl.wallet import collecting, identities, playing, plays
from reference_impl.wallet.collecting import Closed
from reference_impl.wallet.playing import Played, PlayRequest

_pools = itertools.count(1)


class Games:
    """Short words for what people play. Every test has a stage's pool of its own, which nobody touched before."""

    def __init__(self, festival: Festival) -> None:
        self.festival, self.act = festival, festival.act

    def plays(self, act: int, game: str = "cards", number: int = 1, **more: Any) -> Played:
        return playing.play(self.festival.system, self.festival.desk, game, number, PlayRequest(act, **more))

    def joins(self, *people: int, pool: int = 1) -> None:
        for act in people:
            collecting.join(self.festival.desk, act, str(pool), "live")

    def closes(self, pool_fen: int, pool: int = 1, tagged: bool = False) -> Closed:
        return collecting.close(self.festival.system, self.festival.desk, pool, pool_fen, "live", tagged)

    def sweeps(self) -> int:
        return games.reconcile(self.festival.system, 0, self.festival.system.runtime.now_us() + FAR_US).repaired

    def balance_fen(self, act: int) -> int:
        return self.festival.page(act).balance_fen


@contextmanager
def cut(monkeypatch: pytest.MonkeyPatch, name: str) -> Iterator[None]:
    """The process dies where it would do this."""

    def dies(*_: object, **__: object) -> None:
        raise sa.exc.OperationalError("", {}, Exception("gone"))

    with monkeypatch.context() as patched, pytest.raises(sa.exc.OperationalError):
        patched.setattr(playing, name, dies)
        yield


@pytest.fixture
def played(festival: Festival) -> Iterator[Games]:
    """Games, the pools of which are open and empty."""
    for tagged in (False, True):
        tables = wallet_tables(tagged)
        for table in (tables.pools, tables.collectors, tables.plays):
            for store in festival.desk.orders:
                store.write(lambda connection, table=table: connection.execute(sa.delete(table)))
    yield Games(festival)


@pytest.mark.parametrize("game", ["cards", "rain", "fireworks"])
def test_b02_a_play_asked_for_many_times_at_once_is_one(played: Games, game: str) -> None:
    """Two processes decide at once, and everybody hears of what was written first."""
    act, other = played.act(), Games(played.festival.like())
    answers = played.festival.at_once(lambda n: (played, other)[n % 2].plays(act, game), 16)
    assert {(type(told), told.note, told.award.order, told.award.amount_fen) for told in answers} == {
        (Played, answers[0].note, answers[0].award.order, answers[0].award.amount_fen)
    }
    played.festival.credit()
    assert played.balance_fen(act) == answers[0].award.amount_fen


def test_b02_a_play_that_was_cut_off_gets_its_award(played: Games, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record is before the award: the sweeper gives what the process that died did not, and asking agrees."""
    act = played.act()
    with cut(monkeypatch, "award"):
        played.plays(act, "fireworks")
    assert played.balance_fen(act) == 0 and games.count_missing(played.festival.system, 0, 1 << 62) == 1
    assert played.sweeps() == 1 and played.balance_fen(act) == 66
    assert played.plays(act, "fireworks").award.amount_fen == 66 == played.balance_fen(act)
    assert played.sweeps() == games.count_missing(played.festival.system, 0, 1 << 62) == 0


def test_b02_a_refused_play_may_be_asked_for_again(played: Games, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the scene's terms do not give stays in the record, and nobody waits for it."""
    act = played.act()

    def spent(*_: object) -> None:
        raise Refused("budget_spent")

    with monkeypatch.context() as patched:
        patched.setattr(playing, "award", spent)
        with pytest.raises(Refused):
            played.plays(act, "fireworks")
    assert games.count_missing(played.festival.system, 0, 1 << 62) == 0
    assert played.plays(act, "fireworks").award.amount_fen == 66


def test_b02_drawing_every_card_makes_a_collector(played: Games, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each draw brings a coupon; with the last card of a pool the person is among those who share it."""
    act, drawn = played.act(), iter([0, 12, 112, 212, 312])
    monkeypatch.setattr(played.festival.system.runtime, "draw", lambda: next(drawn))
    told = [played.plays(act, number=number) for number in range(1, 6)]
    assert sorted(each.note for each in told) == sorted(cards.CARDS)
    assert {each.award.state for each in told} == {"coupon"} and len(played.festival.page(act).coupons or ()) == 5
    with pytest.raises(Refused, match="collected every card"):
        played.closes(100, pool=2)
    assert played.closes(100) == Closed("1", 100, 1)


def test_b02_a_pool_is_divided_to_the_fen_and_once(played: Games) -> None:
    """Two closers and latecomers at the same instant; who is in has a share and a coupon, asked for or swept."""
    people, other = [played.act() for _ in range(12)], Games(played.festival.like())
    played.joins(*people[:6])

    def work(number: int) -> Any:
        game = (played, other)[number % 2]
        return game.closes(1003) if number in (5, 6) else game.joins(people[number % 12])

    told = [each for each in played.festival.at_once(work, 12) if each is not None]
    assert told == [told[0]] * 2 and 6 <= told[0].winners <= 12
    shares = [plays.find(played.festival.desk, [act], SPLIT, "1") for act in people]
    assert sum(share.amount_fen for share in shares if share) == 1003
    assert [bool(share) for share in shares].count(True) == told[0].winners
    winner = next(act for act, share in zip(people, shares, strict=True) if share)
    assert played.plays(winner, "split").award.amount_fen == played.balance_fen(winner)
    played.sweeps()
    assert sum(played.balance_fen(act) for act in people) == 1003
    assert all(
        plays.find(played.festival.desk, [act], GIFT, "1") for act, share in zip(people, shares, strict=True) if share
    )
    played.joins(played.act())
    assert other.closes(1003) == told[0]
    with pytest.raises(Refused) as refused:
        played.closes(1004)
    assert refused.value.code == "other_amount"


def test_b02_who_has_no_share_is_told_so(played: Games) -> None:
    """Before the pool is closed and after."""
    winner, late = played.act(), played.act()
    played.joins(winner)
    for act in (winner, late):
        with pytest.raises(Refused, match="nothing was decided"):
            played.plays(act, "split")
    played.closes(10)
    with pytest.raises(Refused, match="nothing was decided"):
        played.plays(late, "split")
    assert played.plays(winner, "split").award.amount_fen == 10


@pytest.mark.parametrize("pool_fen, code", [(100_001, "over_cap"), (499_999_999, "over_cap")])
def test_b02_what_could_not_be_paid_is_not_divided(played: Games, pool_fen: int, code: str) -> None:
    """A share above the cap; nothing is decided, and the pool stays open."""
    played.joins(played.act())
    with pytest.raises(Refused) as refused:
        played.closes(pool_fen)
    assert refused.value.code == code and played.closes(100_000).winners == 1


def test_b02_people_who_become_one_keep_their_claims(played: Games) -> None:
    """Merged before closing they have one share, merged after it both."""
    desk, people = played.festival.desk, [played.act() for _ in range(4)]
    played.joins(*people)
    _merge(played, people[1], people[0])
    assert played.closes(30).winners == 3
    _merge(played, people[3], people[2])
    played.sweeps()
    assert (played.balance_fen(people[0]), played.balance_fen(people[2])) == (10, 20)
    assert identities.family(desk, people[3]).holder == people[2]


def test_b02_the_koi_is_drawn_once(played: Games) -> None:
    """By many at once; one of the collectors has the money, also if they never ask."""
    people = [played.act() for _ in range(5)]
    played.joins(*people)
    draws = played.festival.at_once(
        lambda _: collecting.draw_koi(played.festival.system, played.festival.desk, 1, "live", False), 12, threads=6
    )
    (found,) = set(draws)
    played.sweeps()
    assert {act for act in people if played.balance_fen(act) == KOI_FEN} == {found.act}
    assert played.plays(found.act, KOI).award.amount_fen == KOI_FEN


def test_b02_a_friend_who_comes_brings_something_to_both(played: Games) -> None:
    """The host gets a share a friend, a few times in a shower, however often each friend asks."""
    host, friends = played.act(), [played.act() for _ in range(MOST_FRIENDS + 2)]
    played.festival.at_once(lambda n: played.plays(friends[n % len(friends)], "friends", host=host), 20)
    assert {played.balance_fen(friend) for friend in friends} == {GUEST_FEN}
    assert played.balance_fen(host) == MOST_FRIENDS * HOST_FEN
    played.plays(friends[0], "friends", host=friends[1])
    assert played.balance_fen(friends[1]) == GUEST_FEN
    taken = plays.among(played.festival.desk, [host], HOST, [f"1-{place}" for place in range(1, 9)])
    assert len({play.note for play in taken}) == MOST_FRIENDS


def test_b02_a_hosts_share_is_not_lost_with_the_process(played: Games, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guest's play is open until the host's stands."""
    host, friend = played.act(), played.act()
    with cut(monkeypatch, "_give_host"):
        played.plays(friend, "friends", host=host)
    assert played.sweeps() == 1
    assert (played.balance_fen(friend), played.balance_fen(host)) == (GUEST_FEN, HOST_FEN)


def test_b02_nobody_is_their_own_friend(played: Games) -> None:
    """Nor somebody's of the other side, nor a nobody's."""
    act = played.act()
    for host in (act, played.act(tagged=True), 0, 7):
        with pytest.raises(Refused, match="a friend is somebody else"):
            played.plays(act, "friends", host=host)


def test_b02_tagged_people_play_apart(played: Games) -> None:
    """Pools and plays of pressure traffic stand on the shadow side (B20)."""
    live, tagged = played.act(), played.act(tagged=True)
    played.joins(live, tagged)
    assert (played.closes(10).winners, played.closes(20, tagged=True).winners) == (1, 1)
    played.sweeps()
    assert (played.balance_fen(live), played.balance_fen(tagged)) == (10, 20)


def _merge(played: Games, act: int, into: int) -> None:
    """Bring one phone number to both."""
    desk, phone = played.festival.desk, f"861390000{next(_pools):04}"
    assert [identities.learn(desk, each, phone) for each in (into, act)] == [into, into]
