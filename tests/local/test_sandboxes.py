"""Handlers run in sandboxes that live as long as in Lambda: past an error, and not past a crash or a timeout."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from constructs_lib.local import LocalAws

pytestmark = pytest.mark.local

HANDLER = """
import os, time

def handler(event, context):
    if event == "raise":
        raise KeyError(event)
    if event == "crash":
        os._exit(1)
    if event == "hang":
        time.sleep(60)
    return os.getpid()
"""


@pytest.fixture
def invoke(local: LocalAws) -> Iterator[Callable[[str], Any]]:
    """Give a way to invoke a function."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as code:
        code.writestr("index.py", HANDLER)
    functions = local.client("lambda")
    functions.create_function(
        FunctionName="sandboxed",
        Runtime="python3.13",
        Role=f"arn:aws:iam::{'0' * 12}:role/any",
        Handler="index.handler",
        Code={"ZipFile": archive.getvalue()},
        Timeout=1,
    )

    def answer(event: str) -> Any:
        return json.load(functions.invoke(FunctionName="sandboxed", Payload=json.dumps(event))["Payload"])

    yield answer
    functions.delete_function(FunctionName="sandboxed")


def test_a_sandbox_outlives_an_error(invoke: Callable[[str], Any]) -> None:
    """The error is answered as the handler raised it, and the next invocation meets the same process."""
    process = invoke("work")
    assert invoke("raise") == {"errorMessage": "'raise'", "errorType": "KeyError"}
    assert invoke("work") == process


@pytest.mark.parametrize(("end", "error"), [("crash", "Runtime.ExitError"), ("hang", "Sandbox.Timedout")])
def test_a_crash_and_a_timeout_end_a_sandbox(invoke: Callable[[str], Any], end: str, error: str) -> None:
    """The next invocation meets another process."""
    process = invoke("work")
    assert invoke(end)["errorType"] == error
    assert invoke("work") != process
