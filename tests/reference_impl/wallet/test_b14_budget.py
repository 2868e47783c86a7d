"""Budgets and caps hold, under concurrency and through the death of a process (B14, Money rule 10)."""

import itertools
from pathlib import Path

import pytest
from festival import ACTIVITY, Festival

from reference_impl.domain.errors import Refused
from reference_impl.domain.scenes import MONEY, load_activity
from reference_impl.wallet.award import Given

_names = itertools.count(1)
SMALL = """
id = "spring"
[[scenes]]
id = "{name}"
award_type = "cash"
bill = "small"
path = "{path}"
budget_fen = 1000
cap_fen = 100
"""


def small(festival: Festival, folder: Path, name: str, path: str, **more: object) -> Festival:
    """A process whose activity has one scene with a budget of ten yuan."""
    file = folder / f"{name}.toml"
    file.write_text(SMALL.format(name=name, path=path))
    return festival.like(activity=str(file), **more)


@pytest.mark.parametrize("path", ["token", "direct"])
def test_b14_two_processes_never_give_more_than_the_budget(festival: Festival, tmp_path: Path, path: str) -> None:
    """Thirty ask for 90 fen of 1,000 at once: eleven get them, the others are told that the budget is spent."""
    name = f"scene-{next(_names)}"
    processes = [small(festival, tmp_path, name, path, slice_fen=250) for _ in range(2)]
    answers = festival.at_once(lambda n: processes[n % 2].award(festival.act(), 90, name, "1"), 30)
    given = [answer for answer in answers if isinstance(answer, Given)]
    refused = {answer.code for answer in answers if isinstance(answer, Refused)}
    for process in processes:
        process.desk.budgets.close()
    assert len(given) + sum(isinstance(answer, Refused) for answer in answers) == 30
    assert refused == {"budget_spent"} and 8 <= len(given) <= 11
    assert festival.promised_fen(name) == 90 * len(given)


def test_b14_a_closed_slice_gives_nothing(festival: Festival, tmp_path: Path) -> None:
    """What a slice gave back for a larger award, which was refused all the same, is there for one award only."""
    name = f"scene-{next(_names)}"
    process = small(festival, tmp_path, name, "direct", slice_fen=1000)
    given = sum(process.award(festival.act(), 90, name, "1").amount_fen for _ in range(11))
    with pytest.raises(Refused, match="budget"):
        process.award(festival.act(), 60, name, "1")
    given += process.award(festival.act(), 10, name, "1").amount_fen
    with pytest.raises(Refused, match="budget"):
        process.award(festival.act(), 10, name, "1")
    assert festival.promised_fen(name) == given == 1000


@pytest.mark.parametrize("path", ["token", "direct"])
def test_b14_a_refusal_stands(festival: Festival, tmp_path: Path, path: str) -> None:
    """Who was refused is refused again when there is money, and so is the same try where it was still under way; others
    are given it."""
    name = f"scene-{next(_names)}"
    process, late = (small(festival, tmp_path, name, path, slice_fen=1000) for _ in range(2))
    act = festival.act()
    take = late.desk.budgets.take
    slow = vars(late.desk.budgets)

    def refused_meanwhile(*asked: object) -> int:
        """The late try holds all there is while the other one of the same award is refused."""
        number = take(*asked)  # type: ignore[arg-type]
        with pytest.raises(Refused, match="budget"):
            process.award(act, 90, name, "1")
        return number

    slow["take"] = refused_meanwhile
    with pytest.raises(Refused, match="budget"):
        late.award(act, 90, name, "1")
    del slow["take"]
    late.desk.budgets.close()
    with pytest.raises(Refused, match="budget"):
        process.award(act, 90, name, "1")
    assert process.award(festival.act(), 90, name, "1").amount_fen == 90
    assert process.page(act).flow == []


def test_b14_a_token_outlives_a_refusal(festival: Festival, tmp_path: Path) -> None:
    """What was given, lost by the store and refused since, the client's token brings back, and it is credited."""
    name = f"scene-{next(_names)}"
    process = small(festival, tmp_path, name, "token", slice_fen=100)
    act = festival.act()
    token = process.award(act, 90, name, "1").token
    for _ in range(10):
        process.award(festival.act(), 90, name, "1")
    festival.forget_tokens()
    with pytest.raises(Refused, match="budget"):
        process.award(act, 90, name, "1")
    assert process.page(act, token).income_fen == 90
    process.credit()
    shown = process.page(act)
    assert (shown.balance_fen, shown.waiting) == (90, 0)


def test_b14_a_dead_process_loses_no_budget_for_good(festival: Festival, tmp_path: Path) -> None:
    """Its slice goes back when its time is over and its awards are counted, and not before."""
    name = f"scene-{next(_names)}"
    dead = small(festival, tmp_path, name, "token", slice_fen=1000, slice_s=0.0)
    dead.award(festival.act(), 90, name, "1")
    assert festival.promised_fen(name) == 1000
    festival.like(slice_s=60.0).reconcile_slices()
    assert festival.promised_fen(name) == 1000  # its time is not long over
    dead.reconcile_slices()
    assert festival.promised_fen(name) == 1000  # its award is not counted yet
    festival.credit()
    dead.reconcile_slices()
    assert festival.promised_fen(name) == 90


def test_b14_the_shipped_activity_has_budgets_and_caps() -> None:
    """Each of its money scenes says how much one award and all of them may be."""
    scenes = load_activity(ACTIVITY.read_text(encoding="utf-8")).scenes
    assert scenes and all(0 < scene.cap_fen <= scene.budget_fen for scene in scenes if scene.award_type in MONEY)
