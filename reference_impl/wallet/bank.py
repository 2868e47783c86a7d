"""The bank, as the wallet sees it: money is sent under the withdrawal's number, and a number is sent once."""

import logging
from collections.abc import Callable, Iterator
from typing import Any, Final, Literal, Protocol

import msgspec
import sqlalchemy as sa
import urllib3

log = logging.getLogger(__name__)

Outcome = Literal["paid", "refused", "unknown"]
PATIENCE_S: Final = 2.0
LATE_S: Final = 0.3
"""How long a bank takes that is late."""


class Bank(Protocol):
    def send(self, withdrawal: str, act: int, amount_fen: int, tagged: bool) -> Outcome:
        """Pay out; asking again with the same number changes nothing. `unknown`: it may have happened."""

    def ask(self, withdrawal: str, tagged: bool) -> Outcome:
        """What became of a number; one that the bank has never seen is refused, and stays so."""


class Refusing(Bank, Protocol):
    """A bank that can be told to refuse."""

    def refuse(self, withdrawal: str, act: int, tagged: bool) -> Outcome: ...


class NoAnswer(urllib3.exceptions.HTTPError):
    """The bank does not say; `done`: what was asked for has happened."""

    def __init__(self, done: bool) -> None:
        super().__init__("the bank does not answer")
        self.done = done


class Told(msgspec.Struct, frozen=True):
    """The stand-in's answer, and which number it is about."""

    withdrawal: str
    outcome: Outcome


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


class Moody:
    """A bank in this process that treats some of those who ask it as a distant one does: by `moods`, drawn one after
    the other. Raises NoAnswer."""

    def __init__(self, bank: "Refusing", moods: Iterator[str], sleep: Callable[[float], None]) -> None:
        self._bank, self._moods, self._sleep = bank, moods, sleep

    def send(self, withdrawal: str, act: int, amount_fen: int, tagged: bool) -> Outcome:
        mood = next(self._moods)
        if mood == "refuses":
            return self._bank.refuse(withdrawal, act, tagged)
        return in_mood(mood, lambda: self._bank.send(withdrawal, act, amount_fen, tagged), self._sleep)

    def ask(self, withdrawal: str, tagged: bool) -> Outcome:
        return in_mood(next(self._moods), lambda: self._bank.ask(withdrawal, tagged), self._sleep)


def in_mood(mood: str, work: Callable[[], Outcome], sleep: Callable[[float], None]) -> Outcome:
    """Do what is asked as the mood has it. Raises NoAnswer, and says whether it was done."""
    if mood == "late":
        sleep(LATE_S)
    if mood == "fails":
        raise NoAnswer(done=False)
    outcome = work()
    if mood == "twice":
        outcome = work()
    if mood == "mute":
        raise NoAnswer(done=True)
    return outcome


class HttpBank:
    """The bank at an address; raises urllib3's errors, and MsgspecError for what is no answer to what was asked."""

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
        told = msgspec.json.decode(answer.data, type=Told)
        if told.withdrawal != body["withdrawal"]:  # somebody else's answer, that was sent twice
            raise msgspec.ValidationError(f"the bank answers about {told.withdrawal[:40]!r}")
        return told.outcome
