"""Flow control in layers: at sending, at grabbing, at opening (W12)."""

from collections.abc import Callable
from typing import Any

import pytest
from falcon.testing import TestClient
from night import Night

from reference_impl.api import make_app
from reference_impl.domain.errors import Refused
from reference_impl.domain.identifiers import parse_packet_id
from reference_impl.packets import grab

TestClient.__test__ = False  # pytest: not a test class


def codes(work: Callable[[], Any], times: int) -> list[str]:
    """What each of so many tries came to."""
    found = []
    for _ in range(times):
        try:
            work()
            found.append("ok")
        except Refused as refused:
            found.append(refused.code)
    return found


def test_w12_sending_is_limited_before_anything_is_done(night: Night) -> None:
    """One a second: the second leaves tables and cache as they were, and its key is free."""
    (here, _), sender, key = night.stopped(), night.rich(), night.key()
    with here.controls(send_per_s=1):
        here.send(sender)
        before = night.everything()
        assert codes(lambda: here.send(sender, key=key), 3) == ["limited"] * 3
        assert night.everything() == before
    assert here.send(sender, 1001, key=key)


def test_w12_opening_is_limited_before_anything_is_done(night: Night) -> None:
    """One a second: who is limited has opened nothing, and opens later under the same key; who passed passes again."""
    (here, _), packet, key = night.stopped(), night.paid(1000, 5), night.key()
    first, late, tap = night.person(), night.person(), night.key()
    with here.controls(open_per_s=1):
        here.open(packet, first, tap)
        assert codes(lambda: here.open(packet, late, key), 2) == ["limited"] * 2
        assert len(night.opens(packet)) == 1
        assert here.open(packet, first, tap).sequence == 1
    assert here.open(packet, late, key).sequence == 2


def test_w12_who_comes_after_retry_after_is_asked_anew(night: Night) -> None:
    """A limited request under the same key a second later passes, however long nobody came in between."""
    (here, hand_us), packet, key, late = night.stopped(), night.paid(1000, 5), night.key(), night.person()
    with here.controls(open_per_s=1):
        here.open(packet)
        assert codes(lambda: here.open(packet, late, key), 1) == ["limited"]
        hand_us[0] += 1_000_000
        assert here.open(packet, late, key).sequence == 2


def test_w12_what_is_hopeless_stops_in_the_cache_and_takes_no_room(night: Night) -> None:
    """Sold out, opened before and over are told, limited or not; only who may open is counted."""
    (here, _), packet, empty, over = night.stopped(), night.paid(), night.paid(1000, 1), night.paid()
    opener = night.person()
    night.open(packet, opener)
    night.open(empty)
    night.expire(over)
    night.refund(over)

    def tries(name: str, person: int = 0) -> list[str]:
        return codes(lambda: grab.grab(here.system, parse_packet_id(name), person or night.person()), 2)

    with here.controls(grab_per_s=1):
        assert tries(empty) == ["sold_out"] * 2
        assert tries(packet) == ["ok", "limited"]
        assert (tries(packet, opener), tries(over)) == (["already_opened"] * 2, ["expired"] * 2)
    assert here.system.counts.value("limited", "grab_per_s") == 1


def test_w12_without_a_limit_everybody_passes(night: Night) -> None:
    """A dial at 0 is an open door."""
    here, packet = night.like(), night.paid(1000, 50)
    assert codes(lambda: here.open(packet), 50) == ["ok"] * 50
    assert here.system.counts.value("limited") == 0


@pytest.mark.parametrize("dial", ["send_per_s", "grab_per_s", "open_per_s"])
def test_w12_a_limit_answers_429_with_retry_after(night: Night, dial: str) -> None:
    """At each door, with the second after which to come again."""
    (here, _), packet, person = night.stopped(), night.paid(), night.person()
    body: dict[str, Any] = {"person": person}
    path = f"/v1/packets/{packet}/{dial.removesuffix('_per_s')}"
    if dial == "send_per_s":
        path, body = "/v1/packets", {"sender": person, "kind": "lucky", "total_fen": 10, "shares": 2}
    client = TestClient(make_app(here.system, "api-test"))
    with here.controls(**{dial: 1}):
        results = [client.simulate_post(path, json=body, headers={"Idempotency-Key": night.key()}) for _ in range(2)]
    assert results[0].status_code in (200, 201)
    assert (results[1].status_code, results[1].json["code"]) == (429, "limited")
    assert results[1].headers["retry-after"] == "1"
