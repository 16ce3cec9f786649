"""Events that a mapping template makes of a request: for asynchronous routes, and for those that wait for a workflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs_lib.api.authorizer import caller_context
from constructs_lib.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs_lib.api.routes import Route

_QUOTE = "\0"  # a quote of the event itself, until it is known how deep the event stands


def check_distinct_inputs(subject: str, route: Route) -> None:
    """Refuse inputs of different places under one name, by which the mapping reads them.

    Raises:
        RefusedError: names the input.
    """
    names = [name.split(".", 3)[3] for name in route.inputs]
    if shared := sorted({name for name in names if names.count(name) > 1}):
        raise RefusedError(
            f"{subject}: {'asynchronous' if route.asynchronous else 'inputs'}",
            got=f"{shared[0]!r} as an input in two places",
            allowed=f"one name per input: the mapping of {'an asynchronous' if route.asynchronous else 'such a'} route "
            "reads inputs by name alone",
            fix="rename one of them",
        )


def check_asynchronous(subject: str, route: Route) -> None:
    """Refuse an asynchronous route whose failed events would be lost, or whose inputs could be mixed up.

    Raises:
        RefusedError: the function has neither a dead-letter queue nor an on-failure destination, or two inputs of
            different places have one name.
    """
    check_distinct_inputs(subject, route)
    if route.function.async_failure is None:
        raise RefusedError(
            f"{subject}: asynchronous",
            got="a function without an asynchronous failure path: nobody would see a failed event again",
            allowed="a function with a dead-letter queue or an on-failure destination",
            fix="HardenedFunction(..., async_failure=AsyncFailure())",
        )


def event_template(route: Route, *, within_string: bool = False) -> str:
    """Write a mapping template of the proxy integration's event, of declared inputs only.

    An optional input that the caller leaves out is an empty string. ``within_string`` escapes it all once more, for an
    event that is itself a text in JSON.
    """
    caller = caller_context(route.authorizer)
    context = {
        name: f"{_QUOTE}$context.{name}{_QUOTE}"
        for name in ("requestId", "stage", "apiId", "httpMethod", "resourcePath", "requestTimeEpoch")
    }
    if caller is not None:
        context["caller"] = _text(f"$context.{caller}", within_string)
    template = _object(
        {
            "resource": f"{_QUOTE}{route.path}{_QUOTE}",
            "path": _text("$context.path", within_string),
            "httpMethod": f"{_QUOTE}$context.httpMethod{_QUOTE}",
            "pathParameters": _parameters(route, "path", within_string),
            "queryStringParameters": _parameters(route, "querystring", within_string),
            "headers": _parameters(route, "header", within_string),
            "requestContext": _object(context),
            "body": _text("$input.body", within_string),
            "isBase64Encoded": "false",
        }
    )
    return template.replace(_QUOTE, '\\"' if within_string else '"')


def _parameters(route: Route, place: str, within_string: bool) -> str:
    prefix = f"method.request.{place}."
    names = [name.removeprefix(prefix) for name in route.inputs if name.startswith(prefix)]
    return _object({name: _text(f"$input.params('{name}')", within_string) for name in names})


def _object(members: Mapping[str, str]) -> str:
    return "{" + ",".join(f"{_QUOTE}{name}{_QUOTE}:{value}" for name, value in members.items()) + "}"


def _text(expression: str, within_string: bool) -> str:
    escaped = _escaped(expression)
    return f"{_QUOTE}{_escaped(escaped) if within_string else escaped}{_QUOTE}"


def _escaped(expression: str) -> str:
    # escapeJavaScript escapes ' too, which JSON does not know.
    return f"""$util.escapeJavaScript({expression}).replaceAll("\\\\'","'")"""
