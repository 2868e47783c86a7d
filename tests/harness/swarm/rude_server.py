"""A server whose manners the path decides: a process of its own, plain threads, that prints its port.

With two arguments, a certificate and its key, it speaks TLS.
"""

import itertools
import socket
import ssl
import struct
import sys
import threading
import time

OK = b'{"amount_fen": 5}'
connections = 0


def answer(body: bytes = OK, status: bytes = b"200 OK", headers: bytes = b"") -> bytes:
    return b"HTTP/1.1 %b\r\n%bX-Reader: rude-1\r\nContent-Length: %d\r\n\r\n%b" % (status, headers, len(body), body)


def chunked(*parts: bytes) -> bytes:
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (*parts, b""))
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks


def slowly(peer: socket.socket, data: bytes, pause_s: float) -> None:
    for byte in data:
        peer.sendall(bytes([byte]))
        time.sleep(pause_s)


def flood(peer: socket.socket, head: bytes, what: bytes) -> None:
    """100 MB."""
    peer.sendall(head)
    for _ in range(1000):
        peer.sendall(what * (100_000 // len(what)))


def reset(peer: socket.socket) -> None:
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def act(path: str, peer: socket.socket) -> bool:
    """Does what `path` says; does the connection live on?"""
    match path:
        case "/connections":
            peer.sendall(answer(b'{"amount_fen": %d}' % connections))
        case "/whole":
            peer.sendall(answer())
        case "/chunked":
            peer.sendall(chunked(OK[:5], OK[5:]))
        case "/dribble":
            slowly(peer, chunked(OK[:5], OK[5:]), 0.001)
        case "/continue":
            peer.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" + answer())
        case "/said_goodbye":
            peer.sendall(answer(headers=b"Connection: close\r\n"))
            return False
        case "/left_silently":
            peer.sendall(answer())
            return False
        case "/until_close":
            peer.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + OK)
            return False
        case "/close":
            return False
        case "/half":
            peer.sendall(answer()[:-5])
            return False
        case "/half_head":
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Le")
            return False
        case "/reset":
            reset(peer)
            return False
        case "/garbage":
            peer.sendall(b"\x00\x01 this is no HTTP at all\r\n\r\n")
        case "/twice":
            peer.sendall(answer() + answer(b'{"amount_fen": 6}'))
        case "/slow":
            slowly(peer, answer(), 0.1)
        case "/silent":
            time.sleep(5)
        case "/flood":
            flood(peer, b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n", b"x")
        case "/flood_without_length":
            flood(peer, b"HTTP/1.1 200 OK\r\n\r\n", b"x")
        case "/flood_of_chunks":
            flood(peer, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"2\r\nxx\r\n")
        case "/flood_of_headers":
            flood(peer, b"HTTP/1.1 200 OK\r\n", b"X-Any: thing\r\n")
        case "/flood_in_a_header":
            flood(peer, b"HTTP/1.1 200 OK\r\nX-Any: ", b"x")
        case "/flood_of_continues":
            flood(peer, b"", b"HTTP/1.1 100 Continue\r\n\r\n")
        case "/flood_of_garbage":
            flood(peer, b"", b"\xfe")
        case "/nested":
            peer.sendall(answer(b'{"amount_fen": ' + b"[" * 100_000))
        case "/large":
            peer.sendall(answer(b'{"amount_fen": 5, "rest": "' + b"x" * 1_000_000 + b'"}'))
        case "/in_two":
            peer.sendall(answer()[:-5])
            time.sleep(0.05)
            peer.sendall(answer()[-5:])
        case "/and_again":
            peer.sendall(answer())
            time.sleep(0.02)
            peer.sendall(answer(b'{"amount_fen": 6}'))
        case "/thinks":
            time.sleep(0.3)
            peer.sendall(answer())
        case "/no_amount":
            peer.sendall(answer(b"{}"))
        case "/refused":
            peer.sendall(answer(b'{"code": "sold_out"}', b"409 Conflict"))
        case "/broken":
            peer.sendall(answer(b'{"code": "internal"}', b"500 Oops"))
    return True


def serve(peer: socket.socket, context: ssl.SSLContext | None) -> None:
    data = b""
    try:
        if context is not None:
            peer = context.wrap_socket(peer, server_side=True)
        while b"\r\n\r\n" in data or (more := peer.recv(65536)):
            data += more if b"\r\n\r\n" not in data else b""
            if b"\r\n\r\n" in data:
                head, _, data = data.partition(b"\r\n\r\n")
                if not act(head.split(b" ")[1].decode(), peer):
                    break
    except OSError:
        pass
    finally:
        peer.close()


def main() -> None:
    global connections
    context = None
    if len(sys.argv) > 1:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*sys.argv[1:])
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    print(listener.getsockname()[1], flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), listener.close()), daemon=True).start()
    for _ in itertools.count():
        peer, _ = listener.accept()
        connections += 1
        threading.Thread(target=serve, args=(peer, context), daemon=True).start()


if __name__ == "__main__":
    main()
