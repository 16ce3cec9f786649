"""The guard of a task is asyncio's own way of ending one; a blocked loop is ended from outside."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

import pytest

from constructs_lib.errors import DeadlineExceeded
from constructs_lib.runtime.deadline import Deadline
from tests.runtime.invocations import FOR_EVER

pytestmark = pytest.mark.usefixtures("nothing_remains")


def test_a_task_is_cancelled_and_the_cancellation_taken_back() -> None:
    """After the block the task goes on, as after asyncio.timeout."""

    async def work() -> int:
        with pytest.raises(DeadlineExceeded) as caught:
            async with Deadline(0.05).guard():
                await asyncio.sleep(FOR_EVER)
        assert isinstance(caught.value.__cause__, asyncio.CancelledError)
        task = asyncio.current_task()
        assert task is not None
        await asyncio.sleep(0)
        return task.cancelling()

    assert asyncio.run(work()) == 0


def test_a_cancellation_from_elsewhere_stays_one() -> None:
    """Whoever cancels a task inside a guard sees it cancelled, not late."""

    async def work() -> bool:
        async def guarded() -> None:
            async with Deadline(5).guard():
                await asyncio.sleep(FOR_EVER)

        task = asyncio.create_task(guarded())
        await asyncio.sleep(0.01)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        return task.cancelled()

    assert asyncio.run(work())


def test_tasks_have_deadlines_of_their_own() -> None:
    """Each task is ended at its own deadline and sees its own."""

    async def part(seconds: float) -> str:
        try:
            async with Deadline(seconds).guard() as deadline:
                assert Deadline.current() is deadline
                await asyncio.sleep(0.15)
        except DeadlineExceeded:
            return "late"
        return "done"

    async def work() -> list[str]:
        return list(await asyncio.gather(part(0.05), part(5)))

    assert asyncio.run(work()) == ["late", "done"]


def test_what_a_task_made_of_its_cancellation_is_the_cause() -> None:
    """An error raised while the cancellation unwinds is kept."""

    async def work() -> None:
        async with Deadline(0.05).guard():
            try:
                await asyncio.sleep(FOR_EVER)
            except asyncio.CancelledError as error:
                raise RuntimeError("rollback failed") from error

    with pytest.raises(DeadlineExceeded) as caught:
        asyncio.run(work())
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_a_loop_that_is_blocked_is_ended_by_the_guard_around_it() -> None:
    """A task that never awaits cannot be cancelled; the main thread's guard ends the loop itself."""

    async def work() -> None:
        async with Deadline(0.05).guard():
            time.sleep(FOR_EVER)  # noqa: ASYNC251 - the very thing

    with pytest.raises(DeadlineExceeded), Deadline(0.15).guard():
        asyncio.run(work())
