"""The log of a deadline that has passed says what ran, and how long each call took."""

# ruff: noqa: ARG001 - every handler takes an event and a context

from __future__ import annotations

import json
import threading
import time
from contextlib import suppress
from typing import Any

import pytest

from constructs_lib.errors import DeadlineExceeded
from constructs_lib.runtime import Deadline, api_handler, downstream, event_handler
from tests.runtime.invocations import FOR_EVER, Context


def timeout_lines(printed: str) -> list[dict[str, Any]]:
    """Find the timeout log in what was printed."""
    lines = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    return [line for line in lines if line.get("event") == "deadline_exceeded"]


def test_the_timeout_log_says_what_ran_and_how_long_each_call_took(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One line: what the caller was told, the calls with their times, the place in the code, no value of anything."""

    def query(password: str) -> None:
        with downstream("orders-table"):
            time.sleep(0.02)
        with downstream("stock"):
            time.sleep(FOR_EVER)

    @api_handler
    def handler(event: Any, context: Any) -> Any:
        query("s3cr3t-password")

    handler({"httpMethod": "POST", "headers": {"x-correlation-id": "checkout-1"}}, Context(0.3))
    printed = capsys.readouterr().out
    [line] = timeout_lines(printed)
    assert line["level"] == "ERROR"
    assert line["aws_request_id"] == Context.aws_request_id
    assert line["correlation_id"] == "checkout-1"
    assert line["answered"] == "answered 504"
    first, second = line["calls"]
    assert (first["call"], first["outcome"]) == ("orders-table", "ok")
    assert 0.02 <= first["seconds"] < 0.2
    assert (second["call"], second["outcome"]) == ("stock", "interrupted")
    assert f", during stock ({second['seconds']} s); " in line["message"]
    assert line["interrupted_at"][-1].endswith("query")
    assert 0 < line["left_seconds"] < 0.1
    assert "s3cr3t" not in printed


def test_calls_of_other_threads_are_in_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    """What a worker thread waits for is what the invocation waits for; it is named as still at work."""
    release = threading.Event()

    def read() -> None:
        with downstream("archive"):
            while not release.is_set():
                time.sleep(0.01)

    @event_handler
    def handler(event: Any, context: Any) -> None:
        thread = threading.Thread(target=read, name="reader")
        thread.start()
        thread.join()

    with pytest.raises(DeadlineExceeded):
        handler({}, Context(0.2))
    release.set()
    [line] = timeout_lines(capsys.readouterr().out)
    assert line["calls"][0]["call"] == "archive"
    assert line["calls"][0]["outcome"] == "running"
    assert line["threads_at_work"] == ["reader"]


def test_no_call_begins_after_the_deadline() -> None:
    """A worker thread, which nothing interrupts, stops at its next call."""
    stopped = threading.Event()

    def work(deadline: Deadline) -> None:
        with suppress(DeadlineExceeded), deadline.guard():
            while True:
                with downstream("archive"):
                    time.sleep(0.01)
        stopped.set()

    threading.Thread(target=work, args=(Deadline(0.1),)).start()
    assert stopped.wait(FOR_EVER)
