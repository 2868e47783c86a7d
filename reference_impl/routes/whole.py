"""What concerns all regions, which the `ops` process answers: what is under way, what caches hold and readers see."""

from collections.abc import Sequence

import falcon

from reference_impl.packets.cached import rows_of_cache
from reference_impl.packets.shown import rows_of_details
from reference_impl.reconcile import backlog as under_way
from reference_impl.resilience import shadow
from reference_impl.system import System
from reference_impl.web import Routes, answer


def routes(systems: Sequence[System]) -> Routes:
    """Over one system a region."""

    def backlog(_request: falcon.Request, response: falcon.Response) -> None:
        answer(response, {"pending": sum(map(under_way.pending, systems))})

    def keys(_request: falcon.Request, response: falcon.Response) -> None:
        answer(response, [row for system in systems for row in shadow.rows_of(system)])

    def shown(_request: falcon.Request, response: falcon.Response) -> None:
        answer(response, [row for system in systems for row in rows_of_details(system)])

    def cached(_request: falcon.Request, response: falcon.Response) -> None:
        answer(response, [row for system in systems for row in rows_of_cache(system.cache)])

    return {
        "/v1/backlog": {"GET": backlog},
        "/v1/keys": {"GET": keys},
        "/v1/views/details": {"GET": shown},
        "/v1/views/cache": {"GET": cached},
    }
