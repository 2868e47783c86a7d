"""Answers are read three-valued: only a listed refusal is a failure, only a whole `ok` is one."""

import json
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.config import ConfigError
from harness.target import Answer, Operation, Target
from harness.target.answer import find, pointer

TargetOf = Callable[..., Target]
SHARED = 'error_code = "/code"'
OPERATIONS = """
[operation.open]
method = "POST"
path = "/open"
ok = { status = [200, 201], subject = "/packet", amount_fen = "/a/0/fen", sequence = "/seq", remaining_fen = "/left", balance_fen = "/b", fields = { luckiest = "/l" } }
refusals = { sold_out = [[409, "sold_out"], [409, 7]], limited = [[429]], unknown = [[404, "unknown"]] }

[operation.look]
method = "GET"
path = "/look"
ok = { status = [200] }

[operation.wallet]
method = "POST"
path = "/wallet"
body = '{"tokens": $tokens}'
ok = { status = [200], balance_fen = "/balance", income_fen = "/income", orders = "/flow/*/order" }
refusals = { delayed = [[200, "delayed"]] }

[operation.always_200]
method = "POST"
path = "/open"
ok = { status = [200], code = [0], amount_fen = "/fen" }
refusals = { sold_out = [[200, "SOLD_OUT"], [200, 1]] }

[operation.refused_with_200]
method = "POST"
path = "/open"
ok = { status = [200] }
refusals = { sold_out = [[200, "SOLD_OUT"]] }
"""  # noqa: E501
WHOLE = {"packet": 12, "a": [{"fen": 5}], "seq": 1, "left": 0, "b": -3, "l": {"person": 7}}


@pytest.fixture
def operations(target_of: TargetOf) -> dict[str, Operation]:
    return target_of(OPERATIONS, SHARED).operations


def test_whole_ok_carries_its_values(operations: dict[str, Operation]) -> None:
    """An ok with all it promises is ok; ids become text, a debt is believed, fields come as they are."""
    answer = operations["open"].read(201, json.dumps(WHOLE).encode(), "p1")
    assert answer == Answer("ok", "", "12", 5, 1, 0, "p1", -3, fields={"luckiest": {"person": 7}})
    without_field = {name: value for name, value in WHOLE.items() if name != "l"}
    assert operations["open"].read(200, json.dumps(without_field).encode()).fields == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, wrong) for name in ("seq", "left") for wrong in (None, True, 1.0, "1", -1, [1], 2**63)),
        *(("a", wrong) for wrong in (None, [], {}, [{}], [{"fen": 0.5}], [{"fen": -1}], [{"fen": "5"}], "fen")),
        *(("packet", wrong) for wrong in (None, True, 1.5, "", [1], {})),
        *(("b", wrong) for wrong in (None, True, 1.5, "3", 2**64)),
    ],
)
def test_ok_that_breaks_its_promise_is_indeterminate(
    operations: dict[str, Operation], name: str, value: object
) -> None:
    """A promised value that is missing, or no plain count of fen, makes the answer malformed: it may have happened."""
    broken = json.dumps(WHOLE | {name: value}).encode()
    assert operations["open"].read(200, broken) == Answer("info", "malformed")
    missing = json.dumps({other: said for other, said in WHOLE.items() if other != name}).encode()
    assert operations["open"].read(200, missing) == Answer("info", "malformed")


def test_a_view_tells_its_orders(operations: dict[str, Operation]) -> None:
    """The order numbers of all lines, in the view's order; an empty wallet shows none, and is a view all the same."""
    wallet = operations["wallet"]
    for orders in (["b_1", "a_1", "b_1"], []):
        view = {"balance": -2, "income": 9, "flow": [{"order": order, "fen": 3} for order in orders]}
        answer = wallet.read(200, json.dumps(view).encode())
        assert answer == Answer("ok", balance_fen=-2, income_fen=9, orders=",".join(orders))
    assert wallet.read(200, json.dumps({"code": "delayed", **view}).encode()) == Answer("fail", "delayed")


@pytest.mark.parametrize("flow", [None, {}, "a", [{"order": 1}], [{"order": ""}], [{"order": "a,b"}], [{}], ["a"]])
def test_a_view_whose_orders_cannot_be_read_is_indeterminate(operations: dict[str, Operation], flow: object) -> None:
    """No list, a line without order, one that could be taken for two: malformed."""
    view = {"balance": 1, "income": 1, "flow": flow}
    assert operations["wallet"].read(200, json.dumps(view).encode()) == Answer("info", "malformed")


