"""What the runtime library costs a handler: its import, a warm invocation, a cold start, and how soon it answers in need.

Cold starts and deadlines are measured under the real ``awslambdaric``, fed by the tests' Runtime API; the processes that are
compared take turns.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bench.figures import Figure
from tests.runtime.runtime_api import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
IMPORTS, STARTS, DEADLINES = 15, 25, 30
IMPORT_BAR, WARM_BAR, COLD_BAR = 5.0, 60.0, 1.3  # milliseconds, microseconds, times the plain handler

IMPORT = """
import time, awslambdaric.bootstrap, awslambdaric.lambda_runtime_client, awslambdaric.lambda_config
began = time.perf_counter()
{statement}
print((time.perf_counter() - began) * 1000)
"""
PLAIN = "def handler(event, context): return {'statusCode': 200}\n"
OURS = """
from constructs_lib.runtime import api_handler, downstream
@api_handler
def handler(event, context):
    with downstream("orders-table"):
        return {"statusCode": 200}
"""
POWERTOOLS = """
from aws_lambda_powertools import Logger, Metrics, Tracer
logger, metrics, tracer = Logger(), Metrics(), Tracer()
@logger.inject_lambda_context
@tracer.capture_lambda_handler
def handler(event, context): return {"statusCode": 200}
"""
BUSY = """
import time
from constructs_lib.runtime import api_handler
@api_handler(reserve=0.5)
def handler(event, context):
    if event["kind"] == "sleep":
        time.sleep(60)
    while True:
        pass
"""


def figures() -> Iterator[Figure]:
    """Measure one after another."""
    yield from _imports()
    yield _warm()
    yield from _cold()
    yield _answer("the deadline to the reply, a whole processor", 1.0, 0.065)
    yield _answer("the deadline to the reply, 7 % of a processor (128 MB)", 128 / 1769, 0.257)


def _imports() -> Iterator[Figure]:
    door = _import("import constructs_lib.runtime")
    yield Figure(
        "import constructs_lib.runtime after awslambdaric",
        f"{door:.1f} ms", "", "", f"<= {IMPORT_BAR:g} ms", door <= IMPORT_BAR,
    )  # fmt: skip
    all_features = _import("from constructs_lib.runtime import api_handler, downstream")
    peer = _import("from aws_lambda_powertools import Logger, Metrics, Tracer")
    yield Figure(
        "the same with a decorator and all that it uses",
        f"{all_features:.1f} ms", f"Powertools {peer:.0f} ms", f"{all_features / peer:.3f}",
        f"<= {IMPORT_BAR:g} ms", all_features <= IMPORT_BAR,
    )  # fmt: skip


def _import(statement: str) -> float:
    code = IMPORT.format(statement=statement)
    return min(float(_python("-c", code)) for _ in range(IMPORTS))


def _python(*arguments: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout


def _warm() -> Figure:
    found = json.loads(_python("-m", "bench.runtime_warm"))
    ours, peer = found["ours"] - found["plain"], found["powertools"] - found["plain"]
    return Figure(
        "a warm invocation: everything around the handler, one call noted",
        f"{ours:.0f} us",
        f"Powertools L+M+T {peer:.0f} us",
        f"{ours / peer:.2f}",
        f"<= {WARM_BAR:g} us",
        ours <= WARM_BAR,
    )


def _cold() -> Iterator[Figure]:
    seconds: dict[str, list[float]] = {PLAIN: [], OURS: [], POWERTOOLS: []}
    for _ in range(STARTS):
        for source, took in seconds.items():
            took.append(_start(source))
    plain, ours, peer = (statistics.median(took) for took in seconds.values())
    ratio = statistics.median(a / b for a, b in zip(seconds[OURS], seconds[PLAIN], strict=True))
    yield Figure(
        "cold: spawn to response under awslambdaric",
        f"{ours * 1000:.0f} ms",
        f"plain {plain * 1000:.0f} ms",
        f"{ratio:.2f}",
        f"<= {COLD_BAR:g}x",
        ratio <= COLD_BAR,
    )
    yield Figure(
        "the same beside Powertools Logger, Metrics and Tracer",
        f"{ours * 1000:.0f} ms", f"{peer * 1000:.0f} ms", f"{ours / peer:.2f}", "", None,
    )  # fmt: skip


def _start(source: str) -> float:
    with Sandbox(source=source, environment={"POWERTOOLS_METRICS_NAMESPACE": "Orders"}) as sandbox:
        reply = sandbox.invoke({"httpMethod": "GET"})
        assert reply.init_seconds is not None
        return reply.init_seconds + reply.seconds


def _answer(what: str, share: float, reserve: float) -> Figure:
    """Measure how long after its deadline a handler's answer has left, for a function with a share of a processor."""
    with Sandbox(source=BUSY, timeout=5, freeze=False) as sandbox:
        sandbox.start()
        sandbox.timeout = 1.2
        with _throttled(sandbox, share):
            took = sorted(_late(sandbox, number) for number in range(DEADLINES))
    worst = f"{took[len(took) // 2] * 1000:.1f} ms, {took[-1] * 1000:.1f} at the most"
    return Figure(
        f"from {what}", worst, f"reserve {reserve * 1000:.0f} ms", "", "within it", took[-1] <= reserve
    )


def _late(sandbox: Sandbox, number: int) -> float:
    return 0.5 - sandbox.invoke({"kind": ["sleep", "spin"][number % 2], "httpMethod": "GET"}).remaining


@contextmanager
def _throttled(sandbox: Sandbox, share: float, period: float = 0.02) -> Iterator[None]:
    """Let the sandbox run for a share of each period, as the quota of a function with little memory does."""
    if share >= 1:
        yield
        return
    stop = threading.Event()

    def throttle() -> None:
        while not stop.is_set():
            for number, part in ((signal.SIGCONT, share), (signal.SIGSTOP, 1 - share)):
                os.killpg(sandbox.pid, number)
                time.sleep(part * period)

    thread = threading.Thread(target=throttle)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
