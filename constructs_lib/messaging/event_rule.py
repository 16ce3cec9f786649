""":class:`EventRule`: events of an EventBridge bus that a function takes, and none of them lost on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from constructs_lib.compute.arguments import check_kind
from constructs_lib.compute.dead_letters import alarm_on_messages, dead_letter_queue, seconds
from constructs_lib.compute.tokens import is_token
from constructs_lib.errors import RefusedError
from constructs_lib.messaging.targets import AGE_MAX, RETRIES_MAX, age_in_seconds, check_retries, check_target

if TYPE_CHECKING:
    from constructs_lib.compute.function import HardenedFunction
    from constructs_lib.timeouts.seconds import Seconds

_ARN_REGION, _ARN_ACCOUNT = 3, 4


class EventRule(Construct):
    """A rule on an EventBridge bus that invokes a function's alias with each event that matches.

    An event can fail in two places, and each has its own end:

    * *Before Lambda took it*: Lambda is throttled or unreachable, the permission is gone. EventBridge tries again with
      back-off, up to ``retry_attempts`` times and ``max_event_age``, and then sends the event to this rule's
      ``dead_letter_queue``; errors that no retry mends send it there at once.
    * *After Lambda took it*: the function raises, times out or is throttled. The retries and the event age on the alias
      count, and then the function's own failure path: ``function.async_failure``, which has to be declared.

    By default EventBridge keeps trying as long as it can, 185 times in 24 hours (limits.EVENT_TARGET_RETRIES_DEFAULT,
    EVENT_TARGET_AGE_DEFAULT): an outage that ends by itself needs nobody to replay events. Lower ``max_event_age`` where
    an old event does harm. Events arrive at least once and in no order: the handler has to be idempotent.

    Lambda lets EventBridge invoke the alias for this rule alone. The queue is encrypted, takes TLS only and messages from
    this rule alone, and keeps them for 14 days; an alarm rings for the first one.

    A time is not an event: see :class:`FunctionSchedule`. The rule is in the account and region of its bus; from a bus
    elsewhere, a rule there sends to a bus here. A pattern that matches what the function itself sends is an endless loop,
    which nothing can see in a template.

    Args:
        scope: the parent.
        construct_id: the id within the parent.
        function: what takes the events; its alias is invoked.
        event_pattern: which events, e.g. ``EventPattern(source=["shop.orders"], detail_type=["OrderPlaced"])``.
        event_bus: None is the account's default bus, on which AWS services send.
        event: what the function gets instead of the whole event, e.g. ``RuleTargetInput.from_event_path("$.detail")``.
        retry_attempts: further attempts of EventBridge after the first, 0 to 185.
        max_event_age: seconds, or a Duration, for which EventBridge keeps trying: whole seconds, 60 to 86,400.
        description: what the rule is for.
        enabled: False makes a rule that matches nothing yet.
        removal_policy: what becomes of the dead-letter queue when the stack goes; by default it stays.

    Attributes:
        rule: the L2 rule.
        dead_letter_queue: where events end that Lambda did not take.
        dead_letter_alarm: rings while a message is in it; give it an action.
        max_event_age: in seconds.

    Raises:
        RefusedError: no hardened function, or one without ``async_failure``, a function or a bus in another account or
            region, no pattern, a number out of range. Nothing has been added to ``scope`` then.

    Example:
        >>> import aws_cdk as cdk
        >>> from constructs_lib import AsyncFailure, EventRule, HardenedFunction, TimeoutBudget
        >>> stack = cdk.Stack(cdk.App(), "Shop")
        >>> notify = HardenedFunction(
        ...     stack,
        ...     "Notify",
        ...     code=cdk.aws_lambda.Code.from_inline("def handler(event, context): ..."),
        ...     handler="index.handler",
        ...     budget=TimeoutBudget(gateway=None, init=2, work=5),
        ...     async_failure=AsyncFailure(),
        ... )
        >>> placed = cdk.aws_events.EventPattern(source=["shop.orders"], detail_type=["OrderPlaced"])
        >>> EventRule(stack, "Placed", function=notify, event_pattern=placed).max_event_age
        86400
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        function: HardenedFunction,
        event_pattern: events.EventPattern,
        event_bus: events.IEventBus | None = None,
        event: events.RuleTargetInput | None = None,
        retry_attempts: int = RETRIES_MAX,
        max_event_age: Seconds = AGE_MAX,
        description: str | None = None,
        enabled: bool = True,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        me = f"EventRule {construct_id!r}"
        check_target(me, scope, function)
        _check_pattern(me, event_pattern)
        _check_bus(me, Stack.of(scope), event_bus)
        check_retries(me, retry_attempts)
        self.max_event_age = age_in_seconds(me, max_event_age)

        super().__init__(scope, construct_id)
        self.dead_letter_queue = dead_letter_queue(self, removal_policy=removal_policy)
        target = targets.LambdaFunction(
            function.alias,
            event=event,
            dead_letter_queue=self.dead_letter_queue,
            retry_attempts=retry_attempts,
            max_event_age=seconds(self.max_event_age),
        )
        self.rule = events.Rule(
            self,
            "Rule",
            event_bus=event_bus,
            event_pattern=event_pattern,
            description=description,
            enabled=enabled,
            targets=[target],
        )
        self.dead_letter_alarm = alarm_on_messages(
            self,
            self.dead_letter_queue,
            f"{construct_id}: events that Lambda did not take wait in the dead-letter queue",
        )


def _check_pattern(subject: str, pattern: events.EventPattern) -> None:
    fix = 'EventPattern(source=["shop.orders"]); for a time instead of an event, FunctionSchedule'
    check_kind(f"{subject}: event_pattern", pattern, events.EventPattern, "an aws_events.EventPattern", fix)
    if not any(value for value in vars(pattern)["_values"].values()):
        raise RefusedError(
            f"{subject}: event_pattern",
            got="a pattern without a condition",
            allowed="at least one condition: EventBridge takes no other rule",
            fix=fix,
        )


def _check_bus(subject: str, stack: Stack, bus: events.IEventBus | None) -> None:
    if bus is None:
        return
    fix = "events.EventBus(...), or events.EventBus.from_event_bus_name(...)"
    check_kind(f"{subject}: event_bus", bus, "event_bus_arn", "an event bus", fix)
    arn = bus.event_bus_arn
    if arn.count(":") <= _ARN_ACCOUNT:
        return
    parts = arn.split(":")
    for name, its, mine in (
        ("account", parts[_ARN_ACCOUNT], stack.account),
        ("region", parts[_ARN_REGION], stack.region),
    ):
        if its and not is_token(its) and not is_token(mine) and its != mine:
            raise RefusedError(
                f"{subject}: event_bus",
                got=f"a bus in {name} {its}, for a rule in {name} {mine}",
                allowed=f"a bus in the rule's own {name}",
                fix="let a rule there send to a bus here, and give that bus",
            )
