"""Who may start what on schedule: a schedule group, and the role that EventBridge Scheduler uses for it alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler

from constructs_lib.compute.arguments import check_kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs import Construct


def schedule_group(scope: Construct) -> scheduler.CfnScheduleGroup:
    """Make a group of its own: Scheduler's metrics and the condition of its role tell groups apart, not schedules."""
    return scheduler.CfnScheduleGroup(scope, "Group")


def schedule_role(scope: Construct, group: scheduler.CfnScheduleGroup, rights: Mapping[str, str]) -> iam.Role:
    """Make a role with exactly these rights, action by ARN, that Scheduler may take on for this group alone.

    Without the condition a schedule of any account could be made to use it (scheduler/latest/UserGuide/
    cross-service-confused-deputy-prevention). The rights are part of the role, so that no schedule starts before them.
    """
    conditions = {
        "StringEquals": {"aws:SourceAccount": Stack.of(scope).account, "aws:SourceArn": group.attr_arn}
    }
    statements = [iam.PolicyStatement(actions=[action], resources=[arn]) for action, arn in rights.items()]
    return iam.Role(
        scope,
        "Role",
        assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com", conditions=conditions),
        inline_policies={"Target": iam.PolicyDocument(statements=statements)},
    )


def check_expression(subject: str, schedule: object) -> None:
    """Refuse what is no expression of EventBridge Scheduler, a rule's schedule included.

    Raises:
        RefusedError: says what it is.
    """
    check_kind(
        f"{subject}: schedule",
        schedule,
        scheduler.ScheduleExpression,
        "an aws_scheduler.ScheduleExpression",
        "ScheduleExpression.rate(Duration.hours(1)), .cron(...) or .expression(...)",
    )
