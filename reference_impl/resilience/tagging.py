"""The tag of pressure traffic: in the header and in the id, and both must agree (Money rule 11, B20)."""

from typing import Final

import falcon

from reference_impl.domain.errors import Refused
from reference_impl.domain.identifiers import PacketId

TAG_HEADER: Final = "X-Rainproof-Tag"


def is_tagged_request(request: falcon.Request) -> bool:
    """Whether a request is pressure traffic. Raises Refused for a tag that says neither."""
    value = request.get_header(TAG_HEADER)
    if value not in (None, "0", "1"):
        raise Refused("bad_request", f"{TAG_HEADER} is 1, 0 or absent")
    return value == "1"


def check_tag(request: falcon.Request, packet: PacketId) -> None:
    """Raises Refused("tag_mismatch") where a header and an id differ."""
    if is_tagged_request(request) != packet.tagged:
        raise Refused("tag_mismatch", str(packet))
