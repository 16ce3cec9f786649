"""APIs in one stack, functions in another: everything points from the API to the function, so that no cycle arises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest

from constructs_lib import (
    Access,
    ConnectionTable,
    HardenedFunction,
    HardenedHttpApi,
    HardenedRestApi,
    HardenedWebSocketApi,
    ProvisionedConcurrency,
    RefusedError,
    RequestAuthorizer,
    TimeoutBudget,
    TokenAuthorizer,
    assert_policy,
)
from tests.api.apis import function
from tests.synth import new_stack, of_type, synthesize

if TYPE_CHECKING:
    from collections.abc import Callable


def stacks() -> tuple[cdk.Stack, cdk.Stack]:
    """Make a stack of functions and a stack of APIs, in one app."""
    functions = new_stack(name="Functions")
    return functions, beside(functions, "Front")


def beside(stack: cdk.Stack, name: str) -> cdk.Stack:
    """Make another stack in the app of one."""
    app = stack.node.root
    assert isinstance(app, cdk.App)
    return cdk.Stack(app, name, env=cdk.Environment(account=stack.account, region=stack.region))


def authorizer_of(stack: cdk.Stack) -> HardenedFunction:
    """Make an authorizer whose alias is kept warm, and scales."""
    warm = ProvisionedConcurrency(minimum=1, maximum=5)
    return function(stack, "Check", TimeoutBudget(gateway=10, init=1), provisioned=warm)


def rest(functions: cdk.Stack, front: cdk.Stack) -> None:
    """Put a REST API in front of the functions."""
    api = HardenedRestApi(front, "Api", authorizer=TokenAuthorizer(authorizer_of(functions)))
    api.get("/orders", function(functions))
    api.post("/orders", function(functions, "Place"))


def http(functions: cdk.Stack, front: cdk.Stack) -> None:
    """Put an HTTP API in front of the functions."""
    api = HardenedHttpApi(front, "Api", authorizer=RequestAuthorizer(authorizer_of(functions)))
    api.get("/orders", function(functions))
    api.post("/orders", function(functions, "Place"))


def websocket(functions: cdk.Stack, front: cdk.Stack) -> HardenedWebSocketApi:
    """Put a WebSocket API in front of the functions, one of which sends."""
    say = function(functions, "Say")
    connections = ConnectionTable(functions, "Connections")
    connections.grant_find(say)
    api = HardenedWebSocketApi(
        front,
        "Api",
        authorizer=RequestAuthorizer(authorizer_of(functions), headers=[], query=["token"]),
        connect=function(functions, "Connect"),
        disconnect=function(functions, "Disconnect"),
        connections=connections,
    )
    api.add_route("say", say)
    api.grant_send(say)
    return api


@pytest.mark.parametrize("build", [rest, http, websocket])
def test_the_api_needs_the_functions_and_not_the_reverse(
    build: Callable[[cdk.Stack, cdk.Stack], Any],
) -> None:
    """Integrations, permissions and the authorizer with its warm alias are all the API's; both stacks pass the policy."""
    functions, front = stacks()
    build(functions, front)
    behind, before = synthesize(functions), synthesize(front)
    assert [stack.stack_name for stack in front.dependencies] == ["Functions"]
    assert functions.dependencies == []
    assert not of_type(behind, "AWS::Lambda::Permission")
    assert of_type(behind, "AWS::ApplicationAutoScaling::ScalableTarget")
    authorizers = [
        each
        for each in of_type(before, "AWS::Lambda::Permission").values()
        if "/authorizers/" in str(each["Properties"]["SourceArn"])
    ]
    assert len(authorizers) == 1
    assert "Fn::ImportValue" in authorizers[0]["Properties"]["FunctionName"]
    assert_policy(functions, strict=True)
    assert_policy(front, strict=True)


def test_what_a_route_of_another_stack_may_send_is_the_apis_policy() -> None:
    """Its own role would name the API, which names it; it learns the callback URL from its event."""
    functions, front = stacks()
    websocket(functions, front)
    (policy,) = of_type(synthesize(front), "AWS::IAM::Policy").values()
    (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Action"] == "execute-api:ManageConnections"
    assert statement["Resource"]["Fn::Join"][1][-1] == "/live/POST/@connections/*"
    assert "Fn::ImportValue" in policy["Properties"]["Roles"][0]
    for each in of_type(synthesize(functions), "AWS::Lambda::Function").values():
        assert "CALLBACK_URL" not in each["Properties"]["Environment"]["Variables"]


def test_a_sender_of_another_stack_that_answers_no_route_is_told_where() -> None:
    """A worker that notifies needs the API, and the API does not need it."""
    functions, front = stacks()
    api = websocket(functions, front)
    workers = beside(functions, "Workers")
    notify = function(workers, "Notify", TimeoutBudget(gateway=None, init=2, work=5))
    api.grant_send(notify)
    template = synthesize(workers)
    assert [stack.stack_name for stack in workers.dependencies] == ["Front"]
    (made,) = of_type(template, "AWS::Lambda::Function").values()
    assert "CALLBACK_URL" in made["Properties"]["Environment"]["Variables"]
    assert "execute-api:ManageConnections" in str(of_type(template, "AWS::IAM::Policy"))


@pytest.mark.parametrize("where", ["beside the API", "of its own"])
def test_a_table_in_the_apis_stack_would_be_a_cycle_and_is_refused(where: str) -> None:
    """The functions would need its name, and their stack is needed by the API's."""
    functions, front = stacks()
    table = ConnectionTable(front, "Connections") if where == "beside the API" else None
    connect = function(functions, "Connect")
    with pytest.raises(RefusedError) as refusal:
        HardenedWebSocketApi(
            front, "Api", authorizer=Access.IAM, connect=connect, disconnect=connect, connections=table
        )
    assert str(refusal.value) == str(
        RefusedError(
            "HardenedWebSocketApi 'Api': $connect: connections",
            got="a table in the API's stack, and a function of another: each stack would need the other",
            allowed="a table in the function's stack, or in a third",
            fix="connections=ConnectionTable(functions_stack, ...)",
        )
    )
    assert not front.node.try_find_child("Api")


def test_a_route_for_a_function_that_knows_the_api_already_is_refused() -> None:
    """Its variable cannot be taken back, and the route would close the cycle."""
    functions, front = stacks()
    api = websocket(functions, front)
    shout = function(functions, "Shout")
    api.grant_send(shout)
    with pytest.raises(RefusedError, match="shout: function: got one of another stack that has this API's"):
        api.add_route("shout", shout)


def test_functions_beside_the_api_keep_their_variable() -> None:
    """Within one stack there is nothing to avoid."""
    stack = new_stack()
    say = function(stack, "Say")
    api = HardenedWebSocketApi(
        stack, "Api", authorizer=Access.IAM, connect=function(stack, "Connect"), disconnect=say, default=say
    )
    api.grant_send(say)
    found = of_type(synthesize(stack), "AWS::Lambda::Function").items()
    (variables,) = (
        each["Properties"]["Environment"]["Variables"] for name, each in found if name.startswith("Say")
    )
    assert {"CALLBACK_URL", "CONNECTIONS_TABLE"} <= variables.keys()
