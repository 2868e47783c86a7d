"""The API says itself what it is: its OpenAPI document."""

from collections.abc import Sequence

import falcon
import msgspec

from reference_impl.openapi import document as document_of
from reference_impl.web import Routes

PATH = "/v1/openapi.json"


def openapi_route(served: Sequence[Routes]) -> Routes:
    """The document of all that is served, this route among them."""

    def document(_request: falcon.Request, response: falcon.Response) -> None:
        response.content_type = falcon.MEDIA_JSON
        response.data = text

    own: Routes = {PATH: {"GET": document}}
    text = msgspec.json.encode(document_of([*served, own]))
    return own
