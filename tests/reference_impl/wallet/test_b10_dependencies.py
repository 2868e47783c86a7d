"""What the wallet asks beside its databases may fail or be switched off: awards go on, each once (B10)."""

from pathlib import Path
from typing import Any

import pytest
import redis
import sqlalchemy as sa
from festival import ACTIVITY, Festival

from reference_impl.bootstrap import ACTIVITY_FILE
from reference_impl.domain.errors import Refused
from reference_impl.wallet.award import Given
from reference_impl.wallet.config import Config

FRESH = """
[[scenes]]
id = "{name}"
award_type = "cash"
bill = "fresh"
budget_fen = 1000
cap_fen = 100
"""


class Gone(redis.Redis):
    """A Redis that answers nobody."""

    def execute_command(self, *_arguments: Any, **_options: Any) -> Any:
        raise redis.ConnectionError("gone")


def without(festival: Festival, *names: str) -> Festival:
    """A process of the same deployment that does not reach what is named: known (the KV store), locks, tokens."""
    other = festival.like()
    for name in names:
        getattr(other.desk, name).client = Gone()
    if "locks" in names:
        other.desk.locks._release = other.desk.locks.client.register_script("")
    return other


@pytest.mark.parametrize("names", [("known",), ("locks",), ("known", "locks")])
def test_b10_without_what_is_weak_an_order_is_one_award(festival: Festival, names: tuple[str, ...]) -> None:
    """Many ask at once, half of them in a process without KV store or lock: one answer, one credit."""
    act, other = festival.act(), without(festival, *names)
    answers = festival.at_once(lambda n: (festival, other)[n % 2].award(act, 77, "koi", "7"), 100)
    assert {(type(given), given.order, given.amount_fen) for given in answers} == {(Given, answers[0].order, 77)}
    assert festival.page(act).balance_fen == 77
    other.award(festival.act(), 1, "koi", "8")
    assert sum(other.system.counts.value("done_without", name) for name in ("kv", "lock")) > 0


@pytest.mark.parametrize("switch, dependency", [("kv_skip", "kv"), ("lock_skip", "lock")])
def test_b10_a_switch_spares_asking(festival: Festival, switch: str, dependency: str) -> None:
    """While it is on the dependency is not asked; the award is given all the same."""
    counts, act = festival.system.counts, festival.act()
    with festival.controls(**{switch: 1}):
        before = counts.value("done_without", dependency)
        assert festival.award(act, 10, "koi", "1").amount_fen == 10
        assert counts.value("done_without", dependency) > before
    before = counts.value("done_without", dependency)
    festival.award(act, 10, "koi", "2")
    assert counts.value("done_without", dependency) == before


def test_b10_what_fails_again_and_again_is_left_alone(festival: Festival) -> None:
    """After some failures the lock's breaker is open: nobody waits for it any more."""
    other, tries = without(festival, "locks"), []
    take = other.desk.locks.take
    other.desk.locks.take = lambda act, holder: tries.append(act) or take(act, holder)  # type: ignore[method-assign]
    act = festival.act()
    for rain in range(20):
        other.award(act, 1, "koi", str(rain))
    assert len(tries) < 20 and other.system.breakers.is_open("lock")
    assert festival.page(act).balance_fen == 20


def test_b10_the_kv_store_spares_the_databases(festival: Festival, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it knows is answered without them, another amount is refused; what it does not know they say."""
    act = festival.act()
    given = festival.award(act, 30, "koi", "1")
    with monkeypatch.context() as patched:
        patched.setattr("reference_impl.wallet.award._standing", lambda *_: pytest.fail("a database was asked"))
        assert festival.award(act, 30, "koi", "1").order == given.order
        with pytest.raises(Refused, match="30 fen"):
            festival.award(act, 31, "koi", "1")
    festival.desk.known.client.flushdb()
    assert festival.award(act, 30, "koi", "1").order == given.order
    assert festival.page(act).balance_fen == 30


def test_b10_a_lock_is_released_by_its_holder_only(festival: Festival) -> None:
    """Whoever comes late does not open another's lock."""
    locks, act = festival.desk.locks, festival.act()
    assert locks.take(act, "mine") and not locks.take(act, "yours")
    locks.release(act, "yours")
    assert not locks.take(act, "yours")
    locks.release(act, "mine")
    assert locks.take(act, "yours")


@pytest.fixture
def centre(festival: Festival, tmp_path: Path) -> Config:
    """What a process of another machine knows of the same deployment's configuration."""
    festival.system.ops.write(lambda connection: connection.exec_driver_sql("DELETE FROM activities"))
    (Path(festival.system.settings.data) / ACTIVITY_FILE).unlink(missing_ok=True)
    return Config(festival.system.ops, tmp_path / "copy.json", ACTIVITY.read_text(encoding="utf-8"))


def publish(config: Config, name: str) -> None:
    config.publish(config.version.text + FRESH.format(name=name), "a test", 1)


def test_b10_what_is_published_is_in_force_and_kept(centre: Config) -> None:
    """Another process learns a new scene; with the centre gone, one that starts reads it from the local copy."""
    publish(centre, "fresh-1")
    assert centre.activity.scene("fresh-1") is None and centre.refresh() == "centre"
    assert centre.activity.scene("fresh-1") is not None
    blind = Config(gone_store(), centre._file, ACTIVITY.read_text(encoding="utf-8"))
    assert blind.refresh() == "copy" and blind.activity.scene("fresh-1") is not None


def test_b10_the_local_copy_waits_for_nobody(centre: Config) -> None:
    """With the switch on the copy is read; what is published meanwhile is in force once it is off."""
    publish(centre, "fresh-2")
    assert centre.refresh(local=True) == "copy" and centre.activity.scene("fresh-2") is None
    centre.refresh()
    assert centre.activity.scene("fresh-2") is not None


def test_b10_a_broken_copy_changes_nothing(centre: Config) -> None:
    """Half a file is no configuration."""
    centre._file.write_bytes(b'{"number": 9')
    assert centre.refresh(local=True) == "copy" and centre.version.number == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("cap_fen = 20_000", "cap_fen = 30_000", 1),
        lambda text: text.replace('id = "koi"', 'id = "carp"'),
        lambda text: text.replace('id = "spring"', 'id = "autumn"'),
        lambda text: text + "nonsense",
        lambda text: text + '[[scenes]]\nid = "new"\naward_type = "gold"\nbill = "?"\n',
    ],
)
def test_b10_terms_of_money_that_stands_are_kept(centre: Config, change: Any) -> None:
    """Neither caps change under awards nor scenes vanish; what cannot be read is refused."""
    with pytest.raises(Refused) as refused:
        centre.publish(change(centre.version.text), "a test", 1)
    assert refused.value.code == "bad_activity"
    assert centre._asked() is None


def gone_store() -> Any:
    class Away:
        def read(self, _work: Any) -> Any:
            raise sa.exc.OperationalError("the centre is gone", None, Exception())

    return Away()
