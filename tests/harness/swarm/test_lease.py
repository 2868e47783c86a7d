"""What the master leases: whatever dies and comes back, nobody gets what somebody had."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.config import ConfigError
from harness.swarm.lease import RANGE, Lease, Leases, terms, unequal
from harness.swarm.settings import Settings


def granted(leases: Leases, node: str, live: set[str]) -> Lease:
    lease = leases.grant(node, live)
    assert lease is not None
    return lease


def test_an_undisturbed_run_plays_the_plan() -> None:
    """Each worker a part, all in one range: the people are the plan's."""
    leases = Leases(2, "eve", "b")
    first, second = (granted(leases, node, {"a", "b"}) for node in ("a", "b"))
    assert [(lease.part, lease.parts, lease.uid(7)) for lease in (first, second)] == [(0, 2, 7), (1, 2, 7)]
    assert not leases.again(first)
    assert leases.grant("c", {"a", "b", "c"}) is None


def test_a_lost_part_goes_to_other_people() -> None:
    """Whoever takes it up has the part, but no person and no name of before."""
    leases = Leases(2, "eve", "b")
    lost = granted(leases, "a", {"a", "b"})
    granted(leases, "b", {"a", "b"})
    assert leases.free({"b", "c"}) == [0]
    again = granted(leases, "c", {"b", "c"})
    assert (again.part, again.uid(7)) == (lost.part, RANGE + 7)
    assert leases.again(again)
    assert again.name != lost.name


@given(st.integers(1, 4), st.lists(st.sampled_from(["die", "come", "test"]), max_size=40))
def test_nothing_is_given_twice(parts: int, story: list[str]) -> None:
    """Whatever dies, comes and is tested again: no part of a range and no name is ever granted twice."""
    leases = Leases(parts, "eve", "b")
    live: list[str] = []
    given_out: list[Lease] = []
    for number, what in enumerate(story):
        if what == "die" and live:
            live.pop(number % len(live))
        elif what == "come":
            live.append(f"node {number}")
            if lease := leases.grant(live[-1], live):
                given_out.append(lease)
        elif what == "test":
            leases.begin()
            live = []
    assert len({(lease.part, lease.people) for lease in given_out}) == len(given_out)
    assert len({lease.name for lease in given_out}) == len(given_out)
    again = [lease for lease in given_out if sum(lease.people == other.people for other in given_out) > parts]
    assert not again


def test_a_plan_may_not_leave_its_range() -> None:
    """A number that would be somebody of another range is a bug of the scenario."""
    for planned in (-1, RANGE):
        with pytest.raises(ValueError, match="numbered from 0"):
            Lease("w", 0, 1, 0, "eve").uid(planned)


def test_unequal_terms_are_named(tmp_path: Path) -> None:
    """Seed and target file must be equal; where journals stand need not be."""
    (tmp_path / "a.toml").write_text("one")
    (tmp_path / "b.toml").write_text("other")
    ours = terms(Settings(target=str(tmp_path / "a.toml"), history="here"))
    assert unequal(terms(Settings(target=str(tmp_path / "a.toml"), history="there", progress="p")), ours) is None
    told = unequal(terms(Settings(target=str(tmp_path / "a.toml"), seed=8)), ours)
    assert told is not None and told.startswith("seed is 8, the master's is 7")
    told = unequal(terms(Settings(target=str(tmp_path / "b.toml"))), ours)
    assert told is not None and told.startswith("target file is")
    with pytest.raises(ConfigError, match="cannot be read"):
        terms(Settings(target=str(tmp_path / "none.toml")))
