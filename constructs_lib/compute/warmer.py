""":class:`WarmSchedule`: so many environments of a function warmed at once, again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Aws, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from constructs_lib.compute.arguments import check_hardened, check_near, check_whole
from constructs_lib.compute.schedule_group import check_expression, schedule_group, schedule_role
from constructs_lib.compute.tokens import is_token, known_whole_number
from constructs_lib.errors import RefusedError
from constructs_lib.limits import (
    EVENT_TARGET_AGE_MIN,
    EXPRESS_MAX,
    INLINE_MAP_CONCURRENCY_MAX,
)
from constructs_lib.timeouts.carriers import WARM_UP_HOLD_MAX, WARM_UP_KEY
from constructs_lib.timeouts.derivation import SECOND
from constructs_lib.timeouts.occurrences import shortest_gap
from constructs_lib.timeouts.seconds import Seconds, milliseconds

if TYPE_CHECKING:
    from constructs_lib.compute.function import HardenedFunction

_STATES = iam.ServicePrincipal("states.amazonaws.com")


class WarmSchedule(Construct):
    """Keeps some environments of a function's alias warm, by invoking them all at once every few minutes.

    Each warm-up event is ``{"constructs-lib:warm-up": {"hold": seconds}}``; the runtime library recognises it, answers
    without calling the handler, and keeps its environment busy for ``hold`` seconds. A handler that does not use the
    runtime library has to do the same first of all.

    How n become warm at once: EventBridge Scheduler has one target per schedule and starts it at any moment within the minute
    (limits.SCHEDULER_PRECISION), so that n schedules might meet one environment n times. So one schedule starts one execution
    of an express workflow, which invokes the alias n times at the same moment and waits for the answers. The invocations
    are synchronous: the function needs no ``async_failure`` for them, and a warm-up that is throttled or fails is neither
    tried again later, in the middle of real load, nor does it end in a dead-letter queue. It shows in the workflow's metric
    ``ExecutionsFailed`` and in the function's log. Scheduler itself does not try again either.

    What it does not do: environments beyond n, and those that requests occupy at that moment, are not warmed, and after a
    deployment all are cold until the next round. Lambda promises nothing about how long an idle environment lives; five
    minutes is common practice. Two better answers:

    * *Provisioned concurrency* where a cold start breaks a promise to a caller: it is ready before traffic is sent there,
      and Lambda replaces environments by itself. It costs more: five arm64 environments of 1,769 MB (1.73 GB) idle for a
      month of 730 h, at 0.0000033334 USD per GB-second, are 5 x 1.73 x 2,628,000 s x 0.0000033334 = 76 USD. Warming the
      same five every 5 minutes with a hold of 1 s is 8,760 rounds: 5 x 1.73 x 8,760 s x 0.0000133334 = 1.01 USD of
      duration, 0.01 USD for requests, and about 0.02 USD for schedule and workflow. (us-east-1, from price lists of
      2024-07-01 as published by infracost; look them up before you decide on them.)
    * *SnapStart* where init itself is the problem and the runtime has it: each environment starts from a snapshot, those of
      a burst included, and nothing has to be warmed.

    The function is refused if it has either of them. An express workflow ends after 300 s (limits.EXPRESS_MAX), so it is
    refused too if it may run longer with a cold start: nobody waits for such a function, and warming it saves nobody time.

    Args:
        scope: the parent.
        construct_id: the id within the parent.
        function: what is warmed; its alias is invoked.
        environments: how many at once, 1 to 40 (limits.INLINE_MAP_CONCURRENCY_MAX), fewer than the function has reserved.
        schedule: how often or when; None is every 5 minutes. A cron expression restricts it to office hours.
        hold: seconds, or a Duration, for which each environment stays busy, so that no warm-up is answered by the environment
            of another: 0 to 5, and at most half of the function's timeout. None is 1 s, and 0 for a
            single environment.

    Attributes:
        schedule: the L1 schedule.
        group: its group.
        role: what Scheduler takes on; it may start the workflow and nothing else.
        workflow: the express workflow.
        environments: how many at once.
        hold: in seconds.

    Raises:
        RefusedError: no hardened function, one with provisioned concurrency or SnapStart or that may run too long, more
            environments than it has reserved or than run at once, a hold out of range, a schedule that runs once. Nothing has
            been added to ``scope`` then.

    Example:
        >>> import aws_cdk as cdk
        >>> from constructs_lib import Call, HardenedFunction, TimeoutBudget, WarmSchedule
        >>> stack = cdk.Stack(cdk.App(), "Shop")
        >>> orders = HardenedFunction(
        ...     stack,
        ...     "Orders",
        ...     code=cdk.aws_lambda.Code.from_inline("def handler(event, context): ..."),
        ...     handler="index.handler",
        ...     budget=TimeoutBudget(gateway=10, init=2, calls=[Call("orders-table")]),
        ... )
        >>> WarmSchedule(stack, "KeepWarm", function=orders, environments=5).hold
        1.0
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        function: HardenedFunction,
        environments: int = 1,
        schedule: scheduler.ScheduleExpression | None = None,
        hold: Seconds | None = None,
    ) -> None:
        me = f"WarmSchedule {construct_id!r}"
        _check_function(me, scope, function)
        _check_environments(me, environments)
        self.hold = _hold(me, function, environments, hold)
        _check_reserve(me, function, environments, self.hold)
        schedule = schedule or scheduler.ScheduleExpression.rate(Duration.minutes(5))
        check_expression(me, schedule)
        expression, zone = schedule.expression_string, schedule.time_zone
        _check_recurring(me, expression)
        self.environments = environments

        super().__init__(scope, construct_id)
        self.workflow = _workflow(self, function, environments, self.hold)
        self.group = schedule_group(self)
        self.role = schedule_role(self, self.group, {"states:StartExecution": self.workflow.attr_arn})
        rounds = Stack.of(self).to_json_string({"environments": list(range(1, environments + 1))})
        self.schedule = scheduler.CfnSchedule(
            self,
            "Schedule",
            description=f"Warm-up: {environments} of {function.construct_id} at once",
            group_name=self.group.ref,
            schedule_expression=expression,
            schedule_expression_timezone=None if zone is None else zone.timezone_name,
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=self.workflow.attr_arn,
                role_arn=self.role.role_arn,
                input=rounds,
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_retry_attempts=0, maximum_event_age_in_seconds=int(EVENT_TARGET_AGE_MIN)
                ),
            ),
        )


