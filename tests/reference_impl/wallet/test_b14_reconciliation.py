"""Money that is lost, doubled or spent too much is found inside its window, counted, shown, and repaired where that is
right (B14)."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
import sqlalchemy as sa
from festival import Festival

from reference_impl.domain.games import GAMES
from reference_impl.domain.orders import order_number
from reference_impl.ledger import books
from reference_impl.ledger.awards import Award, credit_awards
from reference_impl.reconcile import games, hour_1, hour_2, rain
from reference_impl.reconcile.comparing import HOUR_US
from reference_impl.reconcile.report import Difference, Report
from reference_impl.stores.layout import ledger_tables
from reference_impl.stores.wallet_tables import wallet_tables
from reference_impl.wallet import award as awarding
from reference_impl.wallet import identities, playing, plays

_names = itertools.count(1)
SCENES = """
id = "spring"
[[scenes]]
id = "{name}"
award_type = "cash"
bill = "a draw"
path = "{path}"
budget_fen = 1000
cap_fen = 200
reconcile_h = {hours}
compensate = {compensate}
"""


@pytest.fixture
def draw(festival: Festival, tmp_path: Path) -> Iterator[Any]:
    """Makes processes whose activity has one scene of its own, and ends them."""
    made: list[Festival] = []

    def make(path: str = "direct", hours: int = 1, compensate: str = "true") -> tuple[Festival, str]:
        name = f"draw-{next(_names)}"
        file = tmp_path / f"{name}.toml"
        file.write_text(SCENES.format(name=name, path=path, hours=hours, compensate=compensate))
        made.append(festival.like(activity=str(file)))
        return made[-1], name

    yield make
    for each in made:
        each.system.close()


def looks(each: Any, process: Festival, hours_on: int = 0) -> Report:
    """What a reconciliation finds so many hours from now."""
    until_us = process.system.runtime.now_us() + hours_on * HOUR_US + 1_000_000
    found: Report = each.reconcile(process.system, 0, until_us)
    return found


def kinds(report: Report, scene: str) -> list[str]:
    return sorted(row.kind for row in report.rows if scene in row.order)


def lose(process: Festival, act: int, scene: str, monkeypatch: pytest.MonkeyPatch, amount_fen: int = 60) -> str:
    """An order whose row says that it is credited, and whose money never came."""
    with monkeypatch.context() as patched:
        patched.setattr(awarding, "_credited", lambda *_: False)
        given = process.award(act, amount_fen, scene, "1")
    awarding.finish(process.desk, order_number(act, scene, "1", "cash", "live"))
    return given.order


@pytest.mark.parametrize("hours, module", [(1, hour_1), (2, hour_2)])
def test_b14_a_lost_award_is_found_in_its_hour_and_credited(
    draw: Any, monkeypatch: pytest.MonkeyPatch, hours: int, module: Any
) -> None:
    """Not before its hour, then by the reconciliation of its scene, under its own number, once."""
    process, scene = draw(hours=hours)
    act = process.act()
    order = lose(process, act, scene, monkeypatch)
    other = hour_2 if hours == 1 else hour_1
    assert kinds(looks(module, process, hours - 1), scene) == kinds(looks(other, process, 5), scene) == []
    found = looks(module, process, hours)
    store = process.system.ledger.shard(act).name
    assert Difference("lost", order, 60, None, store) in found.rows and found.repaired == 1
    assert kinds(looks(module, process, hours), scene) == [] and process.page(act).balance_fen == 60
    assert process.system.counts.value("differences", f"hour_{hours}", "lost") == 1


def test_b14_a_scene_that_does_not_compensate_is_only_reported(draw: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every time it is looked at, and nothing is credited."""
    process, scene = draw(compensate="false")
    act = process.act()
    lose(process, act, scene, monkeypatch)
    for _ in range(2):
        report = looks(hour_1, process, 1)
        assert kinds(report, scene) == ["lost"] and report.repaired == 0
    assert process.page(act).balance_fen == 0


