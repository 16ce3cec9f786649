""":class:`FunctionSchedule`: a function at certain times, once or again and again, never over itself by accident."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from constructs_lib.compute.arguments import check_kind
from constructs_lib.compute.dead_letters import alarm_on_messages, dead_letter_queue
from constructs_lib.compute.schedule_group import check_expression, schedule_group, schedule_role
from constructs_lib.compute.tokens import is_token
from constructs_lib.errors import RefusedError
from constructs_lib.limits import EVENT_TARGET_AGE_MIN, SCHEDULER_PRECISION
from constructs_lib.messaging.targets import AGE_MAX, RETRIES_MAX, age_in_seconds, check_retries, check_target
from constructs_lib.timeouts.carriers import METADATA_KEY
from constructs_lib.timeouts.occurrences import shortest_gap

if TYPE_CHECKING:
    from constructs_lib.compute.function import HardenedFunction
    from constructs_lib.timeouts.seconds import Seconds

_MINUTE = 60


class FunctionSchedule(Construct):
    """A schedule of EventBridge Scheduler that invokes a function's alias.

    An occurrence can fail in two places, and each has its own end:

    * *Before Lambda took it*: Lambda is throttled or unreachable, the role may no longer invoke. Scheduler tries again with
      back-off, up to ``retry_attempts`` times and ``max_event_age``, and then sends the occurrence to this schedule's
      ``dead_letter_queue``.
    * *After Lambda took it*: the function raises, times out or is throttled. The retries and the event age on the alias
      count, and then the function's own failure path: ``function.async_failure``, which has to be declared.

    Scheduler keeps trying 185 times (limits.EVENT_TARGET_RETRIES_DEFAULT) and, by default, until the next occurrence is
    due, but at most 24 hours: a late one never comes on top of the next.

    Two occurrences must not run at once unless you say that they may: they have to start further apart than the
    function may run with a cold start, init + timeout of its budget. Scheduler starts each within the minute after its
    time (limits.SCHEDULER_PRECISION) and within the flexible time window, and both count, so that a schedule for every
    minute always needs ``overlaps=True``. So does an expression that is a token. What is not counted are the
    function's own retries of a failed event, up to 3 minutes later; and an event may arrive twice. So the handler has
    to be idempotent; with ``reserved_concurrent_executions=1`` occurrences wait for each other.

    A role of its own may invoke the alias and write to the queue, and Scheduler may take it on for this schedule's group
    alone. The queue is encrypted, takes TLS only and keeps what failed for 14 days; an alarm rings for the first one.

    Time zones: hours are UTC unless the expression has a ``time_zone``. Where clocks change, an hour that is left out in
    spring takes its occurrences with it, and the hour that comes twice in autumn has them once (scheduler/latest/
    UserGuide/schedule-types): put what has to run every night outside 1 to 3 o'clock, or on UTC.

    Args:
        scope: the parent.
        construct_id: the id within the parent.
        function: what is invoked; its alias is.
        schedule: when: ``ScheduleExpression.rate(...)``, ``.cron(...)``, or ``.at(...)`` for once. A one-time schedule stays
            in the stack after its time and does nothing more.
        time_window: ``TimeWindow.flexible(...)`` spreads the load within 1 to 1,440 minutes after the time; None is off.
        input: what the function gets, as JSON; None is Scheduler's own event. Within it Scheduler replaces
            ``<aws.scheduler.scheduled-time>`` and ``<aws.scheduler.execution-id>``: keys for idempotency.
        retry_attempts: further attempts of Scheduler after the first, 0 to 185.
        max_event_age: seconds, or a Duration, for which Scheduler keeps trying: whole seconds, 60 to 86,400. None is until
            the next occurrence.
        overlaps: True declares that occurrences may run at the same time.
        description: what the schedule is for.
        enabled: False makes a schedule that does not run yet.
        removal_policy: what becomes of the dead-letter queue when the stack goes; by default it stays.

    Attributes:
        schedule: the L1 schedule.
        group: its group; Scheduler's metrics, such as ``TargetErrorCount``, are per group.
        role: what Scheduler takes on.
        dead_letter_queue: where occurrences end that Lambda did not take.
        dead_letter_alarm: rings while one is in it; give it an action.
        max_event_age: in seconds.

    Raises:
        RefusedError: no hardened function, or one without ``async_failure`` or in another account or region, an expression
            that Scheduler does not take, occurrences that may overlap, a number out of range. Nothing has been added to
            ``scope`` then.

    Example:
        >>> import aws_cdk as cdk
        >>> from constructs_lib import AsyncFailure, FunctionSchedule, HardenedFunction, TimeoutBudget
        >>> stack = cdk.Stack(cdk.App(), "Shop")
        >>> report = HardenedFunction(
        ...     stack,
        ...     "Report",
        ...     code=cdk.aws_lambda.Code.from_inline("def handler(event, context): ..."),
        ...     handler="index.handler",
        ...     budget=TimeoutBudget(gateway=None, init=2, work=300),
        ...     async_failure=AsyncFailure(),
        ... )
        >>> hourly = cdk.aws_scheduler.ScheduleExpression.rate(cdk.Duration.hours(1))
        >>> FunctionSchedule(stack, "Hourly", function=report, schedule=hourly).max_event_age
        3600
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        function: HardenedFunction,
        schedule: scheduler.ScheduleExpression,
        time_window: scheduler.TimeWindow | None = None,
        input: Mapping[str, object] | None = None,  # noqa: A002 - CDK's own word
        retry_attempts: int = RETRIES_MAX,
        max_event_age: Seconds | None = None,
        overlaps: bool = False,
        description: str | None = None,
        enabled: bool = True,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        me = f"FunctionSchedule {construct_id!r}"
        check_target(me, scope, function)
        check_retries(me, retry_attempts)
        check_expression(me, schedule)
        _check_input(me, input)
        expression, zone = schedule.expression_string, schedule.time_zone
        window, gap = _window(time_window), _gap(me, expression)
        if not overlaps:
            _refuse_overlap(me, function, expression, gap, window)
        if max_event_age is None:
            max_event_age = min(max(gap or AGE_MAX, int(EVENT_TARGET_AGE_MIN)), AGE_MAX)
        self.max_event_age = age_in_seconds(me, max_event_age)

        super().__init__(scope, construct_id)
        self.dead_letter_queue = dead_letter_queue(self, removal_policy=removal_policy)
        self.group = schedule_group(self)
        alias, failed = function.alias.function_arn, self.dead_letter_queue.queue_arn
        rights = {"lambda:InvokeFunction": alias, "sqs:SendMessage": failed}
        self.role = schedule_role(self, self.group, rights)
        text = None if input is None else Stack.of(self).to_json_string(dict(input))
        self.schedule = scheduler.CfnSchedule(
            self,
            "Schedule",
            description=description,
            group_name=self.group.ref,
            schedule_expression=expression,
            schedule_expression_timezone=None if zone is None else zone.timezone_name,
            state="ENABLED" if enabled else "DISABLED",
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(
                mode="FLEXIBLE" if window else "OFF", maximum_window_in_minutes=window or None
            ),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=alias,
                role_arn=self.role.role_arn,
                input=text,
                dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(arn=failed),
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_retry_attempts=retry_attempts, maximum_event_age_in_seconds=self.max_event_age
                ),
            ),
        )
        if overlaps:
            self.schedule.add_metadata(METADATA_KEY, {"overlaps": True})  # the policy takes it for meant
        self.dead_letter_alarm = alarm_on_messages(
            self,
            self.dead_letter_queue,
            f"{construct_id}: occurrences that Lambda did not take wait in the dead-letter queue",
        )


