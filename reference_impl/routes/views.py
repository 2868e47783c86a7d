"""What readers are shown of every packet and what the cache holds of it, as evidence."""

import falcon

from reference_impl.packets.cached import rows_of_cache
from reference_impl.packets.shown import rows_of_details
from reference_impl.system import System
from reference_impl.web import Routes, answer


def routes(system: System) -> Routes:
    def shown(_request: falcon.Request, response: falcon.Response) -> None:
        answer(response, list(rows_of_details(system)))

    def cached(_request: falcon.Request, response: falcon.Response) -> None:
        answer(response, list(rows_of_cache(system.cache)))

    return {"/v1/views/details": {"GET": shown}, "/v1/views/cache": {"GET": cached}}