def test_b14_a_token_whose_message_was_lost_is_credited(draw: Any) -> None:
    """The token store keeps it, the stream does not: h+1 finds it."""
    process, scene = draw("token")
    act = process.act()
    process.award(act, 70, scene, "1")
    for key in process.desk.tokens.client.scan_iter("*stream:awards*"):
        process.desk.tokens.client.delete(key)
    process.groups()
    assert kinds(looks(hour_1, process, 0), scene) == []
    assert kinds(looks(hour_1, process, 1), scene) == ["lost"]
    assert process.page(act).waiting == 0 and process.page(act).balance_fen == 70


@pytest.mark.parametrize("path, module, hours_on", [("direct", hour_1, 1), ("token", rain, 0)])
def test_b14_a_double_credit_is_found(draw: Any, path: str, module: Any, hours_on: int) -> None:
    """Money that moved again under a key of its own: rain's within seconds, others' in their hour."""
    process, scene = draw(path)
    act = process.act()
    given = process.award(act, 40, scene, "1")
    process.credit()
    assert kinds(looks(module, process, hours_on), scene) == []
    post_again(process, act, given.order, scene)
    assert kinds(looks(module, process, hours_on), scene) == ["double"]
    (row,) = [row for row in looks(module, process, hours_on).rows if scene in row.order]
    assert (row.order, row.credited_fen) == (f"{given.order}:again", 40)


def test_b14_what_nobody_promised_is_found_within_seconds(draw: Any) -> None:
    """A credit of rain without order or token, and one of another amount than its token says."""
    process, scene = draw("token")
    act = process.act()
    process.award(act, 40, scene, "1")
    process.credit()
    assert looks(rain, process).examined > 0 and kinds(looks(rain, process), scene) == []
    invented = str(order_number(act, scene, "2", "cash", "live"))
    credit_awards(process.system.ledger, [Award(invented, 90, 1, 1)], False)
    assert kinds(looks(rain, process), scene) == ["unordered"]
    process.desk.tokens.client.hset(f"tokens:{act}", invented, "credited:9")
    (row,) = [row for row in looks(rain, process).rows if scene in row.order]
    assert (row.kind, row.owed_fen, row.credited_fen) == ("other_amount", 9, 90)


def test_b14_an_overspend_is_found(draw: Any) -> None:
    """More than the budget, and an award above the cap; with the sums that prove it."""
    process, scene = draw()
    awards = [Award(str(order_number(process.act(), scene, "1", "cash", "live")), fen, 1, 1) for fen in (900, 150)]
    credit_awards(process.system.ledger, awards, False)
    rows = {row.kind: (row.owed_fen, row.credited_fen) for row in looks(hour_1, process, 1).rows if scene in row.order}
    assert rows == {"overspent": (1000, 1050), "over_cap": (200, 900)}


