"""How this sandbox was initialised, how old it is, and what it has done: :data:`sandbox`.

Kinds, by what the first request noticed:

``on-demand``                the request waited for the init: the cold start that users feel
``proactive``                Lambda initialised the sandbox ahead of any request: more than 10 s lay between the end of
                             init and the first invocation
``provisioned-concurrency``  initialised ahead of requests, because the alias asked for it
``snap-start``               restored from a snapshot while the request waited
``suppressed``               an earlier process of this sandbox crashed, exited, timed out or failed in init, and this one was
                             initialised again inside an invocation: out of the function's own timeout
``warm-up``                  initialised by a warm-up event, felt by nobody
``lambda-managed-instances`` initialised on an instance of one's own
``unknown``                  Lambda named no kind, as on a developer's machine

What can be known, and how. The kind of init is Lambda's ``AWS_LAMBDA_INITIALIZATION_TYPE``; that of a proactive init
reads ``on-demand`` too, so the wait tells them apart. The start of the process is the kernel's (``/proc/self/stat``, to 10
ms). An earlier process is known by the record that it left in /tmp, as soon as it had imported this module.

What cannot. The process starts after the extensions and the runtime's own set-up, so ``init_seconds`` is shorter than
the ``Init Duration`` of the REPORT line by those. The end of init is not announced to the handler; it is taken as the
moment when the handler was decorated (:meth:`Sandbox.ready`), near the end of the module. A process that ended after its
invocation's deadline may have timed out or may have ended by itself later: both read ``timeout or exit``. One that died
before it imported this module leaves no trace.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time

from constructs_lib.runtime.sandbox_record import Record, RecordFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NAMESPACE = "ConstructsLib"
"""CloudWatch namespace of the sandboxes' metrics: ``Inits`` and ``InitDuration`` by ``FunctionName`` and ``InitKind``."""

# Beyond this wait nobody was waiting; Lambda names no number, this is the one in use since 2023
# (aaronstuyvenberg.com, understanding proactive initialization).
_PROACTIVE_AFTER = 10.0
_CLOCK_SLACK = 0.1  # the kernel counts in 10 ms, and a time-out is not to the millisecond
_FELT = ("on-demand", "snap-start", "suppressed", "unknown")


