"""What differs between the stages of the reference app; ``cdk.json`` has one entry for each."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

from aws_cdk import Duration, RemovalPolicy, TimeZone
from aws_cdk.aws_apigateway import ThrottleSettings
from aws_cdk.aws_applicationautoscaling import Schedule

from constructs_lib import CachePolicy, CapacitySchedule, ProvisionedConcurrency


@dataclass(frozen=True)
class Stage:
    """One stage.

    Args:
        name: part of the stack's and the parameter's name, and of the URL.
        requests_per_second: what all callers together may ask for; more gets a 429.
        burst: how many requests may come at once.
        warm: environments kept warm for each function that a customer waits for; 0 keeps none.
        warm_by_day: the same from 7 to 19 o'clock in Berlin, on working days.
        warm_most: how far target tracking may go.
        cache_seconds: how long a list of orders is kept; 0 keeps none, and no cache is paid for.
        diagnostics: whether there is a route that fails on purpose.
        keep_data: whether orders and logs outlive the stack.
        account_role: whether the stack sets the role with which API Gateway writes logs. It is one per account and
            region: False where the account has it.
    """

    name: str
    _: KW_ONLY
    requests_per_second: float
    burst: int
    warm: int = 0
    warm_by_day: int = 0
    warm_most: int = 0
    cache_seconds: int = 0
    diagnostics: bool = False
    keep_data: bool = True
    account_role: bool = True

    @property
    def throttle(self) -> ThrottleSettings:
        """The API's limits."""
        return ThrottleSettings(rate_limit=self.requests_per_second, burst_limit=self.burst)

    @property
    def throttle_of_reports(self) -> ThrottleSettings:
        """A tenth of the API's limits: a report is much work, and taking one takes longer than a look at an order."""
        return ThrottleSettings(
            rate_limit=self.requests_per_second / 10, burst_limit=max(self.burst // 10, 2)
        )

    @property
    def removal_policy(self) -> RemovalPolicy:
        """What becomes of orders and logs when the stack goes."""
        return RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if self.keep_data else RemovalPolicy.DESTROY

    @property
    def cache(self) -> CachePolicy | None:
        """How a list of orders is kept."""
        return CachePolicy(Duration.seconds(self.cache_seconds)) if self.cache_seconds else None

    @property
    def provisioned(self) -> ProvisionedConcurrency | None:
        """The warm capacity: tracked between its ends, higher by day, never 0."""
        if not self.warm:
            return None
        zone = TimeZone.EUROPE_BERLIN
        day = Schedule.cron(week_day="MON-FRI", hour="7", minute="0")
        evening = Schedule.cron(week_day="MON-FRI", hour="19", minute="0")
        return ProvisionedConcurrency(
            minimum=self.warm,
            maximum=self.warm_most,
            schedules=[
                CapacitySchedule(name="Day", schedule=day, minimum=self.warm_by_day, time_zone=zone),
                CapacitySchedule(name="Evening", schedule=evening, minimum=self.warm, time_zone=zone),
            ],
        )
