"""The OpenAPI document is true: a live system gives no answer that it does not describe, and no 5xx."""

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi.checks import negative_data_rejection as was_refused
from schemathesis.specs.openapi.checks import positive_data_acceptance as a_rule_may_refuse_what_a_schema_allows
from test_reference_roles import Deployment, deployed

from reference_impl.domain.errors import ERRORS
from reference_impl.openapi import OPERATIONS
from reference_impl.routes.contract import PATH

EXAMPLES = 20
"""An operation."""
TOO_LARGE = 413
"""A refusal that Schemathesis does not know."""
FRAMING = ("content-length", "transfer-encoding")
"""Headers that say where a request ends: one that is not well-formed never gets to the application."""
ASKED = sorted(OPERATIONS.keys() - {"document"})
"""Schemathesis does not ask for the document that it works by; it has read it."""
KINDS = ["embedded", pytest.param("servers", marks=pytest.mark.servers)]


@pytest.fixture(scope="module", params=KINDS)
def deployment(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployed(request, request.param, tmp_path_factory.mktemp("openapi")) as started:
        yield started


@pytest.fixture(scope="module")
def real(deployment: Deployment) -> dict[str, Any]:
    """Values of path parameters that name something that is there."""
    deployment.insist("POST", "/v1/accounts/7/fund", {"amount_fen": 1_000})
    order = {"sender": 7, "kind": "equal", "total_fen": 20, "shares": 20, "face_to_face": True}
    sent = deployment.insist("POST", "/v1/packets", order)
    packet = sent["packet"]
    deployment.insist("POST", f"/v1/packets/{packet}/pay", {"sender": 7})
    known = {"person": 7, "packet": packet, "code": sent["code"], "act": 100_000_000_000_007}
    known |= {"game": "cards", "occurrence": "1", "pool": "1"}
    known["coupon"] = deployment.insist("POST", "/v1/awards", {"act": known["act"], "scene": "tea", "rain": "1"})[
        "order"
    ]
    known |= {"scene": "tea", "rain": "1"}
    return known | {"set_control": "memory_off", "reconcile": "vouchers"}


@pytest.mark.parametrize("name", ASKED)
def test_every_answer_is_documented(deployment: Deployment, real: dict[str, Any], name: str) -> None:
    """Requests as documented and otherwise, of things that are there and are not, get an answer of the document."""
    operation = _operation(deployment, name)
    headers = _operator(deployment) if OPERATIONS[name].operators else {}
    valid, invalid = (operation.as_strategy(generation_mode=mode) for mode in GenerationMode)

    @given(case=st.one_of(valid, invalid), there=st.booleans())
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    def ask(case: Any, there: bool) -> None:
        if there:
            case.path_parameters = {key: real.get(key) or real[name] for key in case.path_parameters or ()}
        case.headers = {key: value for key, value in (case.headers or {}).items() if key.lower() not in FRAMING}
        response = case.call(headers=headers)
        assert response.status_code < 500
        excluded = [a_rule_may_refuse_what_a_schema_allows]
        judged = _is_wrong(case) and response.status_code != TOO_LARGE
        case.validate_response(response, excluded_checks=excluded if judged else [*excluded, was_refused])

    ask()


def _is_wrong(case: Any) -> bool:
    """Whether something is wrong with a case as it is sent: its path may have been put right."""
    wrong = [place for place, part in case.meta.components.items() if part.mode is GenerationMode.NEGATIVE]
    return any(place not in (ParameterLocation.PATH, ParameterLocation.HEADER) for place in wrong)


def test_the_document_is_whole(deployment: Deployment) -> None:
    """Every operation is described, those of a table that no route serves are not, and every code is an answer."""
    document = _document(deployment)
    described = [method for path in document["paths"].values() for method in path.values()]
    assert sorted(each["operationId"] for each in described) == sorted(OPERATIONS)
    codes = {code for each in described for code in _codes(each)}
    tokens = {"token_forged", "token_foreign", "token_expired", "token_retired"}  # counted, and the page goes on
    assert codes == ERRORS.keys() - {"not_found", "method_not_allowed"} - tokens  # no operation answers these


def test_operators_only(deployment: Deployment) -> None:
    """What is for operators answers 403 to everybody else."""
    for name in (name for name, operation in OPERATIONS.items() if operation.operators):
        guarded = _operation(deployment, name)
        path = guarded.path.replace("{name}", "memory_off")
        assert deployment.ask(guarded.method.upper(), path, {"value": 1})[0] == 403


def _operation(deployment: Deployment, name: str) -> Any:
    schema = schemathesis.openapi.from_url(f"http://127.0.0.1:{deployment.port}{PATH}")
    found = (each.ok() for each in schema.get_all_operations())
    return next(each for each in found if each.definition.raw["operationId"] == name)


def _document(deployment: Deployment) -> Any:
    with urllib.request.urlopen(f"http://127.0.0.1:{deployment.port}{PATH}", timeout=5) as answer:
        return json.load(answer)


def _operator(deployment: Deployment) -> dict[str, str]:
    return {"Authorization": f"Bearer {(deployment.data / 'admin.token').read_text()}"}


def _codes(operation: Any) -> Iterator[str]:
    for status, response in operation["responses"].items():
        if int(status) >= 400:
            yield from response["content"]["application/json"]["schema"]["properties"]["code"]["enum"]
