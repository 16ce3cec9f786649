"""The WebSocket API as a whole: who may connect, who is connected, who may send, and how long is waited."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk.assertions import Annotations, Match
from aws_cdk.aws_apigateway import MethodLoggingLevel, ThrottleSettings

from constructs_lib import (
    Access,
    ConnectionTable,
    HardenedFunction,
    HardenedWebSocketApi,
    JwtAuthorizer,
    RefusedError,
    RequestAuthorizer,
    TimeoutBudget,
)
from tests.api.apis import BUDGET, function
from tests.api.http_apis import integration_of, routes, sources
from tests.snapshots import Template, resources
from tests.synth import new_stack, of_type, only, synthesize, template_text

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

GATEWAY = (
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::Integration",
    "AWS::ApiGatewayV2::Route",
    "AWS::ApiGatewayV2::Stage",
    "AWS::DynamoDB::Table",
    "AWS::Lambda::Permission",
)
STAGE = "AWS::ApiGatewayV2::Stage"


def smallest(stack: cdk.Stack, **options: Any) -> HardenedWebSocketApi:
    """Make an API with what none can do without; it is public unless an authorizer is given."""
    if "connect" not in options:
        options["connect"] = function(stack, "Connect")
    if "disconnect" not in options:
        options["disconnect"] = function(stack, "Disconnect")
    return HardenedWebSocketApi(stack, "Api", **{"authorizer": Access.PUBLIC, **options})


def chat(stack: cdk.Stack) -> HardenedWebSocketApi:
    """Build a WebSocket API that uses everything at once."""
    say = function(stack, "Say")
    api = smallest(
        stack,
        authorizer=RequestAuthorizer(function(stack, "Check"), headers=[], query=["token"]),
        default=say,
        throttle=ThrottleSettings(rate_limit=50, burst_limit=100),
        description="Chat",
        account_role=True,
    )
    api.add_route("say", say, throttle=ThrottleSettings(rate_limit=1, burst_limit=2))
    api.add_route("ask", say, return_response=True)
    api.grant_send(say)
    api.connections.grant_find(say)
    api.connections.grant_forget(say)
    return api


@pytest.fixture(scope="module")
def template() -> Template:
    """Synthesize the chat once; the tests only read it."""
    stack = new_stack()
    chat(stack)
    return synthesize(stack)


def environment_of(template: Template, name: str) -> dict[str, Any]:
    """Give the variables of the function whose construct has this id."""
    found = of_type(template, "AWS::Lambda::Function").items()
    (variables,) = (
        each["Properties"]["Environment"]["Variables"]
        for key, each in found
        if key.startswith(f"{name}Function")
    )
    return dict(variables)


def statements_of(template: Template, prefix: str) -> list[dict[str, Any]]:
    """Give the statements of the one policy whose logical id begins like this."""
    found = of_type(template, "AWS::IAM::Policy").items()
    (policy,) = (each["Properties"] for key, each in found if key.startswith(prefix))
    return list(policy["PolicyDocument"]["Statement"])


def test_smallest_api(snapshot: SnapshotAssertion) -> None:
    """Connect and disconnect alone: what the construct makes without being asked."""
    stack = new_stack()
    smallest(stack)
    assert resources(synthesize(stack), *GATEWAY) == snapshot


def test_two_synths_are_byte_identical() -> None:
    """Nothing in the template depends on the process, the time or an order by chance."""
    texts = []
    for _ in range(2):
        stack = new_stack()
        chat(stack)
        texts.append(template_text(stack))
    assert texts[0] == texts[1]


def test_routes_wait_as_long_as_the_budget_says(template: Template) -> None:
    """Each leads to an alias, with the integration timeout that the budget derived."""
    assert set(routes(template)) == {"$connect", "$disconnect", "$default", "say", "ask"}
    assert BUDGET.integration is not None
    aliases = of_type(template, "AWS::Lambda::Alias")
    for key in routes(template):
        integration = integration_of(template, key)
        assert integration["TimeoutInMillis"] == BUDGET.integration * 1000
        assert integration["IntegrationType"] == "AWS_PROXY"
        references = [part["Ref"] for part in integration["IntegrationUri"]["Fn::Join"][1] if "Ref" in part]
        assert aliases.keys() & set(references)


def test_each_route_may_invoke_its_function_and_nothing_else(template: Template) -> None:
    """The source of a permission is one route of this stage."""
    assert [each for each in sources(template) if each.startswith("/live")] == [
        "/live/$connect",
        "/live/$default",
        "/live/$disconnect",
        "/live/ask",
        "/live/say",
    ]
    for permission in of_type(template, "AWS::Lambda::Permission").values():
        assert "Alias" in permission["Properties"]["FunctionName"]["Ref"]


@pytest.mark.parametrize(
    ("access", "kind"), [(Access.PUBLIC, "NONE"), (Access.IAM, "AWS_IAM")], ids=["public", "IAM"]
)
def test_access_without_an_authorizer(access: Access, kind: str) -> None:
    """Public APIs say so; IAM needs no further resource."""
    stack = new_stack()
    smallest(stack, authorizer=access)
    found = synthesize(stack)
    assert routes(found)["$connect"]["AuthorizationType"] == kind
    assert not of_type(found, "AWS::ApiGatewayV2::Authorizer")


def test_authorizer_is_asked_on_connect_alone(template: Template) -> None:
    """It reads what a page can send, through the alias; API Gateway may invoke it for this authorizer alone."""
    kinds = {key: route["AuthorizationType"] for key, route in routes(template).items()}
    assert kinds.pop("$connect") == "CUSTOM"
    assert set(kinds.values()) == {"NONE"}
    ((name, authorizer),) = of_type(template, "AWS::ApiGatewayV2::Authorizer").items()
    assert authorizer["Properties"]["IdentitySource"] == ["route.request.querystring.token"]
    (alias,) = (each for each in of_type(template, "AWS::Lambda::Alias") if each.startswith("Check"))
    assert {"Ref": alias} in authorizer["Properties"]["AuthorizerUri"]["Fn::Join"][1]
    permissions = [p["Properties"] for p in of_type(template, "AWS::Lambda::Permission").values()]
    (permission,) = (p for p in permissions if p["FunctionName"] == {"Ref": alias})
    assert permission["SourceArn"]["Fn::Join"][1][-2:] == ["/authorizers/", {"Ref": name}]


@pytest.mark.parametrize(
    ("authorizer", "what"),
    [
        (None, "got none, neither on the route nor on the API"),
        (
            JwtAuthorizer("https://login.shop.example", audience=["a"]),
            "got JwtAuthorizer; allowed: Access or RequestAuthorizer of constructs_lib; fix: RequestAuthorizer",
        ),
    ],
    ids=["none", "JWT"],
)
def test_who_may_connect_is_said_in_a_way_that_the_api_has(authorizer: Any, what: str) -> None:
    """Nothing is open by accident, and a WebSocket API checks no tokens itself."""
    with pytest.raises(RefusedError, match=f"'Api': authorizer: {what}"):
        smallest(new_stack(), authorizer=authorizer)


def test_no_decision_is_kept() -> None:
    """API Gateway would fail the deployment: it asks once for each connection."""
    stack = new_stack()
    with pytest.raises(
        RefusedError, match="authorizer cache_ttl: got 60; allowed: 0: a WebSocket API asks once"
    ):
        smallest(stack, authorizer=RequestAuthorizer(function(stack, "Check"), cache_ttl=60))


@pytest.mark.parametrize(("seconds", "warnings"), [(29, 0), (30, 1)])
def test_slow_authorizer_is_warned_about(seconds: int, warnings: int, stack: cdk.Stack) -> None:
    """AWS documents no limit, so what others measured is a warning and no refusal."""
    slow = function(stack, "Check", TimeoutBudget(gateway=None, init=2, function=seconds))
    smallest(stack, authorizer=RequestAuthorizer(slow))
    found = Annotations.from_stack(stack).find_warning("*", Match.string_like_regexp("may run 30 s"))
    assert len(found) == warnings


@pytest.mark.parametrize("key", ["connect", "disconnect", "default", "say"])
def test_what_the_api_would_not_wait_for_is_refused(key: str) -> None:
    """H1 and H2: 29 s, which nothing raises, on every route; a budget for an HTTP API's 30 s is over it."""
    stack = new_stack()
    slow = function(stack, "Slow", TimeoutBudget(gateway=30))
    with pytest.raises(RefusedError) as refusal:
        smallest(stack).add_route(key, slow) if key == "say" else smallest(stack, **{key: slow})
    name = key if key == "say" else f"${key}"
    assert str(refusal.value) == str(
        RefusedError(
            f"HardenedWebSocketApi 'Api': {name}: integration timeout",
            got="29.501 s (4 s init + 25 s function + 0.5 s margin)",
            allowed="up to 29 s: a WebSocket API waits no longer, and no quota raises that",
            fix="lower the budget to TimeoutBudget(gateway=29, ...), or hand the work to a queue",
        )
    )


