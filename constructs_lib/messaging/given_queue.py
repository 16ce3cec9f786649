"""Proving a queue that somebody else made: what it says is held against the budget, what it does not say stays open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_cdk import aws_sqs as sqs

from constructs_lib.compute.arguments import check_kind, check_region
from constructs_lib.compute.dead_letters import refuse_ungrantable_key
from constructs_lib.compute.tokens import known_whole_number
from constructs_lib.errors import RefusedError
from constructs_lib.limits import (
    SQS_RECEIVES_MIN,
    SQS_RETENTION_DEFAULT,
    SQS_RETENTION_MAX,
    SQS_VISIBILITY_DEFAULT,
)

if TYPE_CHECKING:
    from aws_cdk import Stack

    from constructs_lib.timeouts.budget import TimeoutBudget


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenQueue:
    """What a given queue says of itself; AWS's advice stands in for what it leaves open."""

    dead_letter_queue: sqs.IQueue | None
    visibility: int
    receives: int


def check_given(subject: str, queue: sqs.IQueue, budget: TimeoutBudget, stack: Stack) -> GivenQueue:
    """Prove the queue; of an imported queue nothing is known.

    Raises:
        RefusedError: no queue, one of another region, a key on which nothing can be granted, visibility under six times the timeout, no dead-letter queue or one of the other kind, one that
            forgets first, too few receives, or a retention that ends before the last of them.
    """
    advised = int(SQS_RECEIVES_MIN)
    fix = "sqs.Queue(...), or sqs.Queue.from_queue_arn(...) for one that is there already"
    check_kind(f"{subject}: queue", queue, "queue_arn", "a queue", fix)
    refuse_ungrantable_key(f"{subject}: queue", queue.encryption_master_key)
    check_region(f"{subject}: queue", queue.queue_arn, stack, "a queue", "Lambda reads no other")
    if not isinstance(queue, sqs.Queue):
        return GivenQueue(dead_letter_queue=None, visibility=budget.visibility, receives=advised)
    source = queue.node.default_child
    assert isinstance(source, sqs.CfnQueue)
    visibility = _visibility(subject, source, budget)
    failures = queue.dead_letter_queue
    if failures is None:
        raise RefusedError(
            f"{subject}: queue",
            got="a queue without a dead-letter queue: what always fails is tried until it expires, and is then gone",
            allowed=f"a queue with dead_letter_queue and max_receive_count >= {advised}",
            fix="let the worker make the queue, or give this one a dead_letter_queue",
        )
    _check_kind(subject, queue, failures.queue)
    receives = _receives(subject, failures.max_receive_count)
    _check_retention(subject, source, failures.queue, tries=receives * visibility, fifo=bool(queue.fifo))
    return GivenQueue(dead_letter_queue=failures.queue, visibility=visibility, receives=receives)


def _visibility(subject: str, source: sqs.CfnQueue, budget: TimeoutBudget) -> int:
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
    return budget.visibility if visibility is None else visibility


def _check_kind(subject: str, queue: sqs.Queue, failures: sqs.IQueue) -> None:
    if bool(queue.fifo) != bool(failures.fifo):
        raise RefusedError(
            f"{subject}: dead-letter queue of the queue",
            got=f"a {'FIFO' if failures.fifo else 'standard'} queue behind a {'FIFO' if queue.fifo else 'standard'} one",
            allowed="two of a kind: SQS moves no message between kinds",
            fix="sqs.Queue(..., fifo=True) for both, or for neither",
        )


def _receives(subject: str, count: float) -> int:
    receives, least = known_whole_number(count), int(SQS_RECEIVES_MIN)
    if receives is not None and receives < least:
        raise RefusedError(
            f"{subject}: max_receive_count of the queue",
            got=f"{receives}",
            allowed=f">= {least}: a throttle counts as a receive too",
            fix=f"sqs.DeadLetterQueue(..., max_receive_count={least})",
        )
    return least if receives is None else receives


def _check_retention(
    subject: str, source: sqs.CfnQueue, failures: sqs.IQueue, *, tries: int, fifo: bool
) -> None:
    kept = _kept(source)
    if kept is not None and kept <= tries:
        raise RefusedError(
            f"{subject}: retention of the queue",
            got=f"{kept} s",
            allowed=f"> {tries} s, all receives a visibility timeout apart, or a message that fails expires before it "
            "reaches the dead-letter queue",
            fix=f"sqs.Queue(..., retention_period=Duration.seconds({tries + 1}))",
        )
    target = failures.node.default_child
    # A FIFO queue counts a message's age anew when it is moved; 14 days cannot be exceeded.
    if kept is None or fifo or not isinstance(target, sqs.CfnQueue):
        return
    after = _kept(target)
    if after is None or after > kept or after >= SQS_RETENTION_MAX:
        return
    raise RefusedError(
        f"{subject}: retention of the queue's dead-letter queue",
        got=f"{after} s, not longer than the queue's own {kept} s: a message keeps the time at which it was first sent, "
        "so it is forgotten there before anybody has looked",
        allowed=f"> {kept} s",
        fix="sqs.Queue(..., retention_period=Duration.days(14)) for the dead-letter queue",
    )


def _kept(queue: sqs.CfnQueue) -> int | None:
    given = queue.message_retention_period
    return int(SQS_RETENTION_DEFAULT) if given is None else known_whole_number(given)
