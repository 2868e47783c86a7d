"""The HTTP interface on the embedded backend: every bad input is a 4xx of the error table, and nothing is written."""

import json
from typing import Any

import pytest
from falcon.testing import Result, TestClient
from night import Night

from reference_impl.api import make_app
from reference_impl.domain.errors import ERRORS
from reference_impl.web import MOST_BODY

TestClient.__test__ = False  # pytest: not a test class
KEY = {"Idempotency-Key": "k1"}
TAG = {"X-Rainproof-Tag": "1"}
Routes = dict[str, tuple[str, dict[str, Any]]]
SEND: dict[str, Any] = {"sender": 7, "kind": "lucky", "total_fen": 1000, "shares": 5}


@pytest.fixture(scope="module")
def night(small_night: Night) -> Night:
    return small_night


@pytest.fixture(scope="module")
def client(night: Night) -> TestClient:
    return TestClient(make_app(night.system, "api-test"))


@pytest.fixture(scope="module")
def routes(night: Night) -> Routes:
    """Every POST by name, with a path and body that would work."""
    paid, unpaid = night.paid(), night.send(night.rich())
    return {
        "fund": (f"/v1/accounts/{night.person()}/fund", {"amount_fen": 5}),
        "send": ("/v1/packets", {**SEND, "sender": night.person()}),
        "pay": (f"/v1/packets/{unpaid}/pay", {"sender": night.person()}),
        "grab": (f"/v1/packets/{paid}/grab", {"person": night.person()}),
        "open": (f"/v1/packets/{paid}/open", {"person": night.person()}),
    }


