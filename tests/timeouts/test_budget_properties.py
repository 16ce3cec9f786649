"""Whatever the numbers: derived ones are tight, accepted ones hold, refusals name what is broken and how to mend it."""

from __future__ import annotations

import re
from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from constructs_lib import Call, RefusedError, TimeoutBudget, TimeoutHierarchyError
from constructs_lib.limits import LAMBDA_TIMEOUT_MAX
from constructs_lib.timeouts.derivation import SECOND, Numbers, derive
from constructs_lib.timeouts.proof import prove

milliseconds = st.integers(1, 40_000).map(lambda ms: ms / SECOND)
few_seconds = st.integers(0, 12_000).map(lambda ms: ms / SECOND)
calls = st.lists(
    st.builds(
        Call,
        st.sampled_from(["db", "cache", "stock", "mail"]),
        connect=st.integers(1, 3_000).map(lambda ms: ms / SECOND),
        read=st.none() | st.integers(1, 20_000).map(lambda ms: ms / SECOND),
        attempts=st.integers(1, 4),
        backoff=st.none() | few_seconds,
        callee=st.none() | st.just(TimeoutBudget(gateway=None, init=1, work=2)),
    ),
    max_size=3,
    unique_by=lambda call: call.name,
)
inputs = st.fixed_dictionaries(
    {"gateway": st.none() | milliseconds, "init": few_seconds, "calls": calls, "margin": few_seconds},
    optional={
        "function": st.integers(1, 60),
        "integration": milliseconds,
        "work": few_seconds,
        "batch_window": st.integers(0, 300),
        "visibility": st.integers(0, 400),
        "task": st.integers(1, 80),
        "in_progress": st.integers(1, 80),
        "cold_starts": st.booleans(),
        "init_type": st.sampled_from(["on-demand", "provisioned-concurrency", "snap-start"]),
    },
)

roomy = st.fixed_dictionaries(
    {
        "gateway": st.none() | st.integers(20_000, 90_000).map(lambda ms: ms / SECOND),
        "init": st.integers(0, 3_000).map(lambda ms: ms / SECOND),
        "margin": st.integers(0, 1_000).map(lambda ms: ms / SECOND),
        "calls": st.lists(
            st.builds(
                Call,
                st.sampled_from(["db", "cache", "stock", "mail"]),
                connect=st.integers(1, 800).map(lambda ms: ms / SECOND),
                read=st.none() | st.integers(1, 2_000).map(lambda ms: ms / SECOND),
                attempts=st.integers(1, 2),
                backoff=st.just(0.1),
            ),
            max_size=3,
            unique_by=lambda call: call.name,
        ),
    },
    optional={
        "function": st.integers(15, 16),
        "batch_window": st.integers(0, 300),
        "visibility": st.integers(400, 4_000),
        "cold_starts": st.booleans(),
        "init_type": st.sampled_from(["on-demand", "provisioned-concurrency", "snap-start"]),
    },
)
either = roomy | inputs


def accepted(numbers: dict[str, object]) -> TimeoutBudget | None:
    """Build the budget, or None where it is refused."""
    try:
        return TimeoutBudget(**numbers)  # type: ignore[arg-type]
    except (RefusedError, TimeoutHierarchyError):
        return None


def refused(numbers: dict[str, object]) -> TimeoutHierarchyError | None:
    """Give the refusal of a contradiction; None where it is accepted, or no budget at all."""
    try:
        TimeoutBudget(**numbers)  # type: ignore[arg-type]
    except TimeoutHierarchyError as error:
        return error
    except RefusedError:
        pass
    return None


@given(either)
def test_every_accepted_budget_satisfies_every_inequality(numbers: dict[str, object]) -> None:
    """H1 to H9, written out again here from the product's own table."""
    b = accepted(numbers)
    assume(b is not None)
    assert b is not None
    work, wait = sum(c.attempts * (c.connect + (c.read or 0)) + c.backoff for c in b.calls), b.integration
    if wait is not None:
        assert b.gateway is not None
        assert b.gateway >= wait > b.function  # H1
        assert not b.cold_starts or wait > b.init + b.function + b.margin - 1e-9  # H2
    assert b.function > b.init + b.work - 1e-9  # H3
    assert b.init < (10 if b.init_type == "on-demand" else max(130, b.function))  # H4
    assert b.work >= work - 1e-9  # H5
    assert b.visibility >= 6 * b.function + b.batch_window  # H6
    assert b.task > b.init + b.function  # H7
    assert all(
        c.read is not None and c.read > c.numbers.callee / SECOND for c in b.calls if c.numbers.callee
    )  # H8
    assert b.in_progress > b.function  # H9
    assert b.function == int(b.function) <= LAMBDA_TIMEOUT_MAX


