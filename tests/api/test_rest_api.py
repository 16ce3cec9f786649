"""The construct as a whole: what stands in the template, and that it stands there again next time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_apigateway as apigateway
from aws_cdk.aws_apigateway import CorsOptions, QuotaSettings, ThrottleSettings

from constructs_lib import (
    Access,
    AsyncFailure,
    CachePolicy,
    HardenedRestApi,
    RefusedError,
    TimeoutBudget,
    TokenAuthorizer,
)
from tests.api.apis import BUDGET, api_and_function, function, message, methods, settings
from tests.snapshots import Template, resources
from tests.synth import new_stack, of_type, only, synthesize, template_text

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

ORDER = {
    "type": "object",
    "required": ["item"],
    "properties": {"item": {"type": "string"}, "count": {"type": "integer", "minimum": 1}},
}
GATEWAY = (
    "AWS::ApiGateway::Deployment",
    "AWS::ApiGateway::GatewayResponse",
    "AWS::ApiGateway::Method",
    "AWS::ApiGateway::Resource",
    "AWS::ApiGateway::RestApi",
    "AWS::ApiGateway::Stage",
    "AWS::Lambda::Permission",
)


def shop(stack: cdk.Stack) -> HardenedRestApi:
    """Build an API that uses everything at once."""
    check = function(stack, "Check")
    read, write = function(stack, "Read"), function(stack, "Write")
    report = function(
        stack, "Report", TimeoutBudget(gateway=None, init=2, work=20), async_failure=AsyncFailure()
    )
    api = HardenedRestApi(
        stack,
        "Api",
        authorizer=TokenAuthorizer(check),
        cors=CorsOptions(allow_origins=["https://shop.example"]),
        throttle=ThrottleSettings(rate_limit=50, burst_limit=100),
        account_role=True,
    )
    api.get("/orders", read, query=["limit"], cache=CachePolicy(ttl=60))
    api.get("/orders/{id}", read)
    api.post("/orders", write, body=ORDER, required_headers=["Idempotency-Key"], api_key_required=True)
    api.delete("/orders/{id}", write, throttle=ThrottleSettings(rate_limit=1, burst_limit=2))
    api.post("/reports", report, asynchronous=True, query=["month"])
    api.get("/health", read, authorizer=Access.PUBLIC)
    api.add_usage_plan(
        "Partners",
        throttle=ThrottleSettings(rate_limit=5, burst_limit=10),
        quota=QuotaSettings(limit=10_000, period=apigateway.Period.DAY),
        keys=["Acme"],
    )
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
    assert resources(synthesize(stack), *GATEWAY, "AWS::Logs::LogGroup") == snapshot


def test_two_synths_are_byte_identical() -> None:
    """Nothing in the template depends on the process, the time or an order by chance."""
    texts = []
    for _ in range(2):
        stack = new_stack()
        shop(stack)
        texts.append(template_text(stack))
    assert texts[0] == texts[1]


def test_integration_timeout_is_the_budgets(template: Template) -> None:
    """The gateway waits as long as the budget derived, in milliseconds, for the alias and nothing else."""
    integration = methods(template)["GET /orders"]["Integration"]
    assert BUDGET.integration is not None
    assert integration["TimeoutInMillis"] == BUDGET.integration * 1000
    assert integration["Type"] == "AWS_PROXY"
    (alias,) = (name for name in of_type(template, "AWS::Lambda::Alias") if name.startswith("Read"))
    assert {"Ref": alias} in integration["Uri"]["Fn::Join"][1]


def test_one_permission_per_function_for_this_stage_alone(template: Template) -> None:
    """Three routes to one function need one permission; the console's test calls get none."""
    permissions = [p["Properties"] for p in of_type(template, "AWS::Lambda::Permission").values()]
    invokes = [p for p in permissions if "/live/*/*" in json.dumps(p["SourceArn"])]
    names = sorted(p["FunctionName"]["Ref"].partition("Alias")[0] for p in invokes)
    assert names == ["Read", "Report", "Write"]
    assert len(permissions) == 4
    assert "test-invoke-stage" not in json.dumps(template)


def test_deployment_waits_for_every_method_and_gateway_response(template: Template) -> None:
    """A deployment made before a method would not have it."""
    waited = set(only(template, "AWS::ApiGateway::Deployment")["DependsOn"])
    for kind in ("AWS::ApiGateway::Method", "AWS::ApiGateway::GatewayResponse"):
        assert set(of_type(template, kind)) <= waited


