"""Counts and times every request, whatever its answer."""

from typing import Any, Final

import falcon

from reference_impl.system import System

NOWHERE: Final = "none"
"""The operation of a request that no route has, the region of one that concerns no packet."""
SUCCESS: Final = "ok"


class Measuring:
    """Middleware: `requests` by region, operation and code, and how long each took."""

    def __init__(self, system: System) -> None:
        self._now_us, self._counts = system.runtime.now_us, system.counts

    def process_request(self, request: falcon.Request, _response: falcon.Response) -> None:
        request.context.began_us = self._now_us()

    def process_response(self, request: falcon.Request, response: falcon.Response, resource: Any, _ok: bool) -> None:
        operation = resource.operations.get(request.method, NOWHERE) if resource else NOWHERE
        region, code = getattr(request.context, "region", NOWHERE), getattr(response.context, "code", SUCCESS)
        self._counts.add("requests", region, operation, code)
        self._counts.durations.observe(operation, max(0, self._now_us() - request.context.began_us))
