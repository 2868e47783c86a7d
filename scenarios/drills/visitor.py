"""Somebody who asks the system one thing after the other, on record: what they do is judged with the load's history."""

import itertools
import socket
from collections.abc import Sequence
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from harness.history import Journal, now_ns
from harness.target import Answer, Target
from reference_impl.domain.stages import LIVE

PATIENCE_S: Final = 5.0
_CARRIED: Final = (
    *("subject", "amount_fen", "sequence", "remaining_fen"),
    *("balance_fen", "income_fen", "orders", "reader"),
)
"""What of an answer is on record."""


class Said(Struct, frozen=True):
    """An answer, and its body as it came."""

    answer: Answer
    body: dict[str, Any] = {}


class Visitor:
    """One thread's. `targets`: the halves of one system, whose operations have different names."""

    def __init__(self, targets: Sequence[Target], history: Path, name: str) -> None:
        self._host, self._port = targets[0].host, targets[0].port
        self._operations = {each: target.operations[each] for target in targets for each in target.operations}
        self._reader_headers = {target.reader_header for target in targets if target.reader_header}
        self._stages = {each: LIVE for target in targets if target.stages for each in target.operations}
        self._journal = Journal.create(history, name, sorted(self._operations), stages=(LIVE,))
        self._keys = (f"{name}-{number}" for number in itertools.count(1))

    def ask(
        self,
        operation: str,
        person: int,
        *,
        subject: str | None = None,
        amount_fen: int | None = None,
        key: str = "",
        mark: str | None = None,
        **values: Any,
    ) -> Said:
        """Ask once."""
        chosen = self._operations[operation]
        key = key or next(self._keys)
        known = {"person": person, "packet": subject, "amount_fen": amount_fen, **values}
        request = chosen.render(known, key=key, tagged=False)
        stage = self._stages.get(operation)
        slot = self._journal.begin(operation, person, subject, key, amount_fen, now_ns(), False, mark, stage)
        try:
            status, body, reader = self._exchange(request, chosen.method)
        except (OSError, HTTPException) as error:
            self._journal.complete(slot, "info", type(error).__name__)
            return Said(Answer("info", type(error).__name__))
        answer, tree = chosen.read(status, body, reader), _tree(body)
        self._journal.complete(slot, answer.outcome, answer.reason or None, **_carried(answer))
        return Said(answer, tree)

    def insist(self, operation: str, person: int, attempts: int = 5, **asked: Any) -> Said:
        """Ask under one key until the answer is definite."""
        key = next(self._keys)
        for _ in range(attempts):
            said = self.ask(operation, person, key=key, **asked)
            if said.answer.outcome != "info":
                break
        return said

    def close(self) -> None:
        self._journal.close()

    def _exchange(self, request: bytes, method: str) -> tuple[int, bytes, str | None]:
        """Status, body, and which process answered."""
        with socket.create_connection((self._host, self._port), timeout=PATIENCE_S) as line:
            line.sendall(request)
            answer = HTTPResponse(line, method=method)
            answer.begin()
            readers = (answer.getheader(name) for name in self._reader_headers)
            return answer.status, answer.read(), next(filter(None, readers), None)


def _tree(body: bytes) -> dict[str, Any]:
    try:
        tree = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return {}
    return tree if isinstance(tree, dict) else {}


def _carried(answer: Answer) -> dict[str, Any]:
    return {} if answer.outcome == "info" else {name: getattr(answer, name) for name in _CARRIED}
