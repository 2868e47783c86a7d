"""What those present who want money that nobody gave them: tokens that are forged or altered."""

from pathlib import Path
from random import Random
from typing import Final

import msgspec

from reference_impl.domain.acts import APP_IDS
from reference_impl.domain.orders import OrderNumber
from reference_impl.domain.token import Token
from reference_impl.wallet.keys import FILE
from reference_impl.wallet.sealing import Key, Keyring, new_key

_WISH_FEN: Final = 20_000


class Thief:
    """Has a signing key of their own and, where the deployment's folder can be read, its box's keys."""

    def __init__(self, folder: Path, random: Random) -> None:
        self._random = random
        own = new_key(1)
        stolen = _keys_in(folder)
        self._rings = [Keyring([key], lambda: random.getrandbits(64)) for key in (own, *(_unsigned(k) for k in stolen))]

    def forged(self, order: OrderNumber, app: str, opened_us: int) -> str:
        """A token of 200 yuan that no game gave."""
        token = Token(APP_IDS[app], order.act, "spring", order.scene, _WISH_FEN, str(order), opened_us, int(order.rain))
        return self._random.choice(self._rings).seal(token, 1)

    def altered(self, token: str) -> str:
        """One character is another: never of the last, whose low bits may mean nothing."""
        at = self._random.randrange(len(token) - 4)
        other = self._random.choice([character for character in "ABCDwxyz0189-_" if character != token[at]])
        return token[:at] + other + token[at + 1 :]


def _keys_in(folder: Path) -> list[Key]:
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=list[Key])
    except OSError:
        return []


def _unsigned(stolen: Key) -> Key:
    """The box's keys are stolen, the signing key is not."""
    return msgspec.structs.replace(stolen, sign=new_key(stolen.number).sign)