def post(client: TestClient, path: str, body: Any, **headers: str) -> Result:
    """POST JSON, or bytes as they are."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.simulate_post(path, body=raw, headers=KEY | headers)


def is_refused(result: Result, code: str) -> bool:
    """Is this the answer that the error table has for `code`?"""
    return (
        (result.status_code, result.json["code"]) == (ERRORS[code].status, code)
        and result.json["message"].startswith(ERRORS[code].meaning)
        and result.headers["content-type"] == "application/json"
        and result.headers["x-reader"] == "api-test"
    )


def send_with(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in (SEND | changes).items() if value is not ...}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (send_with(total_fen=0), "bad_amount"),
        (send_with(total_fen=-1), "bad_amount"),
        (send_with(total_fen=-(2**63)), "bad_amount"),
        (send_with(total_fen=4), "bad_amount"),
        (send_with(kind="equal", total_fen=1001), "bad_amount"),
        (send_with(total_fen=10.5), "bad_request"),
        (send_with(total_fen=1000.0), "bad_request"),
        (send_with(total_fen="1000"), "bad_request"),
        (send_with(total_fen=True), "bad_request"),
        (send_with(total_fen=None), "bad_request"),
        (send_with(total_fen=[1000]), "bad_request"),
        (send_with(total_fen=100_001), "share_too_large"),
        (send_with(total_fen=2**62), "share_too_large"),
        (send_with(total_fen=10**40), "share_too_large"),
        (send_with(shares=0), "bad_shares"),
        (send_with(shares=-5), "bad_shares"),
        (send_with(shares=1001), "bad_shares"),
        (send_with(shares=10_000, total_fen=10_000), "bad_shares"),
        (send_with(shares=10**40, total_fen=10**40), "bad_shares"),
        (send_with(shares=False), "bad_request"),
        (send_with(shares=1.5), "bad_request"),
        (send_with(sender=0), "bad_request"),
        (send_with(sender=-7), "bad_request"),
        (send_with(sender=True), "bad_request"),
        (send_with(sender=2**53 + 1), "bad_request"),
        (send_with(sender=10**40), "bad_request"),
        (send_with(sender=...), "bad_request"),
        (send_with(kind="golden"), "bad_request"),
        (send_with(region="west"), "bad_request"),
        (send_with(expires_in_ms=0), "bad_request"),
        (send_with(expires_in_ms=-1), "bad_request"),
        (send_with(expires_in_ms=24 * 3600 * 1000 + 1), "bad_request"),
        (send_with(surprise=1), "bad_request"),
        ([], "bad_request"),
        (b"null", "bad_request"),
        (b"", "bad_json"),
        (b"{", "bad_json"),
        (json.dumps(SEND).encode() + b"x", "bad_json"),
        (json.dumps(send_with(total_fen=float("nan"))).encode(), "bad_json"),
        (json.dumps(send_with(total_fen=float("inf"))).encode(), "bad_json"),
        (b'{"sender": 7, "kind": "lucky", "total_fen": 1e400, "shares": 5}', "bad_request"),
        (b'{"sender": 7, "kind": "lucky", "total_fen": ' + b"9" * 5000 + b', "shares": 5}', "bad_request"),
        (b'{"sender": 7, "kind": "lucky", "total_fen": 01000, "shares": 5}', "bad_json"),
        (json.dumps(send_with(blessing="\ud800")).encode(), "bad_json"),
        (json.dumps(SEND).encode().replace(b"lucky", b"\xff\xfe"), "bad_json"),
        (json.dumps(SEND).encode("utf-16"), "bad_json"),
        (b"[" * 10_000, "bad_request"),
        (send_with(blessing="x" * MOST_BODY), "body_too_large"),
    ],
)
def test_bad_sends(client: TestClient, night: Night, body: Any, code: str) -> None:
    """An order that cannot be is refused with the code that says why, and leaves nothing."""
    before = night.everything()
    assert is_refused(post(client, "/v1/packets", body), code)
    assert night.everything() == before


POSTS = ["fund", "send", "pay", "grab", "open"]


@pytest.mark.parametrize("route", POSTS)
@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "bad_json"),
        (b"{broken", "bad_json"),
        (b"\xff\xfe\x00", "bad_json"),
        ([1], "bad_request"),
        ({}, "bad_request"),
        ({"nonsense": 1}, "bad_request"),
        (b" " * (MOST_BODY + 1), "body_too_large"),
    ],
)
def test_bad_bodies(client: TestClient, night: Night, routes: Routes, route: str, body: Any, code: str) -> None:
    """Broken, empty, foreign and huge bodies are refused on every route, and leave nothing."""
    path, _ = routes[route]
    before = night.everything()
    assert is_refused(post(client, path, body), code)
    assert night.everything() == before


@pytest.mark.parametrize("route", POSTS)
@pytest.mark.parametrize("key", [None, "", " ", "k" * 65, "schlüssel", "a\tb"])
def test_a_post_needs_a_key(client: TestClient, night: Night, routes: Routes, route: str, key: str | None) -> None:
    """No key, an empty one, one too long and one that cannot be printed are refused before anything is done."""
    path, body = routes[route]
    before = night.everything()
    headers = {} if key is None else {"Idempotency-Key": key}
    assert is_refused(client.simulate_post(path, body=json.dumps(body).encode(), headers=headers), "key_missing")
    assert night.everything() == before


@pytest.mark.parametrize(
    "person", [0, -1, True, False, 1.0, "1", None, 2**53 + 1, 10**40, [1], {"a": 1}], ids=lambda value: repr(value)[:12]
)
@pytest.mark.parametrize("route", ["pay", "grab", "open"])
def test_a_person_is_a_positive_integer(
    client: TestClient, night: Night, routes: Routes, route: str, person: Any
) -> None:
    """What is no person is refused, and leaves nothing."""
    path, body = routes[route]
    before = night.everything()
    assert is_refused(post(client, path, dict.fromkeys(body, person)), "bad_request")
    assert night.everything() == before


@pytest.mark.parametrize("person", ["0", "-1", "1.0", "x", "٣", "%00", "%ff", str(2**53 + 1), "9" * 5000, "1e3", "+1"])
def test_a_person_in_a_path(client: TestClient, night: Night, person: str) -> None:
    """What is no person in a path is refused, reading and funding, whatever its length."""
    before = night.everything()
    assert is_refused(client.simulate_get(f"/v1/accounts/{person}"), "bad_request")
    assert is_refused(post(client, f"/v1/accounts/{person}/fund", {"amount_fen": 5}), "bad_request")
    assert night.everything() == before


@pytest.mark.parametrize("amount", [0, -5, 1.5, True, "5", None, 10**13 + 1, 10**40])
def test_bad_funding(client: TestClient, night: Night, amount: Any) -> None:
    """Money comes in positive whole fen."""
    before = night.everything()
    assert is_refused(post(client, f"/v1/accounts/{night.person()}/fund", {"amount_fen": amount}), "bad_request")
    assert night.everything() == before


@pytest.mark.parametrize(
    "packet", ["x", "0" * 27, "1" * 26, "100202702050000001700000042", "%00", "%2e%2e", "９" * 27, "1" * 5000]
)
def test_an_unknown_packet(client: TestClient, night: Night, packet: str) -> None:
    """A packet that is none, or was never sent, is unknown on every route, and stays so."""
    before = night.everything()
    person = night.rich()
    after = night.everything()
    for route, body in (("pay", {"sender": person}), ("grab", {"person": person}), ("open", {"person": person})):
        told = post(client, f"/v1/packets/{packet}/{route}", body)
        assert is_refused(told, "unknown_packet") or (route == "pay" and is_refused(told, "no_preorder"))
    assert is_refused(client.simulate_get(f"/v1/packets/{packet}"), "unknown_packet")
    assert before != after == night.everything()


@pytest.mark.parametrize("tagged", [True, False])
def test_a_tag_that_disagrees_with_the_id(client: TestClient, night: Night, tagged: bool) -> None:
    """Money rule 11: where header and id differ, every route refuses and neither side is touched."""
    packet = night.paid(tagged=tagged)
    headers = {} if tagged else TAG
    before = night.everything()
    for route, body in (("pay", {"sender": 7}), ("grab", {"person": 7}), ("open", {"person": 7})):
        assert is_refused(post(client, f"/v1/packets/{packet}/{route}", body, **headers), "tag_mismatch")
    assert is_refused(client.simulate_get(f"/v1/packets/{packet}", headers=headers), "tag_mismatch")
    assert night.everything() == before


@pytest.mark.parametrize("value", ["", "2", "true", "01", "yes"])
def test_a_tag_that_says_neither(client: TestClient, night: Night, routes: Routes, value: str) -> None:
    """A tag is 1, 0 or absent; anything else is refused, not taken for live."""
    for path, body in routes.values():
        before = night.everything()
        result = post(client, path, body, **{"X-Rainproof-Tag": value})
        assert is_refused(result, "bad_request"), path
        assert night.everything() == before


def test_wrong_methods_and_routes(client: TestClient, night: Night) -> None:
    """A route that is not there is not found; one that has other methods says so; nothing is done."""
    before = night.everything()
    for path in ("/", "/v1", "/v2/packets", "/v1/packets/1/2/3", "/v1/health/x", "/%00", "/v1//packets"):
        assert is_refused(client.simulate_get(path), "not_found"), path
        assert is_refused(post(client, path, SEND), "not_found"), path
    for method, path in (
        ("GET", "/v1/packets"),
        ("PUT", "/v1/packets"),
        ("DELETE", "/v1/accounts/7"),
        ("POST", "/v1/accounts/7"),
        ("GET", "/v1/accounts/7/fund"),
        ("PATCH", "/v1/packets/1/open"),
    ):
        assert is_refused(client.simulate_request(method, path, headers=KEY), "method_not_allowed"), path
    assert night.everything() == before


@pytest.mark.parametrize("tagged", [False, True])
def test_a_packets_life_over_http(client: TestClient, night: Night, tagged: bool) -> None:
    """Fund, send, pay, grab, open, details, balance and backlog: statuses and bodies as the API promises."""
    sender, opener, headers = night.person(), night.person(), TAG if tagged else {}

    def ask(path: str, body: Any, key: str, status: int = 200) -> Any:
        result = post(client, path, body, **headers, **{"Idempotency-Key": key})
        assert result.status_code == status, result.text
        return result.json

    assert ask(f"/v1/accounts/{sender}/fund", {"amount_fen": 1500}, night.key()) == {
        "person": sender,
        "balance_fen": 1500,
    }
    sent = ask("/v1/packets", send_with(sender=sender, blessing="恭喜发财"), night.key(), 201)
    packet = sent["packet"]
    assert (sent["state"], packet[1]) == ("preordered", str(int(tagged)))
    paid = ask(f"/v1/packets/{packet}/pay", {"sender": sender}, night.key())
    assert (paid["packet"], paid["state"], paid["total_fen"]) == (packet, "paid", 1000)
    assert paid["expires_us"] - paid["paid_us"] == 24 * 3600 * 1_000_000
    assert ask(f"/v1/packets/{packet}/grab", {"person": opener}, night.key()) == {"packet": packet, "grab": "open"}
    key = night.key()
    opened = ask(f"/v1/packets/{packet}/open", {"person": opener}, key)
    assert (opened["voucher"], opened["sequence"]) == (f"{packet}-1", 1)
    assert opened["amount_fen"] + opened["remaining_fen"] == 1000
    assert ask(f"/v1/packets/{packet}/open", {"person": opener}, key) == opened
    assert ask(f"/v1/packets/{packet}/open", {"person": opener}, night.key(), 409)["code"] == "already_opened"
    page = client.simulate_get(f"/v1/packets/{packet}", headers=headers).json
    assert page["opens"][0]["person"] == opener and page["luckiest"] is None
    assert client.simulate_get("/v1/backlog").json["pending"] >= 1
    night.credit()
    assert client.simulate_get("/v1/backlog").json == {"pending": 0}
    read = client.simulate_get(f"/v1/accounts/{opener}", headers=headers)
    assert read.json == {"person": opener, "balance_fen": opened["amount_fen"]}
    assert client.simulate_get("/v1/health").status_code == 200


def test_a_limit_says_when_to_come_again(night: Night) -> None:
    """429 carries Retry-After, so that a client need not guess."""
    packet = night.paid()
    closed = TestClient(make_app(night.like(group_queue=0).system, "api-test"))
    result = post(closed, f"/v1/packets/{packet}/open", {"person": 7})
    assert is_refused(result, "limited")
    assert result.headers["retry-after"] == "1"


def test_a_store_that_is_gone_is_unavailable(night: Night) -> None:
    """Where only the cache would know, its silence is a 503, which promises nothing; sending goes on (W16), and
    the health of the process is its own."""
    unpaid, sender = night.send(night.rich()), night.person()
    blind = TestClient(make_app(night.like(cache="redis://127.0.0.1:1/0").system, "api-test"))
    assert is_refused(post(blind, f"/v1/packets/{unpaid}/pay", {"sender": sender}), "unavailable")
    assert post(blind, "/v1/packets", send_with(sender=sender)).status_code == 201
    assert blind.simulate_get("/v1/health").status_code == 200
