"""Which certificates are believed when the target is reached by https."""

import ssl
from pathlib import Path

from harness.config import ConfigError


def make_context(ca_file: Path | None) -> ssl.SSLContext:
    """Certificates are verified, by the machine's authorities or by those in `ca_file`. ConfigError: it has none."""
    try:
        return ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except FileNotFoundError:
        raise ConfigError(f"ca_file '{ca_file}' does not exist") from None
    except (ssl.SSLError, OSError) as error:
        raise ConfigError(
            f"ca_file '{ca_file}' cannot be read as PEM certificates: {error.strerror or error}"
        ) from None
