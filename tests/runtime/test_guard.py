"""The guard ends its own block, in its own thread, and loses no error."""

# ruff: noqa: PT012 - what is inside the block is what is tested

from __future__ import annotations

import re
import signal
import socket
import subprocess
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

import pytest

from constructs_lib.errors import DeadlineExceeded
from constructs_lib.runtime.calls import where
from constructs_lib.runtime.deadline import Deadline
from constructs_lib.runtime.guard import Interrupt
from tests.runtime.invocations import FOR_EVER

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

pytestmark = pytest.mark.usefixtures("nothing_remains")


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
        pytest.param(
            lambda: subprocess.run(["sleep", str(FOR_EVER)], check=False),
            # The alarm repeats; where it comes while the killed child is waited for, the next Popen reaps it.
            marks=pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning"),
        ),
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


def test_the_guard_of_a_generator_that_rests_takes_nothing_down() -> None:
    """Its alarm may strike outside of it: the guard around both makes an ordinary error of that, and nothing stays behind."""

    def pages() -> Generator[int]:
        with Deadline(0.05).guard():
            yield 1
            yield 2

    resting = pages()
    with pytest.raises(DeadlineExceeded), Deadline(5).guard():
        next(resting)
        time.sleep(FOR_EVER)
    time.sleep(0.03)  # in which no alarm rings any more
    resting.close()
