"""HTTP APIs to test with, and templates read by route."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from constructs_lib import Access, HardenedFunction, HardenedHttpApi, RefusedError
from tests.api.apis import function
from tests.synth import new_stack, of_type

if TYPE_CHECKING:
    import aws_cdk as cdk

    from tests.snapshots import Template


def api_and_function(**options: Any) -> tuple[cdk.Stack, HardenedHttpApi, HardenedFunction]:
    """Make a stack with an HTTP API, public unless an authorizer is given, and a function for its routes."""
    stack = new_stack()
    return stack, HardenedHttpApi(stack, "Api", **{"authorizer": Access.PUBLIC, **options}), function(stack)


def routes(template: Template) -> dict[str, dict[str, Any]]:
    """Give the properties of each route under its key."""
    found = [route["Properties"] for route in of_type(template, "AWS::ApiGatewayV2::Route").values()]
    return {each["RouteKey"]: each for each in found}


def integration_of(template: Template, key: str) -> dict[str, Any]:
    """Give the properties of the integration that a route leads to."""
    target = routes(template)[key]["Target"]["Fn::Join"][1]
    assert target[0] == "integrations/"
    properties: dict[str, Any] = template["Resources"][target[1]["Ref"]]["Properties"]
    return properties


def sources(template: Template) -> list[str]:
    """Give what stands behind the API's id in the source of each permission, sorted."""
    permissions = of_type(template, "AWS::Lambda::Permission").values()
    return sorted(str(p["Properties"]["SourceArn"]["Fn::Join"][1][-1]) for p in permissions)


def message(subject: str, *, got: str, allowed: str, fix: str) -> str:
    """Write what a refusal by the API named ``Api`` says."""
    return str(RefusedError(f"HardenedHttpApi 'Api': {subject}", got=got, allowed=allowed, fix=fix))
