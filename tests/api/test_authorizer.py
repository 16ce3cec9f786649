"""Who may call: every route says it, and no kept decision answers for another route or caller."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cognito as cognito
from aws_cdk.assertions import Annotations, Match

from constructs_lib import (
    Access,
    CognitoAuthorizer,
    HardenedRestApi,
    RefusedError,
    RequestAuthorizer,
    TimeoutBudget,
    TokenAuthorizer,
)
from tests.api.apis import api_and_function, function, message, methods
from tests.synth import of_type, only, synthesize

if TYPE_CHECKING:
    from tests.snapshots import Template


def template_of(authorizer: Any) -> Template:
    """Synthesize an API with one route under an authorizer, which may be made of the stack."""
    stack, api, orders = api_and_function(authorizer=None)
    api.get("/orders", orders, authorizer=authorizer(stack) if callable(authorizer) else authorizer)
    return synthesize(stack)


def check(stack: cdk.Stack) -> Any:
    """Make the authorizer function."""
    return function(stack, "Check")


@pytest.mark.parametrize(("access", "kind"), [(Access.PUBLIC, "NONE"), (Access.IAM, "AWS_IAM")])
def test_access_without_an_authorizer(access: Access, kind: str) -> None:
    """Public and IAM routes need no further resource."""
    template = template_of(access)
    assert methods(template)["GET /orders"]["AuthorizationType"] == kind
    assert not of_type(template, "AWS::ApiGateway::Authorizer")


def test_route_must_say_who_may_call_it() -> None:
    """Nothing is open by accident."""
    _, api, orders = api_and_function(authorizer=None)
    with pytest.raises(RefusedError) as refusal:
        api.get("/orders", orders)
    assert str(refusal.value) == message(
        "GET /orders: authorizer",
        got="none, neither on the route nor on the API",
        allowed="an authorizer, Access.IAM or Access.PUBLIC",
        fix="authorizer=Access.PUBLIC if everyone may call it",
    )


def test_route_overrides_the_apis_authorizer() -> None:
    """The API's authorizer is for routes that say nothing."""
    stack, api, orders = api_and_function(authorizer=Access.IAM)
    api.get("/orders", orders)
    api.get("/health", orders, authorizer=Access.PUBLIC)
    found = {route: method["AuthorizationType"] for route, method in methods(synthesize(stack)).items()}
    assert found == {"GET /orders": "AWS_IAM", "GET /health": "NONE"}


def test_token_authorizer_keeps_no_decision_by_default() -> None:
    """A kept policy for one route would answer 403 on the next."""
    template = template_of(lambda stack: TokenAuthorizer(check(stack), validation_regex="^Bearer .+$"))
    authorizer = only(template, "AWS::ApiGateway::Authorizer")["Properties"]
    assert authorizer["Type"] == "TOKEN"
    assert authorizer["AuthorizerResultTtlInSeconds"] == 0
    assert authorizer["IdentitySource"] == "method.request.header.Authorization"
    assert authorizer["IdentityValidationExpression"] == "^Bearer .+$"
    assert methods(template)["GET /orders"]["AuthorizationType"] == "CUSTOM"


def test_authorizer_is_called_through_the_alias() -> None:
    """Its warm capacity counts, and API Gateway may invoke it for this authorizer alone."""
    template = template_of(lambda stack: TokenAuthorizer(check(stack)))
    (alias,) = (name for name in of_type(template, "AWS::Lambda::Alias") if name.startswith("Check"))
    ((name, authorizer),) = of_type(template, "AWS::ApiGateway::Authorizer").items()
    assert {"Ref": alias} in authorizer["Properties"]["AuthorizerUri"]["Fn::Join"][1]
    permissions = [p["Properties"] for p in of_type(template, "AWS::Lambda::Permission").values()]
    (permission,) = (p for p in permissions if p["FunctionName"] == {"Ref": alias})
    assert permission["SourceArn"]["Fn::Join"][1][-2:] == ["/authorizers/", {"Ref": name}]


def test_request_authorizer_keeps_no_decision_by_default() -> None:
    """Its identity sources are what it is given, no more."""
    template = template_of(
        lambda stack: RequestAuthorizer(check(stack), headers=["X-Tenant"], query=["user"])
    )
    authorizer = only(template, "AWS::ApiGateway::Authorizer")["Properties"]
    assert authorizer["Type"] == "REQUEST"
    assert authorizer["AuthorizerResultTtlInSeconds"] == 0
    assert authorizer["IdentitySource"] == "method.request.header.X-Tenant,method.request.querystring.user"


def test_kept_decision_is_kept_per_route() -> None:
    """With a TTL, method and path are part of the identity."""
    template = template_of(lambda stack: RequestAuthorizer(check(stack), cache_ttl=cdk.Duration.minutes(1)))
    authorizer = only(template, "AWS::ApiGateway::Authorizer")["Properties"]
    assert authorizer["AuthorizerResultTtlInSeconds"] == 60
    assert (
        authorizer["IdentitySource"] == "method.request.header.Authorization,context.httpMethod,context.path"
    )


def test_cognito_authorizer_with_scopes() -> None:
    """The pool's tokens are good where one of the scopes is in them."""
    stack, api, orders = api_and_function(authorizer=None)
    users = CognitoAuthorizer([cognito.UserPool(stack, "Users")])
    api.get("/orders", orders, authorizer=users, scopes=["orders/read"])
    api.get("/others", orders, authorizer=users)
    template = synthesize(stack)
    assert only(template, "AWS::ApiGateway::Authorizer")["Properties"]["Type"] == "COGNITO_USER_POOLS"
    found = methods(template)
    assert found["GET /orders"]["AuthorizationType"] == "COGNITO_USER_POOLS"
    assert found["GET /orders"]["AuthorizationScopes"] == ["orders/read"]
    assert "AuthorizationScopes" not in found["GET /others"]


