"""The client against servers that misbehave: right outcome, bounded memory, connections kept."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from harness.history import collect


@pytest.fixture(scope="module")
def manners(drive: Callable[..., Any], rude_port: int, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What came of one call of every manner."""
    return drive("client_driver.py", "every_manner", tmp_path_factory.mktemp("manners"), rude_port)


@pytest.mark.parametrize(
    ("manner", "outcome", "reason"),
    [
        ("whole", "ok", ""),
        ("chunked", "ok", ""),
        ("dribble", "ok", ""),
        ("continue", "ok", ""),
        ("said_goodbye", "ok", ""),
        ("left_silently", "ok", ""),
        ("until_close", "ok", ""),
        ("close", "info", "closed"),
        ("half", "info", "half_answer"),
        ("half_head", "info", "half_answer"),
        ("reset", "info", "reset"),
        ("garbage", "info", "garbage"),
        ("twice", "info", "garbage"),
        ("slow", "info", "timeout"),
        ("silent", "info", "timeout"),
        ("flood", "info", "too_large"),
        ("no_amount", "info", "malformed"),
        ("refused", "fail", "sold_out"),
        ("broken", "info", "500 internal"),
        ("flood_without_length", "info", "too_large"),
        ("flood_of_chunks", "info", "too_large"),
        ("flood_of_headers", "info", "too_large"),
        ("flood_in_a_header", "info", "too_large"),
        ("flood_of_continues", "info", "too_large"),
        ("flood_of_garbage", "info", "garbage"),
        ("nested", "info", "malformed"),
        ("large", "ok", ""),
        ("in_two", "ok", ""),
        ("and_again", "ok", ""),
    ],
)
def test_outcome_of_every_manner(manners: dict[str, Any], manner: str, outcome: str, reason: str) -> None:
    """Only a whole, well-formed answer is ok, only a listed refusal is fail; all else may have happened."""
    assert manners[manner][:2] == [outcome, reason]


def test_values_of_the_answer_are_read(manners: dict[str, Any]) -> None:
    """The amount comes from the body, the reader from its header, however the body was framed."""
    assert manners["whole"][2:] == [5, "rude-1"]
    other_framings = ("chunked", "dribble", "until_close", "in_two", "large", "and_again")
    assert {manners[manner][2] for manner in other_framings} == {5}


def test_a_flood_costs_no_memory(manners: dict[str, Any]) -> None:
    """100 MB that nobody asked for, however they are framed, are refused after a few of them."""
    assert len(manners["grown_bytes"]) == 8
    assert {manner: grown for manner, grown in manners["grown_bytes"].items() if grown > 30_000_000} == {}


def test_locust_counts_every_operation_once(manners: dict[str, Any]) -> None:
    """Batches, one in three as an event, failures as events: together each operation once; refusals have names."""
    locust = manners["locust"]
    assert locust["total"] == locust["sum"] == sum(manners["outcomes"].values()) == 29
    assert locust["failures"] == manners["outcomes"]["info"] == 18
    assert "refused: sold_out" in locust["names"]


def test_connections_are_kept(drive: Callable[..., Any], rude_port: int, tmp_path: Path) -> None:
    """Fifty-two calls in a row need one connection, counted by the server."""
    assert drive("client_driver.py", "keeping_alive", tmp_path, rude_port) == {"outcomes": ["ok"], "opened": 0}


def test_people_may_keep_connections_of_their_own(drive: Callable[..., Any], rude_port: int, tmp_path: Path) -> None:
    """Three people who ask in turn share one connection, unless each is to have one."""
    result = drive("client_driver.py", "connection_each", tmp_path, rude_port)
    assert result == {"outcomes": ["ok"], "connects": 3, "held": 3, "left": 0}


def test_deadlines_change_from_one_operation_to_the_next(
    drive: Callable[..., Any], rude_port: int, tmp_path: Path
) -> None:
    """The alarm of an operation before neither delays a short patience nor cuts a long one off."""
    result = drive("client_driver.py", "deadlines", tmp_path, rude_port)
    assert 0.05 <= result.pop("waited_s") < 1.0
    assert result == {"short": ["info", "timeout"], "long": ["ok", ""], "connects": 2}


def test_connections_above_descriptor_1024(drive: Callable[..., Any], rude_port: int, tmp_path: Path) -> None:
    """Keep-alive works where select does not reach."""
    result = drive("client_driver.py", "above_1024", tmp_path, rude_port)
    assert result == {"answers": [["ok", "", 5, "rude-1"]] * 3, "connects": 1}


def test_a_killed_greenlet_leaves_no_poisoned_connection(
    drive: Callable[..., Any], rude_port: int, tmp_path: Path
) -> None:
    """Its connection still owes an answer: the next call must not read it."""
    result = drive("client_driver.py", "killed", tmp_path, rude_port)
    assert result == {"after": ["ok", "", 5, "rude-1"], "connects": 2, "in_flight": 0}


def test_nothing_sent_is_fail(drive: Callable[..., Any], rude_port: int, tmp_path: Path) -> None:
    """A refused connection: the operation surely did not happen."""
    assert drive("client_driver.py", "nobody_there", tmp_path, rude_port)["refused"][:2] == ["fail", "refused"]


def test_an_operation_in_flight_outlives_its_worker(drive: Callable[..., Any], rude_port: int, tmp_path: Path) -> None:
    """It was on record before its first byte left: after kill -9 it reads as info."""
    drive("client_driver.py", "die_in_flight", tmp_path, rude_port, code=-9)
    collect(tmp_path, tmp_path / "parquet")
    rows = duckdb.sql(
        f"SELECT operation, outcome, reason FROM '{tmp_path}/parquet/*/*.parquet' ORDER BY number"
    ).fetchall()
    assert rows == [("whole", "ok", None), ("silent", "info", "unfinished")]
