"""A red-packet system in a hundred lines of memory, to play a night against: no promise kept but the answers' form.

Prints its port. Answers after a few milliseconds, so that the impatient are impatient.
"""

import asyncio
import json
import random
import time
from typing import Any

from httptools import HttpRequestParser

Reply = tuple[int, dict[str, Any]]
packets: dict[str, dict[str, Any]] = {}
keys: dict[str, Reply] = {}
balances: dict[str, int] = {}


def reply(method: str, path: list[str], body: dict[str, Any], key: str) -> Reply:
    """One request; a key that was answered well before gets the same answer."""
    if key in keys:
        return keys[key]
    match method, path:
        case "GET", ["accounts", person]:
            return 200, {"balance_fen": balances.get(person, 0)}
        case "POST", ["accounts", person, "fund"]:
            balances[person] = balances.get(person, 0) + body["amount_fen"]
            answer = 200, {"balance_fen": balances[person]}
        case "POST", ["packets"]:
            packet = str(len(packets))
            packets[packet] = {**body, "expires_us": 0, "opens": {}, "left_fen": body["total_fen"]}
            answer = 201, {"packet": packet}
        case "POST", ["packets", packet, "pay"]:
            answer = pay(packets[packet])
        case "POST", ["packets", packet, "code"]:
            answer = 200, {"code": f"1{packet:0>3}"}
        case "GET", ["codes", code]:
            return 200, {"packet": str(int(code[1:]))}
        case "POST", ["packets", packet, "grab"]:
            return refusal(packets[packet], body["person"]) or (200, {"grab": "open"})
        case "POST", ["packets", packet, "open"]:
            answer = refusal(packets[packet], body["person"]) or take(packets[packet], body["person"])
        case "GET", ["packets", packet]:
            return 200, {"opens": list(packets[packet]["opens"])}
    if answer[0] < 300:
        keys[key] = answer
    return answer


def pay(packet: dict[str, Any]) -> Reply:
    sender = str(packet["sender"])
    if balances.get(sender, 0) < packet["total_fen"]:
        return 402, {"code": "insufficient_funds"}
    balances[sender] -= packet["total_fen"]
    packet["expires_us"] = time.time_ns() // 1000 + packet["expires_in_ms"] * 1000
    return 200, {"total_fen": packet["total_fen"], "expires_us": packet["expires_us"]}


def refusal(packet: dict[str, Any], person: int) -> Reply | None:
    if not packet["expires_us"]:
        return 409, {"code": "not_paid"}
    if person in packet["opens"]:
        return 409, {"code": "already_opened"}
    if time.time_ns() // 1000 >= packet["expires_us"]:
        return 409, {"code": "expired"}
    if len(packet["opens"]) == packet["shares"]:
        return 409, {"code": "sold_out"}
    return None


def take(packet: dict[str, Any], person: int) -> Reply:
    left = packet["shares"] - len(packet["opens"])
    amount_fen = packet["left_fen"] // left
    packet["left_fen"] -= amount_fen
    packet["opens"][person] = amount_fen
    balances[str(person)] = balances.get(str(person), 0) + amount_fen
    sequence = len(packet["opens"])
    return 200, {"amount_fen": amount_fen, "sequence": sequence, "remaining_fen": packet["left_fen"]}


class Connection(asyncio.Protocol):
    """Reads requests, writes replies a little later."""

    def connection_made(self, transport: Any) -> None:
        self.transport, self.parser = transport, HttpRequestParser(self)
        self.key, self.body = "", b""

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self.path = url.decode().split("/")[2:]

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"idempotency-key":
            self.key = value.decode()

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_message_complete(self) -> None:
        body = json.loads(self.body) if self.body else {}
        status, told = reply(self.parser.get_method().decode(), self.path, body, self.key)
        self.key, self.body = "", b""
        text = json.dumps(told).encode()
        answer = b"HTTP/1.1 %d Said\r\nX-Reader: model\r\nContent-Length: %d\r\n\r\n%b" % (status, len(text), text)
        asyncio.get_running_loop().call_later(random.uniform(0.004, 0.012), self.transport.write, answer)


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
