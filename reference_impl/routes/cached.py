"""What the cache says, as evidence."""

import falcon

from reference_impl.packets.cached import rows_of_cache
from reference_impl.system import System
from reference_impl.web import Routes, answer


def routes(system: System) -> Routes:
    def cache(_request: falcon.Request, response: falcon.Response) -> None:
        answer(response, list(rows_of_cache(system.cache)))

    return {"/v1/views/cache": {"GET": cache}}
