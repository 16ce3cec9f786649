"""The sandbox's telemetry: every kind of init under the real runtime, and one line of metrics a sandbox."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
import uuid
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

import pytest
from aws_lambda_powertools import Logger, Metrics

from constructs_lib.runtime import telemetry
from constructs_lib.runtime.sandbox_record import Record, RecordFile
from constructs_lib.timeouts.carriers import WARM_UP_KEY
from tests.runtime.runtime_api import Reply, Sandbox

if TYPE_CHECKING:
    from pathlib import Path

HANDLER = """
import os, sys, time
from constructs_lib.runtime.telemetry import sandbox
from constructs_lib.runtime.warm_up import answer

def handler(event, context):
    if (answered := answer(event)) is not None:
        return answered
    sandbox.invoked(context)
    if event.get("crash"):
        os._exit(1)
    time.sleep(event.get("seconds", 0))
    return {**sandbox.fields(), "restarts": sandbox.restarts, "after": sandbox.after, "waited": sandbox.waited_seconds}

sandbox.ready()
"""
SNAPSHOTS = """
_after = []
def register_after_restore(function, *args, **kwargs):
    _after.append((function, args, kwargs))
    return function
def get_after_restore():
    return _after
def get_before_snapshot():
    return []
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Give a log stream as Lambda names them, and a /tmp of the sandbox's own."""
    return {
        "AWS_LAMBDA_LOG_STREAM_NAME": f"2026/11/21/[7]{uuid.uuid4().hex}",
        "TMPDIR": str(tmp_path),
    }


def line_of(reply: Reply) -> dict[str, Any] | None:
    """Give the line of metrics that an invocation wrote, if it wrote one."""
    lines = [line for line in reply.lines if "_aws" in line]
    assert len(lines) <= 1
    return lines[0] if lines else None


def test_a_request_that_waits_for_its_init_meets_a_cold_start(environment: dict[str, str]) -> None:
    """The first invocation is cold, the second is not, and one line says so for both."""
    with Sandbox(source=HANDLER, environment=environment) as sandbox:
        first, second = sandbox.invoke({}), sandbox.invoke({})
    assert (first.payload["cold_start"], second.payload["cold_start"]) == (True, False)
    assert first.payload["init_kind"] == second.payload["init_kind"] == "on-demand"
    assert (first.payload["sandbox_invocations"], second.payload["sandbox_invocations"]) == (1, 2)
    assert first.payload["restarts"] == 0
    line = line_of(first)
    assert line is not None
    assert line["InitKind"] == "on-demand"
    assert line_of(second) is None


def test_the_duration_of_init_is_the_processs_own(environment: dict[str, str]) -> None:
    """It holds what the module did before the handler was ready, and no more than what the caller waited."""
    with Sandbox(source=f"import time\ntime.sleep(0.3)\n{HANDLER}", environment=environment) as sandbox:
        reply = sandbox.invoke({})
    assert reply.init_seconds is not None
    assert 0.3 <= reply.payload["init_seconds"] <= reply.init_seconds + 0.02  # the kernel counts in 10 ms
    assert reply.payload["sandbox_age"] >= reply.payload["init_seconds"]


def test_an_init_long_before_the_first_request_is_proactive(environment: dict[str, str]) -> None:
    """A request that meets a sandbox which has waited for more than ten seconds did not wait for it."""
    waited = HANDLER + "sandbox._ready -= 10.1  # as if that long ago\n"
    with Sandbox(source=waited, environment=environment) as sandbox:
        reply = sandbox.invoke({})
    assert (reply.payload["init_kind"], reply.payload["cold_start"]) == ("proactive", False)
    assert reply.payload["waited"] > 10


def test_a_provisioned_sandbox_is_no_cold_start(environment: dict[str, str]) -> None:
    """Lambda says that it was initialised ahead of its requests."""
    with Sandbox(source=HANDLER, environment=environment, init_type="provisioned-concurrency") as sandbox:
        sandbox.start()
        reply = sandbox.invoke({})
    assert (reply.payload["init_kind"], reply.payload["cold_start"]) == ("provisioned-concurrency", False)