class Sandbox:
    """The sandbox that this process runs in; there is one, :data:`sandbox`.

    Attributes:
        kind: how it was initialised, see the module's text; None until the first invocation.
        restarts: how many processes of this sandbox ended before this one; None where it cannot be known.
        after: what ended the process before this one: ``init`` (it had seen no invocation), ``exit`` (before its
            invocation's deadline, so no time-out), ``timeout or exit``; None where there was none.
        invocations: how many invocations the sandbox has seen, those of its earlier processes included.
        init_seconds: from the start of the process until the handler was ready.
        waited_seconds: from there (with SnapStart: from the restore) to the first invocation; None until then.

    Example:
        >>> from constructs_lib.runtime.telemetry import sandbox
        >>> sorted(sandbox.fields())
        ['cold_start', 'init_kind', 'init_seconds', 'sandbox_age', 'sandbox_invocations']
    """

    __slots__ = (
        "_failed", "_file", "_first", "_ready", "_record", "_started", "after", "kind", "restarts", "waited_seconds",
    )  # fmt: skip

    def __init__(self) -> None:
        self._started, process = _process()
        self._ready = time.time()
        self._record = Record(process, self._started)
        self._first = False
        self._failed = False
        self.kind: str | None = None
        self.after: str | None = None
        self.waited_seconds: float | None = None
        self.restarts: int | None = None
        self._file = RecordFile.of_this_sandbox()
        if self._file is not None:
            self._take_over(self._file)
        if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
            _call_after_restore(self._restored)

    def ready(self) -> None:
        """Say that the handler is defined now, which is near the end of init; the last of several counts."""
        if self.kind is None:
            self._ready = time.time()

    def invoked(self, context: object) -> None:
        """Count an invocation; the first one settles the kind and writes the sandbox's one line of metrics.

        Called by the decorators of this library. It never raises: what fails here is logged, once.
        """
        try:
            record = self._record
            record.invocations += 1
            self._first = self.kind is None
            if self._first:
                self._settle(None)
            if self._file is not None:
                left = getattr(context, "get_remaining_time_in_millis", None)
                record.deadline = time.time() + (left() / 1000 if left is not None else 0)
                self._file.write(record)
        except Exception:  # noqa: BLE001 - telemetry never takes the request down
            self._log_once()

    def warmed_up(self) -> None:
        """Say that a warm-up event came: if it was the sandbox's first event, no request felt the init."""
        try:
            if self.kind is None:
                self._settle("warm-up")
        except Exception:  # noqa: BLE001 - as above
            self._log_once()

    @property
    def cold_start(self) -> bool:
        """Whether this invocation had to wait for the init: false for one that was made ahead of it."""
        return self._first and self.kind in _FELT

    @property
    def age(self) -> float:
        """Seconds since the sandbox's first process started, or since the restore."""
        return max(time.time() - self._record.born, 0.0)

    @property
    def invocations(self) -> int:
        """How many invocations the sandbox has seen, with those of its earlier processes."""
        return self._record.invocations

    @property
    def init_seconds(self) -> float:
        """Seconds from the start of the process until the handler was ready."""
        return max(self._ready - self._started, 0.0)

    def fields(self) -> dict[str, Any]:
        """Give the fields to log with each line, or to add to metrics.

        For Powertools: ``logger.append_keys(**sandbox.fields())`` (its own ``cold_start``, which counts a proactive
        init as a cold start, is replaced), and ``metrics.add_metadata(key, value)`` for each.
        """
        return {
            "cold_start": self.cold_start,
            "init_kind": self.kind,
            "init_seconds": round(self.init_seconds, 3),
            "sandbox_age": round(self.age, 3),
            "sandbox_invocations": self.invocations,
        }

    def _take_over(self, file: RecordFile) -> None:
        """Read what the process before this one left, and leave a record of our own."""
        try:
            before = file.read()
            if before is not None and before.process != self._record.process:
                self.after = _end_of(before, self._started)
                self._record = Record(
                    self._record.process, before.born, before.restarts + 1, before.invocations
                )
            file.write(self._record)
        except OSError:  # a full /tmp
            self._file = None
        else:
            self.restarts = self._record.restarts

    def _restored(self) -> None:
        """Start the sandbox's life here: only how long init took is known from before the snapshot."""
        duration, now = self.init_seconds, time.time()
        self._ready, self._started, self._record.born = now, now - duration, now

    def _settle(self, kind: str | None) -> None:
        waited = self.waited_seconds = max(time.time() - self._ready, 0.0)
        self.kind = kind or _kind(waited, restarted=bool(self.restarts))
        if function := os.environ.get("AWS_LAMBDA_FUNCTION_NAME"):
            sys.stdout.write(self._line(function))

    def _line(self, function: str) -> str:
        """Give the sandbox's line in CloudWatch's embedded metric format."""
        units = [{"Name": "Inits", "Unit": "Count"}, {"Name": "InitDuration", "Unit": "Milliseconds"}]
        metrics = {"Namespace": NAMESPACE, "Dimensions": [["FunctionName", "InitKind"]], "Metrics": units}
        line = {
            "_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [metrics]},
            "FunctionName": function,
            "FunctionVersion": os.environ.get("AWS_LAMBDA_FUNCTION_VERSION"),
            "InitKind": self.kind,
            "Inits": 1,
            "InitDuration": round(self.init_seconds * 1000, 1),
            "InitWait": round((self.waited_seconds or 0) * 1000, 1),
            "SandboxAge": round(self.age, 3),
            "SandboxRestarts": self.restarts,
            "RestartedAfter": self.after,
        }
        return json.dumps({name: value for name, value in line.items() if value is not None}) + "\n"

    def _log_once(self) -> None:
        if not self._failed:
            self._failed = True
            logging.getLogger(__name__).warning("the sandbox's telemetry failed", exc_info=True)  # noqa: LOG014 - called from handlers only


def _kind(waited: float, *, restarted: bool) -> str:
    if restarted:
        return "suppressed"
    named = os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") or "unknown"
    return "proactive" if named == "on-demand" and waited > _PROACTIVE_AFTER else named


def _end_of(before: Record, started: float) -> str:
    if not before.deadline:
        return "init"
    return "exit" if started < before.deadline - _CLOCK_SLACK else "timeout or exit"


def _process() -> tuple[float, str]:
    """Give when this process started, in seconds since the epoch, and what tells it from every other."""
    now = time.time()
    try:
        with open("/proc/self/stat", "rb") as stat:  # noqa: PTH123 - pathlib would cost milliseconds
            ticks = int(stat.read().rpartition(b")")[2].split()[19])  # proc(5): field 22, starttime
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, AttributeError):  # no Linux: the time of this import is the best there is
        return now, f"{os.getpid()}:{now:.3f}"
    return now - max(age, 0.0), f"{os.getpid()}:{ticks}"


def _call_after_restore(function: Any) -> None:
    try:
        from snapshot_restore_py import (  # noqa: PLC0415 - there where snapshots are
            register_after_restore,
        )
    except ImportError:
        return
    register_after_restore(function)


sandbox = Sandbox()
