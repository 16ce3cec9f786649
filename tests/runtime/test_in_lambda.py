"""Under Lambda's own runtime client, in real processes: deadlines are answered, and sandboxes live on."""

from __future__ import annotations

import json
import sys

import pytest

from tests.runtime.runtime_api import Sandbox

SLOW = """
import time
from constructs_lib.runtime import {decorator}
@{decorator}(reserve=0.4)  # much, so that a machine that is busy with other tests answers in time, too
def handler(event, context):
    time.sleep(event.get("seconds", 0))
    return {{"statusCode": 200}}
"""


@pytest.mark.parametrize("environment", ["AWS_Lambda_python3.11", "AWS_Lambda_python3.13"])
def test_a_deadline_is_answered_and_the_sandbox_lives_on(environment: str) -> None:
    """The caller gets its answer before the kill, and the next request meets a warm sandbox.

    From 3.12 on, the runtime client waits for work in a second thread; the handler runs in the main thread all the same.
    """
    source = SLOW.format(decorator="api_handler")
    with Sandbox(
        source=source, timeout=0.8, environment={"AWS_EXECUTION_ENV": environment}, freeze=True
    ) as sandbox:
        cut = sandbox.invoke({"httpMethod": "POST", "seconds": 60})
        after = sandbox.invoke({"httpMethod": "POST"})
    assert cut.outcome == "response"
    assert cut.payload["statusCode"] == 504
    assert cut.remaining > 0
    assert after.payload == {"statusCode": 200}
    assert after.init_seconds is None
    [line] = [line for line in cut.lines if line.get("event") == "deadline_exceeded"]
    assert line["interrupted_at"][-1] == "app.py:6 handler"
    assert line["aws_request_id"] == json.loads(cut.payload["body"])["requestId"]


def test_an_event_that_is_cut_is_an_error_and_no_timeout() -> None:
    """Lambda retries it as any error; the sandbox is not initialised again."""
    with Sandbox(source=SLOW.format(decorator="event_handler"), timeout=0.8) as sandbox:
        cut, after = sandbox.invoke({"seconds": 60}), sandbox.invoke({})
    assert cut.outcome == "error"
    assert cut.payload["errorType"] == "DeadlineExceeded"
    assert 'app.py", line 6, in handler' in "".join(cut.payload["stackTrace"])
    assert after.init_seconds is None


def test_a_doom_loop_is_avoided() -> None:
    """An init of 0.8 s, a timeout of 1 s and one slow request: the plain handler never recovers, the guarded one does.

    After the time-out the plain one initialises again inside the function's timeout, every time, and what is left is never
    enough for 0.4 s of work.
    """
    init = "import time\ntime.sleep(0.8)\n"
    plain = f"{init}def handler(event, context):\n    time.sleep(event['seconds'])\n    return {{}}\n"
    guarded = init + SLOW.format(decorator="api_handler")
    outcomes = {}
    for name, source in {"plain": plain, "guarded": guarded}.items():
        with Sandbox(source=source, timeout=1) as sandbox:
            outcomes[name] = [sandbox.invoke({"seconds": seconds}).outcome for seconds in (9, 0.4, 0.4)]
    assert outcomes == {"plain": ["timeout"] * 3, "guarded": ["response"] * 3}


def test_after_a_crash_a_request_is_ended_in_the_time_that_the_init_left() -> None:
    """The deadline is Lambda's own, less what the suppressed init took."""
    source = "import time\ntime.sleep(0.5)\n" + SLOW.format(decorator="api_handler").replace(
        "    time.sleep", "    event.get('crash') and __import__('os')._exit(1)\n    time.sleep"
    )
    with Sandbox(source=source, timeout=1.5) as sandbox:
        assert sandbox.invoke({"crash": True}).outcome == "crash"
        reply = sandbox.invoke({"httpMethod": "GET", "seconds": 60})
    assert reply.suppressed
    assert reply.payload["statusCode"] == 503
    assert reply.remaining > 0


