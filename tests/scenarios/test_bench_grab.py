"""The grab benchmark: each level is the one that answers, and the cache is cheaper than the database."""

import pytest

from scenarios.bench_grab import CALLERS, SIDES, bench_grab


@pytest.mark.servers
def test_each_level_is_measured() -> None:
    """Every side has its figures; memory costs less than the cache, and the cache less than the database."""
    told = bench_grab({"seconds": 0.2})
    assert {side: set(figures) for side, figures in told["figures"].items()} == {
        side: {str(callers) for callers in CALLERS} for side in SIDES
    }
    best = {side: max(figures.values()) for side, figures in told["figures"].items()}
    assert best["memory"] > best["cache"] > best["database"]
    assert told["value"] == round(best["cache"] / best["database"], 1)
