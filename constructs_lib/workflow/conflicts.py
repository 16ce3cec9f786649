"""What a workflow cannot be asked for, refused before anything is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_stepfunctions as sfn

from constructs_lib.compute.arguments import check_hardened, check_kind, check_near, check_whole
from constructs_lib.compute.tokens import known_whole_number
from constructs_lib.errors import RefusedError, TimeoutHierarchyError
from constructs_lib.limits import EXPRESS_MAX, MAP_CONCURRENCY_MAX
from constructs_lib.workflow.retries import TaskRetries

if TYPE_CHECKING:
    from constructs import Construct

    from constructs_lib.compute.function import HardenedFunction
    from constructs_lib.timeouts.workflow import Path

DEFAULT_CONCURRENCY = 100


def refuse_unfit_task(subject: str, scope: Construct, name: str, function: HardenedFunction) -> None:
    """Refuse a function without a budget and an alias, one that is somewhere else, and one that is stopped.

    Raises:
        RefusedError: names the argument.
    """
    subject = f"{subject}: {name}"
    check_hardened(
        subject,
        function,
        "whose budget gives the task's timeout and whose alias is what is invoked",
        "HardenedFunction(self, ..., budget=TimeoutBudget(gateway=None, ...))",
    )
    check_near(subject, scope, function)
    if known_whole_number(function.reserved_concurrent_executions) == 0:
        raise RefusedError(
            subject,
            got=f"{function.construct_id!r}, which reserves 0",
            allowed="a function whose reserve is not 0, which stops it: each task would be throttled until it fails",
            fix="raise reserved_concurrent_executions, or leave it out",
        )


def refuse_odd_retries(subject: str, retries: object) -> None:
    """Refuse what says nothing of retries.

    Raises:
        RefusedError: says what it is.
    """
    if retries is not None:
        fix = "TaskRetries(transient=6, died=2), or leave it out"
        check_kind(f"{subject}: retries", retries, TaskRetries, "TaskRetries", fix)


def refuse_odd_batches(subject: str, batch_size: object, tolerated: object) -> None:
    """Refuse batches of no items, and percentages that are none.

    Raises:
        RefusedError: names the argument.
    """
    fix = "as many items as the worker finishes in about a minute"
    check_whole(f"{subject}: batch_size", batch_size, 1, fix=fix, why=", known at synth time")
    if isinstance(tolerated, bool) or not isinstance(tolerated, int | float) or not 0 <= tolerated <= 100:  # noqa: PLR2004 - percent
        raise RefusedError(
            f"{subject}: tolerated_failure_percentage",
            got=repr(tolerated),
            allowed="0 to 100, known at synth time",
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
    if wanted is None:
        return min(DEFAULT_CONCURRENCY if reserved is None else reserved, most)
    check_whole(
        f"{subject}: max_concurrency",
        wanted,
        1,
        most,
        fix="leave it out: the worker's reserve, or 100",
        why=", known at synth time",
    )
    if reserved is not None and wanted > reserved:
        raise RefusedError(
            f"{subject}: max_concurrency",
            got=f"{wanted} on a worker that reserves {reserved}",
            allowed=f"1 to {reserved}: what exceeds the reserve is throttled, retried and then fails",
            fix=f"max_concurrency={reserved}, or raise the worker's reserved_concurrent_executions",
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
