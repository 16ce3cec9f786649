"""HTTP and WebSocket APIs of this library are deployed, called for real, and answer as they would in AWS."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_lambda as lambda_
from aws_cdk.aws_apigateway import ThrottleSettings

from constructs_lib import (
    Access,
    ConnectionTable,
    HardenedFunction,
    HardenedHttpApi,
    HardenedWebSocketApi,
    ProvisionedConcurrency,
    RequestAuthorizer,
    TimeoutBudget,
)
from constructs_lib.local import Deployment, LocalAws, deploy
from tests.local.websocket import Client

pytestmark = pytest.mark.local

HANDLERS = """
import json, os, time

def orders(event, context):
    query = event.get("queryStringParameters") or {}
    if "fail" in query:
        raise ValueError("the database's password is wrong")
    time.sleep(float(query.get("sleep", 0)))
    called = context.invoked_function_arn.rpartition(":")[2]
    caller = (event["requestContext"].get("authorizer") or {}).get("lambda")
    return {"statusCode": 200, "body": json.dumps({"route": event["routeKey"], "version": called, "caller": caller})}

def check(event, context):
    if event.get("version") == "2.0":
        return {"isAuthorized": event["headers"]["authorization"] == "good", "context": {"customer": "acme"}}
    effect = "Allow" if event["queryStringParameters"]["token"] == "good" else "Deny"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
    return {"principalId": "acme", "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}}

def table():
    import boto3
    return boto3.resource("dynamodb").Table(os.environ["CONNECTIONS_TABLE"])

def connect(event, context):
    expires_at = int(time.time()) + int(os.environ["CONNECTION_LIFE_SECONDS"])
    table().put_item(Item={"connection_id": event["requestContext"]["connectionId"], "expires_at": expires_at})
    return {"statusCode": 200}

def disconnect(event, context):
    table().delete_item(Key={"connection_id": event["requestContext"]["connectionId"]})
    return {"statusCode": 200}

def say(event, context):
    import boto3
    text = json.loads(event["body"])["text"]
    connections = boto3.client("apigatewaymanagementapi", endpoint_url=os.environ["CALLBACK_URL"])
    for item in table().scan()["Items"]:
        connections.post_to_connection(ConnectionId=item["connection_id"], Data=text.encode())
    return {"statusCode": 200}
"""
# A first boto3 import takes seconds where two cores are shared by all.
PATIENT = TimeoutBudget(gateway=20, init=1)


def function(
    stack: cdk.Stack, name: str, budget: TimeoutBudget = PATIENT, **options: Any
) -> HardenedFunction:
    """Make one of the handlers a function."""
    code = lambda_.Code.from_inline(HANDLERS)
    return HardenedFunction(stack, name, code=code, handler=f"index.{name.lower()}", budget=budget, **options)


def system(app: cdk.App) -> None:
    """Put both kinds of API in front of functions that live in another stack, but the sender in theirs."""
    behind, front = cdk.Stack(app, "Behind"), cdk.Stack(app, "Front")
    quick = TimeoutBudget(gateway=9, init=1)
    check = function(behind, "Check", quick, provisioned=ProvisionedConcurrency(minimum=1))
    orders = function(behind, "Orders", quick)
    api = HardenedHttpApi(front, "Api", authorizer=RequestAuthorizer(check))
    api.get("/orders/{id}", orders)
    api.get("/open", orders, authorizer=Access.PUBLIC)
    api.get(
        "/rare", orders, authorizer=Access.PUBLIC, throttle=ThrottleSettings(rate_limit=0.01, burst_limit=1)
    )
    # What no construct makes: an API that waits shorter than the function runs.
    hasty = (
        api.get("/hasty", orders, authorizer=Access.PUBLIC).node.find_child("Integration").node.default_child
    )
    assert isinstance(hasty, cdk.CfnResource)
    hasty.add_property_override("TimeoutInMillis", 1000)
    cdk.CfnOutput(front, "ApiUrl", value=api.url)

    connections = ConnectionTable(behind, "Connections")
    say = function(front, "Say")
    connections.grant_find(say)
    chat = HardenedWebSocketApi(
        front,
        "Chat",
        authorizer=RequestAuthorizer(check, headers=[], query=["token"]),
        connect=function(behind, "Connect"),
        disconnect=function(behind, "Disconnect"),
        connections=connections,
    )
    chat.add_route("say", say, return_response=True)
    chat.grant_send(say)
    cdk.CfnOutput(front, "ChatUrl", value=chat.url)
    cdk.CfnOutput(front, "ConnectionsTable", value=connections.table.table_name)


@pytest.fixture(scope="module")
def deployment(local: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """Deploy the system once."""
    app = cdk.App(outdir=str(tmp_path_factory.mktemp("app") / "cdk.out"), analytics_reporting=False)
    system(app)
    return deploy(local, Path(app.synth().directory))


def get(deployment: Deployment, path: str, token: str | None = None) -> tuple[int, Any]:
    """Call a route of the HTTP API; give status and body."""
    url = deployment.invoke_urls["Front.ApiUrl"] + path
    request = urllib.request.Request(url, headers={} if token is None else {"Authorization": token})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def test_route_reaches_the_version_behind_the_alias_of_another_stack(deployment: Deployment) -> None:
    """A request with a good token runs the published version, and the function learns who called."""
    found = {"route": "GET /orders/{id}", "version": "1", "caller": {"customer": "acme"}}
    assert get(deployment, "/orders/7", "good") == (200, found)


def test_authorizer_of_another_stack_decides(deployment: Deployment) -> None:
    """No token is a 401 without a call, a bad one a 403; a public route asks for none."""
    assert get(deployment, "/orders/7") == (401, {"message": "Unauthorized"})
    assert get(deployment, "/orders/7", "bad") == (403, {"message": "Forbidden"})
    assert get(deployment, "/open")[0] == 200


def test_throttled_route_is_a_429(deployment: Deployment) -> None:
    """The route's own bucket holds one request; other routes go on."""
    assert [get(deployment, "/rare")[0] for _ in range(2)] == [200, 429]
    assert get(deployment, "/open")[0] == 200


def test_failed_function_is_a_plain_500(deployment: Deployment) -> None:
    """A caller never sees the error of a function, only that there was one."""
    assert get(deployment, "/open?fail=1") == (500, {"message": "Internal Server Error"})


def test_api_gives_up_and_function_lives_on(deployment: Deployment) -> None:
    """A function slower than TimeoutInMillis means 503; the next request works."""
    get(deployment, "/open")
    assert get(deployment, "/hasty?sleep=2") == (503, {"message": "Service Unavailable"})
    assert get(deployment, "/open")[0] == 200


def chat_url(deployment: Deployment, token: str) -> str:
    """Give the address of the WebSocket API with a token."""
    return f"{deployment.invoke_urls['Front.ChatUrl']}?token={token}"


def test_connection_needs_a_good_token(deployment: Deployment) -> None:
    """The authorizer is asked before the connection stands."""
    with Client(chat_url(deployment, "bad")) as refused:
        assert refused.status == 403


def test_a_message_reaches_everyone_who_is_connected(deployment: Deployment, local: LocalAws) -> None:
    """The table knows the connections, the sender knows where to send, and who leaves is forgotten."""
    with Client(chat_url(deployment, "good")) as one, Client(chat_url(deployment, "good")) as other:
        assert (one.status, other.status) == (101, 101)
        one.send(json.dumps({"action": "say", "text": "hello"}))
        assert (one.receive(), other.receive()) == ("hello", "hello")
    until = time.monotonic() + 30
    table = deployment.outputs["Front"]["ConnectionsTable"]
    while (left := local.client("dynamodb").scan(TableName=table)["Count"]) and time.monotonic() < until:
        time.sleep(0.2)
    assert left == 0


def test_a_failed_message_names_no_error(deployment: Deployment) -> None:
    """The client learns that its message failed, and under which id, but not why."""
    with Client(chat_url(deployment, "good")) as client:
        client.send(json.dumps({"action": "say"}))
        answer = json.loads(client.receive())
    assert answer.keys() == {"message", "connectionId", "requestId"}
    assert answer["message"] == "Internal server error"


def test_what_the_local_aws_does_not_have_is_left_out_and_said(deployment: Deployment) -> None:
    """A route response is no resource of MiniStack's; the change is listed."""
    said = [str(change) for changes in deployment.changes.values() for change in changes]
    assert [line for line in said if "AWS::ApiGatewayV2::RouteResponse" in line and "left out" in line]
