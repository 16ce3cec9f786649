"""Asynchronous routes: 202 at once, an event like the proxy's, and a place for failures."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_sqs as sqs

from constructs_lib import (
    Access,
    AsyncFailure,
    HardenedFunction,
    RefusedError,
    TimeoutBudget,
    TokenAuthorizer,
)
from tests.api.apis import api_and_function, function, message, methods
from tests.snapshots import resources
from tests.synth import synthesize

if TYPE_CHECKING:
    import aws_cdk as cdk
    from syrupy.assertion import SnapshotAssertion

BUDGET = TimeoutBudget(gateway=None, init=2, work=20)


def worker(stack: cdk.Stack, **options: Any) -> HardenedFunction:
    """Make a function that is invoked asynchronously."""
    return function(stack, "Report", BUDGET, **{"async_failure": AsyncFailure(), **options})


def test_asynchronous_route(snapshot: SnapshotAssertion) -> None:
    """Invocation type Event, the mapping, and the 202."""
    stack, api, _ = api_and_function()
    api.post("/reports/{month}", worker(stack), asynchronous=True, query=["format"])
    assert resources(synthesize(stack), "AWS::ApiGateway::Method") == snapshot


def event_of(**options: Any) -> dict[str, Any]:
    """Give the event that the function gets, with the mapping's expressions in place of their values."""
    stack, api, _ = api_and_function()
    authorizer = options.pop("authorizer", Access.PUBLIC)
    authorizer = authorizer(stack) if callable(authorizer) else authorizer
    api.post("/reports/{month}", worker(stack), asynchronous=True, authorizer=authorizer, **options)
    integration = methods(synthesize(stack))["POST /reports/{month}"]["Integration"]
    template = integration["RequestTemplates"]["application/json"]
    found: dict[str, Any] = json.loads(
        re.sub(r'"\$util\.escapeJavaScript\((.*?)\)\.replaceAll\([^)]*\)"', r'"\1"', template)
    )
    return found


def test_event_is_like_the_proxys() -> None:
    """A handler reads it as it reads a synchronous request; only declared inputs are in it."""
    event = event_of(query=["format"], required_headers=["X-Shop"])
    assert event["pathParameters"] == {"month": "$input.params('month')"}
    assert event["queryStringParameters"] == {"format": "$input.params('format')"}
    assert event["headers"] == {"X-Shop": "$input.params('X-Shop')"}
    assert event["body"] == "$input.body"
    assert event["isBase64Encoded"] is False
    assert event["resource"] == "/reports/{month}"
    assert event["requestContext"]["requestId"] == "$context.requestId"


@pytest.mark.parametrize(
    ("authorizer", "caller"),
    [
        (Access.PUBLIC, None),
        (Access.IAM, "$context.identity.userArn"),
        (lambda stack: TokenAuthorizer(function(stack, "Check")), "$context.authorizer.principalId"),
    ],
)
def test_event_says_who_called_without_the_token(authorizer: Any, caller: str | None) -> None:
    """The event waits in Lambda's queue and in a dead-letter queue; a bearer token has no place there."""
    event = event_of(authorizer=authorizer)
    assert event["requestContext"].get("caller") == caller
    assert event["headers"] == {}


def test_apostrophes_survive() -> None:
    r"""The mapping's escaping writes \' for them, which JSON does not know, and takes it back."""
    stack, api, _ = api_and_function()
    api.post("/reports", worker(stack), asynchronous=True)
    integration = methods(synthesize(stack))["POST /reports"]["Integration"]
    body = """"body":"$util.escapeJavaScript($input.body).replaceAll("\\\\'","'")\""""
    assert body in integration["RequestTemplates"]["application/json"]
    assert integration["PassthroughBehavior"] == "NEVER"


def test_destination_is_a_failure_path_too() -> None:
    """An on-failure destination does as well as a dead-letter queue."""
    stack, api, _ = api_and_function()
    failed = destinations.SqsDestination(sqs.Queue(stack, "Failed"))
    api.post("/reports", worker(stack, async_failure=AsyncFailure(destination=failed)), asynchronous=True)
    assert methods(synthesize(stack))["POST /reports"]["MethodResponses"] == [{"StatusCode": "202"}]


def test_function_that_loses_failed_events_is_refused() -> None:
    """The caller has its 202; nobody else would hear of the failure."""
    stack, api, _ = api_and_function()
    with pytest.raises(RefusedError) as refusal:
        api.post("/reports", worker(stack, async_failure=None), asynchronous=True)
    assert str(refusal.value) == message(
        "POST /reports: asynchronous",
        got="a function without an asynchronous failure path: nobody would see a failed event again",
        allowed="a function with a dead-letter queue or an on-failure destination",
        fix="HardenedFunction(..., async_failure=AsyncFailure())",
    )


def test_one_name_in_two_places_is_refused() -> None:
    """The mapping reads inputs by name: path before query before header."""
    stack, api, _ = api_and_function()
    with pytest.raises(RefusedError) as refusal:
        api.post("/reports/{month}", worker(stack), asynchronous=True, query=["month"])
    assert str(refusal.value) == message(
        "POST /reports/{month}: asynchronous",
        got="'month' as an input in two places",
        allowed="one name per input: the mapping of an asynchronous route reads inputs by name alone",
        fix="rename one of them",
    )
