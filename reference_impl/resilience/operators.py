"""Who may set what: operators say the deployment's token, and their name for the audit (B17)."""

import hmac
import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

import falcon

from reference_impl.domain.errors import Refused
from reference_impl.settings import Settings

OPERATOR_HEADER: Final = "X-Operator"
TOKEN_FILE: Final = "admin.token"
MOST_NAME: Final = 64


def keep_token(settings: Settings) -> None:
    """Make the token's file, which only its owner can read: the token that was given, or else a new one, once."""
    file = _file(settings)
    if settings.admin_token:
        _fresh(settings.admin_token, file.parent).replace(file)
    elif not file.exists():
        fresh = _fresh(secrets.token_urlsafe(32), file.parent)
        with suppress(FileExistsError):
            os.link(fresh, file)  # of several processes at once, one makes the token
        fresh.unlink()


def token_of(settings: Settings) -> str:
    """The deployment's token; made now where nobody has."""
    keep_token(settings)
    return _file(settings).read_text(encoding="utf-8").strip()


def operator_of(request: falcon.Request, token: str) -> str:
    """The operator's name. Raises Refused: forbidden, bad_request."""
    said = request.get_header("Authorization") or ""
    if not hmac.compare_digest(said.encode(), f"Bearer {token}".encode()):
        raise Refused("forbidden")
    name = request.get_header(OPERATOR_HEADER) or ""
    if not (1 <= len(name) <= MOST_NAME and name.isascii() and name.isprintable()):
        raise Refused("bad_request", f"{OPERATOR_HEADER} is the operator's name, 1 to {MOST_NAME} ASCII characters")
    return name


def _fresh(token: str, folder: Path) -> Path:
    """A new file, which only its owner can read."""
    handle, name = tempfile.mkstemp(dir=folder, prefix=TOKEN_FILE)
    with os.fdopen(handle, "w") as file:
        file.write(token)
    return Path(name)


def _file(settings: Settings) -> Path:
    return Path(settings.data) / TOKEN_FILE
