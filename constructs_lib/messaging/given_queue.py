"""Proving a queue that somebody else made: what it says is held against the budget, what it does not say stays open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_sqs as sqs

from constructs_lib.compute.tokens import known_whole_number
from constructs_lib.errors import RefusedError
from constructs_lib.limits import (
    SQS_RECEIVES_MIN,
    SQS_RETENTION_DEFAULT,
    SQS_RETENTION_MAX,
    SQS_VISIBILITY_DEFAULT,
)

if TYPE_CHECKING:
    from constructs_lib.timeouts.budget import TimeoutBudget


def check_given(subject: str, queue: sqs.IQueue, budget: TimeoutBudget) -> sqs.IQueue | None:
    """Prove the queue, and give its dead-letter queue; of an imported queue nothing is known, and None is given.

    Raises:
        RefusedError: visibility under six times the timeout, no dead-letter queue, one that forgets first, or too few
            receives.
    """
    if not isinstance(queue, sqs.Queue):
        return None
    source = queue.node.default_child
    assert isinstance(source, sqs.CfnQueue)
    _check_visibility(subject, source, budget)
    failures = queue.dead_letter_queue
    if failures is None:
        raise RefusedError(
            f"{subject}: queue",
            got="a queue without a dead-letter queue: what always fails is tried until it expires, and is then gone",
            allowed=f"a queue with dead_letter_queue and max_receive_count >= {int(SQS_RECEIVES_MIN)}",
            fix="let the worker make the queue, or give this one a dead_letter_queue",
        )
    _check_receives(subject, failures.max_receive_count)
    _check_retention(subject, source, failures.queue, fifo=bool(queue.fifo))
    return failures.queue


def _check_visibility(subject: str, source: sqs.CfnQueue, budget: TimeoutBudget) -> None:
    given = source.visibility_timeout
    visibility = int(SQS_VISIBILITY_DEFAULT) if given is None else known_whole_number(given)
    if visibility is not None and visibility < budget.visibility:
        raise RefusedError(
            f"{subject}: visibility timeout of the queue",
            got=f"{visibility} s{' (the default)' if given is None else ''}",
            allowed=f">= {budget.visibility} s = 6 x {budget.function} s timeout + {budget.batch_window:g} s batching "
            "window, or a message is handed out again while it is worked on (H6)",
            fix=f"sqs.Queue(..., visibility_timeout=Duration.seconds({budget.visibility}))",
        )


def _check_receives(subject: str, count: float) -> None:
    receives, least = known_whole_number(count), int(SQS_RECEIVES_MIN)
    if receives is not None and receives < least:
        raise RefusedError(
            f"{subject}: max_receive_count of the queue",
            got=f"{receives}",
            allowed=f">= {least}: a throttle counts as a receive too",
            fix=f"sqs.DeadLetterQueue(..., max_receive_count={least})",
        )


def _check_retention(subject: str, source: sqs.CfnQueue, failures: sqs.IQueue, *, fifo: bool) -> None:
    target = failures.node.default_child
    # A FIFO queue counts a message's age anew when it is moved; 14 days cannot be exceeded.
    if fifo or not isinstance(target, sqs.CfnQueue):
        return
    default = int(SQS_RETENTION_DEFAULT)
    kept = known_whole_number(default if (of := source.message_retention_period) is None else of)
    after = known_whole_number(default if (of := target.message_retention_period) is None else of)
    if kept is None or after is None or after > kept or after >= SQS_RETENTION_MAX:
        return
    raise RefusedError(
        f"{subject}: retention of the queue's dead-letter queue",
        got=f"{after} s, not longer than the queue's own {kept} s: a message keeps the time at which it was first sent, "
        "so it is forgotten there before anybody has looked",
        allowed=f"> {kept} s",
        fix="sqs.Queue(..., retention_period=Duration.days(14)) for the dead-letter queue",
    )