def deployment_id(**changes: Any) -> str:
    """Name the deployment of a small API with some of its properties changed."""
    budget = changes.pop("budget", BUDGET)
    ttl = changes.pop("ttl", 0)
    cors = changes.pop("cors", None)
    stack = new_stack()
    api = HardenedRestApi(
        stack, "Api", authorizer=TokenAuthorizer(function(stack, "Check"), cache_ttl=ttl), cors=cors
    )
    api.post("/orders", function(stack, budget=budget), **{"body": ORDER, **changes})
    (name,) = of_type(synthesize(stack), "AWS::ApiGateway::Deployment")
    return name


@pytest.mark.parametrize(
    "change",
    [
        {"budget": TimeoutBudget(gateway=12, init=2)},
        {"body": {**ORDER, "required": ["item", "count"]}},
        {"required_headers": ["Idempotency-Key"]},
        {"ttl": 300},
        {"cors": CorsOptions(allow_origins=["https://shop.example"])},
        {"api_key_required": True},
    ],
    ids=lambda change: next(iter(change)),
)
def test_any_change_is_deployed(change: dict[str, Any]) -> None:
    """A new integration timeout, schema, parameter, authorizer or header makes a new deployment."""
    assert deployment_id() == deployment_id()
    assert deployment_id(**change) != deployment_id()


def test_stage_is_watched(template: Template) -> None:
    """Metrics per method, X-Ray and a JSON access log are on; bodies are never logged."""
    stage = only(template, "AWS::ApiGateway::Stage")["Properties"]
    assert stage["TracingEnabled"] is True
    assert all(each["MetricsEnabled"] and not each["DataTraceEnabled"] for each in stage["MethodSettings"])
    line = json.loads(stage["AccessLogSetting"]["Format"])
    assert line["requestId"] == "$context.requestId"
    assert line["integrationLatency"] == "$context.integration.latency"
    assert "$context.identity.apiKey" not in line.values()
    assert len(stage["AccessLogSetting"]["Format"]) < 3 * 1024


def test_access_logs_have_a_group_of_their_own() -> None:
    """Retention and removal policy are the user's; by default the logs outlive the stack for 90 days."""
    stack, api, orders = api_and_function(
        log_retention=cdk.aws_logs.RetentionDays.ONE_WEEK, removal_policy=cdk.RemovalPolicy.DESTROY
    )
    api.get("/orders", orders)
    groups = of_type(synthesize(stack), "AWS::Logs::LogGroup")
    (group,) = (each for name, each in groups.items() if name.startswith("ApiAccessLogs"))
    assert group["Properties"] == {"RetentionInDays": 7}
    assert group["DeletionPolicy"] == "Delete"


def test_execution_logging_is_off_unless_asked_for(template: Template) -> None:
    """It needs the account's role and costs per request; the access log explains most failures."""
    assert {each["LoggingLevel"] for each in settings(template).values()} == {"OFF"}
    stack, api, orders = api_and_function(execution_logging=apigateway.MethodLoggingLevel.ERROR)
    api.get("/orders", orders, cache=CachePolicy(ttl=60))
    assert {each["LoggingLevel"] for each in settings(synthesize(stack)).values()} == {"ERROR"}


def test_functions_may_live_in_another_stack() -> None:
    """Integration, permission and authorizer all point from the API to the function, so there is no cycle."""
    functions = new_stack(name="Functions")
    app = functions.node.root
    assert isinstance(app, cdk.App)
    front = cdk.Stack(app, "Front", env=cdk.Environment(account=functions.account, region=functions.region))
    api = HardenedRestApi(front, "Api", authorizer=TokenAuthorizer(function(functions, "Check")))
    api.get("/orders", function(functions))
    found = synthesize(front)
    assert len(of_type(found, "AWS::Lambda::Permission")) == 2
    assert not of_type(synthesize(functions), "AWS::Lambda::Permission")


def test_functions_with_one_id_get_a_permission_each() -> None:
    """Two functions in different scopes may have the same id."""
    stack, api, orders = api_and_function()
    other = function(cdk.Stack(stack, "Nested"))
    api.get("/orders", orders)
    api.get("/others", other)
    assert len([c for c in api.node.children if c.node.id.startswith("InvokeOrders")]) == 2


