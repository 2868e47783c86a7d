"""The WSGI application: routes, and the error table for whatever goes wrong."""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

import falcon
import sqlalchemy as sa

from reference_impl.domain.errors import ERRORS, Refused
from reference_impl.measuring import Measuring
from reference_impl.openapi import OPERATIONS
from reference_impl.routes import accounts, admin, codes, games, lists, packets, upkeep, views, wallet, watching, whole
from reference_impl.routes.contract import openapi_route
from reference_impl.stores.cache import CacheError
from reference_impl.system import System
from reference_impl.web import Handler, Routes, check_region, refuse

log = logging.getLogger(__name__)
READER_HEADER: Final = "X-Reader"
ROUTES: Final = (
    accounts.routes,
    packets.routes,
    codes.routes,
    lists.routes,
    wallet.routes,
    games.routes,
    views.routes,
    upkeep.routes,
    watching.routes,
    admin.routes,
)


def make_app(system: System, reader: str, resources: Sequence[Callable[[System], Routes]] = ROUTES) -> Any:
    """The WSGI application; `reader` names this process in every answer."""
    served = [routes(system) for routes in resources]
    app = _app(system, reader, served, documented=served)
    if set(system.settings.regions) - set(system.settings.regions_served):
        app.add_middleware(_Served(system.settings.regions_served))
    return app


def make_ops_app(systems: Sequence[System], reader: str) -> Any:
    """What concerns the whole, over a system a region; its document is that of all that clients can ask."""
    first = systems[0]
    served = [whole.routes(systems), admin.over(systems), watching.routes(first)]
    return _app(first, reader, served, documented=[routes(first) for routes in ROUTES])


def _app(system: System, reader: str, served: Sequence[Routes], documented: Sequence[Routes]) -> Any:
    app = falcon.App()
    app.req_options.strip_url_path_trailing_slash = True
    app.add_middleware([_Reader(reader), Measuring(system)])
    app.add_error_handler(Exception, _internal)
    app.add_error_handler(sa.exc.SQLAlchemyError, _unavailable)
    app.add_error_handler(CacheError, _unavailable)
    app.add_error_handler(Refused, _refused)
    app.add_error_handler(falcon.HTTPError, _http_error)
    for routes in (*served, openapi_route(documented)):
        for path, handlers in routes.items():
            app.add_route(path, _Route(handlers))
    return app


class _Route:
    """A Falcon resource made of plain functions; `operations`: method → the function's name."""

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        self.operations = {method: handler.__name__ for method, handler in handlers.items()}
        for method, handler in handlers.items():
            setattr(self, f"on_{method.lower()}", _strict(handler))


def _strict(handler: Handler) -> Handler:
    """Refuses a query that the operation has not got, as bodies are refused that say too much."""
    known = {name for name, _ in OPERATIONS[handler.__name__].query}

    def strict(request: falcon.Request, response: falcon.Response, **values: str) -> None:
        unknown = request.params.keys() - known if request.query_string else ()
        if unknown:
            raise Refused("bad_request", f"query {min(unknown)[:24]!r}")
        handler(request, response, **values)

    return strict


class _Reader:
    def __init__(self, reader: str) -> None:
        self._reader = reader

    def process_response(self, _request: Any, response: falcon.Response, _resource: Any, _ok: bool) -> None:
        response.set_header(READER_HEADER, self._reader)


class _Served:
    """Refuses packets of other regions before anything is asked of a store (W01)."""

    def __init__(self, regions: Collection[str]) -> None:
        self._regions = regions

    def process_resource(self, _request: Any, _response: Any, _resource: Any, params: dict[str, Any]) -> None:
        if "packet" in params:
            check_region(params["packet"], self._regions)


def _refused(_request: Any, response: falcon.Response, error: Refused, _params: Any) -> None:
    refuse(response, error.code, error.message)


def _unavailable(request: falcon.Request, response: falcon.Response, error: Exception, _params: Any) -> None:
    log.warning("%s %s: %s", request.method, request.path, error)
    refuse(response, "unavailable", ERRORS["unavailable"].meaning)


def _internal(request: falcon.Request, response: falcon.Response, error: Exception, _params: Any) -> None:
    log.error("%s %s", request.method, request.path, exc_info=error)
    refuse(response, "internal", ERRORS["internal"].meaning)


def _http_error(_request: Any, response: falcon.Response, error: falcon.HTTPError, _params: Any) -> None:
    code = {404: "not_found", 405: "method_not_allowed", 413: "body_too_large"}.get(error.status_code, "bad_request")
    refuse(response, code, ERRORS[code].meaning)
