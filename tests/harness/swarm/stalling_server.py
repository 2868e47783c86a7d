"""Answers at once, except from 1 s to 2 s after its first request: then everything waits until 2 s. Prints its port."""

import socket
import threading
import time

began_s = 0.0


def serve(peer: socket.socket) -> None:
    global began_s
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while peer.recv(65536):
        now_s = time.monotonic()
        began_s = began_s or now_s
        if 1.0 <= now_s - began_s < 2.0:
            time.sleep(began_s + 2.0 - now_s)
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


listener = socket.create_server(("127.0.0.1", 0), backlog=256)
print(listener.getsockname()[1], flush=True)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
