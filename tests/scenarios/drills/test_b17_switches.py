"""The switches' drill finds a process that does not hear, a switch without effect, and money that is wrong (B17)."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.report.results import Fault, Felt, Results
from harness.target import load_target
from reference_impl.api import make_app
from reference_impl.bootstrap import build, create_stores
from reference_impl.resilience import weak
from reference_impl.resilience.operators import keep_token
from reference_impl.resilience.switches import SWITCHES
from reference_impl.role_port import _Server, _Silent, listen_for_questions
from reference_impl.runtime import ThreadRuntime
from reference_impl.settings import Settings
from reference_impl.system import System
from scenarios import catalogue
from scenarios.drills import switches
from scenarios.drills.effects import BESIDE, SEEN
from scenarios.drills.site import Setting, Site
from scenarios.drills.switches import WALLET, Flip
from scenarios.drills.visitor import Said, Visitor
from scenarios.drills.wallets import crowd


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Site, System]]:
    """A process that serves people and one that credits, which does not look what operators have set."""
    monkeypatch.setattr(switches, "SEEN_S", 1.0)
    today = ThreadRuntime().today().day
    settings = Settings(
        sql=f"sqlite:///{tmp_path}", cache="embedded", data=str(tmp_path), order_shards=1, day_tables=(today,)
    )
    create_stores(settings)
    keep_token(settings)
    serving, crediting = (build(settings, ThreadRuntime(), holder=name) for name in ("api", "credit"))
    server = _Server(("127.0.0.1", 0), _Silent)
    server.set_app(make_app(serving, "api"))
    serving.runtime.spawn("api", server.serve_forever)
    listen_for_questions(crediting, "credit")
    variables = {"port": str(server.server_port), "data": str(tmp_path), "sql": settings.sql, "cache": "embedded"}
    variables |= dict.fromkeys(("python", "options", "topology", "backend", "run"), "")
    targets = [load_target(path, variables) for path in (catalogue()["group_grab"].target, WALLET)]
    (tmp_path / "history").mkdir()
    visitor = Visitor(targets, tmp_path / "history", "operator")
    yield Site(targets[0], tmp_path, visitor, Setting()), crediting
    visitor.close()
    server.shutdown()


def test_b17_every_switch_has_an_effect_that_can_be_seen() -> None:
    """None is flipped for nothing."""
    assert set(SEEN) == set(SWITCHES) and set(BESIDE) <= set(SWITCHES)


def test_b17_a_process_that_does_not_hear_fails_the_row(small: tuple[Site, System]) -> None:
    """One of two is deaf; once it looks, all is in force within a second."""
    site, deaf = small
    assert switches._turn(site, "lock_skip", 1)[0] is None
    deaf.runtime.spawn("controls", lambda: deaf.controls.watch(0.1))
    for value in (0, 1, 0):
        everywhere_ms, seen_ms = switches._turn(site, "lock_skip", value)
        assert everywhere_ms is not None and everywhere_ms < 1000 and seen_ms is not None


def test_b17_a_switch_without_effect_fails_the_row(small: tuple[Site, System], monkeypatch: pytest.MonkeyPatch) -> None:
    """It is in force, and the lock is asked all the same."""

    def ask(system: System, dependency: str, work: Any, otherwise: Any) -> Any:
        return work()

    monkeypatch.setattr(weak, "ask", ask)
    assert switches._turn(small[0], "lock_skip", 1)[1] is None


def test_b17_effects_begin_and_end(small: tuple[Site, System]) -> None:
    """Of the wallet's switches, as a person sees them."""
    site, hearing = small
    hearing.runtime.spawn("controls", lambda: hearing.controls.watch(0.1))
    for name in ("kv_skip", "wallet_balance_only", "shortest_path", "client_tokens_refused"):
        for value in (1, 0):
            assert None not in switches._turn(site, name, value), name


@pytest.mark.parametrize(
    "changes, verdict, why",
    [
        ({}, "holds", ""),
        ({"on_ms": 1001}, "holds", "it was not in force everywhere within a second"),
        ({"effect_ms": None}, "holds", "its effect was not seen"),
        ({"off_ms": None}, "holds", "it was still in force a second after it was switched off"),
        ({"ended_ms": None}, "holds", "its effect did not end"),
        ({}, "violated", "the night's verdict is violated"),
    ],
)
def test_b17_a_row_passes_only_if_all_is_well(changes: dict[str, Any], verdict: str, why: str) -> None:
    """What is late, unseen or wrong stands in the row."""
    flip = msgspec.structs.replace(Flip("lock_skip", 6, 200, 300, 200, 300, 0), **changes)
    row = switches._row(flip, _results(verdict, ok=5))
    assert (row["passed"], row["why"], row["p99_on_ms"]) == (not why, why, 7)


def test_b17_a_switch_under_which_nobody_is_served_fails() -> None:
    """Silence is no success."""
    row = switches._row(Flip("lock_skip", 6, 200, 300, 200, 300, 0), _results("holds", ok=0))
    assert row["why"] == "nobody was served while it was on"


def _results(verdict: str, ok: int) -> Results:
    felt = {"open": Felt(ok=ok, fail=1, info=0, p99_us=7_000)}
    faults = [Fault(name=f"lock_skip={value}", at_s=1.0, felt=felt) for value in (1, 0)]
    told = dict.fromkeys(Results.__struct_fields__)
    return Results(**{**told, "verdict": verdict, "faults": faults})  # type: ignore[arg-type]


def test_b17_what_goes_wrong_beside_the_load_is_told() -> None:
    """A visitor whose story breaks does not just fall silent: the block raises what it was."""
    asked = threading.Event()

    class Broken(Visitor):
        def __init__(self) -> None:
            pass

        def ask(self, *_: Any, **__: Any) -> Said:
            asked.set()
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"), crowd([Broken()], seed=1):
        assert asked.wait(10)
