"""People's lists: what they sent and received, a screen at a time."""

from functools import partial

import falcon

from reference_impl.domain.lists import RECEIVED, SENT
from reference_impl.packets import lists
from reference_impl.resilience.tagging import is_tagged_request
from reference_impl.system import System
from reference_impl.web import Routes, answer, person_of


def routes(system: System) -> Routes:
    def read(box: str, request: falcon.Request, response: falcon.Response, person: str) -> None:
        cursor = request.get_param("after")
        answer(response, lists.page(system, person_of(person), box, cursor, is_tagged_request(request)))

    return {f"/v1/people/{{person}}/{box}": {"GET": partial(read, box)} for box in (SENT, RECEIVED)}
