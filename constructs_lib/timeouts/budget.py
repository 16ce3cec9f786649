"""What users write: :class:`TimeoutBudget`, in seconds or ``aws_cdk.Duration``."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Literal, get_args

from constructs_lib.errors import RefusedError
from constructs_lib.limits import (
    LAMBDA_TIMEOUT_MAX,
    LAMBDA_TIMEOUT_MIN,
    SQS_VISIBILITY_MAX,
    TASK_TIMEOUT_DEFAULT,
)
from constructs_lib.timeouts.call import Call
from constructs_lib.timeouts.derivation import SECOND, CallNumbers, Numbers, derive, unbounded_read
from constructs_lib.timeouts.inequalities import DEFAULT_MARGIN
from constructs_lib.timeouts.layout import layout, refuse_if_broken
from constructs_lib.timeouts.seconds import Seconds, milliseconds, whole_seconds

InitType = Literal["on-demand", "provisioned-concurrency", "snap-start"]
"""How environments are made, in the values of Lambda's own ``AWS_LAMBDA_INITIALIZATION_TYPE``."""


class TimeoutBudget:
    """All waits of one function and its callers, derived from a few of them and proven to fit together (H1 to H9).

    A number that is given is checked; one that is left None is derived, as tight as the inequalities accept:

    * ``function``: the longest whole second that the caller's patience allows, or, where nobody waits
      (``gateway=None``), the shortest that covers init and work;
    * ``integration``: the shortest wait that still outlasts a cold start;
    * a call's ``read``: the longest that lets the handler finish in time, shared equally among the open ones;
    * ``visibility``, ``task``, ``in_progress``: the shortest whole seconds that hold;
    * ``work``: exactly the worst case of the calls.

    Args:
        gateway: seconds that the caller may wait, e.g. 29 for a Regional REST API (limits.REST_REGIONAL_WAIT); None
            where nobody waits, as for a queue's worker.
        init: init budget in seconds, >= 0.
        function: the Lambda timeout: whole seconds, 1 to 900 (limits.LAMBDA_TIMEOUT_MAX).
        calls: the handler's downstream calls.
        margin: seconds kept between the end of the slowest answer and the end of the caller's patience, >= 0.
        integration: the gateway integration's timeout in seconds.
        work: worst case of all that the handler does, its calls included, in seconds.
        batch_window: an SQS mapping's batching window in seconds.
        visibility: the queue's visibility timeout: whole seconds up to 43,200 (limits.SQS_VISIBILITY_MAX).
        task: a workflow task's TimeoutSeconds: whole seconds.
        in_progress: how long an idempotency record counts as in progress: whole seconds.
        cold_starts: False only where no request can meet a cold start; it waives H2.
        init_type: how environments are made; it sets the limit of init (H4).

    Each argument is also an attribute, in seconds, with the derived number in its place.

    Raises:
        TimeoutHierarchyError: the numbers contradict each other; the message lays the arithmetic out, one line a term,
            with the smallest changes that mend it.
        RefusedError: a number that cannot be one of these: negative, not finite, a token, out of range.

    Example:
        >>> budget = TimeoutBudget(gateway=10, init=2, calls=[Call("orders-table", attempts=1)])
        >>> budget.function, budget.integration, budget.visibility, budget.task, budget.in_progress
        (7, 9.501, 42, 10, 8)
        >>> budget.calls
        (Call('orders-table', connect=1, read=3.999, attempts=1, backoff=0),)
    """

    __slots__ = ("given", "init_type", "numbers")

    def __init__(
        self,
        gateway: Seconds | None = 29,
        init: Seconds = 4,
        function: Seconds | None = None,
        calls: Iterable[Call] = (),
        margin: Seconds = DEFAULT_MARGIN,
        *,
        integration: Seconds | None = None,
        work: Seconds | None = None,
        batch_window: Seconds = 0,
        visibility: Seconds | None = None,
        task: Seconds | None = None,
        in_progress: Seconds | None = None,
        cold_starts: bool = True,
        init_type: InitType = "on-demand",
    ) -> None:
        if init_type not in get_args(InitType):
            allowed = ", ".join(get_args(InitType))
            raise RefusedError(
                "TimeoutBudget: init_type", got=repr(init_type), allowed=allowed, fix="use one of them"
            )
        self.init_type: InitType = init_type
        self.given = Numbers(
            gateway=None if gateway is None else milliseconds("gateway", gateway, least=1, up=False),
            init=milliseconds("init", init),
            margin=milliseconds("margin", margin),
            batch_window=milliseconds("batch_window", batch_window),
            calls=_distinct(calls),
            cold_starts=cold_starts,
            warm=init_type != "on-demand",
            integration=None
            if integration is None
            else milliseconds("integration", integration, least=1, up=False),
            function=whole_seconds("function", function, int(LAMBDA_TIMEOUT_MIN), int(LAMBDA_TIMEOUT_MAX)),
            work=None if work is None else milliseconds("work", work),
            visibility=whole_seconds("visibility", visibility, 0, int(SQS_VISIBILITY_MAX)),
            task=whole_seconds("task", task, 1, int(TASK_TIMEOUT_DEFAULT)),
            in_progress=whole_seconds("in_progress", in_progress, 1, int(TASK_TIMEOUT_DEFAULT)),
        )
        _refuse_underivable(self.given)
        self.numbers = derive(self.given)
        refuse_if_broken(self.given, self.numbers)

    @property
    def gateway(self) -> float | None:
        """How long the caller may wait; None where nobody does."""
        return None if self.numbers.gateway is None else _seconds(self.numbers.gateway)

    @property
    def integration(self) -> float | None:
        """The gateway integration's timeout; None where nobody waits."""
        return None if self.numbers.integration is None else _seconds(self.numbers.integration)

    @property
    def init(self) -> float:
        """The init budget."""
        return _seconds(self.numbers.init)

    @property
    def function(self) -> int:
        """The Lambda timeout."""
        return self.numbers.function // SECOND

    @property
    def work(self) -> float:
        """The worst case of what the handler does."""
        return _seconds(self.numbers.work)

    @property
    def calls(self) -> tuple[Call, ...]:
        """The downstream calls, each with its read timeout."""
        return tuple(Call.of(numbers) for numbers in self.numbers.calls)

    @property
    def margin(self) -> float:
        """What is kept between the slowest answer and the end of the caller's patience."""
        return _seconds(self.numbers.margin)

    @property
    def batch_window(self) -> float:
        """The SQS mapping's batching window."""
        return _seconds(self.numbers.batch_window)

    @property
    def visibility(self) -> int:
        """The queue's visibility timeout."""
        return self.numbers.visibility // SECOND

    @property
    def task(self) -> int:
        """The workflow task's timeout."""
        return self.numbers.task // SECOND

    @property
    def in_progress(self) -> int:
        """How long an idempotency record counts as in progress."""
        return self.numbers.in_progress // SECOND

    @property
    def cold_starts(self) -> bool:
        """Whether a request can meet a cold start."""
        return self.numbers.cold_starts

    def explain(self) -> str:
        """Lay out every number and every inequality, one line each, as a refusal does.

        Example:
            >>> print(TimeoutBudget(gateway=None, init=2, work=5).explain())
              numbers, in seconds
                init                  2  given
                function              8  derived
                work                  5  given
                margin              0.5  given
                batch window          0  given
                visibility           48  derived
                task                 11  derived
                in progress           9  derived
            <BLANKLINE>
              inequalities
                H3  function > init + work                     8 > 2 + 5 = 7         holds, 1 to spare
                H4  init < 10                                  2 < 10                holds, 8 to spare
                H6  visibility >= 6 x function + batch window  48 >= 6 x 8 + 0 = 48  holds, just
                H7  task > init + function                     11 > 2 + 8 = 10       holds, 1 to spare
                H9  in progress > function                     9 > 8                 holds, 1 to spare
        """
        return layout(self.given, self.numbers)

    def to_dict(self) -> dict[str, object]:
        """Give the numbers as the handler's environment and the template's Metadata carry them, in seconds."""
        numbers: dict[str, object] = {
            "gateway": self.gateway,
            "integration": self.integration,
            "init": self.init,
            "init_type": self.init_type,
            "function": self.function,
            "work": self.work,
            "margin": self.margin,
            "in_progress": self.in_progress,
            "cold_starts": None if self.cold_starts else False,
            "calls": {
                call.name: {
                    "connect": call.connect, "read": call.read, "attempts": call.attempts, "backoff": call.backoff,
                }
                for call in self.calls
            },
        }  # fmt: skip
        return {name: value for name, value in numbers.items() if value is not None}

    def to_json(self) -> str:
        """Give :meth:`to_dict` as compact JSON, for the ``TIMEOUT_BUDGET`` environment variable."""
        return json.dumps(self.to_dict(), separators=(",", ":"))

    def __eq__(self, other: object) -> bool:
        """Two budgets that were given the same numbers are the same."""
        return isinstance(other, TimeoutBudget) and self.given == other.given

    def __hash__(self) -> int:
        """Hash by value."""
        return hash(self.given)

    def __repr__(self) -> str:
        """Read like the call of the constructor, as short as the numbers that matter."""
        return f"TimeoutBudget(gateway={self.gateway}, init={self.init}, function={self.function}, calls={self.calls})"


