"""The guard ends its own block, in its own thread, and loses no error."""

# ruff: noqa: PT012 - what is inside the block is what is tested

from __future__ import annotations

import asyncio
import gc
import random
import re
import signal
import socket
import subprocess
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from constructs_lib.errors import DeadlineExceeded
from constructs_lib.runtime import guard as guards
from constructs_lib.runtime.calls import where
from constructs_lib.runtime.deadline import Deadline
from constructs_lib.runtime.guard import Interrupt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FOR_EVER = 20  # seconds; no test waits for it unless the guard fails


@pytest.fixture(autouse=True)
def _nothing_remains() -> Iterator[None]:
    """After every test there is no timer, no guard and no handler of ours."""
    before = signal.getsignal(signal.SIGALRM)
    yield
    left, again = signal.getitimer(signal.ITIMER_REAL)
    signal.setitimer(signal.ITIMER_REAL, 0)
    assert (left, again) == (0.0, 0.0)
    assert guards._guards == []
    assert signal.getsignal(signal.SIGALRM) == before
    assert Deadline.current() is None


def spin() -> None:
    """Never leave the interpreter."""
    while True:
        pass


def blocked_read() -> None:
    """Wait for a byte that never comes."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.recv(1)


def waiting_for_a_thread() -> None:
    """Wait for the result of a thread that is waiting, too."""
    release = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        try:
            pool.submit(release.wait, FOR_EVER).result()
        finally:
            release.set()


def catching_everything_usual() -> None:
    """Retry for ever, as careless code does."""
    while True:
        with suppress(Exception):
            time.sleep(FOR_EVER)


def catastrophic_expression() -> None:
    """Backtrack for hours."""
    re.match(r"(a+)+$", "a" * 40 + "b")


@pytest.mark.parametrize(
    "work",
    [
        lambda: time.sleep(FOR_EVER),
        spin,
        blocked_read,
        waiting_for_a_thread,
        catching_everything_usual,
        catastrophic_expression,
        lambda: threading.Lock().acquire(timeout=FOR_EVER) and threading.Event().wait(FOR_EVER),
        lambda: subprocess.run(["sleep", str(FOR_EVER)], check=False),
    ],
    ids=["sleep", "loop", "socket", "executor", "except-exception", "regex", "event", "subprocess"],
)
def test_whatever_runs_in_the_main_thread_is_ended(work: Callable[[], object]) -> None:
    """Sleeps, loops, blocked reads, locks, child processes: none outlives the deadline by much."""
    began = time.monotonic()
    with pytest.raises(DeadlineExceeded), Deadline(0.1).guard():
        work()
    assert 0.1 <= time.monotonic() - began < FOR_EVER / 4


def test_work_that_ends_in_time_is_left_alone() -> None:
    """Its result stands, and no alarm comes after the block."""
    with Deadline(0.05).guard() as deadline:
        result = sum(range(10))
    time.sleep(0.1)
    assert result == 45
    assert deadline.expired


def test_a_deadline_that_has_passed_begins_nothing() -> None:
    """The block is not entered."""
    entered = []
    with pytest.raises(DeadlineExceeded), Deadline(0).guard():
        entered.append(True)
    assert not entered


def test_the_error_is_an_ordinary_one_and_tells_where_the_work_was() -> None:
    """A handler that catches Exception sees it, and its cause points at the line that was at work."""

    def slow_query() -> None:
        time.sleep(FOR_EVER)

    with pytest.raises(Exception, match="the deadline passed") as caught, Deadline(0.05).guard():
        slow_query()
    assert caught.type is DeadlineExceeded
    assert isinstance(caught.value, TimeoutError)
    assert isinstance(caught.value.__cause__, Interrupt)
    assert where(caught.value)[-1].endswith("slow_query")


def test_what_the_block_made_of_the_interruption_is_the_cause() -> None:
    """An error that a library raises in its place is kept, and so is the interruption behind it."""
    with pytest.raises(DeadlineExceeded) as caught, Deadline(0.05).guard():
        try:
            time.sleep(FOR_EVER)
        except BaseException as error:
            raise RuntimeError("connection lost") from error
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert isinstance(caught.value.__cause__.__cause__, Interrupt)


def test_an_error_of_the_work_passes_unchanged() -> None:
    """The guard adds nothing to an error that came in time."""
    with pytest.raises(KeyError) as caught, Deadline(1).guard():
        raise KeyError("order")
    assert caught.value.__cause__ is None


def test_work_that_swallows_the_interruption_is_interrupted_again() -> None:
    """Even a bare except does not keep the sandbox until Lambda kills it."""
    swallowed = []
    with pytest.raises(DeadlineExceeded), Deadline(0.2, reserve=0.15).guard():
        for _ in range(3):
            try:
                time.sleep(FOR_EVER)
            except:  # noqa: E722 - the very thing
                swallowed.append(time.monotonic())
    assert len(swallowed) == 3
    assert swallowed[1] - swallowed[0] >= 0.04


def test_work_that_swallowed_the_interruption_and_returned_is_late_all_the_same() -> None:
    """It was cut, so what it returns is not what it would have been."""
    with pytest.raises(DeadlineExceeded), Deadline(0.05).guard(), suppress(BaseException):
        time.sleep(FOR_EVER)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interruption_lost_in_a_finalizer_comes_again() -> None:
    """An exception raised while a finalizer runs is only printed by Python; the next one arrives."""

    class Slow:
        def __del__(self) -> None:
            time.sleep(0.1)

    with pytest.raises(DeadlineExceeded), Deadline(0.15, reserve=0.1).guard():
        thing = Slow()
        del thing
        time.sleep(FOR_EVER)


def test_cleaning_up_has_time_and_an_end() -> None:
    """A finally block runs, and one that hangs is interrupted in its turn."""
    steps = []
    with pytest.raises(DeadlineExceeded) as caught, Deadline(0.3, reserve=0.2).guard():
        try:
            time.sleep(FOR_EVER)
        finally:
            steps.append("began")
            time.sleep(0.02)
            steps.append("cleaned")
            time.sleep(FOR_EVER)
    assert steps == ["began", "cleaned"]
    second = caught.value.__cause__
    assert isinstance(second, Interrupt)
    assert isinstance(second.__context__, Interrupt)


@pytest.mark.parametrize("wish", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_a_wish_to_exit_is_not_held_back(wish: type[BaseException]) -> None:
    """What ends the process still ends it, interrupted or not."""
    with pytest.raises(wish), Deadline(0.05).guard():
        try:
            time.sleep(FOR_EVER)
        finally:
            raise wish


@pytest.mark.parametrize(("outer", "inner"), [(5, 0.05), (0.05, 5)])
def test_guards_nest_and_each_ends_its_own_block(outer: float, inner: float) -> None:
    """The one whose deadline comes first ends the work; the other reports nothing of it."""
    ended = []
    try:
        with Deadline(outer).guard():
            try:
                with Deadline(inner).guard():
                    time.sleep(FOR_EVER)
            except DeadlineExceeded:
                ended.append("inner")
    except DeadlineExceeded:
        ended.append("outer")
    assert ended == (["inner"] if inner < outer else ["outer"])


def test_the_outer_guard_still_ends_what_comes_after_the_inner_one() -> None:
    """Leaving a guard winds the timer for the next."""
    with pytest.raises(DeadlineExceeded), Deadline(0.15).guard():
        with suppress(DeadlineExceeded), Deadline(0.05).guard():
            time.sleep(FOR_EVER)
        time.sleep(FOR_EVER)


def test_a_part_of_the_work_ends_no_later_than_the_whole() -> None:
    """Inside a guard, a part has its own deadline, and that of the whole is the limit."""
    whole = Deadline(0.5)
    assert whole.within(0.1).remaining() <= 0.1
    assert whole.within(9).remaining() <= 0.5
    with whole.guard(), whole.within(0.1).guard() as part:
        assert Deadline.current() is part


def test_an_earlier_timer_and_handler_are_back_after_the_block() -> None:
    """The timer less the time that has passed; its handler is called when it is due."""
    called = []
    before = signal.signal(signal.SIGALRM, lambda *_: called.append(time.monotonic()))
    try:
        began = time.monotonic()
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with Deadline(5).guard():
            time.sleep(0.05)
        assert not called
        assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= 0.16
        time.sleep(0.3)
        assert 0.2 <= called[0] - began < 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_an_earlier_timer_that_is_due_inside_the_block_is_served_there() -> None:
    """Its handler runs, and the guard still ends the work."""
    called: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, _: called.append(number))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
        with pytest.raises(DeadlineExceeded), Deadline(0.18).guard():
            time.sleep(FOR_EVER)
        assert called[:3] == [signal.SIGALRM] * 3
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_another_thread_is_never_interrupted_and_asks_instead() -> None:
    """A guard there raises nothing by force; entering one and checking do, once the deadline has passed."""
    seen: list[object] = []

    def work() -> None:
        deadline = Deadline(0.05)
        with deadline.guard():
            time.sleep(0.1)
            seen.append("went on")
            try:
                deadline.check()
            except DeadlineExceeded as error:
                seen.append(type(error))

    thread = threading.Thread(target=work)
    thread.start()
    time.sleep(0.2)  # the main thread sleeps on: no alarm of the other's strikes here
    thread.join()
    assert seen == ["went on", DeadlineExceeded]


def test_an_alarm_of_the_main_thread_does_not_strike_in_another() -> None:
    """A busy thread goes on while the main thread is interrupted."""
    counted, stop = [0], threading.Event()

    def count() -> None:
        while not stop.is_set():
            counted[0] += 1

    thread = threading.Thread(target=count)
    thread.start()
    with pytest.raises(DeadlineExceeded), Deadline(0.1).guard():
        spin()
    reached = counted[0]
    time.sleep(0.05)
    stop.set()
    thread.join()
    assert counted[0] > reached


def test_a_thread_finds_the_deadline_of_the_invocation() -> None:
    """A new thread begins with an empty context, and still knows how long there is."""
    found: list[Deadline | None] = []
    with Deadline(5).guard() as deadline:
        thread = threading.Thread(target=lambda: found.append(Deadline.current()))
        thread.start()
        thread.join()
    assert found == [deadline]


def test_a_guard_in_an_exit_stack_is_left_with_it() -> None:
    """However the guard is left, its timer goes with it."""
    with pytest.raises(DeadlineExceeded), ExitStack() as stack:
        stack.enter_context(Deadline(0.05).guard())
        time.sleep(FOR_EVER)


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
            spin()

    with pytest.raises(DeadlineExceeded), Deadline(0.15).guard():
        asyncio.run(work())


def test_without_a_deadline_nothing_is_wound() -> None:
    """An endless deadline, as in a unit test without a budget, costs no timer."""
    with Deadline(float("inf")).guard():
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_guard_keeps_nothing_alive() -> None:
    """What was made inside of it is gone afterwards."""

    class Thing:
        pass

    with Deadline(5).guard():
        thing = Thing()
        gone = weakref.ref(thing)
    del thing
    assert gone() is None


def test_an_alarm_may_come_at_any_moment_of_entering_and_leaving(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of nested guards, left by chance just when their alarms come: none is left half entered."""
    monkeypatch.setattr(guards, "_AT_ONCE", 20e-6)
    chance = random.Random(7)  # noqa: S311 - chance, no secret
    late = 0
    for _ in range(6_000):
        with suppress(DeadlineExceeded), Deadline(chance.uniform(20e-6, 120e-6)).guard():
            late += 1
            with suppress(DeadlineExceeded), Deadline(chance.uniform(20e-6, 120e-6)).guard():
                sum(range(chance.randrange(400)))
            sum(range(chance.randrange(2_000)))
            late -= 1
        assert guards._guards == []
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
        assert Deadline.current() is None
    assert late > 0


