"""Work that is done around a handler's own: what was derived grows, and what was given holds or is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from constructs_lib import Call, TimeoutBudget, TimeoutHierarchyError
from constructs_lib.timeouts.budget import with_work_on_top

CALLS = st.lists(
    st.builds(lambda read, attempts: (read, attempts), st.integers(1, 5_000), st.integers(1, 3)),
    min_size=1,
    max_size=3,
).map(
    lambda pairs: [
        Call(f"call-{n}", connect=0.5, read=read / 1000, attempts=attempts, backoff=1)
        for n, (read, attempts) in enumerate(pairs)
    ]
)


@given(calls=CALLS, work=st.one_of(st.none(), st.integers(10, 60)), init=st.integers(0, 9))
def test_the_handlers_own_work_keeps_its_time(calls: list[Call], work: int | None, init: int) -> None:
    """The work grows by the worst case of the calls, and with it the function, the visibility and the rest."""
    inner = TimeoutBudget(gateway=None, init=init, work=work, calls=[Call("table", read=2)])
    outer = with_work_on_top(inner, calls)
    extra = sum(c.attempts * (c.connect + (c.read or 0)) + c.backoff for c in calls)
    assert outer.work == pytest.approx(inner.work + extra)
    assert outer.function > outer.init + outer.work
    assert outer.visibility == 6 * outer.function


def test_a_function_that_was_given_has_to_have_room() -> None:
    """Somebody relies on the number: it is refused, not stretched."""
    inner = TimeoutBudget(gateway=None, init=2, work=10, function=13)
    with pytest.raises(TimeoutHierarchyError, match="function 13 -> 15"):
        with_work_on_top(inner, [Call("record", connect=1, read=1, attempts=1)])
