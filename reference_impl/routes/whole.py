"""What concerns all regions, which the `ops` process answers: is it up, what is under way, what do the caches hold."""

from collections.abc import Sequence

import falcon

from reference_impl.reconcile import backlog as under_way
from reference_impl.resilience import shadow
from reference_impl.system import System
from reference_impl.web import Routes, answer


def routes(systems: Sequence[System]) -> Routes:
    """Over one system a region."""

    def health(_request: falcon.Request, response: falcon.Response) -> None:
        answer(response, {"ok": True})

    def backlog(_request: falcon.Request, response: falcon.Response) -> None:
        answer(response, {"pending": sum(map(under_way.pending, systems))})

    def keys(_request: falcon.Request, response: falcon.Response) -> None:
        answer(response, [row for system in systems for row in shadow.rows_of(system)])

    return {
        "/v1/health": {"GET": health},
        "/v1/backlog": {"GET": backlog},
        "/v1/keys": {"GET": keys},
    }
