"""One plain GET to the target, for what is not load: is it ready, is it drained, what rows does it show."""

import http.client

from harness.target.mapping import Target


class Unreachable(Exception):
    """No complete answer came; the text says why."""


def fetch(target: Target, path: str, timeout_s: float) -> tuple[int, bytes]:
    """Status and body of `path`. Unreachable: refused, timed out, broken off, not HTTP."""
    connection = http.client.HTTPConnection(target.host, target.port, timeout=timeout_s)
    try:
        connection.request("GET", target.prefix + path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise Unreachable(getattr(error, "strerror", None) or str(error) or type(error).__name__) from None
    finally:
        connection.close()