def _workflow(
    scope: Construct, function: HardenedFunction, environments: int, hold: float
) -> sfn.CfnStateMachine:
    alias = function.alias.function_arn
    invoke = iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[alias])
    account = {"StringEquals": {"aws:SourceAccount": Stack.of(scope).account}}
    role = iam.Role(
        scope,
        "WorkflowRole",
        assumed_by=iam.PrincipalWithConditions(_STATES, account),
        inline_policies={"Invoke": iam.PolicyDocument(statements=[invoke])},
    )
    warm_up = {
        "Type": "Task",
        "Resource": f"arn:{Aws.PARTITION}:states:::lambda:invoke",
        "Parameters": {"FunctionName": alias, "Payload": {WARM_UP_KEY: {"hold": hold}}},
        "TimeoutSeconds": function.budget.task,
        "End": True,
    }
    at_once = {
        "Type": "Map",
        "ItemsPath": "$.environments",
        "MaxConcurrency": environments,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "INLINE"},
            "StartAt": "WarmUp",
            "States": {"WarmUp": warm_up},
        },
        "End": True,
    }
    definition = {"StartAt": "AtOnce", "States": {"AtOnce": at_once}}
    return sfn.CfnStateMachine(
        scope,
        "Workflow",
        role_arn=role.role_arn,
        state_machine_type="EXPRESS",
        definition_string=Stack.of(scope).to_json_string(definition),
    )


def _check_function(subject: str, scope: Construct, function: HardenedFunction) -> None:
    check_hardened(
        f"{subject}: function",
        function,
        "whose alias is what its callers invoke",
        "HardenedFunction(self, ..., budget=TimeoutBudget(...))",
    )
    check_near(f"{subject}: function", scope, function)
    budget = function.budget
    if budget.init_type != "on-demand":
        cure = "provisioned concurrency" if budget.init_type == "provisioned-concurrency" else "SnapStart"
        raise RefusedError(
            f"{subject}: function",
            got=f"{function.construct_id!r} with {cure}: it is paid for to have no cold starts, and warm-ups would only "
            "occupy what requests need",
            allowed="a function whose environments start on demand",
            fix="leave the WarmSchedule out; more provisioned concurrency, at certain times, is a CapacitySchedule",
        )
    if budget.task > EXPRESS_MAX:
        raise RefusedError(
            f"{subject}: function",
            got=f"{function.construct_id!r}, which may run {budget.init + budget.function:g} s with a cold start",
            allowed=f"functions that end within {EXPRESS_MAX}, after which the workflow that warms them does",
            fix="leave the WarmSchedule out: where work takes minutes, a cold start is lost in it",
        )


def _check_environments(subject: str, environments: object) -> None:
    fix = "provisioned=ProvisionedConcurrency(...) on the function, for more than that"
    why = ", which one workflow can invoke at once"
    check_whole(
        f"{subject}: environments", environments, 1, int(INLINE_MAP_CONCURRENCY_MAX), fix=fix, why=why
    )


def _hold(subject: str, function: HardenedFunction, environments: int, hold: Seconds | None) -> float:
    most = min(WARM_UP_HOLD_MAX, function.budget.function / 2)
    if hold is None:
        return min(1.0, most) if environments > 1 else 0.0
    seconds = milliseconds(f"{subject}: hold", hold) / SECOND
    if seconds > most:
        raise RefusedError(
            f"{subject}: hold",
            got=f"{seconds:g} s",
            allowed=f"up to {most:g} s: {WARM_UP_HOLD_MAX:g} s, or half of the function's timeout of "
            f"{function.budget.function} s, for which the runtime library holds at most",
            fix=f"{min(1, most):g} keeps each environment busy while the others start",
        )
    return seconds


def _check_reserve(subject: str, function: HardenedFunction, environments: int, hold: float) -> None:
    reserved = known_whole_number(function.reserved_concurrent_executions)
    if function.reserved_concurrent_executions is None or reserved is None:
        return
    most = reserved - 1 if hold else reserved
    if environments > most:
        raise RefusedError(
            f"{subject}: environments",
            got=f"{environments}, of the {reserved} that {function.construct_id!r} has reserved",
            allowed=f"up to {most}: warm-ups beyond the reserve are throttled, and while they hold all of it, requests are",
            fix=f"environments={most}" if most > 0 else "reserve at least 2, or leave the WarmSchedule out",
        )


def _check_recurring(subject: str, expression: str) -> None:
    if not is_token(expression) and shortest_gap(f"{subject}: schedule", expression) is None:
        raise RefusedError(
            f"{subject}: schedule",
            got=f"{expression}, once",
            allowed="a rate or cron expression: an idle environment is gone some minutes later",
            fix="ScheduleExpression.rate(Duration.minutes(5))",
        )
