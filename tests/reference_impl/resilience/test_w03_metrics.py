"""Metrics and health: what they say is what happened, and they answer while stores do not (W03, B15)."""

import contextlib
import dataclasses
import http.client
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import redis
from falcon.testing import TestClient
from night import Night
from prometheus_client.parser import text_string_to_metric_families

from reference_impl.api import make_app
from reference_impl.packets.group_commit import Crowd, EachAlone, GroupCommit, Served
from reference_impl.resilience.counts import METRICS, Counts
from reference_impl.resilience.durations import BOUNDS_US, Durations
from reference_impl.resilience.exporter import OTHERS, PREFIX
from reference_impl.resilience.gauges import GAUGES
from reference_impl.resilience.probes import Probes
from reference_impl.role_port import listen_for_questions
from reference_impl.runtime import ThreadRuntime
from reference_impl.system import System

TestClient.__test__ = False  # pytest: not a test class
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


class Gone(redis.Redis):
    """A Redis that answers nobody."""

    def execute_command(self, *_arguments: Any, **_options: Any) -> Any:
        raise redis.ConnectionError("gone")


@pytest.fixture
def system(night: Night) -> System:
    """A process of the deployment that has counted nothing yet."""
    return dataclasses.replace(night.system, counts=Counts(), name="api-test")


