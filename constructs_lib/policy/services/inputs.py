"""The inputs of a REST API's method: what its path holds and what it declares."""

from __future__ import annotations

import re

from constructs_lib.policy.values.cases import ABSENT, Unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.services.rest_apis import Api, Method
    from constructs_lib.policy.values import Value

_PLACES = {"path": "path", "query": "querystring", "header": "header"}
_PATH_PARAMETER = re.compile(r"\{([^{}+]+)\+?\}")


def path_inputs(method: Method) -> list[str]:
    """List the parameters in the method's path: ``method.request.path.id`` for ``/orders/{id}``."""
    return [f"method.request.path.{name}" for name in _PATH_PARAMETER.findall(method.path)]


def declared_inputs(graph: Graph, api: Api, method: Method) -> list[str] | None:
    """List what the method declares, as mappings name it; None, and a note in the coverage, if that is not known."""
    found: list[str] = []
    for value, name in _declarations(api, method):
        if name is None:
            graph.note_unknown(value)
            return None
        found.append(name)
    return found


def same_input(one: str, other: str) -> bool:
    """Tell whether two mappings name the same input; header names and multi-value forms are taken alike."""
    return _plain(one) == _plain(other)


def _plain(parameter: str) -> str:
    return parameter.lower().replace(".multivalue", ".")


def _declarations(api: Api, method: Method) -> Iterator[tuple[Value, str | None]]:
    if method.is_resource:
        parameters = method.value.get("RequestParameters")
        if parameters.unknown:
            yield parameters, None
        for name, value in parameters.items():
            if not value.is_absent:
                yield value, name
        return
    for value in (method.value.get("parameters"), api.body.get("paths", method.path, "parameters")):
        for parameter in value.elements():
            yield parameter, _name(_followed(api, parameter))


def _followed(api: Api, parameter: Value) -> Value:
    reference = parameter.get("$ref").texts().only
    if isinstance(reference, str) and reference.startswith("#/"):
        return api.body.get(*reference[2:].split("/"))
    return parameter


def _name(parameter: Value) -> str | None:
    place, name = parameter.get("in").texts().only, parameter.get("name").texts().only
    if any(isinstance(case.data, Unknown) or case.data is ABSENT for case in parameter.cases):
        return None
    if not isinstance(place, str) or not isinstance(name, str):
        return None
    return f"method.request.{_PLACES.get(place, place)}.{name}"
