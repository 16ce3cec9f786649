"""Pages of other origins: what browsers take, and preflights that reach API Gateway rather than an authorizer."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Annotations, Match
from aws_cdk.aws_apigatewayv2 import CorsHttpMethod, CorsPreflightOptions

from constructs_lib import Access, JwtAuthorizer, RefusedError
from tests.api.http_apis import api_and_function, message, routes
from tests.synth import only, synthesize

CUSTOMERS = JwtAuthorizer("https://login.shop.example/", audience=["shop-website"])
SHOP = CorsPreflightOptions(allow_origins=["https://shop.example"], allow_headers=["authorization"])


def test_cors_is_the_apis() -> None:
    """API Gateway answers preflights itself, and sets the headers of answers and of its own errors."""
    stack, api, orders = api_and_function(
        cors=CorsPreflightOptions(
            allow_origins=["https://shop.example", "https://*"],
            allow_credentials=True,
            allow_headers=["Authorization"],
            allow_methods=[CorsHttpMethod.GET],
            max_age=cdk.Duration.hours(1),
        )
    )
    api.get("/orders", orders)
    assert only(synthesize(stack), "AWS::ApiGatewayV2::Api")["Properties"]["CorsConfiguration"] == {
        "AllowOrigins": ["https://shop.example", "https://*"],
        "AllowCredentials": True,
        "AllowHeaders": ["Authorization"],
        "AllowMethods": ["GET"],
        "MaxAge": 3600,
    }


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"allow_origins": ["*"]}, "allow_origins"),
        ({"allow_headers": ["*"]}, "allow_headers"),
        ({"allow_methods": [CorsHttpMethod.ANY]}, "allow_methods"),
        ({"expose_headers": ["*"]}, "expose_headers"),
    ],
)
def test_credentials_go_with_no_wildcard(options: dict[str, Any], name: str) -> None:
    """Browsers read * as a literal name in the answer to a request with credentials."""
    given = {"allow_origins": ["https://shop.example"], "allow_credentials": True, **options}
    with pytest.raises(RefusedError) as refusal:
        api_and_function(cors=CorsPreflightOptions(**given))
    assert str(refusal.value) == message(
        "cors",
        got=f"allow_credentials with {name} *",
        allowed="named values: browsers take no * from an answer to a request with credentials",
        fix=f"name them in {name}, or drop allow_credentials",
    )


@pytest.mark.parametrize("origins", [None, [], ["*", "https://shop.example"]])
def test_origins_are_named_or_all(origins: list[str] | None) -> None:
    """CORS for nobody, or for all and some, is a mistake."""
    with pytest.raises(
        RefusedError, match=r"'Api': cors: got allow_origins .*; allowed: one or more origins"
    ):
        api_and_function(cors=CorsPreflightOptions(allow_origins=origins))


@pytest.mark.parametrize("origin", ["https://shop.example/", "https://shop.example/en", "shop.example"])
def test_an_origin_is_what_browsers_send(origin: str) -> None:
    """Browsers compare letter by letter: a slash behind it, and no page gets in."""
    with pytest.raises(RefusedError, match=r"cors: got allow_origins .*; allowed: scheme, host and port"):
        api_and_function(cors=CorsPreflightOptions(allow_origins=[origin]))


def test_an_origin_may_be_a_token() -> None:
    """The site's domain is often a resource of the same stack."""
    _, api, orders = api_and_function(
        cors=CorsPreflightOptions(allow_origins=[f"https://{cdk.Aws.REGION}.shop.example"])
    )
    api.get("/orders", orders)


@pytest.mark.parametrize("method", ["ANY", "$default"])
def test_authorizer_that_would_catch_preflights_is_refused(method: str) -> None:
    """A preflight carries no token: the authorizer answers 401, and no page can call the route."""
    _, api, orders = api_and_function(authorizer=CUSTOMERS, cors=SHOP)
    add = {
        "ANY": lambda: api.add_route("ANY", "/{proxy+}", orders),
        "$default": lambda: api.add_default_route(orders),
    }
    with pytest.raises(RefusedError) as refusal:
        add[method]()
    assert str(refusal.value) == message(
        f"{'ANY /{proxy+}' if method == 'ANY' else '$default'}: authorizer",
        got=f"one on {method}, which catches the browsers' preflights (OPTIONS) too: they carry no token and "
        "get a 401, so that no page can call the route",
        allowed="on an API with cors, an authorizer on routes of named methods; API Gateway answers their preflights",
        fix='for method in ("GET", "POST", ...): api.add_route(method, "/{proxy+}", function)',
    )


def test_the_fix_for_caught_preflights_is_good() -> None:
    """Named methods leave OPTIONS to API Gateway; a public or CORS-less route may be of any method."""
    stack, api, orders = api_and_function(authorizer=CUSTOMERS, cors=SHOP)
    for method in ("GET", "POST"):
        api.add_route(method, "/{proxy+}", orders)
    api.add_default_route(orders, authorizer=Access.PUBLIC)
    assert set(routes(synthesize(stack))) == {"GET /{proxy+}", "POST /{proxy+}", "$default"}
    _, without_cors, orders = api_and_function(authorizer=CUSTOMERS)
    without_cors.add_route("ANY", "/{proxy+}", orders)


def test_preflight_cannot_be_taken_by_a_route() -> None:
    """With CORS on, OPTIONS is answered by the gateway."""
    _, api, orders = api_and_function(cors=SHOP)
    with pytest.raises(RefusedError, match="got OPTIONS, which cors answers already"):
        api.add_route("OPTIONS", "/orders", orders)


@pytest.mark.parametrize(
    ("authorizer", "allowed", "missing"),
    [
        (CUSTOMERS, ["Content-Type"], "Authorization"),
        (CUSTOMERS, ["authorization"], None),
        (CUSTOMERS, ["*"], None),
        (Access.PUBLIC, [], None),
        (Access.IAM, ["Authorization"], "X-Amz-Date, X-Amz-Security-Token"),
    ],
)
def test_header_that_no_page_may_send_is_warned_about(
    authorizer: Any, allowed: list[str], missing: str | None
) -> None:
    """A warning, as the route may be meant for other servers; a page's request would fail without a trace in the log."""
    stack, api, orders = api_and_function(
        authorizer=authorizer,
        cors=CorsPreflightOptions(allow_origins=["https://shop.example"], allow_headers=allowed),
    )
    api.get("/orders", orders)
    found = Annotations.from_stack(stack).find_warning(
        "*",
        Match.string_like_regexp(
            f"callers show who they are in {missing or '.*'}, which cors does not allow"
        ),
    )
    assert len(found) == (missing is not None)