def test_a_batch_gives_back_its_rest() -> None:
    """What a queue hands out again is exactly what was not done."""
    source = (
        "import time\n"
        "from constructs_lib.runtime import queue_handler\n"
        "@queue_handler(reserve=0.4)\n"
        "def handler(record, context):\n"
        "    time.sleep(float(record['body']))\n"
    )
    batch = [
        {"messageId": str(place), "body": body, "eventSource": "aws:sqs", "eventSourceARN": "orders"}
        for place, body in enumerate(["0", "60", "0"])
    ]
    with Sandbox(source=source, timeout=0.8) as sandbox:
        reply = sandbox.invoke({"Records": batch})
    assert [failure["itemIdentifier"] for failure in reply.payload["batchItemFailures"]] == ["1", "2"]


def test_an_async_handler_is_cut_and_its_loop_survives_the_freezer() -> None:
    """The same loop answers after the sandbox was frozen in between."""
    source = (
        "import asyncio\n"
        "from constructs_lib.runtime import api_handler\n"
        "@api_handler(reserve=0.4)\n"
        "async def handler(event, context):\n"
        "    await asyncio.sleep(event['seconds'])\n"
        "    return id(asyncio.get_running_loop())\n"
    )
    with Sandbox(source=source, timeout=0.8) as sandbox:
        first = sandbox.invoke({"seconds": 0})
        cut = sandbox.invoke({"seconds": 60, "httpMethod": "GET"})
        last = sandbox.invoke({"seconds": 0.01})
    assert cut.payload["statusCode"] == 503
    assert first.payload == last.payload


def test_work_left_behind_is_an_error_that_names_it() -> None:
    """Instead of a thread that is frozen in the middle."""
    source = (
        "import threading, time\n"
        "from constructs_lib.runtime import event_handler\n"
        "@event_handler(reserve=0.4)\n"
        "def handler(event, context):\n"
        "    threading.Thread(target=time.sleep, args=(60,), name='audit', daemon=True).start()\n"
    )
    with Sandbox(source=source, timeout=0.8) as sandbox:
        reply = sandbox.invoke({})
    assert reply.payload["errorType"] == "UnfinishedWorkError"
    assert "thread 'audit'" in reply.payload["errorMessage"]
    assert reply.remaining > 0


def test_what_no_signal_interrupts_is_named_before_the_kill() -> None:
    """A query in a C library outlives its deadline; a line of the log says where, and what to give a timeout."""
    source = (
        "import sqlite3\n"
        "from constructs_lib.runtime import api_handler, downstream\n"
        "COUNT = 'WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c'\n"
        "def report():\n"
        "    with downstream('archive'):\n"
        "        return sqlite3.connect(':memory:').execute(COUNT)\n"
        "@api_handler(reserve=0.4)\n"
        "def handler(event, context): return report()\n"
    )
    with Sandbox(source=source, timeout=1) as sandbox:
        reply = sandbox.invoke({})
    assert reply.outcome == "timeout"
    [line] = [line for line in reply.lines if line.get("event") == "deadline_exceeded"]
    assert line["interrupted_at"] == ["app.py:8 handler", "app.py:6 report"]
    assert line["calls"][0]["call"] == "archive"
    assert line["answered"].startswith("not answered: the main thread is in code that no signal interrupts")
    assert line["aws_request_id"]


def test_a_wish_to_exit_is_lambdas_business() -> None:
    """sys.exit in a handler ends the process, as it does without the library."""
    source = (
        "import sys\n"
        "from constructs_lib.runtime import event_handler\n"
        "@event_handler(reserve=0.4)\n"
        "def handler(event, context): sys.exit(3)\n"
    )
    with Sandbox(source=source) as sandbox:
        reply = sandbox.invoke({})
    assert reply.outcome == "crash"
    assert "exit status 3" in reply.payload["errorMessage"]