def test_a_restored_sandbox_counts_from_its_restore(environment: dict[str, str], tmp_path: Path) -> None:
    """What lay between the snapshot and the restore is neither init nor waiting nor age."""
    (tmp_path / "app.py").write_text(HANDLER)
    (tmp_path / "snapshot_restore_py.py").write_text(SNAPSHOTS)
    with Sandbox(folder=tmp_path, environment=environment, init_type="snap-start") as sandbox:
        sandbox.start()
        time.sleep(1.0)
        reply = sandbox.invoke({})
    assert (reply.payload["init_kind"], reply.payload["cold_start"]) == ("snap-start", True)
    assert reply.payload["waited"] < 1.0
    assert reply.payload["sandbox_age"] < 1.0
    assert 0 < reply.payload["init_seconds"] < 1.0


def test_after_a_crash_the_init_is_a_suppressed_one(environment: dict[str, str]) -> None:
    """The new process knows that it is not the sandbox's first, and that no time-out ended the one before."""
    with Sandbox(source=HANDLER, environment=environment, timeout=30) as sandbox:
        born = sandbox.invoke({}).payload["sandbox_age"]
        crashed = sandbox.invoke({"crash": True})
        again = sandbox.invoke({})
    assert crashed.outcome == "crash"
    assert (again.payload["init_kind"], again.payload["cold_start"]) == ("suppressed", True)
    assert (again.payload["restarts"], again.payload["after"]) == (1, "exit")
    assert again.payload["sandbox_invocations"] == 3
    assert again.payload["sandbox_age"] > born
    line = line_of(again)
    assert line is not None
    assert (line["InitKind"], line["SandboxRestarts"], line["RestartedAfter"]) == ("suppressed", 1, "exit")


def test_after_a_time_out_the_init_is_a_suppressed_one(environment: dict[str, str]) -> None:
    """A sandbox that times out again and again counts its restarts: the doom loop as a number."""
    with Sandbox(source=HANDLER, environment=environment, timeout=1) as sandbox:
        outcomes = [sandbox.invoke({"seconds": 5}).outcome for _ in range(2)]
        again = sandbox.invoke({})
    assert outcomes == ["timeout", "timeout"]
    assert again.payload["init_kind"] == "suppressed"
    assert (again.payload["restarts"], again.payload["after"]) == (2, "timeout or exit")


def test_an_init_that_failed_is_repeated_inside_the_first_invocation(environment: dict[str, str]) -> None:
    """The second process finds a record without an invocation."""
    fails_once = (
        "import pathlib\n"
        "first = pathlib.Path('first')\n"
        "if not first.exists():\n    first.touch()\n    raise RuntimeError('no database')\n"
    )
    source = HANDLER.replace("\nsandbox.ready()", f"\n{fails_once}sandbox.ready()")
    with Sandbox(source=source, environment=environment) as sandbox:
        reply = sandbox.invoke({})
    assert (reply.payload["init_kind"], reply.payload["after"]) == ("suppressed", "init")


def test_a_sandbox_that_a_warm_up_made_was_felt_by_nobody(environment: dict[str, str]) -> None:
    """The line of metrics comes with the warm-up, and the first request is not cold."""
    with Sandbox(source=HANDLER, environment=environment) as sandbox:
        warmed = sandbox.invoke({WARM_UP_KEY: {"hold": 0.01}})
        first = sandbox.invoke({})
    line = line_of(warmed)
    assert line is not None
    assert line["InitKind"] == "warm-up"
    assert (first.payload["init_kind"], first.payload["cold_start"]) == ("warm-up", False)
    assert first.payload["sandbox_invocations"] == 1
    assert line_of(first) is None


def test_the_line_is_an_embedded_metric(environment: dict[str, str]) -> None:
    """Namespace, dimensions and units are what CloudWatch reads; each name is a member of the line."""
    with Sandbox(source=HANDLER, environment=environment) as sandbox:
        line = line_of(sandbox.invoke({}))
    assert line is not None
    assert abs(line["_aws"]["Timestamp"] / 1000 - time.time()) < 60
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "ConstructsLib"
    assert directive["Dimensions"] == [["FunctionName", "InitKind"]]
    assert directive["Metrics"] == [
        {"Name": "Inits", "Unit": "Count"},
        {"Name": "InitDuration", "Unit": "Milliseconds"},
    ]
    for dimension in directive["Dimensions"][0]:
        assert isinstance(line[dimension], str)
    for metric in directive["Metrics"]:
        assert isinstance(line[metric["Name"]], int | float)


