"""Tokens signed and sealed (B08), and keys that can be retired (B09).

    key number, 4 bytes | nonce, 24 bytes | crypto_box(signature, 64 bytes | slice, 8 bytes | content)

The slice of the budget travels along, so that a token that only its client kept is still counted where it was promised
(Money rule 10). The issuer signs, so that nobody else can make one; the box keeps what clients hold from being read. A
key pair's shared secret is worked out once, which makes boxes as cheap as a cipher.
"""

import base64
import binascii
import os
import struct
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import msgspec
from nacl.exceptions import BadSignatureError, CryptoError
from nacl.public import Box, PrivateKey
from nacl.signing import SigningKey

from reference_impl.domain.errors import Refused
from reference_impl.domain.token import Token, decode, encode
from reference_impl.ledger.awards import Award

_HEAD: Final = struct.Struct(">I")
_SLICE: Final = struct.Struct(">Q")
_NONCE: Final = struct.Struct(">QQQ")
_SIGNATURE: Final = 64
_MOST: Final = 1024
"""Characters of the longest token that is looked at."""


class Key(msgspec.Struct, frozen=True):
    """One generation of keys, as 32 bytes each; `retired` ones open nothing any more."""

    number: int
    sign: bytes
    issuer: bytes
    reader: bytes
    retired: bool = False


def new_key(number: int) -> Key:
    """From the operating system's randomness."""
    return Key(number, os.urandom(32), os.urandom(32), os.urandom(32))


class Opened(NamedTuple):
    """What a token says, and the slice of the budget that it was promised from."""

    token: Token
    slice: int

    @property
    def award(self) -> Award:
        return Award(self.token.order, self.token.amount_fen, self.slice, self.token.opened_us)


class Keyring:
    """Seals with the newest key, opens with every one that is not retired."""

    def __init__(self, keys: Sequence[Key], draw: Callable[[], int]) -> None:
        self._draw = draw
        usable = [key for key in sorted(keys, key=lambda key: key.number) if not key.retired]
        self._keys = {key.number: _Pair(key) for key in usable}
        self._newest = usable[-1].number

    def seal(self, token: Token, slice_number: int) -> str:
        """The token as text that a client keeps."""
        content = _SLICE.pack(slice_number) + encode(token)
        pair = self._keys[self._newest]
        signed = pair.sign.sign(content)
        return base64.urlsafe_b64encode(_HEAD.pack(self._newest) + pair.sealing.encrypt(signed, self._nonce())).decode()

    def _nonce(self) -> bytes:
        """From the runtime's randomness: a box must never see one twice."""
        return _NONCE.pack(self._draw(), self._draw(), self._draw())

    def open(self, text: str) -> Opened:
        """Raises Refused: token_forged for what was not sealed here or was altered, token_retired for an old key's."""
        raw = _bytes_of(text)
        (number,) = _HEAD.unpack_from(raw)
        pair = self._keys.get(number)
        if pair is None:
            raise Refused("token_retired")
        try:
            content = pair.verify.verify(pair.opening.decrypt(raw[_HEAD.size :]))
            return Opened(decode(content[_SLICE.size :]), *_SLICE.unpack_from(content))
        except (BadSignatureError, CryptoError, ValueError, struct.error):
            raise Refused("token_forged") from None


class _Pair:
    """A key's parts, ready for use."""

    def __init__(self, key: Key) -> None:
        issuer, reader = PrivateKey(key.issuer), PrivateKey(key.reader)
        self.sign = SigningKey(key.sign)
        self.verify = self.sign.verify_key
        self.sealing = Box(issuer, reader.public_key)
        self.opening = Box(reader, issuer.public_key)


def _bytes_of(text: str) -> bytes:
    try:
        raw = base64.b64decode(text, altchars=b"-_", validate=True) if len(text) <= _MOST else b""
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) <= _HEAD.size + _SIGNATURE:
        raise Refused("token_forged")
    return raw
