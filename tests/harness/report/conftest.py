"""A run's results, as a fixture that tests change."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from harness.report.results import (
    Fault,
    Felt,
    Latency,
    Money,
    Operations,
    Percentiles,
    Rate,
    Results,
    Run,
    Settled,
)
from invariants.verdict import Verdict, Witness

FAST = Percentiles(p50=1_234, p90=3_400, p99=152_000, p999=980_000, max=2_400_000)


@pytest.fixture
def results_of() -> Callable[..., Results]:
    """Results of a run with one invariant of each verdict; keywords replace."""

    def make(**changes: Any) -> Results:
        sentence = "funded with 2,000 fen; 1,900 were opened, none refunded, none held: 100 fen are missing"
        witnesses = [Witness("first", "p1", "first one", 1, []), Witness("worst", "p2", sentence, 100, [{"a": 1}])]
        base = Results(
            verdict="violated",
            exit_code=1,
            invariants={
                "no_overspend": Verdict("no_overspend", "holds", "opened ≤ total", 300, canary="reported"),
                "open_order": Verdict("open_order", "unknown", "an order exists", reason="no evidence: opens"),
                "conservation": Verdict(
                    "conservation", "violated", "funded = opened + refunded + held", 300, 2, witnesses=witnesses
                ),
            },
            not_claimed=["hot_cold_once"],
            operations=Operations(41_000, 30_000, 10_900, 100),
            by_operation={"open": Operations(41_000, 30_000, 10_900, 100)},
            money=Money(2_000_000, 1_999_900, 0, 0, 1_999_900, False),
            settled=Settled(60, 39, 1),
            latency={"open": Latency(FAST, FAST)},
            rate=Rate(400.0, 398.25),
            generator={"workers": 2, "lag_p99_us": 3_100, "cpu_share": 0.41},
            faults=[Fault("kill=credit@5", 5.1, "killed 4711", 1, 5.0, {"open": Felt(1_200, 3, 40, 152_000)})],
            run=Run(
                scenario="group_grab",
                seed=7,
                argv=["run"],
                path="runs/group_grab/x",
                reproduce="rainproof run group_grab --backend servers --people 500 --packets 30 --mutant 'a b'",
                backend="servers",
                seconds=42.0,
            ),
        )
        return msgspec.structs.replace(base, **changes)

    return make
