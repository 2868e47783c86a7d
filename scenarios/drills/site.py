"""What a drill works on: the system from outside, as operators and people have it."""

import time
import tomllib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct
from prometheus_client.parser import text_string_to_metric_families

from harness.target import Target
from harness.target.fetch import Unreachable, ask
from reference_impl.resilience.exporter import PREFIX
from scenarios.drills.visitor import Said, Visitor
from scenarios.drills.wallets import Owner

_WITHIN_S: Final = 5.0
_WITHIN_A_SECOND_S: Final = 1.2
_TRIES: Final = 4
_POLL_S: Final = 0.02


class Setting(Struct, frozen=True):
    """What the drill itself uses, of people and scenes that the load leaves alone."""

    sender: int = 9_000_001
    owner: int = 9_000_001
    funds_fen: int = 10_000_000


class Site:
    """`data`: the deployment's folder, where each process leaves its port."""

    def __init__(self, target: Target, data: Path, visitor: Visitor, setting: Setting) -> None:
        self._target, self._data, self.visitor, self._setting = target, data, visitor, setting
        self._owners = setting.owner
        self.sender = setting.sender

    # --- operators ---

    def processes(self) -> dict[str, int]:
        """Every process that answers questions: name → port."""
        ports = {file.name: int(file.read_text()) for file in sorted((self._data / "ports").glob("*"))}
        return {"api": self._target.port, **ports}

    def set(self, name: str, value: int) -> None:
        self._operate(f"/v1/admin/controls/{name}", {"value": value})

    def publish(self, text: str) -> None:
        """Make an activity the newest one."""
        self._operate("/v1/admin/activity", {"text": text})

    def activity(self) -> str:
        """The TOML of the one in force."""
        return str(self._operate("/v1/admin/activity", None)["text"])

    def appears(self, scene: str) -> bool:
        """Whether a scene is known within a second and a bit."""
        return wait_until(lambda: scene in scenes_of(self.activity()), _WITHIN_A_SECOND_S) is not None

    def has_in_force(self, port: int, switch: str) -> bool:
        return switch in self._get(port, "/v1/health")["in_force"]

    def metric(self, name: str, **labels: str) -> float:
        """The sum over all processes of what has these labels."""
        return sum(_sum(self._text(port), name, labels) for port in self.processes().values())

    def backlog(self) -> int:
        """How much is under way."""
        return int(self._get(self._target.port, "/v1/backlog")["pending"])

    # --- people ---

    def new_owner(self) -> Owner:
        self._owners += 1
        return Owner(self.visitor, self._owners)

    def new_person(self) -> int:
        self._owners += 1
        return self._owners

    def fund(self) -> None:
        """The drill's own sender gets what they send."""
        self.visitor.insist("fund", self.sender, amount_fen=self._setting.funds_fen)

    def packet(self, sender: int = 0, shares: int = 2, region: str = "south") -> str:
        """A paid packet."""
        who, total_fen = sender or self.sender, 10 * shares
        if sender:
            self.visitor.insist("fund", sender, amount_fen=total_fen)
        wish: dict[str, Any] = {
            "kind": "equal",
            "total_fen": total_fen,
            "shares": shares,
            "region": region,
            "expires_in_ms": 600_000,
        }
        sent = self.visitor.insist("send", who, amount_fen=total_fen, **wish)
        packet = sent.answer.subject or ""
        self.visitor.insist("pay", who, subject=packet, amount_fen=total_fen)
        return packet

    def opens(self, packet: str) -> Said:
        return self.visitor.insist("open", self.new_person(), subject=packet)

    def page(self, path: str) -> tuple[int, dict[str, Any]]:
        """Any page of the API: status and body."""
        status, body = _patiently(self._target, "GET", path)
        return status, msgspec.json.decode(body)

    def _operate(self, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        admin = self._target.admin
        headers = admin.headers() if admin else {}
        content = None if body is None else msgspec.json.encode(body)
        status, answer = _patiently(self._target, "POST" if content else "GET", path, content, headers)
        if status != 200:
            raise Unreachable(f"{path} answered {status}: {answer[:200].decode(errors='replace')}")
        told: dict[str, Any] = msgspec.json.decode(answer)
        return told

    def _get(self, port: int, path: str) -> dict[str, Any]:
        told: dict[str, Any] = msgspec.json.decode(self._fetch(port, path))
        return told

    def _text(self, port: int) -> str:
        return self._fetch(port, "/v1/metrics").decode()

    def _fetch(self, port: int, path: str) -> bytes:
        return _patiently(msgspec.structs.replace(self._target, port=port), "GET", path)[1]


def _patiently(
    target: Target, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] = {}
) -> tuple[int, bytes]:
    """Asks again where no answer comes; what operators set and read may be asked twice. Raises Unreachable."""
    for _ in range(_TRIES - 1):
        with suppress(Unreachable):
            return ask(target, method, path, _WITHIN_S, body, headers)
    return ask(target, method, path, _WITHIN_S, body, headers)


def wait_until(is_so: Callable[[], bool], within_s: float) -> float | None:
    """How many seconds it took; None where it did not come to be."""
    began_s = time.monotonic()
    while True:
        if is_so():
            return time.monotonic() - began_s
        if time.monotonic() - began_s > within_s:
            return None
        time.sleep(_POLL_S)


def scenes_of(text: str) -> Sequence[str]:
    """The scenes that an activity has."""
    return [scene["id"] for scene in tomllib.loads(text)["scenes"]]


def _sum(text: str, name: str, labels: dict[str, str]) -> float:
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == PREFIX + name and labels.items() <= sample.labels.items()
    )
