"""The WSGI application: routes, and the error table for whatever goes wrong."""

import logging
from typing import Any, Final

import falcon
import sqlalchemy as sa

from reference_impl.domain.errors import ERRORS, Refused
from reference_impl.routes import accounts, packets, upkeep, wallet
from reference_impl.stores.cache import CacheError
from reference_impl.system import System
from reference_impl.web import refuse

log = logging.getLogger(__name__)
READER_HEADER: Final = "X-Reader"
ROUTES: Final = (accounts.routes, packets.routes, wallet.routes, upkeep.routes)


def make_app(system: System, reader: str) -> Any:
    """The WSGI application; `reader` names this process in every answer."""
    app = falcon.App()
    app.req_options.strip_url_path_trailing_slash = True
    app.add_middleware(_Reader(reader))
    app.add_error_handler(Exception, _internal)
    app.add_error_handler(sa.exc.SQLAlchemyError, _unavailable)
    app.add_error_handler(CacheError, _unavailable)
    app.add_error_handler(Refused, _refused)
    app.add_error_handler(falcon.HTTPError, _http_error)
    for routes in ROUTES:
        for path, handlers in routes(system).items():
            app.add_route(path, _Route(handlers))
    return app


class _Route:
    """A Falcon resource made of plain functions."""

    def __init__(self, handlers: Any) -> None:
        for method, handler in handlers.items():
            setattr(self, f"on_{method.lower()}", handler)


class _Reader:
    def __init__(self, reader: str) -> None:
        self._reader = reader

    def process_response(self, _request: Any, response: falcon.Response, _resource: Any, _ok: bool) -> None:
        response.set_header(READER_HEADER, self._reader)


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