def _distinct(calls: Iterable[Call]) -> tuple[CallNumbers, ...]:
    if not isinstance(calls, Iterable):
        raise RefusedError(
            "TimeoutBudget: calls", got=repr(calls), allowed="a list of Call objects", fix="calls=[Call(...)]"
        )
    found = tuple(calls)
    for call in found:
        if not isinstance(call, Call):
            raise RefusedError(
                "TimeoutBudget: calls", got=repr(call), allowed="Call objects", fix='Call("name", ...)'
            )
    names = [call.name for call in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise RefusedError(
            "TimeoutBudget: calls",
            got=f"{twice[0]!r} twice",
            allowed="one Call per name",
            fix="rename one of them",
        )
    return tuple(call.numbers for call in found)


def _refuse_underivable(given: Numbers) -> None:
    """Refuse a budget that leaves a number open which nothing bounds."""
    if given.gateway is None and given.integration is not None:
        raise RefusedError(
            "TimeoutBudget: integration",
            got="an integration timeout with gateway=None",
            allowed="both, or neither",
            fix="say how long the caller may wait: gateway=29",
        )
    if name := unbounded_read(given):
        raise RefusedError(
            f"Call {name!r}: read",
            got="no read timeout, and nothing to derive it from (no gateway, function or work)",
            allowed="a read timeout, or one of the three",
            fix=f"Call({name!r}, read=...) or TimeoutBudget(function=...)",
        )


def _seconds(milliseconds: int) -> float:
    return milliseconds / SECOND


def with_init_type(budget: TimeoutBudget, init_type: InitType) -> TimeoutBudget:
    """Prove the same given numbers again for another way of making environments (H4).

    Raises:
        TimeoutHierarchyError: init does not fit the limit of that way.
    """
    return _proven(replace(budget.given, warm=init_type != "on-demand"), init_type)


def with_call(budget: TimeoutBudget, call: Call) -> TimeoutBudget:
    """Prove the budget again with one more downstream call, made in the time that the handler has already.

    The function timeout stays what it was, and so do all waits outside the function; reads that were derived shrink.

    Raises:
        TimeoutHierarchyError: the handler has not so much time left.
    """
    given = replace(budget.given, function=budget.numbers.function, calls=(*budget.given.calls, call.numbers))
    return _proven(given, budget.init_type)


def with_work_on_top(budget: TimeoutBudget, calls: Iterable[Call]) -> TimeoutBudget:
    """Prove the budget again with calls that are made before and after the handler's own work, and on top of it.

    What was derived grows with them; a work that was given is what the handler itself does. Each call needs its read.

    Raises:
        TimeoutHierarchyError: a function timeout, visibility or wait that was given has no room for them.

    Example:
        >>> inner = TimeoutBudget(gateway=None, init=2, work=10)
        >>> outer = with_work_on_top(inner, [Call("record", connect=1, read=1, attempts=1)])
        >>> inner.function, outer.function, outer.work
        (13, 15, 12.0)
    """
    numbers = tuple(call.numbers for call in calls)
    extra = sum(each.worst_case for each in numbers)
    work = None if budget.given.work is None else budget.given.work + extra
    return _proven(replace(budget.given, work=work, calls=(*budget.given.calls, *numbers)), budget.init_type)


def _proven(given: Numbers, init_type: InitType) -> TimeoutBudget:
    budget = TimeoutBudget.__new__(TimeoutBudget)
    budget.init_type, budget.given, budget.numbers = init_type, given, derive(given)
    refuse_if_broken(given, budget.numbers)
    return budget