class Outcome(Exception):  # noqa: N818 - stands for an error of the user's code
    """What a piece of work may raise."""


pieces = st.recursive(
    st.sampled_from(["sleep", "raise", "nothing", "spin"]),
    lambda inner: st.tuples(
        st.sampled_from(["guard", "swallow", "suppress", "finally"]), st.lists(inner, max_size=3)
    ),
    max_leaves=6,
)


def perform(piece: Any) -> None:
    """Carry a piece of work out."""
    if piece == "sleep":
        time.sleep(0.004)
    elif piece == "raise":
        raise Outcome
    elif piece == "spin":
        until = time.monotonic() + 0.002
        while time.monotonic() < until:
            pass
    elif piece != "nothing":
        how, parts = piece
        if how == "guard":
            with Deadline(0.003).guard():
                perform_all(parts)
        elif how == "suppress":
            with suppress(Exception):
                perform_all(parts)
        elif how == "swallow":
            with suppress(Outcome, Interrupt):
                perform_all(parts)
        else:
            try:
                perform_all(parts)
            finally:
                time.sleep(0.001)


def perform_all(parts: list[Any]) -> None:
    """Carry pieces of work out, one after another."""
    for part in parts:
        perform(part)


@given(parts=st.lists(pieces, max_size=5), seconds=st.sampled_from([0.001, 0.002, 0.005, 0.01]))
def test_whatever_the_work_it_ends_in_time_and_nothing_remains(parts: list[Any], seconds: float) -> None:
    """Sleeps, errors, nested guards, swallowing and finally in any order: the block is left soon after its deadline.

    Whatever leaves it is an ordinary error; the fixture proves that no timer, guard or handler stays behind.
    """
    gc.disable()  # Hypothesis listens to the collector, and Python only prints what is raised in such a callback
    began = time.monotonic()
    with suppress(DeadlineExceeded, Outcome), Deadline(seconds, reserve=0).guard():
        perform_all(parts)
    gc.enable()
    assert time.monotonic() - began < seconds + 0.5
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert guards._guards == []
    assert Deadline.current() is None
