"""`bench simulate` measures what it says: opens and credits on both databases, and whole schedules beside them."""

import pytest

from harness.simulation.stand import stand
from invariants.schema import EVIDENCE
from scenarios import bench_simulate
from scenarios.benches import catalogue

SHARES = bench_simulate.PEOPLE * bench_simulate.OPENS


def test_sql_only_points_are_opens_and_credits() -> None:
    """After a schedule every share is opened and credited; another schedule of that seed has as many points."""
    with stand(bench_simulate.WORLD, "embedded") as deployment:
        lived = bench_simulate._play_sql(deployment, "seed")
        rows = deployment.evidence()
        again = bench_simulate._play_sql(deployment, "seed")
    assert len(rows["opens"]) == SHARES and len({row[2] for row in rows["opens"]}) == SHARES
    balance, kind = (list(EVIDENCE["accounts"]).index(name) for name in ("balance_fen", "kind"))
    credited_fen = sum(row[balance] for row in rows["accounts"] if row[kind] == "user")
    assert credited_fen == sum(row[4] for row in rows["opens"]) == 100 * SHARES
    assert lived.points == again.points > 15 * SHARES
    assert lived.cpu_s > 0 and lived.wall_s > 0


@pytest.mark.servers
def test_the_bench_tells_every_figure(server_programs: None) -> None:
    """SQL only and whole schedules, on both databases, with and without faults, and a mutant that is shrunk."""
    told = catalogue()["simulate"]({"seconds": 0.05, "seed": 1})
    figures = told["figures"]
    assert (told["bench"], told["reach"]) == ("simulate", 8000)
    assert told["value"] == figures["sql_only_sqlite"]["best_points_per_s"] > 500
    for store in ("sqlite", "mariadb"):
        assert figures[f"sql_only_{store}"]["points_per_cpu_s"] > 0
        calm, rough = figures[f"group_grab_{store}_no_faults"], figures[f"group_grab_{store}_faults"]
        assert calm["faults_a_schedule"] == 0 <= rough["faults_a_schedule"]
        parts = ("reset_ms", "live_ms", "drain_ms", "evidence_ms", "judge_ms")
        for one in (calm, rough):
            assert all(one[part] > 0 for part in parts) and one["points_per_s"] > one["schedules_per_s"] > 0
            assert sum(one[part] for part in parts) == pytest.approx(1000 / one["schedules_per_s"], rel=0.1)
    assert figures["shrink"]["choices"] <= 10 and figures["shrink"]["attempts"] > 5
