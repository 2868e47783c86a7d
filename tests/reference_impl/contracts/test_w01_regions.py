"""A process of one region: it serves that region's packets, refuses those of others, and touches no store of theirs."""

import http.server
import json
import threading
from collections.abc import Iterator
from datetime import date
from typing import Any, ClassVar

import falcon.testing
import pytest
from night import Night

from reference_impl.api import make_app
from reference_impl.domain.errors import Refused
from reference_impl.domain.identifiers import PacketId
from reference_impl.packets.elsewhere import send_elsewhere
from reference_impl.packets.send import SendRequest


@pytest.fixture
def north(night: Night) -> Iterator[Night]:
    """A process of the same deployment that serves north only."""
    one = night.like(serves=("north",))
    yield one
    one.system.close()


def client_of(night: Night) -> Any:
    return falcon.testing.TestClient(make_app(night.system, "tester"))


@pytest.mark.parametrize("ending", ["/open", "/grab", "/pay", ""])
def test_w01_another_region_s_packet_is_refused(night: Night, north: Night, ending: str) -> None:
    """421 `wrong_region`, which surely did not happen: the packet and its cache are as they were."""
    packet = night.paid(region="south")
    before = night.everything()
    asked = {"sender": 1} if ending == "/pay" else {"person": night.person()}
    client, path = client_of(north), f"/v1/packets/{packet}{ending}"
    headers = {"Idempotency-Key": night.key()}
    told = client.simulate_post(path, json=asked, headers=headers) if ending else client.simulate_get(path)
    assert (told.status_code, told.json["code"]) == (421, "wrong_region")
    assert night.everything() == before


def test_w01_its_own_packets_are_served(night: Night, north: Night) -> None:
    """A packet of the region is opened there; a text that names no region is an unknown packet."""
    packet = night.paid(region="north")
    client, headers = client_of(north), {"Idempotency-Key": night.key()}
    opened = client.simulate_post(f"/v1/packets/{packet}/open", json={"person": night.person()}, headers=headers)
    assert opened.status_code == 200
    for text in ("3" + packet[1:], "x", "1x"):
        expected = (421, "wrong_region") if text[0] == "1" else (404, "unknown_packet")
        told = client.simulate_get(f"/v1/packets/{text}")
        assert (told.status_code, told.json["code"]) == expected


def test_w01_a_region_has_no_store_of_another(north: Night) -> None:
    """Its order databases are its own: it could not write elsewhere if it wanted to."""
    assert {region for region, _ in north.system.orders} == {"north"}


@pytest.mark.parametrize(("tagged"), [False, True])
def test_w01_payments_are_reconciled_where_they_belong(night: Night, north: Night, tagged: bool) -> None:
    """The ledger is one for all: a payment without a packet is repaired by its own region, and no other looks at it."""
    order = night.pay_only_in_ledger(region="south", tagged=tagged)
    assert north.reconcile_payments().missing == 0
    assert night.row(order.packet) is None
    south = night.like(serves=("south",))
    assert south.reconcile_payments().repaired >= 1
    assert night.row(order.packet) is not None
    south.system.close()


class OtherRegion(http.server.BaseHTTPRequestHandler):
    """What another region answers at the end of a link: `says` a status and a body; None breaks off."""

    says: ClassVar[tuple[int, Any] | None] = None
    asked: ClassVar[list[tuple[dict[str, str], Any]]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append((dict(self.headers), body))
        if self.says is None:
            self.connection.close()
            return
        self.send_response(self.says[0])
        self.end_headers()
        self.wfile.write(json.dumps(self.says[1]).encode())

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def south(night: Night) -> Iterator[Night]:
    """A process that serves south only, with a link to a stub of north."""
    OtherRegion.says, OtherRegion.asked = None, []
    with http.server.HTTPServer(("127.0.0.1", 0), OtherRegion) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        links = {"north": f"http://127.0.0.1:{server.server_port}"}
        one = night.like(serves=("south",), links=links, link_patience_s=2.0)
        yield one
        one.system.close()
        server.shutdown()


def test_w01_a_new_packet_is_sent_where_it_belongs(south: Night) -> None:
    """The other region gets the same request under the same key and tag, and that the choice is made."""
    packet = str(PacketId("north", True, 0, date(2027, 2, 5), 0, 1, 1))
    OtherRegion.says = (201, {"packet": packet})
    body = {"sender": 7, "kind": "equal", "total_fen": 10, "shares": 2, "region": "north", "blessing": "福"}
    headers = {"Idempotency-Key": "k-7", "X-Rainproof-Tag": "1"}
    told = client_of(south).simulate_post("/v1/packets", json=body, headers=headers)
    assert (told.status_code, told.json["packet"]) == (201, packet)
    ((heard, asked),) = OtherRegion.asked
    assert asked == {**body, "expires_in_ms": None, "face_to_face": False, "steered": True}
    assert (heard["Idempotency-Key"], heard["X-Rainproof-Tag"]) == ("k-7", "1")


def test_w01_a_choice_is_not_made_twice(south: Night) -> None:
    """What another region sent here is never sent on: two that disagree would pass it to and fro."""
    body = {"sender": 7, "kind": "equal", "total_fen": 10, "shares": 2, "region": "north", "steered": True}
    headers = {"Idempotency-Key": south.key()}
    told = client_of(south).simulate_post("/v1/packets", json=body, headers=headers)
    assert (told.status_code, told.json["code"]) == (400, "bad_request")
    assert not OtherRegion.asked


@pytest.mark.parametrize(
    ("says", "code", "definite"),
    [
        ((422, {"code": "bad_amount"}), "bad_amount", True),
        ((502, "<html>"), "unavailable", False),
        ((201, {"pocket": "2"}), "unavailable", False),
        ((500, {"code": "new_code"}), "unavailable", False),
        (None, "unavailable", False),
    ],
)
def test_w01_what_the_other_region_says_is_what_is_known(south: Night, says: Any, code: str, definite: bool) -> None:
    """A refusal is a refusal; whatever else comes or does not come may have happened. It is asked once."""
    OtherRegion.says = says
    with pytest.raises(Refused) as refused:
        send_elsewhere(south.system, "north", SendRequest(1, "equal", 10, 2), "k", tagged=False)
    assert (refused.value.code, refused.value.kind.definite) == (code, definite)
    assert len(OtherRegion.asked) == 1
