"""The policy sees the same system in a template as the constructs did: what is broken there by hand is found."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from constructs_lib import assert_policy
from tests.api.test_http_api import shop
from tests.api.test_websocket_api import chat
from tests.synth import new_stack, of_type, synthesize

if TYPE_CHECKING:
    from tests.snapshots import Template

INTEGRATION = "AWS::ApiGatewayV2::Integration"
FUNCTION = "AWS::Lambda::Function"
STAGE = "AWS::ApiGatewayV2::Stage"
PERMISSION = "AWS::Lambda::Permission"


@pytest.fixture(scope="module")
def templates() -> dict[str, Template]:
    """Synthesize an HTTP and a WebSocket API that use everything."""
    made = {}
    for name, build in (("http", shop), ("websocket", chat)):
        stack = new_stack()
        build(stack)
        made[name] = synthesize(stack)
    return made


def broken(template: Template, kind: str, prefix: str, **changes: Any) -> Template:
    """Change properties of the first resource of a type whose logical id begins like this; None takes one away."""
    template = copy.deepcopy(template)
    properties = next(
        r["Properties"] for name, r in of_type(template, kind).items() if name.startswith(prefix)
    )
    properties.update(changes)
    for name in [name for name, value in changes.items() if value is None]:
        del properties[name]
    return template


@pytest.mark.parametrize(
    ("api", "kind", "prefix", "changes", "rule"),
    [
        ("http", INTEGRATION, "Api", {"TimeoutInMillis": 7_000}, "T101"),
        ("http", INTEGRATION, "Api", {"TimeoutInMillis": 9_000}, "T102"),
        ("http", INTEGRATION, "Api", {"TimeoutInMillis": 31_000}, "T103"),
        ("http", FUNCTION, "Read", {"Timeout": 30}, "T101"),
        ("http", FUNCTION, "Check", {"Timeout": 11}, "T104"),
        ("http", STAGE, "Api", {"DefaultRouteSettings": None, "RouteSettings": None}, "C508"),
        ("http", PERMISSION, "Api", {"SourceArn": None}, "S804"),
        ("websocket", INTEGRATION, "Api", {"TimeoutInMillis": 7_000}, "T101"),
        ("websocket", INTEGRATION, "Api", {"TimeoutInMillis": 9_000}, "T102"),
        ("websocket", INTEGRATION, "Api", {"TimeoutInMillis": 30_000}, "T103"),
        ("websocket", FUNCTION, "Say", {"Timeout": 29}, "T101"),
        ("websocket", STAGE, "Api", {"DefaultRouteSettings": None, "RouteSettings": None}, "C508"),
    ],
)
def test_what_is_broken_by_hand_is_found(
    templates: dict[str, Template], *, api: str, kind: str, prefix: str, changes: dict[str, Any], rule: str
) -> None:
    """A number changed behind the construct's back is what the policy is for."""
    assert_policy(templates[api], strict=True)
    with pytest.raises(AssertionError, match=f"^the policy finds .*\n{rule} "):
        assert_policy(broken(templates[api], kind, prefix, **changes), strict=True)
