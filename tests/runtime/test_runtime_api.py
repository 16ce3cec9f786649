"""The sandbox of the tests does what Lambda does; everything else in this folder stands on that."""

from __future__ import annotations

import time

import pytest

from tests.runtime.runtime_api import Sandbox

ECHO = "def handler(event, context): return event\n"
SLEEPER = "import time\ndef handler(event, context): time.sleep(event['seconds']); return 'slept'\n"


def test_the_same_process_answers_one_invocation_after_another() -> None:
    """The first invocation begins with an init, the second is warm."""
    source = "import os\ndef handler(event, context): return [event, os.getpid()]\n"
    with Sandbox(source=source) as sandbox:
        first, second = sandbox.invoke(1), sandbox.invoke(2)
    assert first.outcome == second.outcome == "response"
    assert first.init_seconds is not None
    assert not first.suppressed
    assert second.init_seconds is None
    assert first.payload == [1, second.payload[1]]


def test_the_deadline_is_the_functions_timeout() -> None:
    """The context's remaining time begins near the timeout, and the request has an id."""
    source = (
        "def handler(event, context):\n"
        "    return [context.get_remaining_time_in_millis(), context.aws_request_id]\n"
    )
    with Sandbox(source=source, timeout=5) as sandbox:
        remaining, request = sandbox.invoke({}).payload
    assert 4000 < remaining <= 5000
    assert request


def test_a_handlers_error_leaves_the_sandbox_alive() -> None:
    """An exception is reported, and the next invocation is warm."""
    with Sandbox(source="def handler(event, context): return 1 / event\n") as sandbox:
        failed, good = sandbox.invoke(0), sandbox.invoke(2)
    assert failed.outcome == "error"
    assert failed.payload["errorType"] == "ZeroDivisionError"
    assert good.payload == 0.5
    assert good.init_seconds is None


def test_the_sandbox_is_killed_at_the_timeout_and_initialises_again_inside_the_next_invocation() -> None:
    """The doom loop's mechanism: the second invocation pays for an init out of its own timeout."""
    source = f"import time\ntime.sleep(0.2)\n{SLEEPER}"
    with Sandbox(source=source, timeout=0.8) as sandbox:
        late, next_one, warm = (sandbox.invoke({"seconds": seconds}) for seconds in (9, 0, 0))
    assert late.outcome == "timeout"
    assert "Task timed out after 0.80 seconds" in late.payload["errorMessage"]
    assert 0.8 <= late.seconds < 1.5
    assert next_one.outcome == "response"
    assert next_one.suppressed
    assert next_one.init_seconds is not None
    assert next_one.seconds >= next_one.init_seconds >= 0.2
    assert warm.init_seconds is None


def test_a_crash_is_reported_and_followed_by_a_suppressed_init() -> None:
    """A process that ends is what an out-of-memory kill looks like."""
    with Sandbox(source="import os\ndef handler(event, context): event and os._exit(3)\n") as sandbox:
        crashed, after = sandbox.invoke(1), sandbox.invoke(0)
    assert crashed.outcome == "crash"
    assert "exit status 3" in crashed.payload["errorMessage"]
    assert after.outcome == "response"
    assert after.suppressed


def test_an_init_that_fails_is_tried_again_inside_the_invocation() -> None:
    """Its error is what the caller gets."""
    with Sandbox(source="raise RuntimeError('no database')\n") as sandbox:
        reply = sandbox.invoke({})
    assert reply.outcome == "init-error"
    assert reply.suppressed
    assert reply.payload["errorMessage"] == "no database"


def test_an_init_over_its_limit_is_ended_and_repeated_inside_the_invocation() -> None:
    """So a slow init eats the invocation's time."""
    with Sandbox(source=f"import time\ntime.sleep(0.5)\n{ECHO}", init_limit=0.2, timeout=4) as sandbox:
        reply = sandbox.invoke("hello")
    assert reply.payload == "hello"
    assert reply.suppressed
    assert reply.seconds >= 0.5


def test_init_may_run_before_any_invocation() -> None:
    """Provisioned concurrency and proactive init do that; the invocation is then warm in all but name."""
    with Sandbox(source=ECHO, init_type="provisioned-concurrency") as sandbox:
        assert sandbox.start()
        reply = sandbox.invoke(1)
    assert reply.outcome == "response"
    assert not reply.suppressed


@pytest.mark.parametrize("freeze", [True, False])
def test_work_after_the_reply_is_frozen_with_the_sandbox(freeze: bool) -> None:
    """A thread that counts stands still between invocations, unless the test wants it otherwise."""
    source = (
        "import threading, time\n"
        "count = 0\n"
        "def work():\n"
        "    global count\n"
        "    while True: time.sleep(0.005); count += 1\n"
        "threading.Thread(target=work, daemon=True).start()\n"
        "def handler(event, context): return count\n"
    )
    with Sandbox(source=source, freeze=freeze) as sandbox:
        before = sandbox.invoke({}).payload
        time.sleep(0.4)
        after = sandbox.invoke({}).payload
    assert (after - before < 20) is freeze


def test_a_snapshot_is_restored_by_the_first_invocation() -> None:
    """The hooks of SnapStart run where Lambda runs them."""
    source = (
        "from snapshot_restore_py import register_after_restore\n"
        "restored = []\n"
        "register_after_restore(lambda: restored.append(True))\n"
        "def handler(event, context): return restored\n"
    )
    with Sandbox(source=source, init_type="snap-start") as sandbox:
        assert sandbox.start()
        reply = sandbox.invoke({})
    assert reply.payload == [True]


def test_the_logs_are_those_of_the_invocation() -> None:
    """Each reply has what was written for it, and its JSON lines read."""
    source = "def handler(event, context): print('{\"event\": %d}' % event)\n"
    with Sandbox(source=source) as sandbox:
        sandbox.invoke(1)
        reply = sandbox.invoke(2)
    assert reply.lines == [{"event": 2}]


def test_it_shows_what_the_process_holds() -> None:
    """Memory and file descriptors, for the leak test."""
    source = "held = []\ndef handler(event, context): held.append(open('/dev/null'))\n"
    with Sandbox(source=source) as sandbox:
        sandbox.invoke({})
        before = sandbox.open_files()
        sandbox.invoke({})
        assert sandbox.open_files() == before + 1
        assert sandbox.resident_bytes() > 1_000_000
