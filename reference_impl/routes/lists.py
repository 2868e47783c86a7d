"""People's lists: what they sent and received, a screen at a time."""

import falcon

from reference_impl.domain.lists import RECEIVED, SENT
from reference_impl.packets import lists
from reference_impl.resilience.tagging import is_tagged_request
from reference_impl.system import System
from reference_impl.web import Routes, answer, person_of


def routes(system: System) -> Routes:
    def sent(request: falcon.Request, response: falcon.Response, person: str) -> None:
        _read(system, SENT, request, response, person)

    def received(request: falcon.Request, response: falcon.Response, person: str) -> None:
        _read(system, RECEIVED, request, response, person)

    return {
        "/v1/people/{person}/sent": {"GET": sent},
        "/v1/people/{person}/received": {"GET": received},
    }


def _read(system: System, box: str, request: falcon.Request, response: falcon.Response, person: str) -> None:
    cursor = request.get_param("after")
    answer(response, lists.page(system, person_of(person), box, cursor, is_tagged_request(request)))
