"""The HTTP API as a whole: what stands in the template, and what never gets there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_iam as iam
from aws_cdk.aws_apigateway import ThrottleSettings
from aws_cdk.aws_apigatewayv2 import CorsPreflightOptions
from constructs import Construct

from constructs_lib import (
    Access,
    HardenedFunction,
    HardenedHttpApi,
    JwtAuthorizer,
    ProvisionedConcurrency,
    RefusedError,
    RequestAuthorizer,
    TimeoutBudget,
)
from constructs_lib.limits import ACCOUNT_CONCURRENCY, HTTP_API_WAIT, UNRESERVED_CONCURRENCY_MIN
from tests.api.apis import BUDGET, function
from tests.api.http_apis import api_and_function, integration_of, message, routes, sources
from tests.snapshots import Template, resources
from tests.synth import new_stack, of_type, only, synthesize, template_text

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

GATEWAY = (
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::Integration",
    "AWS::ApiGatewayV2::Route",
    "AWS::ApiGatewayV2::Stage",
    "AWS::Lambda::Permission",
)
CUSTOMERS = JwtAuthorizer("https://login.shop.example/", audience=["shop-website"])
ONE_WARM = ProvisionedConcurrency(minimum=1)
STAGE = "AWS::ApiGatewayV2::Stage"


def shop(stack: cdk.Stack) -> HardenedHttpApi:
    """Build an HTTP API that uses everything at once."""
    read, write = function(stack, "Read"), function(stack, "Write")
    api = HardenedHttpApi(
        stack,
        "Api",
        authorizer=CUSTOMERS,
        cors=CorsPreflightOptions(
            allow_origins=["https://shop.example"], allow_headers=["Authorization", "X-Tenant"]
        ),
        throttle=ThrottleSettings(rate_limit=50, burst_limit=100),
        description="Orders",
    )
    api.get("/orders", read)
    api.get("/orders/{id}", read)
    api.post("/orders", write, scopes=["orders/write"])
    api.delete("/orders/{id}", write, throttle=ThrottleSettings(rate_limit=1, burst_limit=2))
    api.get("/health", read, authorizer=Access.PUBLIC)
    api.put("/stock/{article}", write, authorizer=Access.IAM)
    tenants = RequestAuthorizer(function(stack, "Check"), headers=["Authorization", "X-Tenant"], cache_ttl=60)
    api.patch("/tenants/{id}", write, authorizer=tenants)
    return api


@pytest.fixture(scope="module")
def template() -> Template:
    """Synthesize the shop once; the tests only read it."""
    stack = new_stack()
    shop(stack)
    return synthesize(stack)


def test_smallest_api(snapshot: SnapshotAssertion) -> None:
    """One public route: what the construct makes without being asked."""
    stack, api, orders = api_and_function()
    api.get("/orders", orders)
    assert resources(synthesize(stack), *GATEWAY) == snapshot


def test_two_synths_are_byte_identical() -> None:
    """Nothing in the template depends on the process, the time or an order by chance."""
    texts = []
    for _ in range(2):
        stack = new_stack()
        shop(stack)
        texts.append(template_text(stack))
    assert texts[0] == texts[1]


def test_integration_waits_as_long_as_the_budget_says(template: Template) -> None:
    """The API waits for the alias as long as the budget derived, in milliseconds, and sends payload format 2.0."""
    integration = integration_of(template, "GET /orders")
    assert BUDGET.integration is not None
    assert integration["TimeoutInMillis"] == BUDGET.integration * 1000
    assert integration["PayloadFormatVersion"] == "2.0"
    assert integration["IntegrationType"] == "AWS_PROXY"
    (alias,) = (name for name in of_type(template, "AWS::Lambda::Alias") if name.startswith("Read"))
    assert integration["IntegrationUri"] == {"Ref": alias}


def test_a_route_keeps_its_resources_when_another_goes() -> None:
    """Each has an integration of its own, so that a change of one route is no replacement of another's."""
    ids = []
    for paths in (["/a", "/b"], ["/b"]):
        stack, api, orders = api_and_function()
        for path in paths:
            api.get(path, orders)
        ids.append({name for name in synthesize(stack)["Resources"] if name.startswith("ApiHttpApiGETb")})
    assert ids[0] == ids[1]
    assert len(ids[0]) == 2


def test_each_route_may_invoke_its_function_and_nothing_else(template: Template) -> None:
    """The source names stage, method and path; a path parameter stands for its name and its value."""
    assert [each for each in sources(template) if each.startswith("/$default")] == [
        "/$default/DELETE/orders/*",
        "/$default/GET/health",
        "/$default/GET/orders",
        "/$default/GET/orders/*",
        "/$default/PATCH/tenants/*",
        "/$default/POST/orders",
        "/$default/PUT/stock/*",
    ]
    for permission in of_type(template, "AWS::Lambda::Permission").values():
        assert "Alias" in permission["Properties"]["FunctionName"]["Ref"]


