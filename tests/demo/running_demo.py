"""The demo as a process of its own, whose files are all in one directory: by it, what is left of it is found."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import signal
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 240  # seconds until a run that hangs is given up


class Demo:
    """``python -m demo``, started.

    Args:
        directory: where it and all that it starts make their files.
    """

    def __init__(self, directory: Path) -> None:
        self.directory, self.said = directory, ""
        environment = {name: value for name, value in os.environ.items() if name != "CDK_VALIDATION"}
        self._process = subprocess.Popen(
            [sys.executable, "-u", "-m", "demo"],
            cwd=ROOT,
            env={**environment, "TMPDIR": str(directory), "COLUMNS": "80"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert self._process.stdout
        self._lines = iter(self._process.stdout)

    def until(self, words: str) -> None:
        """Read on until a line says this."""
        for line in self._lines:
            self.said += line
            if words in line:
                return
        raise AssertionError(f"the demo ended without {words!r}:\n{self.said}")

    def until_file(self, pattern: str) -> None:
        """Wait until such a file is somewhere in its directory."""
        deadline = time.monotonic() + PATIENCE
        while not any(self.directory.rglob(pattern)):
            assert time.monotonic() < deadline, f"no {pattern} within {PATIENCE} s"
            time.sleep(0.05)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the demo alone."""
        self._process.send_signal(number)

    def end(self) -> int:
        """Read the rest, and give the exit code."""
        self.said += "".join(self._lines)
        return self._process.wait(PATIENCE)

    def stop(self) -> None:
        """Make sure that it is over."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()

    def processes(self) -> dict[int, str]:
        """Give the processes whose command line or environment names its directory, by id."""
        return {pid: command for pid, command, text in _all_processes() if str(self.directory) in text}

    def left(self) -> list[str]:
        """Give the files and processes that are left of it."""
        return [*(path.name for path in self.directory.iterdir()), *self.processes().values()]


def _all_processes() -> Iterator[tuple[int, str, str]]:
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            yield (
                int(place.name),
                command,
                command + (place / "environ").read_bytes().decode(errors="replace"),
            )
