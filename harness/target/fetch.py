"""One request to the target, for what is not load: is it ready, is it drained, what rows does it show, set this."""

import http.client
import ssl
from collections.abc import Mapping

from harness.config import ConfigError
from harness.target.mapping import Target


class Unreachable(Exception):
    """No complete answer came; the text says why."""


def fetch(target: Target, path: str, timeout_s: float) -> tuple[int, bytes]:
    """Status and body of `path`. Raises as `ask`."""
    return ask(target, "GET", path, timeout_s)


def ask(
    target: Target, method: str, path: str, timeout_s: float, body: bytes | None = None, headers: Mapping[str, str] = {}
) -> tuple[int, bytes]:
    """Status and body of an answer. Unreachable: refused, timed out, broken off, not HTTP. ConfigError: the certificate
    is not to be believed, which no waiting heals.
    """
    connection = _connection(target, timeout_s)
    try:
        connection.request(method, target.prefix + path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except ssl.SSLCertVerificationError as error:
        raise ConfigError(
            f"{target.path}: the certificate of {target.base_url} does not verify ({error.verify_message}):"
            " name in [target] ca_file whom to believe"
        ) from None
    except (OSError, http.client.HTTPException) as error:
        raise Unreachable(getattr(error, "strerror", None) or str(error) or type(error).__name__) from None
    finally:
        connection.close()


def _connection(target: Target, timeout_s: float) -> http.client.HTTPConnection:
    context = target.tls_context()
    if context is None:
        return http.client.HTTPConnection(target.host, target.port, timeout=timeout_s)
    return http.client.HTTPSConnection(target.host, target.port, timeout=timeout_s, context=context)