def test_a_function_of_many_routes_is_opened_to_the_stage_instead() -> None:
    """A function's policy holds 20 KB: the hundredth statement would fail the deployment."""
    stack, api, orders = api_and_function(stage_name="live")
    for number in range(60):
        api.get(f"/orders/{number}", orders)
    permissions = of_type(synthesize(stack), "AWS::Lambda::Permission")
    assert len(json.dumps(permissions)) < 20_480
    assert sources({"Resources": permissions})[0] == "/live/*"


def test_any_and_default_routes() -> None:
    """ANY is every method in the source of a permission; the default route is all that others leave."""
    stack, api, orders = api_and_function()
    api.add_route("ANY", "/{proxy+}", orders)
    default = api.add_default_route(orders)
    template = synthesize(stack)
    assert set(routes(template)) == {"ANY /{proxy+}", "$default"}
    assert sources(template) == ["/$default/*", "/$default/*/*"]
    assert isinstance(default, apigatewayv2.HttpRoute)


@pytest.mark.parametrize(
    ("budget", "got"),
    [
        (TimeoutBudget(gateway=31, init=2), "30.501 s (2 s init + 28 s function + 0.5 s margin)"),
        (
            TimeoutBudget(gateway=31, init=4, function=26),
            "30.501 s (4 s init + 26 s function + 0.5 s margin)",
        ),
        (TimeoutBudget(gateway=40, function=31, cold_starts=False), "31.001 s"),
    ],
    ids=["derived", "cold start", "function alone"],
)
def test_what_the_api_would_not_wait_for_is_refused(budget: TimeoutBudget, got: str) -> None:
    """H1 and H2: neither the function nor its cold start may outlast the 30 s, which nothing raises."""
    stack, api, _ = api_and_function()
    warm = {} if budget.cold_starts else {"reserved_concurrent_executions": 1, "provisioned": ONE_WARM}
    slow = function(stack, "Slow", budget, **warm)
    with pytest.raises(RefusedError) as refusal:
        api.get("/orders", slow)
    assert str(refusal.value) == message(
        "GET /orders: integration timeout",
        got=got,
        allowed="up to 30 s: an HTTP API waits no longer, and no quota raises that",
        fix="lower the budget to TimeoutBudget(gateway=30, ...), or hand the work to a queue",
    )


def test_the_whole_wait_can_be_used() -> None:
    """A budget of 30 s fits: 25 s of function after 4 s of init."""
    stack, api, _ = api_and_function()
    api.get("/orders", function(stack, "Slow", TimeoutBudget(gateway=30)))
    assert integration_of(synthesize(stack), "GET /orders")["TimeoutInMillis"] <= HTTP_API_WAIT * 1000


def test_function_that_nobody_waits_for_is_refused() -> None:
    """Its budget says nothing about a caller's patience."""
    stack, api, _ = api_and_function()
    worker = function(stack, "Worker", TimeoutBudget(gateway=None, init=2, work=60))
    with pytest.raises(
        RefusedError, match=r"POST /jobs: integration timeout: got a function whose budget has no"
    ):
        api.post("/jobs", worker)


def test_stage_is_throttled_watched_and_deployed(template: Template) -> None:
    """Every route has a throttle and metrics; changes go live with the stack."""
    stage = only(template, STAGE)["Properties"]
    assert stage["StageName"] == "$default"
    assert stage["AutoDeploy"] is True
    assert stage["DefaultRouteSettings"] == {
        "ThrottlingRateLimit": 50,
        "ThrottlingBurstLimit": 100,
        "DetailedMetricsEnabled": True,
    }


def test_the_default_throttle_is_what_the_accounts_concurrency_carries() -> None:
    """Lambda's own throttle would hit every function of the account."""
    stack, api, orders = api_and_function()
    api.get("/orders", orders)
    settings = only(synthesize(stack), STAGE)["Properties"]["DefaultRouteSettings"]
    assert (settings["ThrottlingRateLimit"], settings["ThrottlingBurstLimit"]) == (30, 60)
    assert settings["ThrottlingRateLimit"] * HTTP_API_WAIT <= ACCOUNT_CONCURRENCY - UNRESERVED_CONCURRENCY_MIN


