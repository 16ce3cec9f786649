"""What users write: :class:`TimeoutBudget` and :class:`Call`, in seconds or ``aws_cdk.Duration``."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, Protocol, get_args, runtime_checkable

from constructs_lib.errors import RefusedError
from constructs_lib.limits import (
    BOTOCORE_BACKOFF_MAX,
    BOTOCORE_THROTTLED_BACKOFF_BASE,
    LAMBDA_TIMEOUT_MAX,
    LAMBDA_TIMEOUT_MIN,
    SQS_VISIBILITY_MAX,
    TASK_TIMEOUT_DEFAULT,
)
from constructs_lib.timeouts.derivation import SECOND, CallNumbers, Numbers, derive
from constructs_lib.timeouts.inequalities import DEFAULT_MARGIN, callee_above
from constructs_lib.timeouts.layout import layout, refuse_if_broken

if TYPE_CHECKING:
    from collections.abc import Iterable

InitType = Literal["on-demand", "provisioned-concurrency", "snap-start"]
"""How environments are made, in the values of Lambda's own ``AWS_LAMBDA_INITIALIZATION_TYPE``."""


@runtime_checkable
class DurationLike(Protocol):
    """What ``aws_cdk.Duration`` offers; named here so that the arithmetic stays free of CDK."""

    def is_unresolved(self) -> bool: ...  # noqa: D102
    def to_milliseconds(self, *, integral: bool | None = None) -> float: ...  # noqa: D102


Seconds = float | DurationLike
"""Seconds, or an ``aws_cdk.Duration``."""


class Call:
    """One downstream call that a handler makes: how long its client waits, and how often it tries.

    Args:
        name: what is called, as messages and the handler name it, e.g. ``"orders-table"``.
        connect: connect timeout in seconds, > 0.
        read: read timeout in seconds, > 0. None lets the budget derive the longest that still fits.
        attempts: tries in all, the first included, >= 1.
        backoff: sum of all pauses between the attempts in seconds. None is the worst case of botocore's ``standard``
            retries when throttled: 1 s doubled each time, 20 s at most (botocore retries/standard.py).
        callee: the budget of a function that this call invokes synchronously; the read timeout must then outlast its
            init and its timeout (H8).

    Raises:
        RefusedError: a number that is negative, not finite, a token, or out of range.

    Example:
        >>> Call("orders-table", connect=0.5, read=2, attempts=3)
        Call('orders-table', connect=0.5, read=2, attempts=3, backoff=3)
    """

    __slots__ = ("numbers",)

    def __init__(
        self,
        name: str,
        *,
        connect: Seconds = 1.0,
        read: Seconds | None = None,
        attempts: int = 2,
        backoff: Seconds | None = None,
        callee: TimeoutBudget | None = None,
    ) -> None:
        _check_name_and_attempts(name, attempts)
        if backoff is None:
            pauses = (BOTOCORE_THROTTLED_BACKOFF_BASE * 2.0 ** min(i, 10) for i in range(attempts - 1))
            backoff = float(sum(min(pause, BOTOCORE_BACKOFF_MAX) for pause in pauses))
        self.numbers = CallNumbers(
            name=name,
            connect=_milliseconds(f"Call {name!r}: connect", connect, least=1),
            read=None if read is None else _milliseconds(f"Call {name!r}: read", read, least=1),
            attempts=attempts,
            backoff=_milliseconds(f"Call {name!r}: backoff", backoff),
            callee=None
            if callee is None
            else int(callee_above(callee.numbers.init, callee.numbers.function)),
        )

    @property
    def name(self) -> str:
        """What is called."""
        return self.numbers.name

    @property
    def connect(self) -> float:
        """Connect timeout in seconds."""
        return _seconds(self.numbers.connect)

    @property
    def read(self) -> float | None:
        """Read timeout in seconds; None until a budget has derived it."""
        return None if self.numbers.read is None else _seconds(self.numbers.read)

    @property
    def attempts(self) -> int:
        """Tries in all, the first included."""
        return self.numbers.attempts

    @property
    def backoff(self) -> float:
        """Sum of all pauses between the attempts, in seconds."""
        return _seconds(self.numbers.backoff)

    def __eq__(self, other: object) -> bool:
        """Two calls with the same numbers are the same."""
        return isinstance(other, Call) and self.numbers == other.numbers

    def __hash__(self) -> int:
        """Hash by value."""
        return hash(self.numbers)

    def __repr__(self) -> str:
        """Read like the call of the constructor."""
        read = None if self.read is None else f"{self.read:g}"
        numbers = f"connect={self.connect:g}, read={read}, attempts={self.attempts}, backoff={self.backoff:g}"
        return f"Call({self.name!r}, {numbers})"


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
            gateway=None if gateway is None else _milliseconds("gateway", gateway, least=1, up=False),
            init=_milliseconds("init", init),
            margin=_milliseconds("margin", margin),
            batch_window=_milliseconds("batch_window", batch_window),
            calls=_distinct(calls),
            cold_starts=cold_starts,
            warm=init_type != "on-demand",
            integration=None
            if integration is None
            else _milliseconds("integration", integration, least=1, up=False),
            function=_whole("function", function, int(LAMBDA_TIMEOUT_MIN), int(LAMBDA_TIMEOUT_MAX)),
            work=None if work is None else _milliseconds("work", work),
            visibility=_whole("visibility", visibility, 0, int(SQS_VISIBILITY_MAX)),
            task=_whole("task", task, 1, int(TASK_TIMEOUT_DEFAULT)),
            in_progress=_whole("in_progress", in_progress, 1, int(TASK_TIMEOUT_DEFAULT)),
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
        return tuple(_call_of(numbers) for numbers in self.numbers.calls)

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


