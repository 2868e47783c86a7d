"""A new packet that belongs into another region is sent there, over the link (W01, W03)."""

import http.client
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from reference_impl.domain.errors import ERRORS, Refused
from reference_impl.resilience.tagging import TAG_HEADER
from reference_impl.system import System

if TYPE_CHECKING:
    from reference_impl.packets.send import SendRequest


def send_elsewhere(system: System, region: str, request: "SendRequest", key: str, tagged: bool) -> str:
    """The id of a packet that `region` preordered under `key`; asked once, for the client tries again under its key.

    Raises Refused: what the other region refuses, or `unavailable`, when nobody knows whether it happened.
    """
    body = msgspec.json.encode(msgspec.structs.replace(request, region=region, steered=True))
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": key,
        TAG_HEADER: str(int(tagged)),
        "X-Access-Point": region,
    }
    try:
        told = _ask(system.settings.links[region], body, headers, system.settings.link_patience_s)
    except (OSError, http.client.HTTPException, msgspec.DecodeError) as error:
        raise Refused("unavailable", f"region {region} does not answer: {error}") from None
    if "packet" in told:
        return str(told["packet"])
    raise Refused(told["code"] if told.get("code") in ERRORS else "unavailable", f"region {region}")


def _ask(address: str, body: bytes, headers: dict[str, str], within_s: float) -> dict[str, Any]:
    """The answer's object. Raises OSError, HTTPException, DecodeError."""
    there = urlsplit(address)
    connection = http.client.HTTPConnection(there.hostname or "", there.port, timeout=within_s)
    try:
        connection.request("POST", "/v1/packets", body, headers)
        return msgspec.json.decode(connection.getresponse().read(), type=dict[str, Any])
    finally:
        connection.close()