def test_a_route_has_its_own_throttle_and_the_stage_waits_for_it(template: Template) -> None:
    """API Gateway fails a stage that names a route which is not there yet; an entry replaces the stage's as a whole."""
    stage = only(template, STAGE)
    assert stage["Properties"]["RouteSettings"] == {
        "DELETE /orders/{id}": {
            "ThrottlingRateLimit": 1,
            "ThrottlingBurstLimit": 2,
            "DetailedMetricsEnabled": True,
        }
    }
    (waited,) = stage["DependsOn"]
    assert template["Resources"][waited]["Properties"]["RouteKey"] == "DELETE /orders/{id}"


def test_cdks_throttle_of_either_module_will_do() -> None:
    """Both kinds of API have one of that name."""
    stack, api, orders = api_and_function(throttle=apigatewayv2.ThrottleSettings(rate_limit=5, burst_limit=6))
    api.get("/orders", orders)
    assert only(synthesize(stack), STAGE)["Properties"]["DefaultRouteSettings"]["ThrottlingBurstLimit"] == 6


def test_access_log_tells_what_failed(template: Template) -> None:
    """A line per request names the route, both latencies, what the function and Lambda answered, and who called."""
    settings = only(template, STAGE)["Properties"]["AccessLogSettings"]
    line = json.loads(settings["Format"])
    assert line["routeKey"] == "$context.routeKey"
    assert line["integrationLatency"] == "$context.integration.latency"
    assert line["responseLatency"] == "$context.responseLatency"
    assert line["integrationError"] == "$context.integration.error"
    assert line["lambdaStatus"] == "$context.integration.integrationStatus"
    assert line["authorizerError"] == "$context.authorizer.error"
    assert len(settings["Format"]) < 3 * 1024
    (group,) = (name for name in of_type(template, "AWS::Logs::LogGroup") if name.startswith("ApiAccessLogs"))
    assert settings["DestinationArn"]["Fn::Join"][1][-1] == {"Ref": group}


def test_access_logs_have_a_group_of_their_own() -> None:
    """Retention and removal policy are the user's."""
    stack, api, orders = api_and_function(
        log_retention=cdk.aws_logs.RetentionDays.ONE_WEEK, removal_policy=cdk.RemovalPolicy.DESTROY
    )
    api.get("/orders", orders)
    groups = of_type(synthesize(stack), "AWS::Logs::LogGroup")
    (group,) = (each for name, each in groups.items() if name.startswith("ApiAccessLogs"))
    assert group["Properties"] == {"RetentionInDays": 7}
    assert group["DeletionPolicy"] == "Delete"


def test_named_stage_is_part_of_url_and_permissions() -> None:
    """A stage beside $default is told apart everywhere."""
    stack, api, orders = api_and_function(stage_name="live")
    api.get("/orders", orders)
    assert api.url.endswith("/live")
    assert sources(synthesize(stack)) == ["/live/GET/orders"]


def test_the_api_may_have_no_address_but_its_domains() -> None:
    """Behind a CDN or mutual TLS nobody is to go round by the execute-api endpoint."""
    stack, api, orders = api_and_function(disable_execute_api_endpoint=True)
    api.get("/orders", orders)
    assert (
        only(synthesize(stack), "AWS::ApiGatewayV2::Api")["Properties"]["DisableExecuteApiEndpoint"] is True
    )


@pytest.mark.parametrize("name", ["", "two words", "live/2", "$latest", "ünï", "x" * 129])
def test_stage_name_is_one_that_api_gateway_takes(name: str) -> None:
    """Else the deployment would fail."""
    with pytest.raises(RefusedError, match=r"'Api': stage_name: got .* allowed: \$default, 1 to 128 letters"):
        api_and_function(stage_name=name)


@pytest.mark.parametrize(
    ("first", "second", "got"),
    [
        ("/orders", "/orders", "it a second time"),
        ("/orders/{id}", "/orders/{order}", "a route that matches what GET /orders/{id} does"),
    ],
)
def test_two_routes_for_the_same_requests_are_refused(first: str, second: str, got: str) -> None:
    """One of the two would never be reached, or the deployment fails."""
    _, api, orders = api_and_function()
    api.get(first, orders)
    with pytest.raises(RefusedError) as refusal:
        api.get(second, orders)
    assert str(refusal.value) == message(
        f"GET {second}: route",
        got=got,
        allowed="each method once per path, whatever its parameters are called",
        fix="drop one of the two, or give it another path",
    )


def test_one_default_route() -> None:
    """There is one place for requests that no route matches."""
    _, api, orders = api_and_function()
    api.add_default_route(orders)
    with pytest.raises(RefusedError, match=r"'Api': \$default: route: got it a second time"):
        api.add_default_route(orders)


