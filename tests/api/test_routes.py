"""What a route may look like: methods, paths, names, functions."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest

from constructs_lib import RefusedError
from tests.api.apis import api_and_function, message, methods
from tests.synth import synthesize


def test_one_call_per_method() -> None:
    """Each HTTP method has its own; add_route takes the others."""
    stack, api, orders = api_and_function()
    for add in (api.get, api.post, api.put, api.patch, api.delete):
        add("/orders/{id}", orders)
    api.add_route("HEAD", "/orders/{id}", orders)
    api.add_route("ANY", "/{rest+}", orders)
    api.get("/", orders)
    assert sorted(methods(synthesize(stack))) == [
        "ANY /{rest+}",
        "DELETE /orders/{id}",
        "GET /",
        "GET /orders/{id}",
        "HEAD /orders/{id}",
        "PATCH /orders/{id}",
        "POST /orders/{id}",
        "PUT /orders/{id}",
    ]


@pytest.mark.parametrize("method", ["get", "FETCH", ""])
def test_unknown_method_is_refused(method: str) -> None:
    """The message lists the methods."""
    _, api, orders = api_and_function()
    with pytest.raises(RefusedError) as refusal:
        api.add_route(method, "/orders", orders)
    assert str(refusal.value) == message(
        f"{method} /orders: method",
        got=repr(method),
        allowed="GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, ANY",
        fix="use one of them, in capitals",
    )


@pytest.mark.parametrize(
    ("path", "got", "fix"),
    [
        ("orders", "'orders'", "'/orders'"),
        ("/orders/", "'/orders/'", "'/orders'"),
        ("", "''", "'/'"),
        ("//orders", "'' in '//orders'", "/orders/{id}"),
        ("/orders/{id", "'{id' in '/orders/{id'", "/orders/{id}"),
        ("/orders/id}", "'id}' in '/orders/id}'", "/orders/{id}"),
        ("/orders/no-{id}", "'no-{id}' in '/orders/no-{id}'", "/orders/{id}"),
        ("/my orders", "'my orders' in '/my orders'", "/orders/{id}"),
        ("/{rest+}/orders", "'{rest+}' before other parts", "drop the +, or what follows"),
        ("/{id}/{id}", "a path parameter twice in '/{id}/{id}'", "rename one of them"),
        pytest.param(
            f"/{cdk.Aws.REGION}",
            "a token, whose value is known only at deploy time",
            "write the path",
            id="token",  # its text differs from worker to worker
        ),
    ],
)
def test_bad_path_is_refused(path: str, got: str, fix: str) -> None:
    """API Gateway would refuse it at deploy time."""
    _, api, orders = api_and_function()
    with pytest.raises(RefusedError) as refusal:
        api.get(path, orders)
    text = str(refusal.value)
    readable = path.split("${Token[", maxsplit=1)[0]
    assert text.startswith(f"HardenedRestApi 'Api': GET {readable}")
    assert f": path: got {got}; allowed: " in text
    assert "Token[" not in text
    assert text.endswith(f"fix: {fix}")


def test_unknown_path_parameter_is_refused() -> None:
    """API Gateway keeps one parameter per place, whatever two routes call it."""
    _, api, orders = api_and_function()
    api.get("/orders/{id}", orders)
    with pytest.raises(RefusedError) as refusal:
        api.get("/orders/{order}/items", orders)
    assert str(refusal.value) == message(
        "GET /orders/{order}/items: path",
        got="unknown path parameter {order} after '/orders'",
        allowed="{id}, as another route calls it: API Gateway keeps one name per place",
        fix="'/orders/{id}/items'",
    )
    api.get("/orders/{id}/items", orders)
    api.get("/items/{order}", orders)


@pytest.mark.parametrize(
    ("options", "what", "got", "fix"),
    [
        ({"query": "limit"}, "query", "'limit'", 'query=["limit"]'),
        ({"headers": ["X Id"]}, "headers", "['X Id']", "correct the name"),
        ({"required_query": [""]}, "required_query", "['']", "correct the name"),
        ({"required_headers": ["a'b"]}, "required_headers", '["a\'b"]', "correct the name"),
        ({"query": [7]}, "query", "[7]", "correct the name"),
    ],
)
def test_bad_names_are_refused(options: dict[str, Any], what: str, got: str, fix: str) -> None:
    """A lone string would be read letter by letter; a space or quote breaks the mapping."""
    _, api, orders = api_and_function()
    with pytest.raises(RefusedError) as refusal:
        api.get("/orders", orders, **options)
    assert str(refusal.value) == message(
        f"GET /orders: {what}", got=got, allowed="a list of literal names, without spaces and quotes", fix=fix
    )


@pytest.mark.parametrize("names", [{"query": ["a"], "required_query": ["a"]}, {"query": ["a", "a"]}])
def test_name_twice_is_refused(names: dict[str, list[str]]) -> None:
    """An input is required or it is not."""
    _, api, orders = api_and_function()
    with pytest.raises(RefusedError, match="query: got 'a' twice; allowed: each name once, in query or in"):
        api.get("/orders", orders, **names)  # type: ignore[arg-type]


def test_plain_function_is_refused() -> None:
    """It has neither a budget nor an alias that everyone uses."""
    _, api, orders = api_and_function()
    plain: Any = orders.unqualified_function
    with pytest.raises(RefusedError) as refusal:
        api.get("/orders", plain)
    assert str(refusal.value) == message(
        "GET /orders: function",
        got="Function",
        allowed="a HardenedFunction, whose budget says how long to wait and whose alias is what is called",
        fix="HardenedFunction(self, ..., budget=TimeoutBudget(...))",
    )


@pytest.mark.parametrize(
    ("option", "fix"),
    [("api_key_requried", "api_key_required=..."), ("cors", "scopes=..."), ("xyz", "leave it out")],
)
def test_misspelt_option_is_refused(option: str, fix: str) -> None:
    """Falling away in silence it could leave a route open, or its cache off."""
    _, api, orders = api_and_function()
    options: Any = {option: True}
    with pytest.raises(
        RefusedError, match=f"got '{option}', which no route has; allowed: authorizer, scopes"
    ) as refusal:
        api.get("/orders", orders, **options)
    assert refusal.value.fix == fix


def test_asynchronous_route_streams_nothing() -> None:
    """Its answer is the 202; there is no response of the function to stream."""
    _, api, orders = api_and_function()
    with pytest.raises(RefusedError, match="stream: got stream=True together with asynchronous=True"):
        api.post("/orders", orders, asynchronous=True, stream=True)


@pytest.mark.parametrize("cache", [60, True, {"ttl": 60}])
def test_cache_is_a_policy(cache: Any) -> None:
    """A bare number or flag says nothing of the key."""
    _, api, orders = api_and_function()
    with pytest.raises(RefusedError, match="a CachePolicy, or None; fix: CachePolicy"):
        api.get("/orders", orders, cache=cache)