def test_a_list_is_a_value(operations: dict[str, Operation]) -> None:
    """A template's hole takes a list, such as a person's tokens, as JSON."""
    request = operations["wallet"].render({"tokens": ["a", 'b"']}, key=None, tagged=False)
    assert json.loads(request.partition(b"\r\n\r\n")[2]) == {"tokens": ["a", 'b"']}


@pytest.mark.parametrize(
    ("operation", "status", "body", "outcome", "reason"),
    [
        ("open", 200, b"", "info", "malformed"),
        ("open", 200, b"{", "info", "malformed"),
        ("open", 200, b"\xff", "info", "malformed"),
        ("open", 200, b"[]", "info", "malformed"),
        ("open", 409, b'{"code":"sold_out"}', "fail", "sold_out"),
        ("open", 409, b'{"code":7}', "fail", "sold_out"),
        ("open", 409, b'{"code":7.0}', "info", "409"),
        ("open", 409, b'{"code":"Sold_out"}', "info", "409 Sold_out"),
        ("open", 409, b'{"code":"late"}', "info", "409 late"),
        ("open", 409, b"", "info", "409"),
        ("open", 404, b'{"code":"sold_out"}', "info", "404 sold_out"),
        ("open", 429, b"<html>", "fail", "limited"),
        ("open", 429, b'{"code":"slow down"}', "fail", "limited"),
        ("open", 500, b'{"code":"internal"}', "info", "500 internal"),
        ("open", 502, b"<html>", "info", "502"),
        ("open", 503, b'{"code":["x"]}', "info", "503"),
        ("open", 503, b'{"code":"a\\u001b[2J"}', "info", "503"),
        ("open", 503, b'{"code":"' + b"x" * 500 + b'"}', "info", "503 " + "x" * 40),
        ("open", 302, b"", "info", "302"),
        ("look", 200, b"anything", "ok", ""),
        ("look", 404, b"{}", "info", "404"),
        ("always_200", 200, b'{"code":0,"fen":4}', "ok", ""),
        ("always_200", 200, b'{"code":false,"fen":4}', "info", "malformed"),
        ("always_200", 200, b'{"fen":4}', "info", "malformed"),
        ("always_200", 200, b'{"code":1}', "fail", "sold_out"),
        ("always_200", 200, b'{"code":true}', "info", "malformed"),
        ("always_200", 200, b'{"code":"SOLD_OUT"}', "fail", "sold_out"),
        ("always_200", 200, b'{"code":9}', "info", "200 9"),
        ("refused_with_200", 200, b'{"code":"SOLD_OUT"}', "fail", "sold_out"),
        ("refused_with_200", 200, b'{"code":"OTHER"}', "ok", ""),
    ],
)
def test_table_of_answers(
    operations: dict[str, Operation], operation: str, status: int, body: bytes, outcome: str, reason: str
) -> None:
    """What each answer is taken for; only what the file lists is a failure."""
    answer = operations[operation].read(status, body)
    assert (answer.outcome, answer.reason) == (outcome, reason)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    status=st.integers(100, 599),
    body=st.binary()
    | st.text().map(str.encode)
    | st.builds(
        json.dumps, st.text() | st.integers() | st.dictionaries(st.sampled_from(["code", "seq", "a"]), st.integers())
    ).map(str.encode),
)
def test_nothing_unlisted_is_ever_a_failure(operations: dict[str, Operation], status: int, body: bytes) -> None:
    """Whatever a target or something before it answers, reading never raises and never calls it surely failed."""
    answer = operations["open"].read(status, body)
    assert answer.outcome == "info" or status in (429, 409)


def test_codes_without_their_place_are_refused(target_of: TargetOf) -> None:
    """A file that lists codes must say where a code stands."""
    with pytest.raises(ConfigError, match="no error_code"):
        target_of(OPERATIONS)


def test_json_pointers() -> None:
    """Pointers follow RFC 6901, also with its escapes, into lists and to the whole document."""
    tree = {"a/b": {"m~n": [10, {"": 4}]}}
    assert find(tree, pointer("/a~1b/m~0n/0")) == 10
    assert find(tree, pointer("/a~1b/m~0n/1/")) == 4
    assert find(tree, pointer("")) is tree
    for nowhere in ("/x", "/a~1b/m~0n/2", "/a~1b/m~0n/-1", "/a~1b/m~0n/0/x", "/a~1b/m~0n/²"):
        assert type(find(tree, pointer(nowhere))) is object
    assert find(tree, pointer("/a~1b/m~0n/*")) == [10, {"": 4}]
    assert find({"*": 3}, pointer("/*")) == 3