def scraped(text: str) -> Samples:
    """Samples by name and labels, the prefix left out."""
    return {
        (sample.name.removeprefix(PREFIX), frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def metrics_of(system: System) -> Samples:
    return scraped(TestClient(make_app(system, "test")).simulate_get("/v1/metrics").text)


def of(samples: Samples, name: str, **labels: str) -> float:
    return samples.get((name, frozenset(labels.items())), 0)


def test_w03_requests_are_counted_by_region(night: Night, system: System) -> None:
    """Every answer is counted once, by the region of its packet, its operation and its code."""
    client = TestClient(make_app(system, "test"))
    sender = night.rich()
    for region in ("south", "north", "north"):
        body = {"sender": sender, "kind": "equal", "total_fen": 2, "shares": 2, "region": region}
        assert (
            client.simulate_post("/v1/packets", json=body, headers={"Idempotency-Key": night.key()}).status_code == 201
        )
    packet = night.paid(region="north")
    client.simulate_post(f"/v1/packets/{packet}/open", json={"person": 0}, headers={"Idempotency-Key": "k"})
    client.simulate_get("/v1/nothing")
    client.simulate_request("PATCH", f"/v1/packets/{packet}")
    samples = scraped(client.simulate_get("/v1/metrics").text)
    assert of(samples, "requests_total", region="south", operation="send", code="ok") == 1
    assert of(samples, "requests_total", region="north", operation="send", code="ok") == 2
    assert of(samples, "requests_total", region="north", operation="open", code="bad_request") == 1
    assert of(samples, "requests_total", region="none", operation="none", code="not_found") == 1
    assert sum(value for (name, _), value in samples.items() if name == "requests_total") == 6
    assert of(samples, "request_duration_seconds_count", operation="send") == 3
    assert of(samples, "request_duration_seconds_bucket", operation="send", le="+Inf") == 3


def test_backlog_and_its_age(night: Night, system: System) -> None:
    """What is in a stream and how old its oldest message is; nothing once it is worked off."""
    before = metrics_of(system)
    assert of(before, "backlog_messages", topic="stream:credit", side="live") == 0
    assert of(before, "backlog_oldest_age_s", topic="stream:credit", side="live") == 0
    packet = night.paid()
    night.open(packet)
    night.open(packet)
    time.sleep(0.3)
    samples = metrics_of(system)
    assert of(samples, "backlog_messages", topic="stream:credit", side="live") == 2
    assert 0.25 < of(samples, "backlog_oldest_age_s", topic="stream:credit", side="live") < 60
    night.credit()
    assert of(metrics_of(system), "backlog_messages", topic="stream:credit", side="live") == 0


def test_preorders(night: Night, system: System) -> None:
    """Unpaid packets are counted on their side."""
    before = metrics_of(system)
    for tagged in (True, False, False):
        night.send(night.rich(tagged=tagged), tagged=tagged)
    after = metrics_of(system)
    grown = {
        side: of(after, "preorders", side=side) - of(before, "preorders", side=side) for side in ("live", "tagged")
    }
    assert grown == {"live": 2, "tagged": 1}


@pytest.mark.servers
def test_preorders_among_many_keys_are_estimated(servers_night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the pages that are looked at the share seen stands for all: within a fifth of the truth."""
    system = servers_night.system
    before = of(metrics_of(system), "preorders", side="live")  # other tests' orders
    monkeypatch.setattr("reference_impl.resilience.gauges.MOST_PAGES", 1)
    with system.cache.pipeline() as pipe:
        for number in range(8_000):
            pipe.set(f"{'preorder' if number % 2 else 'other'}:{number}", "")
        pipe.execute()
    try:
        assert of(metrics_of(system), "preorders", side="live") == pytest.approx(before + 4_000, rel=0.2)
    finally:
        with system.cache.pipeline() as pipe:
            for number in range(8_000):
                pipe.delete(f"{'preorder' if number % 2 else 'other'}:{number}")
            pipe.execute()


def test_stores_that_are_gone(night: Night, system: System) -> None:
    """With the stream gone health and metrics answer, say so, and leave out what cannot be known."""
    broken = dataclasses.replace(system, stream=Gone())
    client = TestClient(make_app(broken, "test"))
    told = client.simulate_get("/v1/health").json
    assert (told["ok"], told["stores"]["stream"], told["stores"]["cache"], told["stores"]["ops_0"]) == (
        False,
        False,
        True,
        True,
    )
    samples = scraped(client.simulate_get("/v1/metrics").text)
    assert of(samples, "store_up", store="stream") == 0 and of(samples, "store_up", store="cache") == 1
    assert not any(name == "backlog_messages" for name, _ in samples)
    assert any(name == "preorders" for name, _ in samples)


def test_a_store_that_hangs_is_asked_once(system: System) -> None:
    """Health waits a second at most, and a store that still owes an answer gets no second question."""
    release, asked = threading.Event(), []
    probes = Probes(system)

    def hang() -> None:
        asked.append(1)
        release.wait(20)

    probes._questions = {"cache": system.cache.ping, "stream": hang}
    began = time.monotonic()
    assert [probes.answering() for _ in range(2)] == [{"cache": True, "stream": False}] * 2
    assert (time.monotonic() - began < 4, len(asked)) == (True, 1)
    release.set()
    time.sleep(0.2)
    assert probes.answering() == {"cache": True, "stream": True}


def test_health_of_a_healthy_process(system: System) -> None:
    """Role, uptime, the last pass of each loop and every store."""
    system.counts.put("last_pass_us", "sweep", value=77)
    told = TestClient(make_app(system, "test")).simulate_get("/v1/health").json
    assert (told["ok"], told["role"], told["process"], told["last_pass_us"]) == (True, "api", "api-test", {"sweep": 77})
    assert set(told["stores"]) == {
        *(f"{region}_{shard}" for region, shard in system.orders),
        *(store.name for store in system.ledger.stores),
        *("lists_0", "ops_0", "cache", "stream"),
    }


def test_other_roles_answer_on_a_port_of_their_own(system: System, tmp_path: Path) -> None:
    """Health and metrics, and nothing else, at the port that stands in the role's file."""
    system.counts.add("credited", "stream", by=3)
    port = listen_for_questions(system, "credit")
    assert (Path(system.settings.data) / "ports" / "credit").read_text() == str(port)
    asked = {path: _ask(port, path) for path in ("/v1/health", "/v1/metrics", "/v1/backlog")}
    assert [status for status, _ in asked.values()] == [200, 200, 404]
    assert of(scraped(asked["/v1/metrics"][1]), "credited_total", path="stream") == 3


def _ask(port: int, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    with contextlib.closing(connection):
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode()


@pytest.mark.parametrize("kind", ["group_commit", "each_alone"])
def test_w11_opens_inside_and_waiting(kind: str) -> None:
    """While a batch is in the database its opens are inside, and who came later waits; afterwards nobody is there."""
    entered, release = threading.Event(), threading.Event()

    def batch(_key: str, requests: list[Any]) -> Served:
        entered.set()
        release.wait(10)
        return Served(list(requests), lambda: None)

    runtime = ThreadRuntime()
    if kind == "group_commit":
        opens: Any = GroupCommit(runtime, batch, wait_s=0, most=8, queue=8, patience_s=10)
    else:
        opens = EachAlone(runtime, batch, most=8)
    threads = [threading.Thread(target=opens.submit, args=("packet", n)) for n in range(3)]
    threads[0].start()
    entered.wait(10)
    for thread in threads[1:]:
        thread.start()
    deadline = time.monotonic() + 10
    wanted = Crowd(1, 2, 1) if kind == "group_commit" else Crowd(1, 0, 3)
    while opens.crowd() != wanted:
        assert time.monotonic() < deadline, opens.crowd()
        time.sleep(0.01)
    release.set()
    for thread in threads:
        thread.join(10)
    assert opens.crowd() == Crowd(0, 0, 0)


def test_bounds_of_durations() -> None:
    """A duration falls into the bucket whose bound it does not exceed, the longest into the one without a bound."""
    durations = Durations()
    for latency_us in (0, BOUNDS_US[0], BOUNDS_US[0] + 1, BOUNDS_US[-1], BOUNDS_US[-1] + 1):
        durations.observe("open", latency_us)
    counts, sum_us = durations.all()["open"]
    assert (counts[0], counts[1], counts[-2], counts[-1], sum(counts)) == (2, 1, 1, 1, 5)
    assert sum_us == 2 * BOUNDS_US[0] + 1 + 2 * BOUNDS_US[-1] + 1


def test_counting_costs_little() -> None:
    """A request is counted and timed in under 2 µs at best of many rounds, and nothing is lost between threads."""
    counts = Counts()

    def round_us(many: int = 5_000) -> float:
        began = time.thread_time()
        for _ in range(many):
            counts.add("requests", "south", "open", "ok")
            counts.durations.observe("open", 1234)
        return (time.thread_time() - began) / many * 1e6

    cost_us = min(round_us() for _ in range(20))
    threads = [threading.Thread(target=round_us) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts.value("requests") == sum(counts.durations.all()["open"].counts) == 24 * 5_000
    assert cost_us < 2.0


def test_every_metric_is_in_a_table(night: Night, system: System) -> None:
    """What is exposed is what the tables say, with just their labels: nothing is unexplained or unbounded."""
    night.open(night.paid())
    client = TestClient(make_app(system, "test"))
    client.simulate_get("/v1/backlog")
    tables: dict[str, tuple[str, ...]] = {name: metric.labels for name, metric in (METRICS | GAUGES).items()}
    tables |= {name: labels for name, (_, labels, _) in OTHERS.items()}
    for family in text_string_to_metric_families(client.simulate_get("/v1/metrics").text):
        labels = tables.pop(family.name.removeprefix(PREFIX))
        assert family.documentation
        assert all(set(sample.labels) - {"le"} == set(labels) for sample in family.samples)
    assert not tables
