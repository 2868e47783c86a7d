"""Lists, codes and views over HTTP: what the routes answer and what they refuse."""

from typing import Any

import pytest
from falcon.testing import Result, TestClient
from night import Night

from reference_impl.api import make_app
from reference_impl.domain.errors import ERRORS

TestClient.__test__ = False  # pytest: not a test class
TAG = {"X-Rainproof-Tag": "1"}
SEND = {"kind": "lucky", "total_fen": 1000, "shares": 5}


@pytest.fixture(scope="module")
def night(small_night: Night) -> Night:
    return small_night


@pytest.fixture(scope="module")
def client(night: Night) -> TestClient:
    return TestClient(make_app(night.system, "api-test"))


def post(client: TestClient, night: Night, path: str, body: Any, **headers: str) -> Result:
    return client.simulate_post(path, json=body, headers={"Idempotency-Key": night.key(), **headers})


def is_refused(result: Result, code: str) -> bool:
    return (result.status_code, result.json["code"]) == (ERRORS[code].status, code)


@pytest.mark.parametrize("headers", [{}, TAG])
def test_lists_over_http(client: TestClient, night: Night, headers: dict[str, str]) -> None:
    """What was sent and received, on the side of the tag, with a cursor where it goes on."""
    giver, taker, tagged = night.rich(30_000, bool(headers)), night.person(), bool(headers)
    for _ in range(21):
        packet = night.send(giver, 1000, 5, tagged=tagged)
        night.pay(packet, giver)
        voucher = night.open(packet, taker)
    night.credit()
    first = client.simulate_get(f"/v1/people/{taker}/received", headers=headers).json
    assert first["lines"][0] == {
        "person": taker, "box": "received", "packet": packet,
        "amount_fen": voucher.amount_fen, "at_us": voucher.made_us,
    }  # fmt: skip
    assert (len(first["lines"]), first["restricted"]) == (20, False)
    second = client.simulate_get(f"/v1/people/{taker}/received", params={"after": first["next"]}, headers=headers).json
    assert (len(second["lines"]), second["next"]) == (1, None)
    assert len(client.simulate_get(f"/v1/people/{giver}/sent", headers=headers).json["lines"]) == 20
    other = {} if headers else TAG
    assert client.simulate_get(f"/v1/people/{taker}/received", headers=other).json["lines"] == []


@pytest.mark.parametrize("path", ["/v1/people/0/sent", "/v1/people/x/received", "/v1/people/7/sent?after=nonsense"])
def test_lists_refuse_nonsense(client: TestClient, path: str) -> None:
    """No such person, no such cursor."""
    assert is_refused(client.simulate_get(path), "bad_request")


@pytest.mark.parametrize("headers", [{}, TAG])
def test_codes_over_http(client: TestClient, night: Night, headers: dict[str, str]) -> None:
    """A code at sending, the same when asked for again, found by everybody of the side, opened by the same core."""
    sender, opener = night.rich(tagged=bool(headers)), night.person()
    sent = post(client, night, "/v1/packets", {**SEND, "sender": sender, "face_to_face": True}, **headers).json
    packet, code = sent["packet"], sent["code"]
    assert post(client, night, f"/v1/packets/{packet}/code", {"sender": sender}, **headers).json == {
        "packet": packet,
        "code": code,
    }
    assert is_refused(post(client, night, f"/v1/packets/{packet}/code", {"sender": opener}, **headers), "not_sender")
    assert client.simulate_get(f"/v1/codes/{code}", headers=headers).json == {"packet": packet}
    assert is_refused(client.simulate_get(f"/v1/codes/{code}", headers={} if headers else TAG), "unknown_code")
    post(client, night, f"/v1/packets/{packet}/pay", {"sender": sender}, **headers)
    opened = post(client, night, f"/v1/packets/{packet}/open", {"person": opener}, **headers)
    assert opened.json["packet"] == packet


def test_sending_tells_no_code_unless_asked(client: TestClient, night: Night) -> None:
    """An ordinary packet has none."""
    sent = post(client, night, "/v1/packets", {**SEND, "sender": night.rich()}).json
    assert set(sent) == {"packet", "state"}


def test_views_say_what_details_say(client: TestClient, night: Night) -> None:
    """A row a packet and one an open, tagged or not, as canonical columns."""
    packet = night.paid(1000, 5, tagged=True)
    voucher = night.open(packet)
    rows = [row for row in client.simulate_get("/v1/views/details").json if row["packet"] == packet]
    shown = {"view": "details", "packet": packet, "tag": True}
    assert rows == [
        {**shown, "person": None, "state": "paid", "amount_fen": None, "sequence": None},
        {**shown, "person": voucher.person, "state": None, "amount_fen": voucher.amount_fen, "sequence": 1},
    ]


def test_every_key_says_its_side(client: TestClient, night: Night) -> None:
    """Blessings, profiles, screens and codes are audited as every other key is."""
    sender = night.rich(tagged=True)
    packet = night.send(sender, tagged=True)
    night.pay(packet, sender)
    post(client, night, f"/v1/packets/{packet}/code", {"sender": sender}, **TAG)
    client.simulate_get(f"/v1/people/{sender}/sent", headers=TAG)
    rows = client.simulate_get("/v1/keys").json
    of_packet = {row["place"].split(":")[0] for row in rows if row["subject"] == packet and row["shadow"]}
    assert {"shadow_blessing", "shadow_code", "shadow_code_of", "shadow_packet"} <= of_packet
    assert any(row["place"] == f"shadow_screen:{sender}:sent" and row["person"] == str(sender) for row in rows)
    assert all(row["shadow"] == row["tag"] for row in rows if row["tag"] is not None)
