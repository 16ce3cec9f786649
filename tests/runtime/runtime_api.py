"""An execution environment as Lambda makes them: the real ``awslambdaric`` in a process, fed by a small Runtime API.

What it does as Lambda does, so that tests can rely on it:

* init ends when the runtime first asks for work; an on-demand init that fails or takes too long is repeated inside the
  next invocation, within the function's timeout (*suppressed*), and so is the init after a crash or a time-out;
* an invocation's deadline travels in ``Lambda-Runtime-Deadline-Ms``; at the timeout the whole process group is killed;
* once the runtime asks for more work, everything in the process group is frozen until the next invocation (SIGSTOP for
  Lambda's freezer: threads stop, timers run on);
* with ``init_type="snap-start"`` init ends with a snapshot, and the first invocation begins with its restore.

Example::

    with Sandbox(source="def handler(event, context): return event", timeout=1) as sandbox:
        reply = sandbox.invoke({"hello": "world"})
    assert reply.payload == {"hello": "world"}
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

ROOT = Path(__file__).resolve().parents[2]
ARN = "arn:aws:lambda:eu-west-1:123456789012:function:"
RUNTIME = "/2018-06-01/runtime/"
INIT_LIMIT = 10.0  # seconds; Lambda ends an on-demand init there and repeats it inside the first invocation

Outcome = Literal["response", "error", "timeout", "crash", "init-error"]


@dataclass(frozen=True)
class Reply:
    """What the caller got, and what the sandbox spent on it."""

    outcome: Outcome
    payload: Any  # what the handler returned, or Lambda's error object
    seconds: float  # from the start of the invocation to the reply, a suppressed init included
    remaining: float  # what was left of the function's timeout at the reply
    init_seconds: (
        float | None
    )  # of the init that this invocation began with, suppressed or not; None when warm
    suppressed: bool  # whether that init ran inside the function's timeout
    logs: str  # what the process wrote to stdout and stderr meanwhile

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Give the log lines that are JSON objects."""
        return [json.loads(line) for line in self.logs.splitlines() if line.startswith("{")]


