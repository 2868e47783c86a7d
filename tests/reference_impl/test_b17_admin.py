"""Operators: who has the token sets controls, under a name that the audit keeps, and reconciles (B17)."""

import logging
import stat
from pathlib import Path
from typing import Any

import msgspec
import pytest
from falcon.testing import Result, TestClient
from night import Night, together

from reference_impl.api import make_app
from reference_impl.domain.errors import ERRORS
from reference_impl.resilience.operators import TOKEN_FILE, keep_token, token_of
from reference_impl.resilience.switches import NAMES
from reference_impl.settings import Settings

TestClient.__test__ = False  # pytest: not a test class


WRONG = (None, "", "Bearer", "Bearer ", "Bearer wrong", "Basic {token}", "{token}", "Bearer {token}x", "Bearer é")


class Operator:
    """Asks the API as an operator would."""

    def __init__(self, night: Night) -> None:
        self.night = night
        self.token = token_of(night.system.settings)
        self.client = TestClient(make_app(night.like(reconcile_after_s=-1.0).system, "test"))

    def ask(self, method: str, path: str, body: Any = None, **headers: str | None) -> Result:
        said = {"Authorization": f"Bearer {self.token}", "X-Operator": "ann"} | headers
        given = {name: value for name, value in said.items() if value is not None}
        return self.client.simulate_request(method, f"/v1/admin/{path}", json=body, headers=given)


@pytest.fixture
def operator(night: Night) -> Operator:
    return Operator(night)


def refused(result: Result, code: str) -> bool:
    return (result.status_code, result.json["code"]) == (ERRORS[code].status, code)


def test_set_and_see(operator: Operator) -> None:
    """What is set is in force, and among all switches and dials with value, default and effect."""
    told = operator.ask("POST", "controls/north_percent", {"value": 30})
    assert (told.status_code, told.json["value"], told.json["who"]) == (200, 30, "ann")
    controls = {each["name"]: each for each in operator.ask("GET", "controls").json}
    assert controls.keys() == set(NAMES)
    assert (controls["north_percent"]["value"], controls["north_percent"]["default"]) == (30, -1)
    assert all(each["effect"] and each["kind"] in ("switch", "dial") for each in controls.values())
    operator.ask("POST", "controls/north_percent", {"value": -1})


def test_every_change_is_in_the_audit(operator: Operator) -> None:
    """Who set what to what, in order; `after` leaves out what was read before."""
    known = operator.ask("POST", "controls/memory_off", {"value": 0}).json["number"]
    for who, value in (("ann", 1), ("bob", 0)):
        operator.ask("POST", "controls/memory_off", {"value": value}, **{"X-Operator": who})
    told = operator.ask("GET", f"changes?after={known}").json
    assert [(each["who"], each["name"], each["value"]) for each in told] == [
        ("ann", "memory_off", 1),
        ("bob", "memory_off", 0),
    ]
    assert len(operator.ask("GET", "changes").json) > 2


@pytest.mark.parametrize("path", ["controls", "changes", "controls/memory_off", "reconcile/vouchers"])
@pytest.mark.parametrize(
    "said", [None, "", "Bearer", "Bearer ", "Bearer wrong", "Basic {token}", "{token}", "Bearer {token}x", "Bearer é"]
)
def test_without_the_token(operator: Operator, path: str, said: str | None) -> None:
    """Whoever does not say the token is refused, and nothing is set or repaired."""
    before = len(operator.night.system.controls.changes())
    header = said.format(token=operator.token) if said is not None else None
    method = "POST" if "/" in path else "GET"
    assert refused(operator.ask(method, path, {"value": 1}, Authorization=header), "forbidden")
    assert len(operator.night.system.controls.changes()) == before


