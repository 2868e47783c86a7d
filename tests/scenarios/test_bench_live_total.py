"""The live total's benchmark: plan 2's calls do not grow with traffic, and a lost key is no loss to it."""

import pytest

from scenarios.bench_live_total import AWARDS_PER_S, bench_live_total


@pytest.mark.servers
def test_b13_both_plans_are_measured() -> None:
    """Each has its figures; only the first asks Redis for every award, and only its readers see less after a loss."""
    told = bench_live_total({"seconds": 0.7})
    figures = told["figures"]
    assert set(figures) == {"plan_1", "plan_2"}
    assert all(set(of_plan) == {str(per_s) for per_s in AWARDS_PER_S} for of_plan in figures.values())
    for one in figures["plan_2"].values():
        assert one["monotone"] and one["error_percent"] == 0 and one["redis_calls_per_s"] < 200
    for one in figures["plan_1"].values():
        assert not one["monotone"] and one["error_percent"] > 0 and one["redis_calls_per_s"] > one["awards_per_s"]
    assert told["value"] > 1