def test_b14_without_the_token_store_nobody_is_accused(draw: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that does not answer proves nothing."""
    process, scene = draw("token")
    act = process.act()
    process.award(act, 40, scene, "1")
    process.credit()

    def gone(*_: object, **__: object) -> None:
        raise redis.ConnectionError("gone")

    monkeypatch.setattr(process.desk.tokens.client, "execute_command", gone)
    assert kinds(looks(rain, process), scene) == kinds(looks(hour_1, process, 1), scene) == []


def post_again(process: Festival, act: int, order: str, scene: str) -> None:
    """Credit an order's money once more, as something that does not know its key would."""
    store, tables = process.system.ledger.shard(act), ledger_tables(False)
    source = books.Account(f"budget:{scene}:live:0", "budget")
    entry = books.transfer(f"{order}:again", "award", None, source, books.user(act), 40)
    store.write(lambda c: books.post(c, store, tables, [entry], store.now_us(c)))


# --- the games' own record --------------------------------------------------------------------------------------------

Found = Callable[..., list[Difference]]


@pytest.fixture
def found_of(festival: Festival) -> Found:
    """What is found about some orders among what was done since the test began."""
    since_us = festival.system.runtime.now_us()

    def found(*orders: str) -> list[Difference]:
        report = rain.reconcile(festival.system, since_us, festival.system.runtime.now_us() + 1_000_000)
        return [row for row in report.rows if row.order in orders]

    return found


def test_b14_what_games_gave_is_what_they_recorded(festival: Festival, found_of: Found) -> None:
    """Nothing is found of money, tokens and coupons that were played for, also where people were merged meanwhile."""
    one, other = festival.act(), festival.act()
    orders = [play(festival, one, game).award.order for game in ("rain", "fireworks", "cards")]
    orders.append(play(festival, other, "fireworks").award.order)
    assert found_of(*orders) == []
    festival.credit()
    phone = f"8613700{other % 10**6:06}"
    assert [identities.learn(festival.desk, act, phone) for act in (one, other)] == [one, one]
    orders.append(play(festival, other, "rain").award.order)
    assert found_of(*orders) == []


def test_b14_a_credit_that_no_game_recorded_is_found(festival: Festival, found_of: Found) -> None:
    """Within seconds, though an order row says that it was given; and one of another amount than was decided."""
    act = festival.act()
    order = festival.award(act, 66, "sky", "1").order
    assert [(row.kind, row.owed_fen, row.credited_fen) for row in found_of(order)] == [("unplayed", None, 66)]
    played = play(festival, act, "fireworks", 2).award.order
    change(festival, act, amount_fen=10)
    assert [(row.kind, row.owed_fen, row.credited_fen) for row in found_of(played)] == [("other_amount", 10, 88)]


@pytest.mark.parametrize("game", ["fireworks", "cards"])
def test_b14_a_play_without_award_is_found(festival: Festival, found_of: Found, game: str) -> None:
    """Within seconds, though the record says that it was given; what is open the record's own reconciliation gives."""
    act = festival.act()
    order = record(festival, act, game, plays.GIVEN)
    assert [(row.kind, row.place) for row in found_of(order)] == [("unawarded", festival.desk.shard(act).name)]
    assert festival.system.counts.value("differences", "rain", "unawarded") > 0
    late = festival.act()
    order = record(festival, late, game, plays.OPEN)
    assert found_of(order) == []
    report = looks(games, festival)
    assert ("unawarded", order) in [(row.kind, row.order) for row in report.rows] and report.repaired >= 1
    assert found_of(order) == [] and kinds(looks(games, festival), order) == []


def test_b14_a_play_is_not_missed_while_the_token_store_is_away(
    festival: Festival, found_of: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that does not answer proves nothing."""
    order = record(festival, festival.act(), "fireworks", plays.GIVEN)

    def gone(*_: object, **__: object) -> None:
        raise redis.ConnectionError("gone")

    with monkeypatch.context() as patched:
        patched.setattr(festival.desk.tokens.client, "execute_command", gone)
        assert found_of(order) == []
    assert len(found_of(order)) == 1


def play(festival: Festival, act: int, game: str, number: int = 1) -> playing.Played:
    return playing.play(festival.system, festival.desk, game, number, playing.PlayRequest(act))


def record(festival: Festival, act: int, game: str, state: str) -> str:
    """A play that was written, and nothing after it."""
    decide = GAMES[game].decide
    assert decide is not None
    now_us = festival.system.runtime.now_us()
    new = plays.made(festival.desk, act, game, "1", decide(1, 0), 1, now_us)
    return plays.record(festival.desk, new._replace(state=state)).order_number


def change(festival: Festival, act: int, **values: Any) -> None:
    """What an operator should never do to the record."""
    table = wallet_tables(False).plays
    statement = sa.update(table).where(table.c.act == act).values(**values)
    festival.desk.shard(act).write(lambda connection: connection.execute(statement))