@dataclass
class _Process:
    """One process of the runtime, from spawn to kill."""

    popen: subprocess.Popen[bytes]
    work: queue.SimpleQueue[tuple[bytes, dict[str, str]] | None] = field(default_factory=queue.SimpleQueue)
    said: queue.SimpleQueue[tuple[str, Any]] = field(default_factory=queue.SimpleQueue)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to everything that the sandbox runs."""
        try:
            os.killpg(self.popen.pid, number)
        except ProcessLookupError:
            return

    def hear(self, *kinds: str, until: float) -> tuple[str, Any]:
        """Wait for one of these to be said, until a moment of the monotonic clock; gives ``late`` then."""
        while True:
            try:
                kind, body = self.said.get(timeout=max(until - time.monotonic(), 0))
            except queue.Empty:
                return "late", None
            if kind in kinds:
                return kind, body


class Sandbox:
    """One execution environment of one function; see the module's text.

    Args:
        handler: ``module.function``, as the function's configuration names it.
        source: text of the handler's module; or
        folder: the folder that holds it.
        timeout: the function's timeout in seconds.
        memory: the function's memory in MB, as the environment says it.
        environment: further environment variables.
        freeze: whether to freeze the sandbox between invocations.
        init_type: ``on-demand``, ``provisioned-concurrency`` or ``snap-start``.
        init_limit: seconds after which an on-demand init is ended.
        python: the interpreter.
    """

    def __init__(
        self,
        handler: str = "app.handler",
        *,
        source: str | None = None,
        folder: Path | None = None,
        timeout: float = 3.0,
        memory: int = 1769,
        environment: Mapping[str, str] | None = None,
        freeze: bool = True,
        init_type: str = "on-demand",
        init_limit: float = INIT_LIMIT,
        python: str = sys.executable,
    ) -> None:
        self.handler, self.timeout, self.freeze, self.python = handler, timeout, freeze, python
        self.init_type, self.init_limit = init_type, init_limit
        self._own = tempfile.TemporaryDirectory(prefix="sandbox-")
        self._folder = folder or Path(self._own.name)
        if source is not None:
            (self._folder / f"{handler.partition('.')[0]}.py").write_text(source)
        # A file and no pipe, so that nothing is still on its way when a reply has come.
        self._log = Path(self._own.name, "log").open("a+b")  # noqa: SIM115 - lives as long as the sandbox
        self._server = _Server(self)
        self._environment = self._lambda_environment(memory) | dict(environment or {})
        self._process: _Process | None = None
        self._init_seconds: float | None = None

    def __enter__(self) -> Self:
        """Open the Runtime API; the process starts with the first invocation, or with :meth:`start`."""
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process and the Runtime API."""
        self.kill()
        self._server.shutdown()
        self._server.server_close()
        self._log.close()
        self._own.cleanup()

    def start(self) -> bool:
        """Run the init phase before any invocation, as provisioned concurrency and proactive init do.

        An init that fails or takes too long is repeated by the next invocation.
        """
        started = time.monotonic()
        process = self._spawn()
        until = started + (self.init_limit if self.init_type == "on-demand" else max(130.0, self.timeout))
        said, _ = process.hear("next", "snapshot", "init-error", "exit", until=until)
        if said not in {"next", "snapshot"}:
            self.kill()
            return False
        self._init_seconds = time.monotonic() - started
        self._rest(process)
        return True

    def invoke(
        self, event: object, *, trace: str = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=1"
    ) -> Reply:
        """Invoke the function and wait for what its caller would get."""
        position = self._log.seek(0, os.SEEK_END)
        if self._process is None and not self._has_run:
            self.start()  # an on-demand init, outside the function's timeout
        started = time.monotonic()
        until = started + self.timeout
        outcome, payload, suppressed = self._run(event, trace, until)
        ended = time.monotonic()
        if outcome in {"response", "error"}:
            self._rest_when_ready(until)
        else:
            self.kill()
        init_seconds, self._init_seconds = self._init_seconds, None
        self._log.seek(position)
        logs = self._log.read().decode(errors="replace")
        return Reply(outcome, payload, ended - started, until - ended, init_seconds, suppressed, logs)

    def kill(self) -> None:
        """End the process at once; the next invocation begins with a suppressed init."""
        if self._process is not None:
            process, self._process = self._process, None
            process.signal(signal.SIGKILL)
            process.popen.wait()
            process.work.put(None)

    @property
    def pid(self) -> int:
        """The process of the runtime."""
        assert self._process is not None, "no process: invoke or start first"
        return self._process.popen.pid

    def resident_bytes(self) -> int:
        """Give the memory that the process has in RAM."""
        pages = Path(f"/proc/{self.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def open_files(self) -> int:
        """Count the file descriptors that the process has open."""
        return sum(1 for _ in Path(f"/proc/{self.pid}/fd").iterdir())

    @property
    def _has_run(self) -> bool:
        return self._server.spawned > 0

    def _run(self, event: object, trace: str, until: float) -> tuple[Outcome, Any, bool]:
        request, suppressed = str(uuid.uuid4()), self._process is None
        process = self._process
        if process is None:
            began = time.monotonic()
            process = self._spawn()
            said, body = process.hear("next", "snapshot", "init-error", "exit", until=until)
            self._init_seconds = time.monotonic() - began
            if said in {"init-error", "exit"}:
                return "init-error", body if said == "init-error" else _exited(request, body), True
        process.signal(signal.SIGCONT)
        process.work.put((json.dumps(event).encode(), self._headers(request, trace, until)))
        said, body = process.hear("response", "error", "exit", until=until)
        if said == "late":
            message = f"RequestId: {request} Error: Task timed out after {self.timeout:.2f} seconds"
            return "timeout", {"errorType": "Sandbox.Timedout", "errorMessage": message}, suppressed
        if said == "exit":
            return "crash", _exited(request, body), suppressed
        return ("response" if said == "response" else "error"), body, suppressed

    def _rest_when_ready(self, until: float) -> None:
        """Freeze the sandbox when the runtime asks for more work; what it does until then counts as the invocation."""
        assert self._process is not None
        said, _ = self._process.hear("next", "exit", until=until)
        if said == "next":
            self._rest(self._process)
        else:
            self.kill()

    def _rest(self, process: _Process) -> None:
        if self.freeze:
            process.signal(signal.SIGSTOP)

    def _spawn(self) -> _Process:
        self._server.spawned += 1
        command = [self.python, "-m", "awslambdaric", self.handler]
        popen = subprocess.Popen(
            command, cwd=self._folder, env=self._environment, stdin=subprocess.DEVNULL,
            stdout=self._log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        process = self._process = _Process(popen)
        threading.Thread(target=lambda: process.said.put(("exit", popen.wait())), daemon=True).start()
        return process

    def _headers(self, request: str, trace: str, until: float) -> dict[str, str]:
        deadline = time.time() + (until - time.monotonic())
        return {
            "Lambda-Runtime-Aws-Request-Id": request,
            "Lambda-Runtime-Deadline-Ms": str(int(deadline * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": f"{ARN}{self._environment['AWS_LAMBDA_FUNCTION_NAME']}:live",
            "Lambda-Runtime-Trace-Id": trace,
        }

    def _lambda_environment(self, memory: int) -> dict[str, str]:
        return {
            "AWS_EXECUTION_ENV": f"AWS_Lambda_python3.{sys.version_info.minor}",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory),
            "AWS_LAMBDA_FUNCTION_NAME": "orders",
            "AWS_LAMBDA_FUNCTION_VERSION": "7",
            "AWS_LAMBDA_INITIALIZATION_TYPE": self.init_type,
            "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/orders",
            "AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/21/[7]d1f0c7a4",
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._server.server_address[1]}",
            "AWS_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_SESSION_TOKEN": "test",
            "LAMBDA_TASK_ROOT": str(self._folder),
            "LANG": "C.UTF-8",
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{self._folder}{os.pathsep}{ROOT}",
            "_HANDLER": self.handler,
        }


def _exited(request: str, status: int) -> dict[str, str]:
    how = f"exit status {status}" if status >= 0 else f"signal: {signal.Signals(-status).name}"
    message = f"RequestId: {request} Error: Runtime exited with error: {how}"
    return {"errorType": "Runtime.ExitError", "errorMessage": message}


class _Server(ThreadingHTTPServer):
    """The Runtime API of one sandbox."""

    daemon_threads = True

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(("127.0.0.1", 0), _RuntimeApi)
        self.sandbox, self.spawned = sandbox, 0

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a sandbox that is killed leaves its connection as it is."""


class _RuntimeApi(BaseHTTPRequestHandler):
    """The calls of the Runtime API (Lambda developer guide, runtimes-api), for whichever process runs now."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        """Hand out the next invocation, when there is one; or the restore of a snapshot."""
        process = self.server.sandbox._process
        if process is None or not self.path.startswith(RUNTIME):
            return self._answer(404)
        restoring = self.path == f"{RUNTIME}restore/next"
        process.said.put(("snapshot" if restoring else "next", None))
        work = process.work.get()
        if work is None:
            self.close_connection = True
            return None
        if restoring:
            process.work.put(work)  # the invocation that waits for the restore
            return self._answer(200)
        body, headers = work
        return self._answer(200, body, headers)

    def do_POST(self) -> None:
        """Take what the runtime reports."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        last = self.path.rpartition("/")[2]
        process = self.server.sandbox._process
        kind = "init-error" if self.path in {f"{RUNTIME}init/error", f"{RUNTIME}restore/error"} else last
        if process is not None:
            process.said.put((kind, json.loads(body) if body else None))
        self._answer(202, b'{"status":"OK"}')

    def _answer(self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name in the base class
        """Say nothing: tests read what the sandbox says."""