def _check_name_and_attempts(name: object, attempts: object) -> None:
    if not isinstance(name, str) or not name:
        raise RefusedError(
            "Call: name", got=repr(name), allowed="a non-empty string", fix="name what is called"
        )
    if isinstance(attempts, bool) or not isinstance(attempts, int) or attempts < 1:
        raise RefusedError(
            f"Call {name!r}: attempts", got=repr(attempts), allowed="a whole number >= 1", fix="1 tries once"
        )


def _call_of(numbers: CallNumbers) -> Call:
    call = Call.__new__(Call)
    call.numbers = numbers
    return call


def _distinct(calls: Iterable[Call]) -> tuple[CallNumbers, ...]:
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
    """Refuse a budget in which a read timeout is open and nothing bounds it."""
    bounds = (given.gateway, given.function, given.work)
    if given.gateway is None and given.integration is not None:
        raise RefusedError(
            "TimeoutBudget: integration",
            got="an integration timeout with gateway=None",
            allowed="both, or neither",
            fix="say how long the caller may wait: gateway=29",
        )
    for call in given.calls:
        if call.read is None and call.callee is None and bounds == (None, None, None):
            raise RefusedError(
                f"Call {call.name!r}: read",
                got="no read timeout, and nothing to derive it from (no gateway, function or work)",
                allowed="a read timeout, or one of the three",
                fix=f"Call({call.name!r}, read=...) or TimeoutBudget(function=...)",
            )


def _seconds(milliseconds: int) -> float:
    return milliseconds / SECOND


def _milliseconds(name: str, value: Seconds, *, least: int = 0, up: bool = True) -> int:
    """Convert to whole milliseconds, to the careful side: what is used up rounds up, what is granted rounds down."""
    number = _number(name, value)
    rounded = round(number * SECOND)
    if abs(rounded - number * SECOND) > 1e-6:  # noqa: PLR2004 - a thousandth of what a float keeps of a day
        rounded = (math.ceil if up else math.floor)(number * SECOND)
    if rounded < least:
        allowed = "seconds >= 0" if least == 0 else "seconds > 0"
        raise RefusedError(
            name, got=f"{number:g}", allowed=allowed, fix="give the wait in seconds, or a Duration"
        )
    return rounded


def _whole(name: str, value: Seconds | None, least: int, most: int) -> int | None:
    """Convert to milliseconds what AWS takes in whole seconds."""
    if value is None:
        return None
    number = _number(name, value)
    if number != int(number) or not least <= number <= most:
        nearest = min(max(math.floor(number), least), most)
        raise RefusedError(
            name, got=f"{number:g} s", allowed=f"whole seconds from {least} to {most}", fix=f"{nearest}"
        )
    return int(number) * SECOND


def _number(name: str, value: object) -> float:
    """Read seconds out of a number or a Duration; refuse what is neither or not known yet."""
    allowed = "seconds as a finite number, or a Duration"
    if isinstance(value, bool) or not isinstance(value, int | float):
        if not isinstance(value, DurationLike):
            raise RefusedError(name, got=repr(value), allowed=allowed, fix="e.g. 29 or Duration.seconds(29)")
        if value.is_unresolved():
            raise RefusedError(
                name,
                got="a token, whose value is known only at deploy time",
                allowed=f"{allowed}, known at synth time",
                fix="give the number itself; the proof needs it now",
            )
        return value.to_milliseconds(integral=False) / SECOND
    if not math.isfinite(value):
        raise RefusedError(name, got=repr(value), allowed=allowed, fix="e.g. 29")
    return float(value)


def with_init_type(budget: TimeoutBudget, init_type: InitType) -> TimeoutBudget:
    """Prove the same given numbers again for another way of making environments (H4).

    Raises:
        TimeoutHierarchyError: init does not fit the limit of that way.
    """
    again = TimeoutBudget.__new__(TimeoutBudget)
    again.init_type = init_type
    again.given = replace(budget.given, warm=init_type != "on-demand")
    again.numbers = derive(again.given)
    refuse_if_broken(again.given, again.numbers)
    return again