def test_little_memory_leaves_more_time_to_answer() -> None:
    """A function of 128 MB has a fourteenth of a processor, so its reserve is larger."""
    source = (
        "from constructs_lib.runtime import Deadline, event_handler\n"
        "@event_handler\n"
        "def handler(event, context): return Deadline.current().reserve\n"
    )
    reserves = {}
    for memory in (128, 1769, 10_240):
        with Sandbox(source=source, memory=memory, timeout=10) as sandbox:
            reserves[memory] = sandbox.invoke({}).payload
    assert reserves[1769] == reserves[10_240] == pytest.approx(0.065)
    assert reserves[128] == pytest.approx(0.257, abs=0.001)


LEAK = """
import asyncio, json, sys, threading
from constructs_lib.runtime import api_handler, downstream
@api_handler
def sync(event, context):
    with downstream("orders-table"):
        if event["number"] % 100 == 0:
            thread = threading.Thread(target=str)
            thread.start()
    return {"statusCode": 200}
@api_handler
async def asynchronous(event, context):
    await asyncio.sleep(0)
    return {"statusCode": 200}
def handler(event, context):
    if event["number"] % 10 == 9:
        return asynchronous(event, context)
    return sync(event, context)
"""


def test_ten_thousand_invocations_leave_nothing_behind() -> None:
    """Memory and file descriptors are as flat after 10,000 invocations as after 1,000."""
    with Sandbox(source=LEAK, timeout=10, freeze=False) as sandbox:
        for number in range(1_000):
            sandbox.invoke({"httpMethod": "GET", "number": number})
        memory, files = sandbox.resident_bytes(), sandbox.open_files()
        for number in range(1_000, 10_000):
            assert sandbox.invoke({"httpMethod": "GET", "number": number}).outcome == "response"
        assert sandbox.open_files() == files
        assert sandbox.resident_bytes() - memory < 1_000_000


def test_deadlines_that_strike_leave_nothing_behind() -> None:
    """Neither memory nor file descriptors grow with the number of requests that were cut, blocked loops included."""
    source = (
        "import asyncio, time\n"
        "from constructs_lib.runtime import api_handler\n"
        "@api_handler(reserve=0.4)\n"
        "def sync(event, context): time.sleep(9)\n"
        "@api_handler(reserve=0.4)\n"
        "async def asynchronous(event, context): await asyncio.sleep(9)\n"
        "@api_handler(reserve=0.4)\n"
        "async def blocking(event, context): time.sleep(9)\n"
        "KINDS = [sync, asynchronous, blocking]\n"
        "def handler(event, context): return KINDS[event['number'] % 3](event, context)\n"
    )
    with Sandbox(source=source, timeout=1) as sandbox:
        for number in range(3):
            sandbox.invoke({"number": number})
        memory, files = sandbox.resident_bytes(), sandbox.open_files()
        outcomes = [sandbox.invoke({"number": number}).outcome for number in range(12)]
        assert outcomes == ["response"] * 12
        assert sandbox.open_files() <= files + 3  # of the loop that is in use
        assert sandbox.resident_bytes() - memory < 1_500_000


def test_the_library_takes_nothing_along() -> None:
    """A handler with all features loads the errors, the carriers, the runtime, and the standard library."""
    source = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "import constructs_lib.runtime as library\n"
        "@library.api_handler\n"
        "def handler(event, context): return sorted(set(sys.modules) - before)\n"
    )
    with Sandbox(source=source) as sandbox:
        loaded = sandbox.invoke({}).payload
    others = {name.partition(".")[0] for name in loaded if not name.startswith("constructs_lib")}
    assert others <= sys.stdlib_module_names | {"snapshot_restore_py"}
    ours = {name for name in loaded if name.startswith("constructs_lib.") and ".runtime" not in name}
    assert ours == {"constructs_lib.errors", "constructs_lib.timeouts", "constructs_lib.timeouts.carriers"}
    assert not {"asyncio", "dataclasses", "hashlib", "http.client", "inspect", "socket", "ssl"} & set(loaded)
