"""The bank, as the wallet sees it: money is sent under the withdrawal's number, and a number is sent once."""

import logging
from typing import Any, Final, Literal, Protocol

import msgspec
import sqlalchemy as sa
import urllib3

log = logging.getLogger(__name__)

Outcome = Literal["paid", "refused", "unknown"]
PATIENCE_S: Final = 2.0


class Bank(Protocol):
    def send(self, withdrawal: str, act: int, amount_fen: int, tagged: bool) -> Outcome:
        """Pay out; asking again with the same number changes nothing. `unknown`: it may have happened."""

    def ask(self, withdrawal: str, tagged: bool) -> Outcome:
        """What became of a number; one that the bank has never seen is refused, and stays so."""


class Told(msgspec.Struct, frozen=True):
    """The stand-in's answer."""

    outcome: Literal["paid", "refused"]


class Careful:
    """A bank whose faults are no answer: whatever goes wrong, it may have happened."""

    def __init__(self, bank: Bank) -> None:
        self._bank = bank

    def send(self, withdrawal: str, act: int, amount_fen: int, tagged: bool) -> Outcome:
        try:
            return self._bank.send(withdrawal, act, amount_fen, tagged)
        except (sa.exc.SQLAlchemyError, urllib3.exceptions.HTTPError, msgspec.MsgspecError) as error:
            log.warning("the bank did not answer about %s: %s", withdrawal, error)
            return "unknown"

    def ask(self, withdrawal: str, tagged: bool) -> Outcome:
        try:
            return self._bank.ask(withdrawal, tagged)
        except (sa.exc.SQLAlchemyError, urllib3.exceptions.HTTPError, msgspec.MsgspecError) as error:
            log.warning("the bank did not answer about %s: %s", withdrawal, error)
            return "unknown"


class HttpBank:
    """The bank at an address; raises urllib3's errors, and MsgspecError for what is no answer."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool = urllib3.PoolManager(maxsize=64, retries=False, timeout=PATIENCE_S)

    def send(self, withdrawal: str, act: int, amount_fen: int, tagged: bool) -> Outcome:
        body = {"withdrawal": withdrawal, "act": act, "amount_fen": amount_fen, "tagged": tagged}
        return self._told("POST", "/v1/payments", body)

    def ask(self, withdrawal: str, tagged: bool) -> Outcome:
        return self._told("POST", "/v1/questions", {"withdrawal": withdrawal, "tagged": tagged})

    def _told(self, method: str, path: str, body: dict[str, Any]) -> Outcome:
        answer = self._pool.request(method, self._url + path, body=msgspec.json.encode(body))
        return msgspec.json.decode(answer.data, type=Told).outcome
