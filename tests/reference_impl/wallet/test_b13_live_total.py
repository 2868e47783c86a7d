"""The live total: it rises with every award, survives processes and Redis, and costs no Redis call an award (B13)."""

import itertools
from collections.abc import Iterator

import pytest
import redis
from festival import Festival

from reference_impl.domain.errors import Refused
from reference_impl.domain.live_total import KEYS, interval_s
from reference_impl.domain.stages import in_stage
from reference_impl.reconcile import total as reconciling
from reference_impl.wallet import live_total
from reference_impl.wallet.total_store import spread_key, total_key

_numbers = itertools.count(1)


class Board:
    """A process that shows the total."""

    def __init__(self, festival: Festival, **settings: object) -> None:
        self.festival = festival.like(**settings)
        self.system, self.desk = self.festival.system, self.festival.desk

    def award(self, amount_fen: int, tagged: bool = False, scene: str = "koi", **more: str) -> None:
        self.festival.award(self.festival.act(tagged), amount_fen, scene, **more)

    def tick(self) -> None:
        live_total.tick(self.system, self.desk)

    def shown(self, tagged: bool = False) -> int | None:
        """Without waiting."""
        return self.desk.total.read(tagged)

    def asked(self, tagged: bool = False) -> int:
        """After a tick."""
        self.shown(tagged)
        self.tick()
        return live_total.read(self.system, self.desk, tagged)

    def switch(self, name: str, value: int) -> None:
        self.system.controls.set(name, value, "tests")


@pytest.fixture(autouse=True)
def fresh(festival: Festival) -> Iterator[None]:
    """No test sees another's counts, nor its switches; the ledger is the same."""
    for client in Board(festival, total_backup=backup_of(festival)).desk.total._clients.values():
        forget(client)
    yield
    for name in ("counter_backup", "counter_frozen"):
        festival.system.controls.set(name, 0, "tests")


def backup_of(festival: Festival) -> str:
    """A second Redis: embedded of its own name, on a server another of its databases."""
    cache = festival.system.settings.cache
    return cache if cache == "embedded" else cache.removesuffix("/0") + "/1"


def forget(client: redis.Redis, *tagged: bool) -> None:
    for side in tagged or (False, True):
        client.delete(total_key(side), *(spread_key(number, side) for number in range(KEYS)))


def test_b13_every_process_shows_what_all_of_them_gave(festival: Festival) -> None:
    """Awards by token and by row in two processes are in the copy of each after its tick, and repeats are not."""
    first, second = Board(festival), Board(festival)
    before = first.asked()
    act = festival.act()
    for _ in range(3):
        first.festival.award(act, 30, "koi", "1")
        second.festival.award(act, 20, "rain", "1")
    first.tick()
    assert [second.asked() - before, first.asked() - before] == [50, 50]


def test_b13_awards_and_readers_cost_no_call(festival: Festival, monkeypatch: pytest.MonkeyPatch) -> None:
    """One call a Redis and side in an interval, however much is given and read in between."""
    board, calls = Board(festival, total_backup=backup_of(festival)), []
    board.asked()
    for name, tell in board.desk.total._tell.items():
        monkeypatch.setitem(
            board.desk.total._tell, name, lambda tell=tell, name=name, **what: (calls.append(name), tell(**what))[1]
        )
    for _ in range(20):
        board.award(1)
        board.shown()
    board.tick()
    assert calls == ["total", "backup"]


