"""What is known of an operation that got no whole answer: the one table from how it broke to its outcome.

Nothing of it was sent: it surely did not happen (`fail`). From the first byte on it may have (`info`), whatever the
error. A pooled socket that the server closed without our seeing it is no exception: the bytes may have been read.
"""

from socket import gaierror
from ssl import SSLCertVerificationError, SSLError
from typing import Final, Literal, NamedTuple

from httptools import HttpParserError


class Closed(Exception):
    """The connection ended before any byte of the answer."""


class HalfAnswer(Exception):
    """The connection ended within the answer."""


class TooLarge(Exception):
    """The answer is larger than the client is willing to hold."""


class Mishap(NamedTuple):
    """How an operation broke: `outcome` is fail or info, `reason` a word for it."""

    outcome: Literal["fail", "info"]
    reason: str


_BEFORE_SENDING: Final[tuple[tuple[type[Exception], str], ...]] = (
    (gaierror, "no_such_host"),
    (ConnectionRefusedError, "refused"),
    (TimeoutError, "connect_timeout"),
    (SSLCertVerificationError, "bad_certificate"),
    (SSLError, "no_tls"),
    (OSError, "not_connected"),
)

_SENDING_OR_LATER: Final[tuple[tuple[type[Exception], str], ...]] = (
    (TimeoutError, "timeout"),
    (Closed, "closed"),
    (HalfAnswer, "half_answer"),
    (TooLarge, "too_large"),
    (HttpParserError, "garbage"),
    (SSLError, "tls_broken"),
    (OSError, "reset"),
)

BROKEN: Final = (Closed, HalfAnswer, TooLarge, HttpParserError, OSError)
NEVER_SENT: Final = frozenset(reason for _, reason in _BEFORE_SENDING)


def mishap(error: Exception, *, sending: bool) -> Mishap:
    """The outcome of an operation that ended in `error` (one of BROKEN), after `sending` had begun or before."""
    for kind, reason in _SENDING_OR_LATER if sending else _BEFORE_SENDING:
        if isinstance(error, kind):
            return Mishap("info" if sending else "fail", reason)
    raise error
