"""Work that would outlive the reply is waited for, or an error."""

# ruff: noqa: ARG001, ARG005 - every handler takes an event and a context

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from constructs_lib.errors import UnfinishedWorkError
from constructs_lib.runtime import api_handler, event_handler
from tests.runtime.invocations import FOR_EVER, Context


def test_a_thread_that_is_left_is_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    """Its work is done before the reply, and the log says that the reply waited."""
    done = []

    @event_handler
    def handler(event: Any, context: Any) -> str:
        threading.Thread(target=audit, name="audit").start()
        return "reply"

    def audit() -> None:
        time.sleep(0.05)
        done.append(True)

    assert handler({}, Context()) == "reply"
    assert done
    assert "thread 'audit' was at work" in caplog.text


@pytest.mark.parametrize("daemon", [True, False])
def test_a_thread_that_does_not_end_in_time_is_an_error(daemon: bool) -> None:
    """A frozen sandbox would have dropped its work silently."""
    release = threading.Event()

    def spin() -> None:
        while not release.is_set():
            time.sleep(0.01)

    @event_handler
    def handler(event: Any, context: Any) -> str:
        threading.Thread(target=spin, name="audit", daemon=daemon).start()
        return "reply"

    with pytest.raises(UnfinishedWorkError, match=r"thread 'audit' was at work.*fix: wait for it"):
        handler({}, Context(0.2))
    release.set()


def test_idle_workers_of_a_kept_executor_may_stay() -> None:
    """They wait for orders, and orders come in the next invocation."""
    pool = ThreadPoolExecutor(2)

    @event_handler
    def handler(event: Any, context: Any) -> int:
        return pool.submit(int, event).result()

    assert [handler(number, Context(1)) for number in (1, 2)] == [1, 2]
    pool.shutdown()


def test_a_timer_that_is_left_is_not_idle() -> None:
    """It waits, but for its hour."""
    timer = threading.Timer(FOR_EVER, lambda: None)

    with pytest.raises(UnfinishedWorkError, match="Thread"):
        event_handler(lambda event, context: timer.start())({}, Context(0.2))
    timer.cancel()


def test_a_task_that_is_left_is_waited_for_or_an_error() -> None:
    """A task would stop with the loop, in the middle."""
    done = []

    @event_handler
    async def handler(event: Any, context: Any) -> None:
        async def audit() -> None:
            await asyncio.sleep(event)
            done.append(event)

        keep.append(asyncio.create_task(audit(), name="audit"))

    keep: list[asyncio.Task[None]] = []
    handler(0.05, Context())
    assert done == [0.05]
    with pytest.raises(UnfinishedWorkError, match="task 'audit'"):
        handler(FOR_EVER, Context(0.2))
    assert keep[-1].cancelled()


def test_tasks_of_a_handler_that_was_cut_do_not_go_on_in_the_next_invocation() -> None:
    """They are cancelled with it."""
    ran: list[str] = []

    @api_handler(reserve=0.3)  # much, for a machine that is busy with other tests
    async def handler(event: Any, context: Any) -> Any:
        async def later() -> None:
            await asyncio.sleep(0.3)
            ran.append("later")

        if event.get("first"):
            tasks.append(asyncio.create_task(later()))
            await asyncio.sleep(FOR_EVER)
        await asyncio.sleep(0.4)
        return {"statusCode": 200}

    tasks: list[asyncio.Task[None]] = []
    handler({"httpMethod": "GET", "first": True}, Context(0.5))
    handler({"httpMethod": "GET"}, Context(3))
    assert ran == []
