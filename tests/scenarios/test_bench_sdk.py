"""The SDK's benchmark: both sides are measured, and set against each other (B21)."""

import pytest

from scenarios import bench_sdk as bench


@pytest.mark.servers
def test_b21_library_and_http_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every side has its figures; what is spared is the difference of the best."""
    monkeypatch.setattr(bench, "CALLERS", (1, 2))
    told = bench.bench_sdk({"seconds": 0.1})
    best = {side: max(told["figures"][side][str(callers)] for callers in bench.CALLERS) for side in ("http", "sdk")}
    assert told["value"] == round(best["sdk"] / best["http"], 2)
    assert told["figures"]["cpu_us_spared_a_call"] == pytest.approx(1e6 / best["http"] - 1e6 / best["sdk"], abs=0.1)
