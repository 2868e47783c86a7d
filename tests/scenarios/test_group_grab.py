"""Scenarios through Locust's own command line: by hand, with workers, and with one that is killed."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import scenarios
from harness.swarm.schedules import FESTIVAL_EVE
from scenarios.night import plan_night
from tests.scenarios.swarms import Start, count, history, locust_total, reports, start_swarm, swarm_file, wait_for_load

pytestmark = pytest.mark.night


@pytest.mark.parametrize("scenario", ["group_grab", "hot_packet", "face_to_face"])
def test_by_hand(start: Start, model_port: int, tmp_path: Path, scenario: str) -> None:
    """`locust -f scenarios/….py --headless` plays a night against a running target and ends well by itself."""
    process = start(
        "--json",
        scenario=scenario,
        RAINPROOF_PORT=model_port,
        RAINPROOF_HISTORY=tmp_path / "history",
        RAINPROOF_PEOPLE=120,
        RAINPROOF_PACKETS=24,
        RAINPROOF_DURATION_S=2,
    )
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    night = history(tmp_path)
    assert locust_total(output) == count(night, "history") > 200
    done = "history WHERE outcome = 'ok' AND operation ="
    for operation in ("fund", "send", "pay", "grab", "open", "details", "balance"):
        assert count(night, f"{done} '{operation}'") > 0, operation
    assert (count(night, f"{done} 'code'") > 0) == (count(night, f"{done} 'find'") > 0) == (scenario == "face_to_face")


def test_midnight_is_played_by_its_curve(start: Start, model_port: int, tmp_path: Path) -> None:
    """Every packet is sent when the day's curve wants it: the moments on record are the plan's, from one T0 on."""
    settings = swarm_file(tmp_path, model_port, people=60, packets=24, duration_s=2.0)
    process = start(scenario="midnight", RAINPROOF_SWARM=settings)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    sends = "SELECT MIN(intended_ns) FROM history WHERE operation = 'send' GROUP BY key ORDER BY 1"
    played_ns = [moment_ns for (moment_ns,) in history(tmp_path).execute(sends).fetchall()]
    night = plan_night(7, 60, 24, 2.0, 0.0, FESTIVAL_EVE)
    planned_ns = sorted(packet.at_ns for group in night.groups for packet in group.packets)
    assert len(planned_ns) == 24
    assert {played - planned for played, planned in zip(played_ns, planned_ns, strict=True)} == {
        played_ns[0] - planned_ns[0]
    }


def test_with_workers(start: Start, model_port: int, tmp_path: Path) -> None:
    """Two workers play disjoint parts of one schedule; the master ends when both are done, and nothing is lost."""
    settings = swarm_file(tmp_path, model_port, people=120, packets=24, duration_s=2.0, workers=2, tagged=0.5)
    master, *workers = start_swarm(start, settings, 2)
    output, _ = master.communicate(timeout=60)
    assert [process.wait(timeout=10) for process in (master, *workers)] == [0, 0, 0], output
    told = reports(tmp_path)
    assert sorted(report["part"] for report in told) == [0, 1]
    assert all(report["complete"] and report["started"] == report["arrivals"] for report in told)
    night = history(tmp_path)
    assert count(night, "history") == sum(report["issued"] for report in told) == locust_total(output)
    assert (
        count(night, "(SELECT key FROM history WHERE key IS NOT NULL GROUP BY key HAVING COUNT(DISTINCT worker) > 1)")
        == 0
    )
    assert count(night, "(SELECT person FROM history GROUP BY person HAVING COUNT(DISTINCT worker) > 1)") == 0
    assert count(night, "(SELECT person FROM history GROUP BY person HAVING COUNT(DISTINCT tag) > 1)") == 0
    assert count(night, "(SELECT DISTINCT tag FROM history)") == 2
    assert count(night, "history WHERE operation <> 'fund' AND sent_ns < intended_ns") == 0


def test_two_workers_share_one_hot_packet(start: Start, model_port: int, tmp_path: Path) -> None:
    """One worker sends, both herds come to that packet, nobody twice, and how far they spread is told."""
    settings = swarm_file(tmp_path, model_port, people=100, duration_s=2.0, workers=2)
    master, *workers = start_swarm(start, settings, 2, "hot_packet")
    output, _ = master.communicate(timeout=60)
    assert [process.wait(timeout=10) for process in (master, *workers)] == [0, 0, 0], output
    night = history(tmp_path)
    assert count(night, "(SELECT DISTINCT worker FROM history WHERE operation = 'send')") == 1
    ((hot, people, comers),) = night.execute(
        "SELECT subject, COUNT(DISTINCT person), COUNT(DISTINCT worker) FROM history"
        " WHERE operation IN ('grab', 'open', 'details') GROUP BY subject ORDER BY COUNT(*) DESC LIMIT 1"
    ).fetchall()
    assert (people, comers) == (100, 2), hot
    herds = [report["herds"]["herd"] for report in reports(tmp_path)]
    assert [herd["people"] for herd in herds] == [50, 50]
    assert all(herd["first_due_ns"] < herd["first_ns"] and herd["last_due_ns"] < herd["last_ns"] for herd in herds)


def test_a_killed_worker_is_told(start: Start, model_port: int, tmp_path: Path) -> None:
    """kill -9 of one of two workers: the other plays on, every journaled operation is there, and the master says 3."""
    settings = swarm_file(tmp_path, model_port, people=120, packets=24, duration_s=3.0, workers=2)
    master, victim, survivor = start_swarm(start, settings, 2)
    wait_for_load(tmp_path / "progress", 2)
    victim.send_signal(signal.SIGKILL)
    output, _ = master.communicate(timeout=60)
    assert master.returncode == 3, output
    assert "not played to the end" in output
    assert survivor.wait(timeout=10) == 0
    (report,) = reports(tmp_path)
    assert report["complete"]
    night = history(tmp_path)
    assert count(night, "history") > report["issued"]
    assert count(night, "(SELECT DISTINCT worker FROM history)") == 2


def test_a_night_cut_short_says_so(start: Start, model_port: int, tmp_path: Path) -> None:
    """SIGTERM in the middle: what was sent is on record, the report says incomplete, and the code is not 0."""
    settings = swarm_file(tmp_path, model_port, people=120, packets=24, duration_s=20.0)
    process = start(RAINPROOF_SWARM=settings)
    wait_for_load(tmp_path / "progress", 1)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 3, output
    (report,) = reports(tmp_path)
    assert not report["complete"]
    assert 0 < report["started"] < report["arrivals"]
    assert count(history(tmp_path), "history") == report["issued"]


def test_nobody_answers(start: Start, tmp_path: Path) -> None:
    """A target that is not there: one clear line, and a code that says so."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: refuses
        process = start(RAINPROOF_PORT=taken.getsockname()[1], RAINPROOF_HISTORY=tmp_path / "h", RAINPROOF_PEOPLE=20)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "target: fund answers fail 'refused'; is it up" in output


def test_the_catalogue_leaves_the_process_alone() -> None:
    """Whoever lists scenarios gets their files, and no patched sockets."""
    code = "import sys, scenarios; scenarios.catalogue(); print({'locust', 'gevent'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
    for scenario in scenarios.catalogue().values():
        assert scenario.locustfile.is_file()
        assert scenario.target.is_file()
