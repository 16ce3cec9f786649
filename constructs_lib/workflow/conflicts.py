"""What a workflow cannot be asked for, refused before anything is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_stepfunctions as sfn

from constructs_lib.compute.function import HardenedFunction
from constructs_lib.compute.tokens import is_token, known_whole_number
from constructs_lib.errors import RefusedError, TimeoutHierarchyError
from constructs_lib.limits import EXPRESS_MAX, MAP_CONCURRENCY_MAX

if TYPE_CHECKING:
    from constructs_lib.timeouts.workflow import Path

DEFAULT_CONCURRENCY = 100


def refuse_unless_hardened(subject: str, name: str, function: object) -> None:
    """Refuse a function without a budget and an alias.

    Raises:
        RefusedError: names the argument.
    """
    if not isinstance(function, HardenedFunction):
        raise RefusedError(
            f"{subject}: {name}",
            got=type(function).__name__,
            allowed="a HardenedFunction, whose budget gives the task's timeout and whose alias is what is invoked",
            fix="HardenedFunction(self, ..., budget=TimeoutBudget(gateway=None, ...))",
        )


def refuse_odd_batches(subject: str, batch_size: object, tolerated: object) -> None:
    """Refuse batches of no items, and percentages that are none.

    Raises:
        RefusedError: names the argument.
    """
    if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
        raise RefusedError(
            f"{subject}: batch_size",
            got="a token, whose value is known only at deploy time"
            if is_token(batch_size)
            else repr(batch_size),
            allowed="whole numbers >= 1, known at synth time",
            fix="as many items as the worker finishes in about a minute",
        )
    if isinstance(tolerated, bool) or not isinstance(tolerated, int | float) or not 0 <= tolerated <= 100:  # noqa: PLR2004
        raise RefusedError(
            f"{subject}: tolerated_failure_percentage",
            got=repr(tolerated),
            allowed="0 to 100",
            fix="100 lets all other batches go on whatever fails",
        )


def refuse_odd_kind(subject: str, kind: object) -> None:
    """Refuse what is no kind of execution.

    Raises:
        RefusedError: names both kinds.
    """
    if not isinstance(kind, sfn.StateMachineType):
        raise RefusedError(
            f"{subject}: execution_type",
            got=repr(kind),
            allowed="StateMachineType.STANDARD or StateMachineType.EXPRESS",
            fix="leave it out: STANDARD",
        )


def concurrency(subject: str, wanted: int | None, worker: HardenedFunction) -> int:
    """Give how many batches run at once: what is wanted, else the worker's reserve, else a hundred.

    Raises:
        RefusedError: out of range, or more than the worker has reserved, so that the rest would only be throttled.
    """
    reserved = known_whole_number(worker.reserved_concurrent_executions)
    most = int(MAP_CONCURRENCY_MAX)
    if wanted is None and reserved != 0:
        return min(DEFAULT_CONCURRENCY if reserved is None else reserved, most)
    if reserved is not None and (wanted is None or wanted > reserved):
        raise RefusedError(
            f"{subject}: max_concurrency",
            got=f"{reserved if wanted is None else wanted} on a worker that reserves {reserved}",
            allowed=f"1 to {reserved}: what exceeds the reserve is throttled, retried and then fails"
            if reserved
            else "a worker whose reserve is not 0, which stops it",
            fix=f"max_concurrency={reserved}, or raise the worker's reserved_concurrent_executions"
            if reserved
            else "raise the worker's reserved_concurrent_executions, or leave it out",
        )
    if isinstance(wanted, bool) or not isinstance(wanted, int) or not 1 <= wanted <= most:
        raise RefusedError(
            f"{subject}: max_concurrency",
            got="a token, whose value is known only at deploy time" if is_token(wanted) else repr(wanted),
            allowed=f"whole numbers from 1 to {most}, known at synth time",
            fix="leave it out: the worker's reserve, or 100",
        )
    return wanted


def refuse_long_express(subject: str, kind: sfn.StateMachineType, path: Path) -> None:
    """Refuse express executions that could be stopped in the middle of their longest way.

    Raises:
        TimeoutHierarchyError: with the arithmetic.
    """
    if kind is sfn.StateMachineType.EXPRESS and path.seconds > EXPRESS_MAX:
        raise TimeoutHierarchyError(
            ("H7",),
            f"{subject}: an express execution is stopped after {EXPRESS_MAX} wherever it stands, and a batch may take "
            f"{path.terms} = {path.seconds:g} s; fix: execution_type=StateMachineType.STANDARD, fewer or shorter "
            f"retries, or a worker that needs {path.seconds - EXPRESS_MAX:g} s less in all its attempts",
        )


def refuse_short_timeout(subject: str, seconds: int, path: Path) -> None:
    """Refuse a state machine that would be stopped before its own tasks and retries have to be done.

    Raises:
        TimeoutHierarchyError: with the arithmetic.
    """
    if seconds < path.seconds:
        raise TimeoutHierarchyError(
            ("H7",),
            f"{subject}: it is stopped after {seconds} s, and with a single batch it may take {path.terms} = "
            f"{path.seconds:g} s; fix: timeout=Duration.seconds({int(path.seconds) + 1}) or more, or fewer or shorter "
            "retries",
        )
