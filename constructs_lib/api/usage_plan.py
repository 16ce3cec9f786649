"""Usage plans and API keys, and the check that a plan has something to meter."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import jsii
from aws_cdk import aws_apigateway as apigateway
from aws_cdk.aws_apigateway import QuotaSettings, ThrottleSettings
from constructs import Construct, IValidation

from constructs_lib.api.names import check_names
from constructs_lib.api.throttle import check_throttle
from constructs_lib.compute.tokens import is_token
from constructs_lib.errors import RefusedError


def check_quota(subject: str, quota: QuotaSettings | None) -> None:
    """Refuse a quota that lets nobody in, or says nothing.

    Raises:
        RefusedError: no limit, a limit below 1, or no period.
    """
    if quota is None:
        return
    limit = quota.limit
    if limit is None or quota.period is None or is_token(limit) or limit < 1:
        raise RefusedError(
            f"{subject}: quota",
            got=f"limit {limit}, period {quota.period and quota.period.value}",
            allowed="a limit of at least 1 request, and a period",
            fix="QuotaSettings(limit=10_000, period=Period.DAY)",
        )


def add_usage_plan(
    scope: Construct,
    api: apigateway.RestApi,
    subject: str,
    construct_id: str,
    *,
    throttle: ThrottleSettings,
    quota: QuotaSettings | None,
    keys: Sequence[str],
) -> apigateway.UsagePlan:
    """Make a plan for the API's stage, and an API key for each name; API Gateway makes the keys' values up."""
    check_throttle(subject, throttle, scope)
    check_quota(subject, quota)
    names = check_names(subject, "keys", keys)
    if taken := [name for name in names if names.count(name) > 1 or scope.node.try_find_child(name)]:
        raise RefusedError(
            f"{subject}: keys",
            got=f"{taken[0]!r}, an id that the API has already",
            allowed="an id of its own for each key",
            fix="rename the key",
        )
    plan = api.add_usage_plan(
        construct_id,
        throttle=throttle,
        quota=quota,
        api_stages=[apigateway.UsagePlanPerApiStage(stage=api.deployment_stage)],
    )
    for name in names:
        plan.add_api_key(apigateway.ApiKey(scope, name))
    return plan


@jsii.implements(IValidation)
class PlansHaveKeyedRoutes:
    """At synth, when all routes are known: a plan needs at least one route that asks for a key."""

    def __init__(self, subject: str, any_keyed: Callable[[], bool]) -> None:
        self._subject, self._any_keyed = subject, any_keyed

    def validate(self) -> list[str]:
        """Give the refusal, if there is one, as CDK collects it."""
        if self._any_keyed():
            return []
        refusal = RefusedError(
            self._subject,
            got="no route with api_key_required=True",
            allowed="plans for routes that need a key: without one API Gateway cannot tell callers apart, and the "
            "plan's throttle and quota apply to nobody",
            fix="set api_key_required=True on the routes it is meant for, or drop the plan",
        )
        return [str(refusal)]