@given(either)
def test_every_derived_number_is_the_tightest_that_holds(numbers: dict[str, object]) -> None:
    """One step tighter (a second, or a millisecond for waits in milliseconds) and an inequality breaks."""
    b = accepted(numbers)
    assume(b is not None)
    assert b is not None
    for name, step in (
        ("visibility", -SECOND),
        ("task", -SECOND),
        ("in_progress", -SECOND),
        ("integration", -1),
    ):
        if getattr(b.given, name) is None and getattr(b.numbers, name) is not None:
            assert breaks(b, name, getattr(b.numbers, name) + step), f"{name} could be shorter"
    if b.given.work is None and b.numbers.work:
        assert breaks(b, "work", b.numbers.work - 1), "work could be less"
    if b.given.function is None:
        step = SECOND if b.gateway is not None else -SECOND
        at_limit = b.function in {1, LAMBDA_TIMEOUT_MAX}
        assert at_limit or breaks(b, "function", b.numbers.function + step), "function could be tighter"


@given(roomy)
def test_derived_read_timeouts_leave_no_room(numbers: dict[str, object]) -> None:
    """All of them a millisecond longer, and the handler no longer finishes in time."""
    b = accepted(numbers)
    assume(b is not None)
    assert b is not None
    shared = [c.read is None and c.callee is None for c in b.given.calls]
    assume(any(shared))
    longer = tuple(
        replace(call, read=(call.read or 0) + 1) if is_shared else call
        for call, is_shared in zip(b.numbers.calls, shared, strict=True)
    )
    assert not holds(replace(b.given, calls=longer, function=b.numbers.function))


@given(inputs)
def test_every_refusal_names_a_violated_inequality_and_changes_that_mend_it(
    numbers: dict[str, object],
) -> None:
    """Each single change that a refusal proposes is accepted when it is made."""
    error = refused(numbers)
    assume(error is not None)
    assert error is not None
    assert error.violated
    for step_id in error.violated:
        assert re.search(rf"^    {step_id} .*BROKEN", str(error), re.MULTILINE)
    for line in str(error).split("each enough by itself\n")[1].splitlines():
        if "none by one number" not in line:
            TimeoutBudget(**changed(numbers, line))  # type: ignore[arg-type]


def changed(numbers: dict[str, object], line: str) -> dict[str, object]:
    """Make the changes that one line of a refusal proposes."""
    result = dict(numbers)
    for phrase in line.partition("  (")[0].strip().split(", and "):
        for part in phrase.split(", "):
            if left := re.fullmatch(r"leave (.+) to be derived", part):
                for name in left[1].split(" and "):
                    result.pop(name.replace(" ", "_"))
                continue
            number = re.fullmatch(r"(.+?) [\d.]+ -> ([\d.]+)", part)
            assert number, part
            result = with_number(result, number[1], float(number[2]))
    return result


def with_number(numbers: dict[str, object], name: str, value: float) -> dict[str, object]:
    """Change one number: of the budget, or "read of db" of one of its calls."""
    if " of " not in name:
        return {**numbers, name.replace(" ", "_"): value}
    part, _, of = name.partition(" of ")
    found = numbers["calls"]
    assert isinstance(found, list)
    unit = 1 if part == "attempts" else SECOND
    return {
        **numbers,
        "calls": [
            Call.of(replace(call.numbers, **{part: round(value * unit)})) if call.name == of else call
            for call in found
        ],
    }


def breaks(budget: TimeoutBudget, name: str, value: int) -> bool:
    """Tell whether the budget's own inequalities break with one derived number changed, all others kept."""
    tighter = replace(budget.numbers, **{name: value})  # type: ignore[arg-type]
    return any(not step.holds for step in prove(budget.given, tighter)) or (
        name == "integration"
        and not holds(replace(budget.given, integration=value, function=budget.numbers.function))
    )


def holds(numbers: Numbers) -> bool:
    """Tell whether these given numbers make a budget."""
    return all(step.holds for step in prove(numbers, derive(numbers)))
