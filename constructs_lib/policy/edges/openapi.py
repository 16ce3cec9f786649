"""OpenAPI bodies: operations with their ``x-amazon-apigateway-integration``, and Lambda authorizers."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values import Value

_INTEGRATION = "x-amazon-apigateway-integration"
_ANY = "x-amazon-apigateway-any-method"
_AUTHORIZER = "x-amazon-apigateway-authorizer"
_VERBS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}


class Operation:
    """One method of one path."""

    __slots__ = ("integration", "label", "path", "value", "verb")

    def __init__(self, verb: str, path: str, value: Value, integration: Value) -> None:
        self.verb, self.path, self.value, self.integration = verb, path, value, integration
        self.label = f"{verb} {path}"


def operations(body: Value) -> Iterator[Operation]:
    """List the operations of a body that have an integration; a body that is text is read as JSON or YAML."""
    body = parsed_body(body)
    shared = dict(body.get("components", "x-amazon-apigateway-integrations").items())
    for path, item in body.get("paths").items():
        for key, operation in item.items():
            verb = "ANY" if key.lower() == _ANY else key.upper()
            if verb != "ANY" and key.lower() not in _VERBS:
                continue
            integration = operation.get(_INTEGRATION)
            reference = integration.get("$ref").only
            if isinstance(reference, str):
                integration = shared.get(reference.rpartition("/")[2], integration)
            if not integration.is_absent:
                yield Operation(verb, path, operation, integration)


def authorizers(body: Value) -> Iterator[tuple[str, Value]]:
    """List the Lambda authorizers of a body by name, each with its URI; Swagger 2 and OpenAPI 3 keep them apart."""
    body = parsed_body(body)
    for schemes in (body.get("securityDefinitions"), body.get("components", "securitySchemes")):
        for name, scheme in schemes.items():
            uri = scheme.get(_AUTHORIZER, "authorizerUri")
            if not uri.is_absent:
                yield name, uri


def note_hidden(graph: Graph, body: Value) -> None:
    """Note in the coverage that the operations of a body are not known, and why."""
    read = parsed_body(body)
    reason = read.unknown or read.get("paths").unknown
    if reason:
        graph.coverage.miss(body.place, reason)


def parsed_body(body: Value) -> Value:
    """Read a body that is text as JSON or YAML; a mapping stays as it is."""
    text = body.only
    if not isinstance(text, str):
        return body
    from constructs_lib.policy.edges.embedded import parsed  # noqa: PLC0415 - few bodies are text

    return parsed(body)
