"""Who calls a method of a REST API, and which of the request's inputs tell."""

from __future__ import annotations

from constructs_lib.policy.services.inputs import same_input

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.services.rest_apis import Api, Method
    from constructs_lib.policy.values import Value

BEARER = "method.request.header.Authorization"
API_KEY = "method.request.header.x-api-key"
_AUTHORIZER = "AWS::ApiGateway::Authorizer"
_KNOWN_BY_GATEWAY = ("context.authorizer.", "context.identity.")


class Identity:
    """One way in which a method knows its caller: ``name`` in people's words, ``inputs`` that tell who it is."""

    __slots__ = ("inputs", "name")

    def __init__(self, name: str, inputs: list[str]) -> None:
        self.name, self.inputs = name, inputs

    @property
    def key_advice(self) -> str:
        """What to do so that a cache keeps such callers apart."""
        if self.name == "IAM":
            return "Set CachingEnabled: false: an IAM signature differs with every request, so no key could use it."
        return f"Add {self.inputs[0]} to the cache key and declare it, or set CachingEnabled: false."

    def in_key(self, method: Method) -> bool:
        """Tell whether the method's cache key holds one of the inputs, or something derived from the caller."""
        sources = [str(method.mapped(key) or key) for key in method.cache_keys]
        return any(
            source.startswith(_KNOWN_BY_GATEWAY) or any(same_input(source, each) for each in self.inputs)
            for source in sources
        )


def identities(graph: Graph, api: Api, method: Method) -> list[Identity]:
    """List how a method knows its caller: authorizer, IAM, API key; empty for a public method."""
    found = list(_of_resource(graph, method) if method.is_resource else _of_body(api, method))
    graph.note_unknown(method.authorization)
    return found


def needs_api_key(api: Api, method: Method) -> Value | bool:
    """Tell whether a method wants an API key: the property of a resource, or what a body's security says."""
    if method.is_resource:
        return method.value.get("ApiKeyRequired").default(False).flags()
    return any(each.name == "API key" for each in _of_body(api, method, inherited=True))


def _of_resource(graph: Graph, method: Method) -> Iterator[Identity]:
    kind = method.authorization.texts().only
    if kind == "AWS_IAM":
        yield Identity("IAM", [BEARER])
    elif kind in {"CUSTOM", "COGNITO_USER_POOLS"}:
        authorizer = graph.designated(method.value.get("AuthorizerId"), _AUTHORIZER)
        if authorizer is None:
            graph.note_unknown(method.value.get("AuthorizerId"))
            yield Identity("an authorizer", [BEARER, *_headers(method)])
        else:
            source = authorizer.get("IdentitySource").texts().only
            yield Identity(f"authorizer {authorizer.name}", _listed(source) or [BEARER])
    if method.value.get("ApiKeyRequired").flags().only is True:
        yield Identity("API key", [API_KEY])


def _of_body(api: Api, method: Method, *, inherited: bool = False) -> Iterator[Identity]:
    security = method.authorization
    if security.is_absent and inherited:
        security = api.body.get("security")
    for requirement in security.elements():
        for name in dict(requirement.items()):
            scheme = api.body.get("securityDefinitions", name)
            if scheme.is_absent:
                scheme = api.body.get("components", "securitySchemes", name)
            yield _of_scheme(name, scheme)


def _of_scheme(name: str, scheme: Value) -> Identity:
    header = scheme.get("name").texts().only
    authorizer = scheme.get("x-amazon-apigateway-authorizer")
    sources = _listed(authorizer.get("identitySource").texts().only)
    if scheme.get("x-amazon-apigateway-authtype").texts().only == "awsSigv4":
        return Identity("IAM", [BEARER])
    if authorizer.is_absent and isinstance(header, str) and header.lower() == "x-api-key":
        return Identity("API key", [API_KEY])
    own = [f"method.request.header.{header}"] if isinstance(header, str) and header != "Unused" else [BEARER]
    return Identity(f"authorizer {name}", sources or own)


def _headers(method: Method) -> list[str]:
    return [key for key in method.cache_keys if ".header." in key]


def _listed(sources: object) -> list[str]:
    return [each.strip() for each in sources.split(",") if each.strip()] if isinstance(sources, str) else []
