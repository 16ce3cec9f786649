"""Request validation: the schema is checked while the app is built, validators are shared."""

from __future__ import annotations

import re
from typing import Any

import pytest

from constructs_lib import RefusedError
from tests.api.apis import api_and_function, message, methods
from tests.synth import of_type, only, synthesize

ORDER = {"type": "object", "required": ["item"], "properties": {"item": {"type": "string"}}}


def test_body_is_checked_whatever_its_content_type() -> None:
    """A body sent as text/plain does not slip past the schema."""
    stack, api, orders = api_and_function()
    api.post("/orders", orders, body=ORDER)
    template = synthesize(stack)
    ((name, model),) = of_type(template, "AWS::ApiGateway::Model").items()
    assert methods(template)["POST /orders"]["RequestModels"] == {
        "application/json": {"Ref": name},
        "$default": {"Ref": name},
    }
    assert model["Properties"]["Schema"] == {"$schema": "http://json-schema.org/draft-04/schema#", **ORDER}


def test_at_most_three_validators_and_one_model_per_schema() -> None:
    """Twenty is the limit of an API; routes share."""
    stack, api, orders = api_and_function()
    for number in range(4):
        path = f"/orders{number}/{{id}}"
        api.get(path, orders, required_query=["limit"])
        api.post(path, orders, body=ORDER)
        api.put(path, orders, body=dict(reversed(ORDER.items())), required_headers=["If-Match"])
        api.delete(path, orders)
    template = synthesize(stack)
    validators = of_type(template, "AWS::ApiGateway::RequestValidator")
    kinds = {
        name: (each["Properties"]["ValidateRequestBody"], each["Properties"]["ValidateRequestParameters"])
        for name, each in validators.items()
    }
    assert sorted(kinds.values()) == [(False, True), (True, False), (True, True)]
    only(template, "AWS::ApiGateway::Model")
    found = methods(template)
    used = {
        method: kinds[found[f"{method} /orders0/{{id}}"]["RequestValidatorId"]["Ref"]]
        for method in ("GET", "POST", "PUT")
    }
    assert used == {"GET": (False, True), "POST": (True, False), "PUT": (True, True)}
    assert "RequestValidatorId" not in found["DELETE /orders0/{id}"]


def test_inputs_are_declared_as_required_or_not() -> None:
    """Path parameters always are; query and header inputs as their user says."""
    stack, api, orders = api_and_function()
    api.get(
        "/orders/{id}",
        orders,
        query=["limit"],
        required_query=["shop"],
        headers=["Accept"],
        required_headers=["X-Id"],
    )
    assert methods(synthesize(stack))["GET /orders/{id}"]["RequestParameters"] == {
        "method.request.path.id": True,
        "method.request.querystring.limit": False,
        "method.request.querystring.shop": True,
        "method.request.header.Accept": False,
        "method.request.header.X-Id": True,
    }


def refusal_of(body: Any) -> str:
    """Give the message with which a body schema is refused."""
    _, api, orders = api_and_function()
    with pytest.raises(RefusedError) as refusal:
        api.post("/orders", orders, body=body)
    return str(refusal.value)


@pytest.mark.parametrize(
    ("schema", "place", "got"),
    [
        ({"type": "strnig"}, "$.type", "'strnig' is not valid under any of the given schemas"),
        (
            {"properties": {"a": {"minLength": "3"}}},
            "$.properties.a.minLength",
            "'3' is not of type 'integer'",
        ),
        ({"required": []}, "$.required", "[] should be non-empty"),
        ({"items": [{"enum": "red"}]}, "$.items[0].enum", "'red' is not of type 'array'"),
    ],
)
def test_schema_that_is_no_schema_is_refused(schema: dict[str, Any], place: str, got: str) -> None:
    """The message names the place within the schema."""
    assert refusal_of(schema) == message(
        f"POST /orders: body schema at {place}",
        got=got,
        allowed="JSON schema draft 4, as API Gateway knows it",
        fix="correct the schema",
    )


@pytest.mark.parametrize(
    "schema",
    [
        {"const": 1},
        {"properties": {"a": {"if": {}}}},
        {"$defs": {}},
        {"properties": {"a": {"type": "number", "exclusiveMinimum": 0}}},
    ],
)
def test_keywords_of_later_drafts_are_refused(schema: dict[str, Any]) -> None:
    """API Gateway refuses them at deploy time; draft 4 alone would let them pass unseen."""
    assert "allowed: JSON schema draft 4" in refusal_of(schema)


def test_later_draft_is_refused() -> None:
    """A schema that names another draft was written for another reader."""
    draft = "https://json-schema.org/draft/2020-12/schema"
    assert f"body schema at $.$schema: got {draft}; allowed: http://json-schema.org/draft-04" in refusal_of(
        {"$schema": draft}
    )


@pytest.mark.parametrize("schema", ["order.json", ["object"], 4])
def test_what_is_no_object_is_refused(schema: Any) -> None:
    """A file name is a common mistake."""
    assert f"body schema at $: got {type(schema).__name__}: {schema!r}" in refusal_of(schema)


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"$ref": "#/definitions/a", "definitions": {"a": {"type": "string"}}},
        {"properties": {"const": {"type": "string"}, "$ref": {"type": "string"}}},
        {"oneOf": [{"type": "string", "format": "date"}, {"type": "null"}], "id": "x", "title": "t"},
    ],
)
def test_good_schemas_pass(schema: dict[str, Any]) -> None:
    """References, definitions, and properties that happen to be called like keywords."""
    stack, api, orders = api_and_function()
    api.post("/orders", orders, body=schema)
    only(synthesize(stack), "AWS::ApiGateway::Model")


@pytest.mark.parametrize(
    ("schema", "place"),
    [({"$schema": 4}, r"\$\.\$schema: got 4"), ({"default": object()}, r"\$: got Object of type")],
)
def test_what_json_cannot_say_is_refused(schema: dict[str, Any], place: str) -> None:
    """Its content goes into the template, and into the model's id."""
    assert re.search(f"body schema at {place}", refusal_of(schema))
