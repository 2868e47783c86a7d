"""What a harness asks after a night: what is under way, what does the cache hold."""

import falcon

from reference_impl.reconcile import backlog as under_way
from reference_impl.resilience import shadow
from reference_impl.system import System
from reference_impl.web import Routes, answer


def routes(system: System) -> Routes:
    def backlog(_request: falcon.Request, response: falcon.Response) -> None:
        answer(response, {"pending": under_way.pending(system)})

    def keys(_request: falcon.Request, response: falcon.Response) -> None:
        answer(response, list(shadow.rows_of(system)))

    return {
        "/v1/backlog": {"GET": backlog},
        "/v1/keys": {"GET": keys},
    }
