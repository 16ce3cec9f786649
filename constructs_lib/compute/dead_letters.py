"""The queues where failed work ends, and the alarms that say so."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs

from constructs_lib.errors import RefusedError
from constructs_lib.limits import SQS_RETENTION_MAX

if TYPE_CHECKING:
    from constructs import Construct

seconds = cache(Duration.seconds)  # each made once: it is a round trip to another process


def dead_letter_queue(
    scope: Construct,
    construct_id: str = "DeadLetterQueue",
    *,
    fifo: bool = False,
    encryption_key: kms.IKey | None = None,
    removal_policy: RemovalPolicy,
) -> sqs.Queue:
    """Make a queue that keeps what failed for as long as SQS can: encrypted, TLS only, 14 days."""
    return sqs.Queue(
        scope,
        construct_id,
        fifo=fifo or None,
        **encryption(encryption_key),
        enforce_ssl=True,
        retention_period=seconds(int(SQS_RETENTION_MAX)),
        removal_policy=removal_policy,
    )


def encryption(key: kms.IKey | None) -> dict[str, Any]:
    """Give the arguments of a queue that is encrypted with this key, or with one that SQS manages."""
    kind = sqs.QueueEncryption.SQS_MANAGED if key is None else sqs.QueueEncryption.KMS
    return {"encryption": kind, "encryption_master_key": key}


def refuse_ungrantable_key(subject: str, key: kms.IKey | None) -> None:
    """Refuse a key known by its alias only: CDK drops grants on it without a word, and messages are then lost.

    Raises:
        RefusedError: says how the key can be named instead.
    """
    if key is None:
        return
    fix = "kms.Key.from_key_arn(...) or kms.Key.from_lookup(...)"
    if not hasattr(key, "key_id"):
        raise RefusedError(f"{subject}: encryption_key", got=repr(key), allowed="a key", fix=fix)
    # What AWS itself manages, everybody in the account may use through the service.
    if (
        isinstance(key, kms.Alias)
        or not key.key_id.startswith("alias/")
        or key.key_id.startswith("alias/aws/")
    ):
        return
    raise RefusedError(
        f"{subject}: encryption_key",
        got="a key on which nothing can be granted, as it is known by its alias only",
        allowed="a key whose ARN is known: without the grant messages can neither be sent nor read",
        fix=fix,
    )


def alarm_on_messages(
    scope: Construct, queue: sqs.IQueue, what: str, *, construct_id: str = "DeadLetterAlarm"
) -> cloudwatch.Alarm:
    """Ring as soon as one message is in the queue, and until it has been dealt with."""
    return cloudwatch.Alarm(
        scope,
        construct_id,
        alarm_description=what,
        metric=queue.metric_approximate_number_of_messages_visible(period=seconds(60), statistic="Maximum"),
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        threshold=1,
        evaluation_periods=1,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
    )


def alarm_on_age(
    scope: Construct, metric: cloudwatch.IMetric, threshold: float, what: str
) -> cloudwatch.Alarm:
    """Ring while the oldest message or record is older than what failures alone can make it."""
    return cloudwatch.Alarm(
        scope,
        "AgeAlarm",
        alarm_description=what,
        metric=metric,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        threshold=threshold,
        evaluation_periods=1,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
    )
