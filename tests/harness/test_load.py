"""What is said of the generator: that it fell behind, by how much, and how far a herd spread."""

import pytest

from harness.load import fallen_behind, herd_figures
from harness.swarm.health import Health, Lag, Spread


def worker(p99_us: int = 300, cpu_share: float = 0.1, **herds: Spread) -> Health:
    """A worker that kept its schedule, but for what is said."""
    return Health(
        worker="w0",
        part=0,
        parts=1,
        complete=True,
        issued=1,
        arrivals=1,
        started=1,
        dispatch_lag_us=Lag(p50=100, p99=p99_us, max=p99_us),
        cpu_share=cpu_share,
        load_s=1.0,
        operations_per_s=1.0,
        connects=1,
        in_flight_max=1,
        crashes=[],
        herds=herds,
    )


@pytest.mark.parametrize(("p99_us", "late_ms", "behind"), [(1000, 1, False), (1001, 1, True), (4300, 1000, False)])
def test_late_by_how_much(p99_us: int, late_ms: float, behind: bool) -> None:
    """A p99 above the bound is a reason that names worker, lateness and bound; one at the bound is none."""
    reasons = list(fallen_behind([worker(), worker(p99_us)], late_ms))
    expected = f"the generator did not keep its schedule: p99 of w0 is {p99_us / 1000:,.1f} ms late, 1 ms are allowed"
    assert reasons == ([expected] if behind else [])


@pytest.mark.parametrize(("cpu_share", "full"), [(0.95, False), (0.97, True)])
def test_a_full_core_is_told(cpu_share: float, full: bool) -> None:
    """A worker with no time left is a reason, also where it was not late."""
    reasons = list(fallen_behind([worker(cpu_share=cpu_share)], 1000))
    assert len(reasons) == full
    assert all("w0 used 97% of a core, 95% are allowed" in reason for reason in reasons)


def test_a_herd_is_told_over_all_workers() -> None:
    """From the first of any worker to the last of any, as planned and as it was."""
    one = Spread(2, 0, 3_000_000_000, 1_000_000, 3_500_000_000)
    other = Spread(3, 500_000_000, 4_000_000_000, 500_000_000, 4_250_000_000)
    figures = herd_figures([worker(herd=one), worker(herd=other), worker()])
    assert figures == {"herd_people": 5, "herd_planned_s": 4.0, "herd_achieved_s": 4.249}
    assert herd_figures([worker()]) == {}