def _check_input(subject: str, given: object) -> None:
    if given is not None:
        check_kind(
            f"{subject}: input", given, Mapping, "a mapping, which becomes JSON", 'input={"month": "last"}'
        )


def _window(time_window: scheduler.TimeWindow | None) -> int:
    """Read the flexible time window in minutes."""
    most = None if time_window is None else time_window.max_window
    return 0 if most is None else int(most.to_minutes())


def _gap(subject: str, expression: str) -> int | None:
    return None if is_token(expression) else shortest_gap(f"{subject}: schedule", expression)


def _refuse_overlap(
    subject: str, function: HardenedFunction, expression: str, gap: int | None, window: int
) -> None:
    """Refuse occurrences that may start nearer to each other than one of them may last."""
    allowed = "overlaps=True declares that two may run at once"
    if is_token(expression):
        raise RefusedError(
            f"{subject}: schedule",
            got="a token: how far its occurrences are apart is known only at deploy time",
            allowed=f"an expression that is known now; or {allowed}",
            fix="overlaps=True, and a handler that is idempotent",
        )
    if gap is None:
        return
    budget = function.budget
    worst = budget.init + budget.function
    early = SCHEDULER_PRECISION + window * _MINUTE
    if gap - early >= worst:
        return
    flexible = f" and the time window of {window} min" if window else ""
    needed = math.ceil((worst + early) / _MINUTE)
    raise RefusedError(
        f"{subject}: schedule",
        got=f"{expression}, {gap} s apart; each starts within {SCHEDULER_PRECISION} of its time{flexible}, so two may start "
        f"{max(gap - early, 0):g} s apart, and {function.construct_id!r} may run {worst:g} s "
        f"(init {budget.init:g} + timeout {budget.function})",
        allowed=f"at least {needed} min apart; {allowed}",
        fix=f"rate({needed} minutes) or slower, a shorter timeout, or overlaps=True and a handler that is idempotent",
    )