def test_the_line_has_the_shape_of_powertools_own(environment: dict[str, str]) -> None:
    """What the real Metrics writes for the same metrics and dimensions, CloudWatch is known to read."""
    metrics = Metrics(namespace="ConstructsLib")
    metrics.add_dimension(name="FunctionName", value="orders")
    metrics.add_dimension(name="InitKind", value="on-demand")
    metrics.add_metric(name="Inits", unit="Count", value=1)
    metrics.add_metric(name="InitDuration", unit="Milliseconds", value=120.5)
    with redirect_stdout(io.StringIO()) as out:
        metrics.flush_metrics()
    theirs = json.loads(out.getvalue())
    with Sandbox(source=HANDLER, environment=environment) as sandbox:
        line = line_of(sandbox.invoke({}))
    assert line is not None
    named, ours = [each["_aws"]["CloudWatchMetrics"][0] for each in (theirs, line)]
    assert ours["Metrics"] == named["Metrics"]
    assert [sorted(each) for each in ours["Dimensions"]] == [
        sorted(set(d) - {"service"}) for d in named["Dimensions"]
    ]
    assert ours.keys() == named.keys()


def test_without_a_log_stream_of_lambdas_nothing_is_written(tmp_path: Path) -> None:
    """On a developer's machine no file is left behind, and whether a process was there before is unknown."""
    stream = {"AWS_LAMBDA_LOG_STREAM_NAME": str(uuid.uuid4()), "TMPDIR": str(tmp_path)}
    with Sandbox(source=HANDLER, environment=stream) as sandbox:
        reply = sandbox.invoke({})
    assert reply.payload["restarts"] is None
    assert list(tmp_path.iterdir()) == []


def test_a_record_that_is_none_is_passed_over(environment: dict[str, str], tmp_path: Path) -> None:
    """Whatever lies in /tmp under the record's name, the function works."""
    record = environment["AWS_LAMBDA_LOG_STREAM_NAME"].rpartition("]")[2]
    (tmp_path / f".constructs-lib-sandbox-{record}").write_bytes(b"\xff not a record")
    with Sandbox(source=HANDLER, environment=environment) as sandbox:
        reply = sandbox.invoke({})
    assert (reply.payload["init_kind"], reply.payload["restarts"]) == ("on-demand", 0)


def test_a_record_reads_as_it_was_written() -> None:
    """Every line is as long as every other, so that none shows through a shorter one."""
    short, long = Record("7:1", 0.5), Record("99999:123456789", 1795270140.497, 17, 10**9, 1795270141.497)
    assert len(short.line()) == len(long.line())
    read = Record.of(long.line())
    assert read is not None
    assert (read.process, read.born, read.restarts, read.invocations, read.deadline) == (
        "99999:123456789", 1795270140.497, 17, 10**9, 1795270141.497,
    )  # fmt: skip


def test_a_context_that_fails_takes_nothing_down(caplog: pytest.LogCaptureFixture) -> None:
    """A defect of the telemetry is logged once, however often it happens."""

    class Broken:
        @property
        def get_remaining_time_in_millis(self) -> object:
            raise RuntimeError("no clock")

    sandbox = telemetry.Sandbox()
    sandbox._file = RecordFile(-1)
    for _ in range(3):
        sandbox.invoked(Broken())
    assert [record.getMessage() for record in caplog.records] == ["the sandbox's telemetry failed"]
    assert sandbox.invocations == 3


def test_the_fields_fit_powertools() -> None:
    """The real Logger writes them with each line, its own notion of a cold start replaced; Metrics takes them."""
    written, sandbox = io.StringIO(), telemetry.Sandbox()
    sandbox.invoked(None)
    fields = sandbox.fields()
    logger = Logger(service="counted", stream=written)  # Powertools keeps one a name
    logger.append_keys(**fields)
    logger.info("placed")
    assert fields.items() <= json.loads(written.getvalue()).items()

    metrics = Metrics(namespace="Shop", service="orders")
    metrics.add_metric(name="Orders", unit="Count", value=1)
    for key, value in fields.items():
        metrics.add_metadata(key, value)
    with redirect_stdout(io.StringIO()) as out:
        metrics.flush_metrics()
    assert fields.items() <= json.loads(out.getvalue()).items()


def test_importing_it_loads_no_third_party_module() -> None:
    """A handler pays for this library and the standard one."""
    code = (
        "import sys, json, logging, re; before = set(sys.modules)\n"
        "import constructs_lib.runtime.telemetry, constructs_lib.runtime.warm_up\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert loaded <= {"constructs_lib", *sys.stdlib_module_names}
