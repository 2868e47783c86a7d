"""A small real target: `small_server.py PORT [MODE] [PENDING …]`.

It answers /ready with 200, /pending with the next of PENDING, /rows with the file rows.json of its folder.
MODE: plain; slow (never ready); deaf (ignores SIGTERM); dies (ends with a last word); family (leaves a
daemon in a session of its own and a child, their pids in the file `family`).
"""

import json
import os
import signal
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SLEEPER = [sys.executable, "-c", "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"]
port, mode = int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "plain"
pending = [json.loads(word) for word in sys.argv[3:]]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/ready":
            self.answer(503 if mode == "slow" else 200, {"mode": mode})
        elif self.path == "/pending":
            self.answer(200, {"pending": pending.pop(0) if len(pending) > 1 else pending[0]})
        elif self.path == "/rows":
            self.answer(200, json.loads(Path("rows.json").read_text()))
        else:
            self.answer(404, {"code": "not_found"})

    def answer(self, status: int, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


if mode == "dies":
    print("first words\nthe disk is not mine\n", flush=True)
    sys.exit(9)
if mode == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if mode == "family":
    child = subprocess.Popen(SLEEPER)
    fork = f"import subprocess as s; print(s.Popen({SLEEPER!r}, start_new_session=True, stdout=s.DEVNULL).pid)"
    daemon = subprocess.run([sys.executable, "-c", fork], stdout=subprocess.PIPE, text=True, check=True).stdout
    Path("family").write_text(f"{os.getpid()} {child.pid} {daemon}")
    time.sleep(0.2)  # until both ignore SIGTERM
print("listening", flush=True)
ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
