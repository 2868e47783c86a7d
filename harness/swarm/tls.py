"""TLS of one connection as bytes in and bytes out; the connection does the sending and receiving."""

from ssl import MemoryBIO, SSLContext, SSLWantReadError, SSLZeroReturnError


class Tls:
    """What is to be sent next lies in `outgoing()` after each step. Every method raises SSLError where TLS fails."""

    __slots__ = ("_incoming", "_object", "_outgoing")

    def __init__(self, context: SSLContext, host: str) -> None:
        self._incoming, self._outgoing = MemoryBIO(), MemoryBIO()
        self._object = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)

    def shake_hands(self, received: bytes) -> bool:
        """A step of the handshake; is it done?"""
        self._incoming.write(received)
        try:
            self._object.do_handshake()
        except SSLWantReadError:
            return False
        return True

    def encrypt(self, data: bytes) -> bytes:
        self._object.write(data)
        return self._outgoing.read()

    def outgoing(self) -> bytes:
        return self._outgoing.read()

    def decrypt(self, received: bytes) -> tuple[bytes, bool]:
        """What is readable now, and whether the peer has ended the stream. No bytes received: it broke off."""
        if received:
            self._incoming.write(received)
        else:
            self._incoming.write_eof()
        parts: list[bytes] = []
        try:
            while part := self._object.read(1 << 14):
                parts.append(part)
        except SSLWantReadError:
            return b"".join(parts), False
        except SSLZeroReturnError:
            pass
        return b"".join(parts), True
