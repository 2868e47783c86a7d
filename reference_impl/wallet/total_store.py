"""Where the live total is counted: two plans behind one protocol (B13).

`Merged` is the document's second plan, `Spread` its first, which is kept to be compared with it. Amounts are fen.
"""

import logging
from collections import deque
from typing import Final, Protocol

import redis

from reference_impl.domain.acts import is_tagged_act
from reference_impl.domain.live_total import KEYS
from reference_impl.runtime import Runtime
from reference_impl.stores.cache import CacheError
from reference_impl.stores.layout import side

log = logging.getLogger(__name__)

_TELL: Final = """
local more = tonumber(ARGV[2]) - tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '0')
if more > 0 then
    redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
    redis.call('HINCRBY', KEYS[1], 'sum', more)
end
local sum = tonumber(redis.call('HGET', KEYS[1], 'sum') or '0')
local floor = tonumber(redis.call('HGET', KEYS[1], 'floor') or '0')
return math.max(sum, floor)
"""
_RAISE: Final = """
if tonumber(redis.call('HGET', KEYS[1], 'floor') or '0') < tonumber(ARGV[1]) then
    redis.call('HSET', KEYS[1], 'floor', ARGV[1])
end
"""


class TotalStore(Protocol):
    reader: str
    """Names this process, which sees the total through one copy of its own."""

    def add(self, act: int, amount_fen: int, frozen: bool) -> None:
        """Count an award. `frozen`: ask no Redis for it."""

    def tick(self, from_backup: bool) -> str:
        """What is done once in an interval; the name of the Redis whose total is shown."""

    def read(self, tagged: bool) -> int | None:
        """The total as this process knows it; None before it knows anything."""

    def standing(self, tagged: bool) -> dict[str, int]:
        """What each Redis that answers says at this moment, by its name."""

    def raise_to(self, floor_fen: int, tagged: bool) -> None:
        """See to it that no Redis says less. Raises CacheError."""

    def close(self) -> None: ...


class Merged:
    """A process adds up what it awards and tells Redis its whole sum once in an interval, so that traffic costs Redis
    nothing. Redis counts the difference to what it was told before: telling again, after a time-out, or to a Redis that
    lost everything or came back older, counts nothing twice and forgets nothing that a living process knows. What a
    dead one gave stands in the ledger, whose sum is a floor: where processes' sums are less, the total rises with that.
    Readers see the process's own copy, which only rises. All is told to a backup Redis too.
    """

    def __init__(self, client: redis.Redis, backup: redis.Redis | None, runtime: Runtime, holder: str) -> None:
        self.reader = _name(runtime, holder)
        self._clients = {"total": client} | ({"backup": backup} if backup is not None else {})
        self._tell = {name: each.register_script(_TELL) for name, each in self._clients.items()}
        self._raise = {name: each.register_script(_RAISE) for name, each in self._clients.items()}
        self._new: deque[tuple[bool, int]] = deque()
        """Awards since the last tick; appending needs no lock."""
        self._sums: dict[bool, int] = {}
        """What this process has awarded since it started, of each side that anybody gave or asked about."""
        self._copies: dict[bool, int] = {}

    def add(self, act: int, amount_fen: int, frozen: bool) -> None:
        self._new.append((is_tagged_act(act), amount_fen))

    def tick(self, from_backup: bool) -> str:
        shown = "backup" if from_backup and "backup" in self._clients else "total"
        while self._new:
            tagged, amount_fen = self._new.popleft()
            self._sums[tagged] = self._sums.get(tagged, 0) + amount_fen
        for tagged, sum_fen in list(self._sums.items()):
            for name in self._clients:
                total_fen = self._told(name, tagged, sum_fen)
                if name == shown and total_fen is not None:
                    self._learn(tagged, total_fen)
        return shown

    def read(self, tagged: bool) -> int | None:
        if tagged not in self._copies:
            self._sums.setdefault(tagged, 0)
        return self._copies.get(tagged)

    def standing(self, tagged: bool) -> dict[str, int]:
        told = {name: self._told(name, tagged, 0) for name in self._clients}
        return {name: total_fen for name, total_fen in told.items() if total_fen is not None}

    def raise_to(self, floor_fen: int, tagged: bool) -> None:
        for tell in self._raise.values():
            tell(keys=[total_key(tagged)], args=[floor_fen])

    def close(self) -> None:
        for client in self._clients.values():
            client.close()

    def _told(self, name: str, tagged: bool, sum_fen: int) -> int | None:
        """What a Redis answers that is told this process's sum; None where it does not."""
        try:
            return int(self._tell[name](keys=[total_key(tagged)], args=[self.reader, sum_fen]))
        except CacheError as error:
            log.warning("the live total's Redis '%s' does not answer: %s", name, error)
            return None

    def _learn(self, tagged: bool, total_fen: int) -> None:
        """Two Redis may differ, and one that came back may say less: what people saw does not fall."""
        self._copies[tagged] = max(total_fen, self._copies.get(tagged, 0))


class Spread:
    """Every award adds to one of a hundred keys, without a second try, for it might count twice. A reader has a copy of
    its own for an interval; once that is gone all keys are read. One that does not answer counts as nothing, so that
    the total may fall, and every reader asks at once.
    """

    def __init__(self, client: redis.Redis, runtime: Runtime, holder: str) -> None:
        self.reader = _name(runtime, holder)
        self._client = client
        self._copies: dict[bool, int] = {}

    def add(self, act: int, amount_fen: int, frozen: bool) -> None:
        if not frozen:
            try:
                self._client.incrby(spread_key(act % KEYS, is_tagged_act(act)), amount_fen)
            except CacheError as error:
                log.warning("%d fen may be missing in the live total: %s", amount_fen, error)

    def tick(self, from_backup: bool) -> str:
        self._copies.clear()
        return "total"

    def read(self, tagged: bool) -> int | None:
        copy_fen = self._copies.get(tagged, 0)
        if not copy_fen:
            copy_fen = self._copies[tagged] = sum(self._part(number, tagged) for number in range(KEYS))
        return copy_fen

    def standing(self, tagged: bool) -> dict[str, int]:
        return {"total": sum(self._part(number, tagged) for number in range(KEYS))}

    def raise_to(self, floor_fen: int, tagged: bool) -> None:
        """Nothing says which of the keys is too low."""

    def close(self) -> None:
        self._client.close()

    def _part(self, number: int, tagged: bool) -> int:
        try:
            return int(self._client.get(spread_key(number, tagged)) or 0)
        except CacheError as error:
            log.warning("part %d of the live total does not answer: %s", number, error)
            return 0


def _name(runtime: Runtime, holder: str) -> str:
    """Of this process and of none before or after it: sums begin anew with each."""
    return f"{holder}:{runtime.now_us():x}-{runtime.draw():x}"


def total_key(tagged: bool) -> str:
    """A hash: each process's sum as it told it, their `sum`, and a `floor` that the ledger gives."""
    return f"{side(tagged)}total"


def spread_key(number: int, tagged: bool) -> str:
    return f"{side(tagged)}total:{number}"