@pytest.mark.parametrize(
    "options",
    [
        {"throttle": ThrottleSettings(rate_limit=0, burst_limit=1)},
        {"scopes": ["orders/read"]},
        {"authorizer": JwtAuthorizer("http://login.shop.example", audience=["a"])},
        {"authorizers": Access.PUBLIC},
    ],
    ids=lambda options: next(iter(options)),
)
def test_refused_route_leaves_nothing_behind(options: dict[str, Any]) -> None:
    """After a refusal the same route can be added again, and the template holds that route alone."""
    stack, api, orders = api_and_function()
    before = len(api.node.find_all())
    with pytest.raises(RefusedError):
        api.get("/orders", orders, **options)
    assert len(api.node.find_all()) == before
    api.get("/orders", orders)
    assert list(routes(synthesize(stack))) == ["GET /orders"]


def test_refused_api_leaves_nothing_behind() -> None:
    """An argument that is refused adds no construct to the scope."""
    stack = new_stack()
    with pytest.raises(RefusedError):
        HardenedHttpApi(stack, "Api", stage_name="two words")
    assert not stack.node.try_find_child("Api")


@pytest.mark.parametrize(
    ("method", "path", "what"),
    [
        ("get", "/orders", "got 'get'; allowed: GET, HEAD"),
        ("GET", "orders", "got 'orders'; allowed: a path that starts with /"),
        ("GET", "/{rest+}/orders", r"got '\{rest\+\}' before other parts"),
    ],
)
def test_method_and_path_are_what_the_api_takes(method: str, path: str, what: str) -> None:
    """As on a REST API."""
    _, api, orders = api_and_function()
    with pytest.raises(RefusedError, match=what):
        api.add_route(method, path, orders)


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (
            {"throttle": {"rate_limit": 1}},
            r"throttle: got \{'rate_limit': 1\}; allowed: CDK's ThrottleSettings",
        ),
        ({"cors": {"allow_origins": ["*"]}}, "cors: got .* allowed: aws_apigatewayv2.CorsPreflightOptions"),
        ({"stage_name": None}, "stage_name: got None"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_value_of_another_type_is_refused(options: dict[str, Any], what: str) -> None:
    """What comes out of a configuration file is often a string or a mapping."""
    with pytest.raises(RefusedError, match=what):
        api_and_function(**options)


def test_the_default_route_has_a_method_of_its_own() -> None:
    """A path beside $default would be dropped in silence."""
    _, api, orders = api_and_function()
    with pytest.raises(RefusedError, match=r"method: got '\$default'; allowed: GET, HEAD"):
        api.add_route("$default", "/orders", orders)


def test_only_hardened_functions_are_routed_to() -> None:
    """A function without an alias and a budget has neither a handle nor a wait."""
    _, api, orders = api_and_function()
    plain: Any = orders.unqualified_function
    with pytest.raises(
        RefusedError, match="GET /orders: function: got Function; allowed: a HardenedFunction"
    ):
        api.get("/orders", plain)


def test_a_role_may_be_let_in_by_route() -> None:
    """The L2 route grants what IAM authorization asks for."""
    stack, api, orders = api_and_function(authorizer=Access.IAM)
    caller = iam.Role(stack, "Caller", assumed_by=iam.AccountRootPrincipal())
    api.get("/orders/{id}", orders).grant_invoke(caller)
    policies = of_type(synthesize(stack), "AWS::IAM::Policy")
    (policy,) = (each for name, each in policies.items() if name.startswith("Caller"))
    (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Action"] == "execute-api:Invoke"
    assert statement["Resource"]["Fn::Join"][1][-1] == "/*/GET/orders/*"


def test_functions_with_one_id_are_told_apart() -> None:
    """Two functions in different scopes may have the same id."""
    stack, api, orders = api_and_function()
    other: HardenedFunction = function(Construct(stack, "Elsewhere"))  # type: ignore[arg-type]
    api.get("/orders", orders)
    api.get("/others", other)
    template = synthesize(stack)
    uris = [integration_of(template, key)["IntegrationUri"] for key in ("GET /orders", "GET /others")]
    assert uris[0] != uris[1]


def test_underlying_objects_are_attributes() -> None:
    """Whoever needs a property that the construct does not offer reaches the L2 object."""
    _, api, orders = api_and_function()
    assert isinstance(api.get("/orders", orders), apigatewayv2.HttpRoute)
    assert isinstance(api.http_api, apigatewayv2.HttpApi)
    assert isinstance(api.stage, apigatewayv2.HttpStage)
    assert isinstance(api.access_log_group, cdk.aws_logs.LogGroup)
    assert api.url.startswith("https://")
