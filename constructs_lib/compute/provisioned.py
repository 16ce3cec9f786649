"""Warm capacity on an alias: :class:`ProvisionedConcurrency` and :class:`CapacitySchedule`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import TimeZone
from aws_cdk import aws_applicationautoscaling as autoscaling
from aws_cdk import aws_lambda as lambda_

from constructs_lib.compute.tokens import is_token
from constructs_lib.errors import RefusedError
from constructs_lib.limits import PROVISIONED_TARGET_MAX, PROVISIONED_TARGET_MIN

# botocore application-autoscaling, shape ScheduledActionName
_SCHEDULE = re.compile(r"(?! )[^\x00-\x1f\x7f-\x9f:/|]{1,256}(?<! )")


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacitySchedule:
    """Another amount of warm capacity from a moment on, until the next schedule.

    Args:
        name: what the moment is, e.g. ``"OfficeHours"``; unique within one function.
        schedule: when, e.g. ``Schedule.cron(hour="8", minute="0", week_day="MON-FRI")``.
        minimum: environments kept warm from then on, >= 1. Not 0: Lambda has no provisioned concurrency of 0, and
            the next deployment of the alias would fail.
        maximum: how far target tracking may go from then on, >= minimum. None leaves it at the function's maximum.
        time_zone: what the schedule's hours mean; None is UTC.

    Raises:
        RefusedError: a minimum below 1, or a maximum below the minimum.

    Example:
        >>> from aws_cdk.aws_applicationautoscaling import Schedule
        >>> CapacitySchedule(name="Night", schedule=Schedule.cron(hour="20", minute="0"), minimum=1).minimum
        1
    """

    name: str
    schedule: autoscaling.Schedule
    minimum: int
    maximum: int | None = None
    time_zone: TimeZone | None = None

    def __post_init__(self) -> None:
        """Refuse what would fail at this deployment, or worse at the next one."""
        if not _SCHEDULE.fullmatch(self.name):
            raise RefusedError(
                "CapacitySchedule: name",
                got=repr(self.name),
                allowed="1 to 256 characters without : / | and line breaks, no space at either end",
                fix='e.g. "OfficeHours"',
            )
        _refuse_bad_range(f"CapacitySchedule {self.name!r}", self.minimum, self.maximum)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisionedConcurrency:
    """Environments that Lambda keeps initialised for an alias, so that requests do not meet a cold start.

    Requests beyond the warm capacity start environments on demand: their init counts against 10 s
    (limits.INIT_MAX). AWS suggests 10 % above the measured need (limits.PROVISIONED_HEADROOM).

    The template states ``minimum`` on the alias itself, so that taking this argument away also takes the capacity
    (and its price) away. Each deployment of a new version starts from ``minimum`` again.

    Args:
        minimum: environments kept warm at all times, >= 1.
        maximum: how far target tracking may go, >= minimum. None keeps the amount fixed between schedules.
        target_utilization: part of the warm environments that is busy when the amount is right, 0.1 to 0.9
            (limits.PROVISIONED_TARGET_MIN, PROVISIONED_TARGET_MAX).
        schedules: other amounts at other times.

    Raises:
        RefusedError: an amount below 1, a maximum below a minimum, a target out of range, a schedule's name twice.

    Example:
        >>> ProvisionedConcurrency(minimum=2, maximum=20).most
        20
    """

    minimum: int = 1
    maximum: int | None = None
    target_utilization: float = 0.7
    schedules: Sequence[CapacitySchedule] = ()

    def __post_init__(self) -> None:
        """Refuse what contradicts itself."""
        _refuse_bad_range("ProvisionedConcurrency", self.minimum, self.maximum)
        if not PROVISIONED_TARGET_MIN <= self.target_utilization <= PROVISIONED_TARGET_MAX:
            raise RefusedError(
                "ProvisionedConcurrency: target_utilization",
                got=self.target_utilization,
                allowed=f"{PROVISIONED_TARGET_MIN} to {PROVISIONED_TARGET_MAX}",
                fix="0.7 leaves room for a burst while more is made ready",
            )
        names = [schedule.name for schedule in self.schedules]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise RefusedError(
                "ProvisionedConcurrency: schedules",
                got=f"{twice[0]!r} twice",
                allowed="one schedule per name",
                fix="rename one of them",
            )
        for schedule in self.schedules:
            self._refuse_outside_tracking(schedule)

    def _refuse_outside_tracking(self, schedule: CapacitySchedule) -> None:
        if self.maximum is None and schedule.maximum is not None:
            raise RefusedError(
                f"CapacitySchedule {schedule.name!r}: maximum",
                got=f"{schedule.maximum}, where nothing tracks a target",
                allowed="none: the schedule keeps exactly its minimum",
                fix="leave it out, or give ProvisionedConcurrency a maximum",
            )
        if self.maximum is not None and schedule.maximum is None and schedule.minimum > self.maximum:
            raise RefusedError(
                f"CapacitySchedule {schedule.name!r}: minimum",
                got=f"{schedule.minimum}, above the function's maximum of {self.maximum}",
                allowed=f"1 to {self.maximum}",
                fix=f"give this schedule a maximum of at least {schedule.minimum}",
            )

    @property
    def least(self) -> int:
        """The lowest amount that this can ever ask for."""
        return min([self.minimum, *(schedule.minimum for schedule in self.schedules)])

    @property
    def most(self) -> int:
        """The highest amount that this can ever ask for."""
        scheduled = (s.maximum or s.minimum for s in self.schedules)
        return max(self.maximum or self.minimum, self.minimum, *scheduled)


def scale(
    alias: lambda_.Alias, capacity: ProvisionedConcurrency
) -> lambda_.IScalableFunctionAttribute | None:
    """Let Application Auto Scaling change the alias's capacity, if there is anything to change.

    Without target tracking a schedule moves both ends: raising only the lower end would raise the capacity for the
    day and never bring it down at night.
    """
    if capacity.maximum is None and not capacity.schedules:
        return None
    tracking = capacity.maximum is not None
    scaling = alias.add_auto_scaling(
        min_capacity=capacity.minimum, max_capacity=capacity.maximum or capacity.minimum
    )
    if tracking:
        scaling.scale_on_utilization(utilization_target=capacity.target_utilization)
    for entry in capacity.schedules:
        scaling.scale_on_schedule(
            entry.name,
            schedule=entry.schedule,
            time_zone=entry.time_zone,
            min_capacity=entry.minimum,
            max_capacity=entry.maximum or (capacity.maximum if tracking else entry.minimum),
        )
    return scaling


def _refuse_bad_range(subject: str, minimum: object, maximum: object) -> None:
    for name, value in (("minimum", minimum), ("maximum", maximum)):
        if value is None and name == "maximum":
            return
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise RefusedError(
                f"{subject}: {name}",
                got="a token, whose value is known only at deploy time" if is_token(value) else repr(value),
                allowed="whole numbers >= 1",
                fix="1 is the least that Lambda keeps warm; leave provisioned concurrency out to keep none",
            )
    if isinstance(minimum, int) and isinstance(maximum, int) and maximum < minimum:
        raise RefusedError(
            f"{subject}: maximum",
            got=maximum,
            allowed=f">= the minimum of {minimum}",
            fix=f"{minimum} or more",
        )