def test_underlying_objects_are_attributes() -> None:
    """Whoever needs a property that the construct does not offer reaches the L2 object."""
    _, api, orders = api_and_function()
    assert isinstance(api.get("/orders", orders), apigateway.Method)
    assert isinstance(api.rest_api, apigateway.RestApi)
    assert isinstance(api.stage, apigateway.Stage)
    assert isinstance(api.deployment, apigateway.Deployment)
    assert isinstance(api.access_log_group, cdk.aws_logs.LogGroup)
    assert api.url.startswith("https://")


def test_api_is_named_after_its_place() -> None:
    """The name is the dimension of its metrics, so two APIs never share one."""
    stack = new_stack()
    for name in ("A", "B"):
        HardenedRestApi(stack, name, authorizer=Access.PUBLIC).get("/", function(stack, f"F{name}"))
    names = [a["Properties"]["Name"] for a in of_type(synthesize(stack), "AWS::ApiGateway::RestApi").values()]
    assert len(set(names)) == 2
    assert all(name.startswith("Test-") for name in names)


def test_same_route_twice_is_refused() -> None:
    """The second would replace the first, or fail the deployment."""
    _, api, orders = api_and_function()
    api.get("/orders", orders)
    with pytest.raises(RefusedError) as refusal:
        api.get("/orders", orders)
    assert str(refusal.value) == message(
        "GET /orders: route",
        got="it a second time",
        allowed="each method once per path",
        fix="drop one of the two, or give it another path",
    )


def test_preflight_cannot_be_taken_by_a_route() -> None:
    """With CORS on, OPTIONS is answered by the gateway."""
    _, api, orders = api_and_function(cors=CorsOptions(allow_origins=["*"]))
    with pytest.raises(RefusedError, match="got OPTIONS, which cors answers already"):
        api.add_route("OPTIONS", "/orders", orders)


@pytest.mark.parametrize(
    "options",
    [
        {"cache": CachePolicy(ttl=0)},
        {"body": {"type": "no type"}},
        {"asynchronous": True},
        {"throttle": ThrottleSettings(rate_limit=0, burst_limit=1)},
    ],
    ids=lambda options: next(iter(options)),
)
def test_refused_route_leaves_nothing_behind(options: dict[str, Any]) -> None:
    """After a refusal the same path can be added again, and the template holds that route alone."""
    stack, api, orders = api_and_function()
    before = len(api.node.find_all())
    with pytest.raises(RefusedError):
        api.get("/orders", orders, **options)
    assert len(api.node.find_all()) == before
    api.get("/orders", orders)
    assert list(methods(synthesize(stack))) == ["GET /orders"]


def test_refused_api_leaves_nothing_behind() -> None:
    """An argument that is refused adds no construct to the scope."""
    stack = new_stack()
    with pytest.raises(RefusedError):
        HardenedRestApi(stack, "Api", cache_size=1)
    assert not stack.node.try_find_child("Api")


@pytest.mark.parametrize("name", ["", "two words", "live/2", "$default", "ünï", "x" * 129])
def test_stage_name_is_one_that_api_gateway_takes(name: str) -> None:
    """It is a part of the URL; else the deployment would fail."""
    with pytest.raises(RefusedError, match=r"'Api': stage_name: got .* allowed: 1 to 128 letters"):
        api_and_function(stage_name=name)


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ({"cache_size": "1.6"}, "cache_size: got '1.6'; allowed: 0.5, 1.6"),
        ({"cache_size": None}, "cache_size: got None; allowed: 0.5, 1.6"),
        ({"endpoint_type": "REGIONAL"}, "endpoint_type: got 'REGIONAL'; allowed: EndpointType.REGIONAL"),
    ],
)
def test_a_value_of_another_type_is_refused(argument: dict[str, Any], message: str) -> None:
    """What comes out of a configuration file is often a string."""
    with pytest.raises(RefusedError, match=message):
        api_and_function(**argument)


def test_a_path_is_a_string() -> None:
    """A path that is missing in a table of routes is named, with its method."""
    _, api, orders = api_and_function()
    missing: Any = None
    with pytest.raises(RefusedError, match="GET None: path: got None; allowed: a string"):
        api.get(missing, orders)
