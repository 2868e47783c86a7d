"""A deployment as processes: each tells its health and metrics, and obeys its operators within a second."""

import contextlib
import http.client
import json
import time
import urllib.request
from collections.abc import Iterator

import pytest
from test_reference_roles import KINDS, Deployment, deployed, until


@pytest.fixture(scope="module", params=KINDS)
def deployment(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployed(request, request.param, tmp_path_factory.mktemp("operated")) as started:
        started.roles = [role for role in started.roles if role != "profiles"]  # a stand-in for somebody else's
        until(lambda: all(_health(started, role) for role in started.roles))
        yield started


def test_every_process_tells_its_health(deployment: Deployment) -> None:
    """Role, answering stores, and loops that have looked for work in these seconds."""
    told = {role: _health(deployment, role) for role in deployment.roles}
    assert [health["role"] for health in told.values()] == deployment.roles
    assert all(health["ok"] and all(health["stores"].values()) for health in told.values())
    until(lambda: {"stream:credit", "sweep"} <= _passes(deployment))


def test_another_process_tells_its_health_in_the_place_of_a_dead_one(deployment: Deployment) -> None:
    """The port of a role is that of the process that lives."""
    role = deployment.roles[-1]
    before = _health(deployment, role)["process"]
    deployment.kill(role)
    until(lambda: _health(deployment, role).get("process") not in (None, before))


def test_operators_are_obeyed_everywhere_within_a_second(deployment: Deployment) -> None:
    """What is set over HTTP comes into force in every process, and within a second unless cores are busy."""
    assert any(_obeyed_s(deployment, value) < 1 for value in (30, 70, 20, 80, 10, 90, 40, 60))
    _obeyed_s(deployment, -1)


def _obeyed_s(deployment: Deployment, value: int) -> float:
    """Seconds until every process has what is set."""
    began, wanted = time.monotonic(), f'rainproof_control{{name="north_percent"}} {float(value)}'
    _set(deployment, "north_percent", value)
    until(lambda: all(wanted in _text(deployment, role) for role in deployment.roles), 10)
    return time.monotonic() - began


def _set(deployment: Deployment, name: str, value: int) -> None:
    token = (deployment.data / "admin.token").read_text()
    headers = {"Authorization": f"Bearer {token}", "X-Operator": "ann"}
    url = f"http://127.0.0.1:{deployment.port}/v1/admin/controls/{name}"
    request = urllib.request.Request(url, json.dumps({"value": value}).encode(), headers, method="POST")
    urllib.request.urlopen(request, timeout=5).close()


def _passes(deployment: Deployment) -> set[str]:
    """Loops that were seen at work in the last five seconds, in any process."""
    passes = [_health(deployment, role).get("last_pass_us", {}) for role in deployment.roles]
    return {loop for told in passes for loop, at_us in told.items() if time.time() - at_us / 1e6 < 5}


def _health(deployment: Deployment, role: str) -> dict:
    return dict(json.loads(_text(deployment, role, "/v1/health") or "{}"))


def _text(deployment: Deployment, role: str, path: str = "/v1/metrics") -> str:
    """What a process answers; nothing where it is not there yet."""
    file = deployment.data / "ports" / role
    with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
        port = deployment.port if role == "api" else int(file.read_text())
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return str(answer.read().decode())
    return ""