def test_b13_a_first_reader_waits(festival: Festival, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until there is a copy nothing is shown, and a Redis that does not answer makes it unavailable, not 0."""
    board = Board(festival)
    assert board.shown() is None
    monkeypatch.setattr(live_total, "PATIENCE_US", 50_000)
    with pytest.raises(Refused) as refused:
        live_total.read(board.system, board.desk, False)
    assert (refused.value.code, refused.value.kind.definite) == ("unavailable", False)
    board.tick()
    assert live_total.read(board.system, board.desk, False) == board.shown()


def test_b13_a_redis_that_lost_everything_is_told_again(festival: Festival) -> None:
    """Living processes bring back what they gave, and no reader sees a smaller total meanwhile."""
    first, second = Board(festival), Board(festival)
    first.award(100)
    before = first.asked()
    forget(festival.desk.tokens.client, False)
    second.award(10)
    assert second.asked() < before  # a process that starts now knows no better
    assert first.asked() >= before
    assert second.asked() >= 110


def test_b13_a_time_out_counts_once(festival: Festival, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sum is told again until it is answered: Redis counts the difference, which is nothing."""
    board = Board(festival)
    before = board.asked()
    board.award(70)
    tell = board.desk.total._tell["total"]

    def late(**what: object) -> None:
        tell(**what)
        raise redis.TimeoutError("late")

    monkeypatch.setitem(board.desk.total._tell, "total", late)
    board.tick()
    board.tick()
    assert board.shown() == before
    monkeypatch.setitem(board.desk.total._tell, "total", tell)
    assert board.asked() == before + 70


def test_b13_a_dead_process_is_made_good_from_the_ledger(festival: Festival) -> None:
    """What it had not told is missing until reconciliation, which raises every Redis and adds nothing twice."""
    dead, board = Board(festival), Board(festival, total_backup=backup_of(festival))
    festival.credit()
    reconciling.reconcile(board.system, 0, 0)
    before = board.asked()
    dead.award(500)
    board.award(5)
    assert board.asked() == before  # the counts say less than the ledger did
    assert reconciling.count_missing(board.system, 0, 0) == 2
    reconciling.reconcile(board.system, 0, 0)
    assert board.asked() == before + 505 and reconciling.count_missing(board.system, 0, 0) == 0
    dead.tick()  # it was alive all the same
    assert board.asked() == before + 505


def test_b13_readers_move_to_the_backup_and_back(festival: Festival) -> None:
    """Written twice, it is read from the other Redis by a switch, also while the first is lost."""
    board = Board(festival, total_backup=backup_of(festival))
    board.award(40)
    before = board.asked()
    forget(festival.desk.tokens.client, False)
    board.switch("counter_backup", 1)
    board.award(2)
    assert board.asked() >= before
    reconciling.reconcile(board.system, 0, 0)
    (standing_fen,) = set(board.desk.total.standing(False).values())
    assert standing_fen >= before + 2
    board.switch("counter_backup", 0)
    assert board.asked() >= before + 2


def test_b13_frozen_shows_what_was_known(festival: Festival) -> None:
    """No Redis is asked, awards are counted in memory, and once it is over the total has them."""
    board = Board(festival)
    before = board.asked()
    board.switch("counter_frozen", 1)
    board.award(9)
    assert board.asked() == before
    assert live_total.read(board.system, Board(festival).desk, False) == 0  # a process that knows nothing yet
    board.switch("counter_frozen", 0)
    assert board.asked() >= before + 9


def test_b13_the_sides_and_stages_are_apart(festival: Festival) -> None:
    """Neither pressure traffic nor a rehearsal is shown to everybody."""
    board = Board(festival)
    live, tagged = board.asked(), board.asked(tagged=True)
    board.award(6, tagged=True)
    with festival.rolled_out(stage="gray", gray_percent=100):
        festival.award(in_stage(festival.act(), "gray"), 7)
    assert (board.asked() - live, board.asked(tagged=True) - tagged) == (0, 6)


def test_b13_the_first_plan_spreads_awards_over_a_hundred_keys(festival: Festival) -> None:
    """Every award adds at once, readers sum up all keys once in an interval; what is lost makes the total fall."""
    board = Board(festival, total_plan=1)
    before = board.asked() or 0
    for amount_fen in (10, 20, 30):
        board.award(amount_fen)
    assert board.asked() == before + 60
    board.award(5)
    assert board.shown() == before + 60  # its own copy
    forget(festival.desk.tokens.client, False)
    assert board.asked() == 0


def test_b13_the_interval_grows_with_the_instances() -> None:
    """One key bears 28,000 instances a second: more of them tick more rarely."""
    assert [interval_s(1.0, instances) for instances in (1, 28_000, 56_000)] == [1.0, 1.0, 2.0]
