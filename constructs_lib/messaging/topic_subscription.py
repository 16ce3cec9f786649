""":class:`TopicSubscription`: messages of an SNS topic that a function takes, and none of them lost on the way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from constructs_lib.compute.arguments import check_kind, check_region
from constructs_lib.compute.dead_letters import alarm_on_messages, dead_letter_queue
from constructs_lib.errors import RefusedError
from constructs_lib.messaging.targets import check_target

if TYPE_CHECKING:
    from constructs_lib.compute.function import HardenedFunction


class TopicSubscription(Construct):
    """A subscription to an SNS topic that invokes a function's alias with each message.

    A message can fail in two places, and each has its own end:

    * *Before Lambda took it*: Lambda is throttled or unreachable, the permission is gone. SNS tries again, 100,015 times in
      23 days; this policy is SNS's own for Lambda and cannot be set. Errors that no retry mends, such as a
      function that was deleted, are not retried at all. Either way the message ends in this subscription's ``dead_letter_queue``.
    * *After Lambda took it*: the function raises, times out or is throttled. The retries and the event age on the alias
      count, and then the function's own failure path: ``function.async_failure``, which has to be declared.

    Messages arrive at least once and in no order: the handler has to be idempotent. What the function gets is always SNS's
    envelope (``Records[0].Sns.Message``): raw delivery exists for queues and HTTP only.

    Lambda lets SNS invoke the alias for this topic alone. The queue is encrypted, takes TLS only and messages from this
    topic alone, and keeps them for 14 days; an alarm rings for the first one.

    A FIFO topic is refused: it delivers to queues only. Put a :class:`QueueWorker` behind it. So is a topic of another
    region, where SNS could not write to the dead-letter queue. A topic of another account has to let this one subscribe.
    Where the topic's ARN is a token, SNS finds out at deploy time.

    Args:
        scope: the parent.
        construct_id: the id within the parent.
        topic: what to subscribe to.
        function: what takes the messages; its alias is invoked.
        filter_policy: which messages, by their attributes. None takes all.
        filter_policy_with_message_body: which messages, by their body; one of the two.
        removal_policy: what becomes of the dead-letter queue when the stack goes; by default it stays.

    Attributes:
        subscription: the L2 subscription.
        dead_letter_queue: where messages end that Lambda did not take.
        dead_letter_alarm: rings while a message is in it; give it an action.

    Raises:
        RefusedError: no hardened function, or one without ``async_failure`` or in another account or region, a FIFO topic,
            a topic of another region, both filters. Nothing has been added to ``scope`` then.

    Example:
        >>> import aws_cdk as cdk
        >>> from constructs_lib import AsyncFailure, HardenedFunction, TimeoutBudget, TopicSubscription
        >>> stack = cdk.Stack(cdk.App(), "Shop")
        >>> notify = HardenedFunction(
        ...     stack,
        ...     "Notify",
        ...     code=cdk.aws_lambda.Code.from_inline("def handler(event, context): ..."),
        ...     handler="index.handler",
        ...     budget=TimeoutBudget(gateway=None, init=2, work=5),
        ...     async_failure=AsyncFailure(),
        ... )
        >>> topic = cdk.aws_sns.Topic(stack, "Orders", enforce_ssl=True)
        >>> TopicSubscription(stack, "Placed", topic=topic, function=notify).subscription.node.id
        'Subscription'
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        topic: sns.ITopic,
        function: HardenedFunction,
        filter_policy: Mapping[str, sns.SubscriptionFilter] | None = None,
        filter_policy_with_message_body: Mapping[str, sns.FilterOrPolicy] | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        me = f"TopicSubscription {construct_id!r}"
        check_target(me, scope, function)
        _check_topic(me, Stack.of(scope), topic)
        if filter_policy is not None and filter_policy_with_message_body is not None:
            raise RefusedError(
                f"{me}: filter_policy",
                got="one by attributes and one by body",
                allowed="one of the two: a subscription filters by attributes or by body",
                fix="leave one of them out; a second subscription takes the other messages",
            )

        super().__init__(scope, construct_id)
        self.dead_letter_queue = dead_letter_queue(self, removal_policy=removal_policy)
        alias = function.alias
        alias.add_permission(
            f"AllowTopic{self.node.addr}",
            principal=iam.ServicePrincipal("sns.amazonaws.com"),
            source_arn=topic.topic_arn,
            scope=self,
        )
        self.subscription = sns.Subscription(
            self,
            "Subscription",
            topic=topic,
            protocol=sns.SubscriptionProtocol.LAMBDA,
            endpoint=alias.function_arn,
            filter_policy=filter_policy,
            filter_policy_with_message_body=filter_policy_with_message_body,
            dead_letter_queue=self.dead_letter_queue,
        )
        self.dead_letter_alarm = alarm_on_messages(
            self,
            self.dead_letter_queue,
            f"{construct_id}: messages that Lambda did not take wait in the dead-letter queue",
        )


def _check_topic(subject: str, stack: Stack, topic: sns.ITopic) -> None:
    fix = "sns.Topic(...), or sns.Topic.from_topic_arn(...)"
    check_kind(f"{subject}: topic", topic, "topic_arn", "a topic", fix)
    arn = topic.topic_arn
    if topic.fifo or arn.endswith(".fifo"):
        raise RefusedError(
            f"{subject}: topic",
            got="a FIFO topic, which delivers to queues only",
            allowed="a standard topic",
            fix="subscribe the queue of a QueueWorker(fifo=True) instead",
        )
    check_region(f"{subject}: topic", arn, stack, "a topic", "SNS writes undelivered messages to no other")