def test_equal_authorizers_are_one() -> None:
    """Written out twice they are still one authorizer; another header makes another."""
    stack, api, orders = api_and_function(authorizer=None)
    function_ = check(stack)
    api.get("/a", orders, authorizer=TokenAuthorizer(function_))
    api.get("/b", orders, authorizer=TokenAuthorizer(function_))
    api.get("/c", orders, authorizer=TokenAuthorizer(function_, header="X-Token"))
    assert len(of_type(synthesize(stack), "AWS::ApiGateway::Authorizer")) == 2


@pytest.mark.parametrize(("ttl", "fix"), [(3601, "3600"), (-1, "0")])
def test_ttl_out_of_range_is_refused(ttl: int, fix: str) -> None:
    """API Gateway keeps a decision for an hour at most."""
    stack, api, orders = api_and_function()
    with pytest.raises(RefusedError) as refusal:
        api.get("/orders", orders, authorizer=TokenAuthorizer(check(stack), cache_ttl=ttl))
    assert str(refusal.value) == message(
        "GET /orders: authorizer cache_ttl", got=f"{ttl} s", allowed="whole seconds from 0 to 3600", fix=fix
    )


def test_kept_decision_without_identity_is_refused() -> None:
    """One caller's decision would be everyone's."""
    stack, api, orders = api_and_function()
    with pytest.raises(RefusedError) as refusal:
        api.get("/orders", orders, authorizer=RequestAuthorizer(check(stack), headers=[], cache_ttl=60))
    assert str(refusal.value) == message(
        "GET /orders: authorizer cache_ttl",
        got="60 s without identity sources",
        allowed="headers or query parameters that identify the caller, or no cache_ttl",
        fix='RequestAuthorizer(function, headers=["Authorization"], cache_ttl=...)',
    )


def test_foreign_authorizer_is_refused() -> None:
    """CDK's own authorizers do not tell what identifies the caller."""
    stack, api, orders = api_and_function()
    foreign: Any = apigateway.CognitoUserPoolsAuthorizer(
        stack, "Foreign", cognito_user_pools=[cognito.UserPool(stack, "Users")]
    )
    with pytest.raises(RefusedError, match="authorizer: got CognitoUserPoolsAuthorizer; allowed: Access"):
        api.get("/orders", orders, authorizer=foreign)


def test_scopes_need_cognito() -> None:
    """API Gateway ignores scopes of any other authorizer."""
    _, api, orders = api_and_function()
    with pytest.raises(
        RefusedError, match="got scopes without a Cognito authorizer, which API Gateway ignores"
    ):
        api.get("/orders", orders, scopes=["orders/read"])


@pytest.mark.parametrize(("seconds", "warnings"), [(29, 0), (30, 1)])
def test_slow_authorizer_is_warned_about(seconds: int, warnings: int, stack: cdk.Stack) -> None:
    """AWS documents no limit, so what others measured is a warning and no refusal."""
    slow = function(stack, "Check", TimeoutBudget(gateway=None, init=2, function=seconds))
    HardenedRestApi(stack, "Api", authorizer=TokenAuthorizer(slow)).get("/orders", function(stack))
    found = Annotations.from_stack(stack).find_warning(
        "*", Match.string_like_regexp("an authorizer may run 30 s; API Gateway is known to wait 29 s")
    )
    assert len(found) == warnings


@pytest.mark.parametrize(
    ("options", "what"),
    [({"headers": "Authorization"}, "headers"), ({"query": ["a b"]}, "query")],
)
def test_bad_identity_source_is_refused(options: dict[str, Any], what: str) -> None:
    """A lone string would name one header per letter."""
    stack, api, orders = api_and_function()
    with pytest.raises(
        RefusedError, match=f"GET /orders: authorizer: {what}: got .*; allowed: a list of literal names"
    ):
        api.get("/orders", orders, authorizer=RequestAuthorizer(check(stack), **options))


def test_bad_token_header_is_refused() -> None:
    """An empty header name would be a mapping to nothing."""
    stack, api, orders = api_and_function()
    with pytest.raises(RefusedError, match=r"GET /orders: authorizer: header: got \[''\]"):
        api.get("/orders", orders, authorizer=TokenAuthorizer(check(stack), header=""))


def test_authorizer_without_pools_is_refused() -> None:
    """API Gateway would let nobody in, and say so at deploy time."""
    _, api, orders = api_and_function()
    with pytest.raises(RefusedError, match="authorizer: got a Cognito authorizer without user pools"):
        api.get("/orders", orders, authorizer=CognitoAuthorizer([]))


def test_clients_are_not_for_rest_apis() -> None:
    """A REST API takes the tokens of all clients; one that seemed to be kept out would get in."""
    stack, api, orders = api_and_function()
    pool = cognito.UserPool(stack, "Users")
    with pytest.raises(RefusedError, match="got clients of a user pool, which a REST API cannot tell apart"):
        api.get("/orders", orders, authorizer=CognitoAuthorizer([pool], clients=[pool.add_client("Website")]))


def test_authorizer_function_is_hardened() -> None:
    """An alias alone has no budget that says how long the gateway waits for a decision."""
    _, api, orders = api_and_function()
    alias: Any = orders.alias
    for made in (TokenAuthorizer, RequestAuthorizer):
        with pytest.raises(RefusedError, match="authorizer: got Alias; allowed: a HardenedFunction"):
            api.get("/orders", orders, authorizer=made(alias))
