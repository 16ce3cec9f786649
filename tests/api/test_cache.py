"""The cache: opt-in, complete key, encrypted, off where nobody asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_cognito as cognito

from constructs_lib import (
    Access,
    CachePolicy,
    CognitoAuthorizer,
    RefusedError,
    RequestAuthorizer,
    TokenAuthorizer,
)
from constructs_lib.limits import CACHE_SIZES_GB
from tests.api.apis import api_and_function, function, message, methods, settings
from tests.snapshots import resources
from tests.synth import only, synthesize

if TYPE_CHECKING:
    from collections.abc import Callable

    from syrupy.assertion import SnapshotAssertion

MINUTE = CachePolicy(ttl=60)


def test_cached_stage(snapshot: SnapshotAssertion) -> None:
    """One cached route among others: the stage's settings, and the method's key."""
    stack, api, orders = api_and_function()
    api.get("/orders/{id}", orders, query=["limit"], headers=["Accept-Language"], cache=MINUTE)
    api.get("/orders", orders)
    api.post("/orders", orders)
    assert resources(synthesize(stack), "AWS::ApiGateway::Stage", "AWS::ApiGateway::Method") == snapshot


def test_without_cached_routes_the_stage_says_that_its_cache_is_off() -> None:
    """CloudFormation leaves a cache on where the property merely disappears."""
    stack, api, orders = api_and_function(cache_size=6.1)
    api.get("/orders", orders)
    template = synthesize(stack)
    stage = only(template, "AWS::ApiGateway::Stage")["Properties"]
    assert stage["CacheClusterEnabled"] is False
    assert "CacheClusterSize" not in stage
    assert [each["CachingEnabled"] for each in settings(template).values()] == [False]


def test_no_policy_caches_nothing() -> None:
    """A stage that wants no cache says None in the same line of code."""
    stack, api, orders = api_and_function()
    api.get("/orders", orders, cache=None)
    assert only(synthesize(stack), "AWS::ApiGateway::Stage")["Properties"]["CacheClusterEnabled"] is False


def test_exactly_the_cached_routes_are_cached() -> None:
    """Entries are encrypted and kept as long as asked; every other GET says that it is not cached."""
    stack, api, orders = api_and_function(cache_size=1.6)
    api.get("/", orders)
    api.get("/orders", orders, cache=CachePolicy(ttl=cdk.Duration.minutes(5)))
    api.post("/orders", orders)
    api.get("/orders/{id}", orders)
    template = synthesize(stack)
    stage = only(template, "AWS::ApiGateway::Stage")["Properties"]
    assert (stage["CacheClusterEnabled"], stage["CacheClusterSize"]) == (True, "1.6")
    found = settings(template)
    assert {name: each["CachingEnabled"] for name, each in found.items()} == {
        "* /*": False,
        "GET /": False,
        "GET /~1orders": True,
        "GET /~1orders~1{id}": False,
    }
    cached = found["GET /~1orders"]
    assert (cached["CacheTtlInSeconds"], cached["CacheDataEncrypted"]) == (300, True)


def user_pool(stack: cdk.Stack) -> CognitoAuthorizer:
    """Make an authorizer of one user pool."""
    return CognitoAuthorizer([cognito.UserPool(stack, "Users")])


IDENTITIES: dict[str, tuple[Callable[[cdk.Stack], Any], list[str]]] = {
    "public": (lambda _: Access.PUBLIC, []),
    "token": (
        lambda stack: TokenAuthorizer(function(stack, "Check")),
        ["method.request.header.Authorization"],
    ),
    "token in another header": (
        lambda stack: TokenAuthorizer(function(stack, "Check"), header="X-Token"),
        ["method.request.header.X-Token"],
    ),
    "request": (
        lambda stack: RequestAuthorizer(function(stack, "Check"), headers=["X-Tenant"], query=["user"]),
        ["method.request.header.X-Tenant", "method.request.querystring.user"],
    ),
    "cognito": (user_pool, ["method.request.header.Authorization"]),
}


@pytest.mark.parametrize(("make", "identity"), IDENTITIES.values(), ids=IDENTITIES.keys())
def test_key_holds_every_input_and_the_caller(make: Callable[[cdk.Stack], Any], identity: list[str]) -> None:
    """Path, query and header inputs and what identifies the caller: in the key, and declared on the method."""
    stack, api, orders = api_and_function()
    api.get(
        "/orders/{id}",
        orders,
        authorizer=make(stack),
        query=["limit"],
        required_headers=["X-Shop"],
        cache=MINUTE,
    )
    method = methods(synthesize(stack))["GET /orders/{id}"]
    key = method["Integration"]["CacheKeyParameters"]
    inputs = ["method.request.path.id", "method.request.querystring.limit", "method.request.header.X-Shop"]
    assert key == [*inputs, *identity]
    assert set(key) <= set(method["RequestParameters"])
    required = {name for name, needed in method["RequestParameters"].items() if needed}
    assert required == {"method.request.path.id", "method.request.header.X-Shop"}


def test_api_key_is_an_identity() -> None:
    """Two partners with a key each never share an answer."""
    stack, api, orders = api_and_function()
    api.get("/orders", orders, api_key_required=True, cache=MINUTE)
    method = methods(synthesize(stack))["GET /orders"]
    assert method["Integration"]["CacheKeyParameters"] == ["method.request.header.x-api-key"]
    assert method["RequestParameters"] == {"method.request.header.x-api-key": False}


def test_ignored_header_stays_out_of_the_key() -> None:
    """A correlation id differs with every request; in the key it would make the cache useless."""
    stack, api, orders = api_and_function()
    policy = CachePolicy(ttl=60, ignored_headers=["X-Correlation-Id"])
    api.get("/orders", orders, headers=["X-Correlation-Id", "Accept"], cache=policy)
    method = methods(synthesize(stack))["GET /orders"]
    assert method["Integration"]["CacheKeyParameters"] == ["method.request.header.Accept"]
    assert "method.request.header.X-Correlation-Id" in method["RequestParameters"]


@pytest.mark.parametrize("size", CACHE_SIZES_GB)
def test_every_size_on_the_list_is_taken(size: float) -> None:
    """All eight sizes of API Gateway pass."""
    api_and_function(cache_size=float(size))


@pytest.mark.parametrize(("size", "got", "fix"), [(1, "1", "0.5"), (200, "200", "237"), (0, "0", "0.5")])
def test_size_off_the_list_is_refused(size: float, got: str, fix: str) -> None:
    """The message lists the sizes and names the nearest."""
    with pytest.raises(RefusedError) as refusal:
        api_and_function(cache_size=size)
    assert str(refusal.value) == message(
        "cache_size", got=got, allowed="0.5, 1.6, 6.1, 13.5, 28.4, 58.2, 118, 237 (GB)", fix=fix
    )


def test_size_token_is_refused() -> None:
    """A token is not the number that it is encoded as."""
    with pytest.raises(
        RefusedError, match="cache_size: got a token, whose value is known only at deploy time"
    ):
        api_and_function(cache_size=cdk.Token.as_number({"Ref": "Size"}))


def refusal_of(policy: CachePolicy, **options: Any) -> str:
    """Give the message with which a cached GET is refused."""
    _, api, orders = api_and_function()
    with pytest.raises(RefusedError) as refusal:
        api.get("/orders", orders, cache=policy, **options)
    return str(refusal.value)


@pytest.mark.parametrize(("ttl", "fix"), [(0, "1"), (3601, "3600"), (-5, "1"), (1.5, "1")])
def test_ttl_out_of_range_is_refused(ttl: float, fix: str) -> None:
    """0 would switch the cache off, over an hour API Gateway refuses."""
    assert refusal_of(CachePolicy(ttl=ttl)) == message(
        "GET /orders: cache ttl", got=f"{ttl:g} s", allowed="whole seconds from 1 to 3600", fix=fix
    )


def test_ttl_token_is_refused() -> None:
    """A Duration of a token is not compared with the limit."""
    ttl = cdk.Duration.seconds(cdk.Token.as_number({"Ref": "Ttl"}))
    assert "cache ttl: got a token, whose value is known only at deploy time" in refusal_of(
        CachePolicy(ttl=ttl)
    )


def test_iam_cannot_be_cached() -> None:
    """No header says who signed, and the signature differs every time."""
    found = refusal_of(MINUTE, authorizer=Access.IAM)
    assert found.startswith(
        "HardenedRestApi 'Api': GET /orders: cache: got a cache on a route with IAM authorization"
    )
    assert "the signature differs with every request" in found


def test_anonymous_request_authorizer_cannot_be_cached(stack: cdk.Stack) -> None:
    """Without identity sources nothing in the request is known to identify the caller."""
    authorizer = RequestAuthorizer(function(stack, "Check"), headers=[])
    assert "whose request authorizer names no identity source" in refusal_of(MINUTE, authorizer=authorizer)


def test_ignored_header_must_be_declared() -> None:
    """A typo would leave the header in the key."""
    found = refusal_of(CachePolicy(ttl=60, ignored_headers=["X-Corelation-Id"]), headers=["X-Correlation-Id"])
    assert found == message(
        "GET /orders: cache ignored_headers",
        got="X-Corelation-Id",
        allowed="headers that the route declares",
        fix="declare it with headers=[...], or leave it out: what is not declared is not in the key",
    )


def test_identity_cannot_be_ignored(stack: cdk.Stack) -> None:
    """Who calls is never left out of the key."""
    found = refusal_of(
        CachePolicy(ttl=60, ignored_headers=["Authorization"]),
        headers=["Authorization"],
        authorizer=TokenAuthorizer(function(stack, "Check")),
    )
    assert found.endswith("fix: keep it in the key, else one caller gets another's answer")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "HEAD", "ANY"])
def test_other_methods_cannot_be_cached(method: str) -> None:
    """What changes something must reach the function."""
    _, api, orders = api_and_function()
    with pytest.raises(RefusedError) as refusal:
        api.add_route(method, "/orders", orders, cache=MINUTE)
    assert str(refusal.value) == message(
        f"{method} /orders: cache",
        got=f"a cache on {method}",
        allowed="GET: what changes something must reach the function",
        fix="drop the cache, or move what is only read to a GET route",
    )


@pytest.mark.parametrize("other", ["asynchronous", "stream"])
def test_answers_without_an_end_cannot_be_cached(other: str) -> None:
    """A 202 and a stream have no whole answer to keep."""
    assert f"got a cache together with {other}=True" in refusal_of(MINUTE, **{other: True})
