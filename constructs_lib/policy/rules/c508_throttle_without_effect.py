"""C508 throttle-without-effect."""

from __future__ import annotations

from constructs_lib.limits import GATEWAY_RATE_MAX
from constructs_lib.policy.rule import WARNING, Finding, Rule
from constructs_lib.policy.services.usage_plans import Plan, unthrottled_stages, usage_plans

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_API = """
Api: {Type: AWS::ApiGateway::RestApi}
GetOrders: {Type: AWS::ApiGateway::Method, Properties: {RestApiId: !Ref Api, HttpMethod: GET, ApiKeyRequired: KEY}}
Live: {Type: AWS::ApiGateway::Stage, Properties: {RestApiId: !Ref Api, StageName: live, MethodSettings: [SETTING]}}
Partners:
  Type: AWS::ApiGateway::UsagePlan
  Properties: {ApiStages: [{ApiId: !Ref Api, Stage: !Ref Live, Throttle: {}}], PLAN}
"""
_SETTING = '{HttpMethod: "*", ResourcePath: "/*", ThrottlingRateLimit: 20, ThrottlingBurstLimit: 40}'
_HTTP = """
Api: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP}}
Live: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref Api, StageName: $default, DefaultRouteSettings: {SETTING}}}
"""


def _api(plan: str, key: str, setting: str = _SETTING) -> str:
    return _API.replace("PLAN", plan).replace("KEY", key).replace("SETTING", setting)


class ThrottleWithoutEffect(Rule):
    """A throttle is written down and throttles nobody, or there is none at all.

    ## Why is this bad?
    A usage plan counts requests by API key: while no method asks for one, everybody passes uncounted. A stage without any
    throttle shares the account's 10,000 requests/s: one client's loop takes all APIs and functions down with it.

    ## What to do
    Set `ApiKeyRequired: true` on the methods of the plan's stages. Give every stage a default rate and burst
    (`MethodSettings` for `*` `/*`, or `DefaultRouteSettings` of an HTTP API).
    """

    id = "C508"
    name = "throttle-without-effect"
    severity = WARNING
    limits = (GATEWAY_RATE_MAX,)
    bad = {
        "plan throttles, no key wanted": _api("Throttle: {RateLimit: 5, BurstLimit: 10}", "false"),
        "plan has a quota, no key wanted": _api("Quota: {Limit: 1000, Period: DAY}", "!Ref AWS::NoValue"),
        "stage without throttle": _api("Description: none", "false", setting=""),
        "HTTP API without throttle": _HTTP.replace("SETTING", "DetailedMetricsEnabled: true"),
        "no key wanted in production": _api(
            "Throttle: {RateLimit: 5, BurstLimit: 10}", "!If [IsProd, false, true]"
        ),
    }
    good = {
        "key wanted": _api("Throttle: {RateLimit: 5, BurstLimit: 10}", "true"),
        "throttled by the plan alone": _api("Throttle: {RateLimit: 5}", "true", setting=""),
        "stage named by its plan": _api("Throttle: {RateLimit: 5}", "true", setting="").replace(
            "!Ref Live", "live"
        ),
        "HTTP API with throttle": _HTTP.replace("SETTING", "ThrottlingRateLimit: 20"),
    }
    undecided = {
        "key imported": _api("Throttle: {RateLimit: 5}", "!ImportValue key"),
        "methods in another stack": _api("Throttle: {RateLimit: 5}", "false").replace(
            "{RestApiId: !Ref Api, HttpMethod", "{RestApiId: !ImportValue api, HttpMethod"
        ),
    }

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Look for methods that ask for a key behind each plan, and for a throttle on each stage."""
        plans = usage_plans(graph)
        for plan in plans:
            if plan.limits and plan.wants_key() is False:
                yield self._idle(plan)
        for api, stage in unthrottled_stages(graph, plans):
            message = f"{stage.name} of {api.name} has no throttle: one client can use up the {GATEWAY_RATE_MAX:,g} requests/s that all APIs of the account share, and the concurrency of all functions behind it."
            where = "DefaultRouteSettings" if "V2" in stage.type else "MethodSettings for * /*"
            fix = f"Set ThrottlingRateLimit and ThrottlingBurstLimit in {where}."
            yield self.finding(stage.place, message, fix=fix, path=(api.id, stage.id))

    def _idle(self, plan: Plan) -> Finding:
        names, apis = " and ".join(plan.limits), ", ".join(api.resource.name for api in plan.apis)
        message = f"Usage plan {plan.resource.name} sets {names}, but no method of {apis} has ApiKeyRequired: requests come without a key, and the plan counts none of them."
        fix = "Set ApiKeyRequired: true on the methods, or set the throttle in the stage's MethodSettings."
        path = (plan.resource.id, *(api.id for api in plan.apis))
        return self.finding(plan.resource.place.at(plan.limits[0]), message, fix=fix, path=path)
