"""Functions that events invoke, and what sends to them: everything has a default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sns as sns

from constructs_lib import AsyncFailure, EventRule, FunctionSchedule, HardenedFunction, TopicSubscription
from tests.compute.functions import make
from tests.messaging.workers import BUDGET

if TYPE_CHECKING:
    from constructs import Construct

PLACED = events.EventPattern(source=["shop.orders"], detail_type=["OrderPlaced"])


def listener(scope: Construct, construct_id: str = "Notify", **options: Any) -> HardenedFunction:
    """Make a function that may run 10 s with a cold start, and whose failed events end in a watched queue."""
    defaults: dict[str, Any] = {"budget": BUDGET, "async_failure": AsyncFailure()}
    return make(scope, construct_id, **(defaults | options))


def every(**duration: int) -> scheduler.ScheduleExpression:
    """Give a rate: ``every(minutes=5)``."""
    ((unit, amount),) = duration.items()
    return scheduler.ScheduleExpression.rate(getattr(cdk.Duration, unit)(amount))


def event_rule(stack: cdk.Stack, construct_id: str = "Placed", **options: Any) -> EventRule:
    """Make a rule, to a function of its own unless one is given."""
    function = options.pop("function", None) or listener(stack)
    return EventRule(stack, construct_id, **{"function": function, "event_pattern": PLACED, **options})


def function_schedule(stack: cdk.Stack, construct_id: str = "Hourly", **options: Any) -> FunctionSchedule:
    """Make a schedule, for a function of its own unless one is given."""
    function = options.pop("function", None) or listener(stack)
    return FunctionSchedule(
        stack, construct_id, **{"function": function, "schedule": every(hours=1), **options}
    )


def topic_subscription(stack: cdk.Stack, construct_id: str = "Told", **options: Any) -> TopicSubscription:
    """Make a subscription, to a topic and for a function of its own unless they are given."""
    function = options.pop("function", None) or listener(stack)
    topic = options.pop("topic", None) or sns.Topic(stack, "Topic", enforce_ssl=True)
    return TopicSubscription(stack, construct_id, **{"function": function, "topic": topic, **options})
