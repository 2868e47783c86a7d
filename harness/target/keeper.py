"""A small process between the run and the target: whatever way the run ends, nothing of the target is left.

    keeper.py PARENT_PID STOP_SECONDS COMMAND …

It starts the command in a process group of its own and waits. When the command ends, when it is told to
stop (SIGTERM) or when its parent is gone, even by `kill -9`, it sends SIGTERM to the group, and after
STOP_SECONDS kills every descendant that is left, those that made themselves daemons too: it is their
subreaper. It ends with the command's status.

Runs as a bare script (standard library only), so that it starts in a few milliseconds.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

_PR_SET_CHILD_SUBREAPER: Final = 36
_PR_SET_PDEATHSIG: Final = 1
_STOP: Final = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
_POLL_S: Final = 0.1
CANNOT_START: Final = 127


def main(parent: int, stop_s: float, command: list[str]) -> int:
    """Keep `command` until it, this process or the parent is told to end; its exit status."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOP | {signal.SIGCHLD})

    def in_the_child() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, set())
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # should somebody kill -9 the keeper itself

    try:
        child = subprocess.Popen(command, process_group=0, stdin=subprocess.DEVNULL, preexec_fn=in_the_child)
    except OSError as error:
        print(f"cannot start {command[0]}: {error.strerror}", file=sys.stderr)
        return CANNOT_START
    while child.returncode is None and os.getppid() == parent:
        told = signal.sigtimedwait(_STOP | {signal.SIGCHLD}, _POLL_S)
        _reap(child)
        if told and told.si_signo in _STOP:
            break
    _end(child, stop_s)
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


def _end(child: "subprocess.Popen[bytes]", stop_s: float) -> None:
    """SIGTERM to the group (and SIGCONT, should it be halted), SIGKILL to whoever is left after `stop_s`."""
    for kind in (signal.SIGTERM, signal.SIGCONT):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, kind)
    deadline = time.monotonic() + stop_s
    while left := descendants(os.getpid()):
        if time.monotonic() > deadline:
            kill(left)
        _reap(child)
        time.sleep(_POLL_S / 10)


def _reap(child: "subprocess.Popen[bytes]") -> None:
    """Collect whoever has ended; of the child also the status."""
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            if ended[0] == child.pid:
                child.returncode = os.waitstatus_to_exitcode(ended[1])


def kill(pids: set[int]) -> None:
    """SIGKILL to each."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def children(parent: int) -> set[int]:
    """The processes whose parent is `parent`."""
    return {pid for pid, its_parent in _parents().items() if its_parent == parent}


def descendants(ancestor: int) -> set[int]:
    """Every process below `ancestor`, ended ones that nobody collected included."""
    parents = _parents()
    below: set[int] = set()
    while more := {pid for pid, parent in parents.items() if parent == ancestor or parent in below} - below:
        below |= more
    return below


def _parents() -> dict[int, int]:
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                # the name stands in brackets and may hold anything; state and parent follow the last one
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    return parents


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]))
