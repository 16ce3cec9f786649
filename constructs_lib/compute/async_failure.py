"""Where an asynchronous event ends that a function failed for good: :class:`AsyncFailure`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_

from constructs_lib.compute.dead_letters import dead_letter_queue, refuse_ungrantable_key
from constructs_lib.errors import RefusedError
from constructs_lib.limits import (
    ASYNC_EVENT_AGE_MAX,
    ASYNC_EVENT_AGE_MIN,
    ASYNC_RETRIES_MAX,
)
from constructs_lib.timeouts.derivation import SECOND
from constructs_lib.timeouts.seconds import Seconds, whole_seconds

if TYPE_CHECKING:
    from aws_cdk import RemovalPolicy
    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_sqs as sqs
    from constructs import Construct


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncFailure:
    """Declares that a function is invoked asynchronously, and where an event goes that it failed for good.

    Asynchronous callers are S3, SNS, EventBridge, Scheduler, IoT and ``InvocationType=Event``; nobody reads their
    answer, so without this a failed event is lost. A function that only gateways, workflows and queues invoke needs
    none: its failures go back to the caller, and a dead-letter queue would stay empty for ever.

    By default the function gets a dead-letter queue of its own: encrypted, TLS only, kept for 14 days
    (limits.SQS_RETENTION_MAX), with an alarm that rings for the first event in it.

    Args:
        destination: an on-failure destination instead of the queue; it receives the event together with the error
            and the stack trace, where a dead-letter queue has the error in message attributes.
        retries: further attempts after the first, 0 to 2 (limits.ASYNC_RETRIES_MAX); Lambda waits 1 minute, then 2.
        max_event_age: seconds, or a Duration, for which Lambda keeps trying, throttling included: whole seconds, 60 to
            21,600 (limits.ASYNC_EVENT_AGE_MIN, ASYNC_EVENT_AGE_MAX).
        encryption_key: a customer key for the queue; the function's role may then use exactly this key. None encrypts
            with a key that SQS manages.

    Raises:
        RefusedError: a number out of range, a key together with a destination, or one on which nothing can be granted.

    Example:
        >>> AsyncFailure(retries=1, max_event_age=3600).retries
        1
    """

    destination: lambda_.IDestination | None = None
    retries: int = int(ASYNC_RETRIES_MAX)
    max_event_age: Seconds = ASYNC_EVENT_AGE_MAX
    encryption_key: kms.IKey | None = None

    def __post_init__(self) -> None:
        """Refuse what Lambda would refuse at deploy time, or silently ignore."""
        if isinstance(self.retries, bool) or self.retries not in range(int(ASYNC_RETRIES_MAX) + 1):
            raise RefusedError(
                "AsyncFailure: retries",
                got=repr(self.retries),
                allowed="0, 1 or 2",
                fix="2 is Lambda's default",
            )
        _ = self.max_event_age_seconds
        if self.destination is not None and self.encryption_key is not None:
            raise RefusedError(
                "AsyncFailure: encryption_key",
                got="a key together with a destination",
                allowed="a key for the construct's own queue only",
                fix="encrypt the destination where it is made, and leave encryption_key out",
            )
        refuse_ungrantable_key("AsyncFailure", self.encryption_key)

    @property
    def max_event_age_seconds(self) -> int:
        """``max_event_age`` in whole seconds."""
        least, most = int(ASYNC_EVENT_AGE_MIN), int(ASYNC_EVENT_AGE_MAX)
        age = whole_seconds("AsyncFailure: max_event_age", self.max_event_age, least, most)
        assert age is not None
        return age // SECOND


def own_queue(
    scope: Construct, role: iam.IRole, failure: AsyncFailure, removal_policy: RemovalPolicy
) -> sqs.Queue:
    """Make the queue, and let the role encrypt what it sends there.

    CDK itself grants ``sqs:SendMessage`` but nothing on the key, and Lambda then drops the event without a word.
    """
    key = failure.encryption_key
    if key is not None:
        key.grant(role, "kms:GenerateDataKey", "kms:Decrypt")
    return dead_letter_queue(scope, encryption_key=key, removal_policy=removal_policy)
