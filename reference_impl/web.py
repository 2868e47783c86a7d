"""HTTP in small: what a request says, checked before anything is done, and how an answer is written."""

from collections.abc import Callable, Collection, Mapping
from typing import Annotated, Any, Final, TypeVar

import falcon
import msgspec

from reference_impl.domain.errors import ERRORS, Refused
from reference_impl.domain.identifiers import MOST_PERSON, REGION_NAMES, PacketId, parse_packet_id
from reference_impl.resilience.tagging import check_tag

MOST_BODY: Final = 16 * 1024
KEY_HEADER: Final = "Idempotency-Key"

REGION_OF: Final = {str(digit): name for digit, name in REGION_NAMES.items()}

Person = Annotated[int, msgspec.Meta(ge=1, le=MOST_PERSON)]
Fen = Annotated[int, msgspec.Meta(ge=1, le=10**13)]
Handler = Callable[..., None]
Routes = Mapping[str, Mapping[str, Handler]]
"""Path template → method → handler(request, response, **path values)."""
T = TypeVar("T")


class PersonBody(msgspec.Struct, forbid_unknown_fields=True):
    person: Person


def body_of(request: falcon.Request, shape: type[T]) -> T:
    """The body as `shape`. Raises Refused: body_too_large, bad_request, bad_json."""
    if (request.content_length or 0) > MOST_BODY:
        raise Refused("body_too_large")
    text = request.bounded_stream.read(MOST_BODY + 1)
    if len(text) > MOST_BODY:
        raise Refused("body_too_large")
    try:
        return msgspec.json.decode(text, type=shape)
    except msgspec.ValidationError as error:
        raise Refused("bad_request", str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refused("bad_json", str(error)) from None


def key_of(request: falcon.Request) -> str:
    """The idempotency key. Raises Refused("key_missing")."""
    key = request.get_header(KEY_HEADER) or ""
    if not (1 <= len(key) <= 64 and key.isascii() and key.isprintable()):
        raise Refused("key_missing")
    return key


def packet_of(request: falcon.Request, text: str) -> PacketId:
    """The packet that the path names. Raises Refused: unknown_packet, tag_mismatch."""
    packet = parse_packet_id(text)
    check_tag(request, packet)
    request.context.region = packet.region
    return packet


def check_region(text: str, served: Collection[str]) -> None:
    """Raises Refused("wrong_region") for a packet of a region that is not served here (W01)."""
    region = REGION_OF.get(text[:1])
    if region is not None and region not in served:
        raise Refused("wrong_region", text[:32])


def person_of(text: str) -> int:
    """The person that the path names. Raises Refused("bad_request")."""
    if not (text.isascii() and text.isdigit() and len(text) <= 16 and 1 <= int(text) <= MOST_PERSON):
        raise Refused("bad_request", f"person {text[:32]!r}")
    return int(text)


def answer(response: falcon.Response, body: Any, status: str = falcon.HTTP_200) -> None:
    response.status = status
    response.content_type = falcon.MEDIA_JSON
    response.data = msgspec.json.encode(body)


def refuse(response: falcon.Response, code: str, message: str) -> None:
    """Answer with a code of the error table."""
    kind = ERRORS[code]
    response.context.code = code
    answer(response, {"code": code, "message": message}, falcon.code_to_http_status(kind.status))
    if code == "limited":
        response.set_header("Retry-After", "1")
