"""Asynchronous routes: the event that the function gets, and where it ends if the function fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs_lib.api.authorizer import caller_context
from constructs_lib.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs_lib.api.routes import Route


def check_asynchronous(subject: str, route: Route) -> None:
    """Refuse an asynchronous route whose failed events would be lost, or whose inputs could be mixed up.

    Raises:
        RefusedError: the function has neither a dead-letter queue nor an on-failure destination, or two inputs of
            different places have one name, by which the mapping reads them.
    """
    names = [name.split(".", 3)[3] for name in route.inputs]
    if shared := sorted({name for name in names if names.count(name) > 1}):
        raise RefusedError(
            f"{subject}: asynchronous",
            got=f"{shared[0]!r} as an input in two places",
            allowed="one name per input: the mapping of an asynchronous route reads inputs by name alone",
            fix="rename one of them",
        )
    if route.function.async_failure is None:
        raise RefusedError(
            f"{subject}: asynchronous",
            got="a function without an asynchronous failure path: nobody would see a failed event again",
            allowed="a function with a dead-letter queue or an on-failure destination",
            fix="HardenedFunction(..., async_failure=AsyncFailure())",
        )


def event_template(route: Route) -> str:
    """Write the mapping template of an asynchronous route: the proxy integration's event, of declared inputs only.

    An optional input that the caller leaves out is an empty string.
    """
    caller = caller_context(route.authorizer)
    context = {
        name: f'"$context.{name}"'
        for name in ("requestId", "stage", "apiId", "httpMethod", "resourcePath", "requestTimeEpoch")
    }
    if caller is not None:
        context["caller"] = _text(f"$context.{caller}")
    return _object(
        {
            "resource": f'"{route.path}"',
            "path": _text("$context.path"),
            "httpMethod": '"$context.httpMethod"',
            "pathParameters": _parameters(route, "path"),
            "queryStringParameters": _parameters(route, "querystring"),
            "headers": _parameters(route, "header"),
            "requestContext": _object(context),
            "body": _text("$input.body"),
            "isBase64Encoded": "false",
        }
    )


def _parameters(route: Route, place: str) -> str:
    prefix = f"method.request.{place}."
    names = [name.removeprefix(prefix) for name in route.inputs if name.startswith(prefix)]
    return _object({name: _text(f"$input.params('{name}')") for name in names})


def _object(members: Mapping[str, str]) -> str:
    return "{" + ",".join(f'"{name}":{value}' for name, value in members.items()) + "}"


def _text(expression: str) -> str:
    # escapeJavaScript escapes ' too, which JSON does not know.
    return f'''"$util.escapeJavaScript({expression}).replaceAll("\\\\'","'")"'''
