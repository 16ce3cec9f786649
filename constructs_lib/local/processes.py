"""Child processes that surely end: each in a process group of its own, known again by its run directory.

A process is ours when its command line names the run directory that we made for it: a number alone proves nothing,
since the system gives it to somebody else one day.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from constructs_lib.errors import LocalAwsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HOST = "127.0.0.1"
PORT_MAX = 65_535
TERM_SECONDS = 1.0  # what runs here saves nothing: patience would gain nothing
KILL_SECONDS = 5.0
POLL_SECONDS = 0.02


def require_groups() -> None:
    """Refuse a system without process groups, before anything is started.

    Raises:
        LocalAwsError: this is Windows.
    """
    if not hasattr(os, "killpg"):
        raise LocalAwsError(
            f"system: got {sys.platform}, which has no process groups; allowed: Linux or macOS; fix: use WSL"
        )


def start(
    command: Sequence[str], *, environment: Mapping[str, str], directory: Path, log: Path, leashed: bool
) -> subprocess.Popen[bytes]:
    """Start a process in a group of its own. A leashed one has our pipe as its standard input, and ends with it."""
    with log.open("ab") as output:
        child = subprocess.Popen(
            command,
            env=environment,
            cwd=directory,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            stdin=subprocess.PIPE if leashed else subprocess.DEVNULL,
        )
    if not leashed:  # nobody else asks after it: collect it if it ends before this process does
        threading.Thread(target=child.wait, daemon=True).start()
    return child


def is_ours(pid: int, run_directory: Path) -> bool:
    """Tell whether a process is alive and was started for this run directory."""
    return str(run_directory) in _command_line(pid)


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        pass
    if Path("/proc/self").exists():
        return ""
    shown = subprocess.run(
        ["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return shown.stdout


def end(pid: int, run_directory: Path, popen: subprocess.Popen[bytes] | None = None) -> None:
    """End a process of ours and everything it started: SIGTERM, then SIGKILL. Nothing happens to anybody else's."""
    if popen is None and not is_ours(pid, run_directory):
        return
    for number, patience in ((signal.SIGTERM, TERM_SECONDS), (signal.SIGKILL, KILL_SECONDS)):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, number)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if popen is not None:
                popen.poll()
            if not _group_lives(pid):
                break
            time.sleep(POLL_SECONDS)
    if popen is not None:
        popen.wait(KILL_SECONDS)
        for pipe in (popen.stdin, popen.stdout):
            if pipe:
                pipe.close()


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # macOS says so of a group of zombies
        return False
    return True


def choose_port(asked: int | None) -> int:
    """Return the asked port if it is free, or any free one of 127.0.0.1.

    Raises:
        LocalAwsError: the asked port is taken, forbidden or no port.
    """
    if asked is not None and not 0 < asked <= PORT_MAX:
        raise LocalAwsError(
            f"port: got {asked}; allowed: 1 to {PORT_MAX}; fix: leave it out to use any free port"
        )
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, asked or 0))
        except OSError as error:
            found = (
                "is taken by another program" if error.errno == errno.EADDRINUSE else f"({error.strerror})"
            )
            raise LocalAwsError(
                f"port: {HOST}:{asked} {found}; allowed: a free port; "
                "fix: choose another with --port, or leave it out to use any free one"
            ) from error
        port: int = probe.getsockname()[1]
        return port


def tail(log: Path, lines: int = 15) -> str:
    """Return the last lines of a log, indented; says so when there are none."""
    with contextlib.suppress(OSError):
        text = log.read_text(errors="replace").strip()
        if text:
            return "\n".join(f"  {line}" for line in text.splitlines()[-lines:])
    return "  (it wrote nothing)"
