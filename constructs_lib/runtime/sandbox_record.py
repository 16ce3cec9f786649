"""What one process of a sandbox leaves to the next: a line in /tmp, which outlives a crash and a time-out.

Lambda ends the process that crashed or timed out and starts another in the same execution environment, inside the next
invocation. Its /tmp is not cleared between them (lambda-dg/lambda-runtime-environment, failures during the invoke phase),
and its log stream stays the same, so a line named after the log stream tells the new process that it is not the first.
A log stream of Lambda's own form is asked for: on a developer's machine nothing is written.
"""

from __future__ import annotations

import os
import re

_LAMBDAS_OWN = re.compile(r"\[[^\]]+\][0-9a-f]{32}$")  # .../[version]id, the last part of a log stream's name
_LENGTH = 96  # every line is this long, so that a shorter one leaves nothing of a longer one behind


class Record:
    """The sandbox as one process of it knew it.

    Attributes:
        process: the process that wrote it, as the kernel tells processes apart.
        born: when the first process of the sandbox started, in seconds since the epoch.
        restarts: how many processes were there before this one.
        invocations: how many invocations the sandbox had seen, over all of them.
        deadline: when the last of them had to be over, in seconds since the epoch; 0 before the process's first.
    """

    __slots__ = ("born", "deadline", "invocations", "process", "restarts")

    def __init__(
        self, process: str, born: float, restarts: int = 0, invocations: int = 0, deadline: float = 0
    ) -> None:
        self.process, self.born, self.restarts = process, born, restarts
        self.invocations, self.deadline = invocations, deadline

    def line(self) -> bytes:
        """Give the record as it is written."""
        text = f"{self.process} {self.born:.3f} {self.restarts} {self.invocations} {self.deadline:.3f}"
        return text.ljust(_LENGTH).encode()

    @classmethod
    def of(cls, line: bytes) -> Record | None:
        """Read a record, or None where the line is none."""
        try:
            process, born, restarts, invocations, deadline = line.decode("ascii").split()
            return cls(process, float(born), int(restarts), int(invocations), float(deadline))
        except ValueError:
            return None


class RecordFile:
    """The file that holds a sandbox's record, kept open: a write costs microseconds and needs no lock."""

    __slots__ = ("_descriptor",)

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def of_this_sandbox(cls) -> RecordFile | None:
        """Open the sandbox's file, or give None where the sandbox cannot be told from others."""
        stream = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME", "")
        if not _LAMBDAS_OWN.search(stream):
            return None
        name = f".constructs-lib-sandbox-{stream.rpartition(']')[2]}"
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            return cls(os.open(os.path.join(os.environ.get("TMPDIR", "/tmp"), name), flags, 0o600))  # noqa: PTH118, S108 - Lambda's one writable place
        except OSError:  # a full or missing /tmp: then it cannot be known, and nothing else goes wrong
            return None

    def read(self) -> Record | None:
        """Give what an earlier process left, if any did."""
        return Record.of(os.pread(self._descriptor, _LENGTH, 0))

    def write(self, record: Record) -> None:
        """Leave a record to whichever process comes next."""
        os.pwrite(self._descriptor, record.line(), 0)
