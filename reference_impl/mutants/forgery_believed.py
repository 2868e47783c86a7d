from nacl.exceptions import CryptoError

from reference_impl.domain.errors import Refused
from reference_impl.domain.token import decode
from reference_impl.mutants import Mutant
from reference_impl.wallet import sealing
from reference_impl.wallet.sealing import Keyring, Opened


def _opened_only(self: Keyring, text: str) -> Opened:
    raw = sealing._bytes_of(text)
    (number,) = sealing._HEAD.unpack_from(raw)
    try:
        content = self._keys[number].opening.decrypt(raw[sealing._HEAD.size :])[sealing._SIGNATURE :]
        return Opened(decode(content[sealing._SLICE.size :]), *sealing._SLICE.unpack_from(content))
    except (KeyError, CryptoError, ValueError):
        raise Refused("token_forged") from None


def _plant() -> None:
    Keyring.open = _opened_only


MUTANT = Mutant(
    name="forgery_believed",
    caught_by="token_integrity",
    summary="a token that can be opened is believed, whoever signed it",
    seen_in="services that take encryption for a signature: whoever has the reader's key can write",
    plant=_plant,
    world="rain",
    row="B09",
)
