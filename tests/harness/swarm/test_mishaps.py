"""The one table from how an operation broke to its outcome."""

import socket
from http.client import HTTPException

import pytest
from httptools import HttpParserError

from harness.swarm.mishaps import BROKEN, NEVER_SENT, Closed, HalfAnswer, Mishap, TooLarge, mishap


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (socket.gaierror(-2, "unknown"), "no_such_host"),
        (ConnectionRefusedError(), "refused"),
        (TimeoutError(), "connect_timeout"),
        (OSError(101, "unreachable"), "not_connected"),
    ],
)
def test_before_sending_it_surely_did_not_happen(error: Exception, reason: str) -> None:
    """What broke before any byte was sent is fail, with a word for it that asks to be tried again."""
    assert mishap(error, sending=False) == Mishap("fail", reason)
    assert reason in NEVER_SENT


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (TimeoutError(), "timeout"),
        (Closed(), "closed"),
        (HalfAnswer(), "half_answer"),
        (TooLarge(), "too_large"),
        (HttpParserError("?"), "garbage"),
        (ConnectionResetError(), "reset"),
        (BrokenPipeError(), "reset"),
        (ConnectionRefusedError(), "reset"),
    ],
)
def test_once_sending_it_may_have_happened(error: Exception, reason: str) -> None:
    """From the first byte on nothing is fail, whatever the error."""
    assert isinstance(error, BROKEN)
    assert mishap(error, sending=True) == Mishap("info", reason)
    assert reason not in NEVER_SENT


def test_what_is_no_mishap_is_not_swallowed() -> None:
    """A bug of ours is not taken for one of the target's."""
    with pytest.raises(HTTPException):
        mishap(HTTPException(), sending=True)