@pytest.mark.parametrize("name", [None, "", "x" * 65, "é", "a\tb"])
def test_without_a_name(operator: Operator, name: str | None) -> None:
    """Nobody sets anything without a name that the audit can keep."""
    assert refused(operator.ask("POST", "controls/memory_off", {"value": 1}, **{"X-Operator": name}), "bad_request")


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("controls/memory_of", {"value": 1}, "bad_control"),
        ("controls/memory_off", {"value": 2}, "bad_control"),
        ("controls/north_percent", {"value": 10**30}, "bad_control"),
        ("controls/memory_off", {"value": "1"}, "bad_request"),
        ("controls/memory_off", {"value": True}, "bad_request"),
        ("controls/memory_off", {"value": 1, "who": "eve"}, "bad_request"),
        ("controls/memory_off", {}, "bad_request"),
        ("reconcile/everything", None, "unknown_reconciliation"),
        ("reconcile/report", None, "unknown_reconciliation"),
    ],
)
def test_bad_requests(operator: Operator, path: str, body: Any, code: str) -> None:
    """What cannot be set or run is refused, and the audit does not grow."""
    before = len(operator.night.system.controls.changes())
    assert refused(operator.ask("POST", path, body), code)
    assert len(operator.night.system.controls.changes()) == before


@pytest.mark.parametrize("after", ["-1", "x", "1.0", "９", "9" * 25])
def test_bad_questions_to_the_audit(operator: Operator, after: str) -> None:
    """`after` is a number, or the question is refused."""
    assert refused(
        operator.client.simulate_get(
            "/v1/admin/changes",
            params={"after": after},
            headers={"Authorization": f"Bearer {operator.token}", "X-Operator": "ann"},
        ),
        "bad_request",
    )


def test_the_token_is_nobody_elses(operator: Operator, caplog: pytest.LogCaptureFixture) -> None:
    """Its file is for its owner alone, it is long, and it is in no log and no answer."""
    file = Path(operator.night.system.settings.data) / TOKEN_FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(operator.token) >= 32
    with caplog.at_level(logging.DEBUG):
        answers = [
            operator.ask("GET", "controls"),
            operator.ask("GET", "nothing"),
            operator.ask("POST", "controls/x", []),
        ]
    assert not any(operator.token in text for text in (caplog.text, *(answer.text for answer in answers)))


def test_tokens_given_and_made(tmp_path: Path) -> None:
    """A token that is given takes the place of one that was made; of many processes at once, all have the same."""
    made = Settings(sql="", cache="", data=str(tmp_path))
    tokens = together([lambda: token_of(made)] * 8)
    assert len(set(tokens)) == 1 and token_of(made) == tokens[0]
    given = msgspec.structs.replace(made, admin_token="said by us")
    keep_token(given)
    assert (tmp_path / TOKEN_FILE).read_text() == token_of(given) == "said by us"
    assert [file.name for file in tmp_path.iterdir()] == [TOKEN_FILE]


def test_reconcile_payments_alone(operator: Operator) -> None:
    """A payment whose packet was lost is found and repaired by its own reconciliation, and then there is nothing."""
    order = operator.night.pay_only_in_ledger()
    told = operator.ask("POST", "reconcile/payments").json
    assert (told["name"], told["missing"], told["repaired"]) == ("payments", 1, 1) and told["examined"] >= 1
    assert operator.night.row(order.packet) is not None
    assert operator.ask("POST", "reconcile/payments").json["missing"] == 0


def test_reconcile_vouchers_alone(operator: Operator) -> None:
    """A voucher whose message was lost is found and credited."""
    operator.ask("POST", "reconcile/vouchers")
    person = operator.night.person()
    voucher = operator.night.open(operator.night.paid(), person)
    operator.night.forget_messages()
    told = operator.ask("POST", "reconcile/vouchers").json
    assert (told["missing"], told["repaired"]) == (1, 1)
    assert operator.night.balance(person) == voucher.amount_fen
    assert operator.ask("POST", "reconcile/vouchers").json["missing"] == 0
