"""Whatever a handler does, its reply leaves before Lambda kills the sandbox."""

# ruff: noqa: ARG001 - every handler takes an event and a context

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from constructs_lib.errors import DeadlineExceeded
from constructs_lib.runtime import (
    Deadline,
    api_handler,
    downstream,
    event_handler,
    queue_handler,
    step_handler,
)
from tests.runtime.invocations import Context, sqs

steps = st.lists(
    st.one_of(
        st.tuples(st.just("sleep"), st.sampled_from([0.001, 0.01, 0.05, 9])),
        st.tuples(st.just("fail"), st.sampled_from([ValueError, TimeoutError, OSError])),
        st.tuples(st.just("swallow"), st.sampled_from([0.01, 9])),
        st.tuples(st.just("slow-finally"), st.sampled_from([0.01, 9])),
        st.tuples(st.just("part"), st.sampled_from([0.005, 0.02])),
        st.tuples(st.just("call"), st.sampled_from([0.01, 9])),
    ),
    max_size=6,
)


def carry_out(what: str, amount: Any) -> None:
    """Do one thing that handlers do."""
    if what == "sleep":
        time.sleep(amount)
    elif what == "fail":
        raise amount
    elif what == "swallow":
        with suppress(Exception):
            time.sleep(amount)
    elif what == "slow-finally":
        try:
            time.sleep(amount)
        finally:
            time.sleep(amount)
    elif what == "part":
        deadline = Deadline.current()
        assert deadline is not None
        with deadline.within(amount).guard():
            time.sleep(0.01)
    else:
        with downstream("orders-table"):
            time.sleep(amount)


@settings(max_examples=25)
@given(steps=steps, kind=st.sampled_from([api_handler, step_handler, event_handler, queue_handler]))
def test_whatever_happens_the_reply_leaves_before_the_kill(steps: list[Any], kind: Any) -> None:
    """Sleeps, failures, swallowed errors, slow cleaning up, in any order and for any kind of handler."""

    def work(event: Any, context: Any) -> None:
        for what, amount in steps:
            carry_out(what, amount)

    handler = kind(reserve=0.2)(work)  # much, for a machine that is busy with other tests
    context = Context(0.3)
    with suppress(DeadlineExceeded, ValueError, OSError):
        handler({**sqs("a", "b"), "httpMethod": "GET"}, context)
    assert context.get_remaining_time_in_millis() > 0
