"""Who is in which stage of an occurrence, and what an act_id says of it (B22)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_impl.domain.acts import act_id, is_act, is_tagged_act
from reference_impl.domain.errors import Refused
from reference_impl.domain.orders import order_number, parse_order
from reference_impl.domain.stages import LIVE, STAGES, Pilot, in_stage, stage_for, stage_of

ACTS = st.builds(act_id, st.integers(1, 10**12), st.booleans())
RAINS = st.from_regex(r"[0-9]{1,9}", fullmatch=True)


@given(ACTS, st.sampled_from(STAGES), st.sampled_from(STAGES))
def test_b22_a_person_has_one_act_id_a_stage(act: int, stage: str, other: str) -> None:
    """It says the stage, keeps the side, and leads back to the live one from every other."""
    self = in_stage(act, stage)
    assert (stage_of(self), is_act(self), is_tagged_act(self)) == (stage, True, is_tagged_act(act))
    assert in_stage(in_stage(self, other), LIVE) == act


def test_b22_no_other_digit_is_a_stage() -> None:
    """An act_id of a stage that there is not is none."""
    assert not is_act(act_id(1, False) + len(STAGES) * 10**13)


@given(ACTS, st.sampled_from(STAGES), st.sampled_from(STAGES))
def test_b22_an_order_number_is_of_its_act_ids_stage(act: int, stage: str, other: str) -> None:
    """Where act_id and stage differ the number is refused, written or read (Money rule 11)."""
    order = order_number(in_stage(act, stage), "rain", "1", "cash", stage)
    assert parse_order(str(order)) == order
    if other != stage:
        with pytest.raises(Refused, match="stage"):
            order_number(order.act, "rain", "1", "cash", other)


@given(ACTS, RAINS, st.integers(0, 100), st.integers(0, 100))
def test_b22_the_share_only_grows(act: int, rain: str, some: int, more: int) -> None:
    """Who is in the pilot at a small share is in it at a larger one; at a hundred of a hundred everybody is."""
    low, high = sorted((some, more))
    if stage_for(Pilot("gray", low), act, rain) == "gray":
        assert stage_for(Pilot("gray", high), act, rain) == "gray"
    assert stage_for(Pilot("gray", 100), act, rain) == "gray"


def test_b22_other_people_are_in_the_pilot_each_time() -> None:
    """A tenth is a tenth of the people in each occurrence, and not the same tenth."""
    pilot = Pilot("gray", 10)
    chosen = [{n for n in range(1, 5001) if stage_for(pilot, act_id(n, False), rain)} for rain in ("1", "2")]
    assert all(400 <= len(people) <= 600 for people in chosen)
    assert len(chosen[0] & chosen[1]) < 100


def test_b22_testers_are_in_their_own_stage() -> None:
    """Whatever the others are in; and without a pilot everybody is live."""
    tester, other = act_id(1, False), act_id(2, False)
    for stage, others in (("internal", None), ("live", LIVE)):
        pilot = Pilot(stage, testers=frozenset({tester}))  # type: ignore[arg-type]
        assert (stage_for(pilot, tester, "1"), stage_for(pilot, other, "1")) == ("internal", others)
    assert stage_for(None, tester, "1") == LIVE