def test_table_forgets_connections_by_itself(template: Template) -> None:
    """It is encrypted, has a time to live, and is paid per request."""
    table = only(template, "AWS::DynamoDB::Table")
    assert table["Properties"]["KeySchema"] == [{"AttributeName": "connection_id", "KeyType": "HASH"}]
    assert table["Properties"]["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert table["Properties"]["SSESpecification"] == {"SSEEnabled": True}
    assert table["Properties"]["BillingMode"] == "PAY_PER_REQUEST"
    assert table["DeletionPolicy"] == "Delete"


def test_connect_may_write_and_disconnect_may_delete(template: Template) -> None:
    """Each may do its part with the table, and knows its name and how long a connection lives."""
    (table,) = of_type(template, "AWS::DynamoDB::Table")
    for name, action in (("Connect", "dynamodb:PutItem"), ("Disconnect", "dynamodb:DeleteItem")):
        variables = environment_of(template, name)
        assert variables["CONNECTIONS_TABLE"] == {"Ref": table}
        assert variables["CONNECTION_LIFE_SECONDS"] == "7200"
        assert "CALLBACK_URL" not in variables
        granted = [
            s["Action"] for s in statements_of(template, f"{name}Role") if "dynamodb" in str(s["Action"])
        ]
        assert granted == [action]


def test_a_sender_may_send_to_this_stage_and_knows_where(template: Template) -> None:
    """It may post to connections of the stage, and neither read nor close them."""
    sends = [s for s in statements_of(template, "SayRole") if s["Action"] == "execute-api:ManageConnections"]
    assert [s["Resource"]["Fn::Join"][1][-1] for s in sends] == ["/live/POST/@connections/*"]
    variables = environment_of(template, "Say")
    assert variables["CALLBACK_URL"]["Fn::Join"][1][0] == "https://"
    assert variables["CALLBACK_URL"]["Fn::Join"][1][-1].endswith("/live")
    granted = {str(s["Action"]) for s in statements_of(template, "SayRole") if "dynamodb" in str(s["Action"])}
    assert granted == {"['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:Scan']", "dynamodb:DeleteItem"}


def test_granting_twice_is_granting_once() -> None:
    """A second call adds no variable a second time."""
    stack = new_stack()
    api = smallest(stack)
    sender = function(stack, "Notify")
    api.grant_send(sender)
    api.grant_send(sender)
    assert environment_of(synthesize(stack), "Notify")["CALLBACK_URL"]


def test_stage_is_throttled_and_watched(template: Template) -> None:
    """Every route has a throttle and metrics; messages are never logged."""
    stage = only(template, STAGE)
    assert stage["Properties"]["DefaultRouteSettings"] == {
        "ThrottlingRateLimit": 50,
        "ThrottlingBurstLimit": 100,
        "DetailedMetricsEnabled": True,
        "LoggingLevel": "OFF",
        "DataTraceEnabled": False,
    }
    assert stage["Properties"]["RouteSettings"]["say"]["ThrottlingRateLimit"] == 1
    assert stage["Properties"]["RouteSettings"]["say"]["DataTraceEnabled"] is False
    waited = [template["Resources"][each]["Properties"].get("RouteKey") for each in stage["DependsOn"]]
    assert "say" in waited
    assert any("ApiGatewayAccountRole" in each for each in stage["DependsOn"])


def test_execution_logging_is_off_unless_asked_for() -> None:
    """It costs per message; the access log explains most failures."""
    stack = new_stack()
    smallest(stack, execution_logging=MethodLoggingLevel.ERROR)
    settings = only(synthesize(stack), STAGE)["Properties"]["DefaultRouteSettings"]
    assert (settings["LoggingLevel"], settings["DataTraceEnabled"]) == ("ERROR", False)


def test_access_log_tells_what_failed(template: Template) -> None:
    """A line per message names the route, the connection, the latency and what Lambda answered."""
    line = json.loads(only(template, STAGE)["Properties"]["AccessLogSettings"]["Format"])
    assert line["routeKey"] == "$context.routeKey"
    assert line["connectionId"] == "$context.connectionId"
    assert line["integrationLatency"] == "$context.integration.latency"
    assert line["integrationError"] == "$context.integration.error"
    assert line["authorizerStatus"] == "$context.authorizer.status"


def test_an_answer_goes_back_only_where_it_is_asked_for(template: Template) -> None:
    """A route response is what sends the function's answer to where the message came from."""
    (response,) = of_type(template, "AWS::ApiGatewayV2::RouteResponse").values()
    assert template["Resources"][response["Properties"]["RouteId"]["Ref"]]["Properties"]["RouteKey"] == "ask"


@pytest.mark.parametrize("expression", ["$request.body.type", "${request.body.message.kind}"])
def test_messages_name_their_route(expression: str) -> None:
    """Any member of a JSON message may."""
    stack = new_stack()
    smallest(stack, route_selection_expression=expression)
    api = only(synthesize(stack), "AWS::ApiGatewayV2::Api")["Properties"]
    assert (api["RouteSelectionExpression"], api["ProtocolType"]) == (expression, "WEBSOCKET")


@pytest.mark.parametrize("expression", ["", "action", "$request.header.action", "$request.body.", None])
def test_route_selection_expression_reads_the_message(expression: Any) -> None:
    """Nothing else comes with a message; API Gateway would fail the deployment, or take $default for ever."""
    with pytest.raises(RefusedError, match=r"route_selection_expression: got .*; allowed: \$request\.body\."):
        smallest(new_stack(), route_selection_expression=expression)


@pytest.mark.parametrize("key", ["$connect", "$default", "", "two words", "x" * 129, None])
def test_route_key_is_one_that_api_gateway_takes(key: Any) -> None:
    """The lifecycle's own routes are arguments of the API."""
    stack = new_stack()
    api = smallest(stack)
    with pytest.raises(RefusedError, match=r"route key: got .* fix: \"say\""):
        api.add_route(key, function(stack, "Say"))


def test_same_route_twice_is_refused() -> None:
    """The second would fail the deployment."""
    stack = new_stack()
    api, say = smallest(stack), function(stack, "Say")
    api.add_route("say", say)
    with pytest.raises(RefusedError, match="'Api': say: route: got it a second time; allowed: each key once"):
        api.add_route("say", say)


@pytest.mark.parametrize(
    "options",
    [
        {"stage_name": "$default"},
        {"throttle": ThrottleSettings(rate_limit=0, burst_limit=1)},
        {"connect": None},
    ],
    ids=lambda options: next(iter(options)),
)
def test_refused_api_leaves_nothing_behind(options: dict[str, Any]) -> None:
    """An argument that is refused adds no construct to the scope."""
    stack = new_stack()
    disconnect = function(stack, "Disconnect")
    with pytest.raises(RefusedError):
        smallest(stack, **{"connect": disconnect, "disconnect": disconnect, **options})
    assert not stack.node.try_find_child("Api")


def test_refused_route_leaves_nothing_behind() -> None:
    """After a refusal the same key can be added again."""
    stack = new_stack()
    api, say = smallest(stack), function(stack, "Say")
    before = len(api.node.find_all())
    with pytest.raises(RefusedError, match="say: throttle rate_limit: got 0"):
        api.add_route("say", say, throttle=ThrottleSettings(rate_limit=0, burst_limit=1))
    assert len(api.node.find_all()) == before
    api.add_route("say", say)


def test_only_hardened_functions_are_called_or_let_send() -> None:
    """A function without an alias and a budget has neither a handle nor a wait."""
    stack = new_stack()
    plain: Any = function(stack, "Say").unqualified_function
    api = smallest(stack)
    with pytest.raises(RefusedError, match="say: function: got Function; allowed: a HardenedFunction"):
        api.add_route("say", plain)
    with pytest.raises(RefusedError, match="grant_send: function: got Function; allowed: a HardenedFunction"):
        api.grant_send(plain)


def test_a_table_of_ones_own_may_serve() -> None:
    """One table for two APIs, or one that stands in a stack of data."""
    stack = new_stack()
    table = ConnectionTable(stack, "Connections")
    assert smallest(stack, connections=table).connections is table
    assert len(of_type(synthesize(stack), "AWS::DynamoDB::Table")) == 1


def test_underlying_objects_are_attributes() -> None:
    """Whoever needs a property that the construct does not offer reaches the L2 object."""
    stack = new_stack()
    api, say = smallest(stack), function(stack, "Say")
    assert isinstance(say, HardenedFunction)
    assert isinstance(api.add_route("say", say), apigatewayv2.WebSocketRoute)
    assert isinstance(api.web_socket_api, apigatewayv2.WebSocketApi)
    assert isinstance(api.stage, apigatewayv2.WebSocketStage)
    assert isinstance(api.connections.table, cdk.aws_dynamodb.Table)
    assert isinstance(api.access_log_group, cdk.aws_logs.LogGroup)
    assert api.url.startswith("wss://")
    assert api.callback_url.startswith("https://")
