"""REST APIs: methods, stages and cache settings, whether written as resources or as an OpenAPI body."""

from __future__ import annotations

from functools import cached_property

from constructs_lib.policy.edges.openapi import operations, parsed_body
from constructs_lib.policy.edges.rest_api import route_of
from constructs_lib.policy.values.text import is_plain, show

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values import Resource, Value

_API = "AWS::ApiGateway::RestApi"


class Method:
    """One method: ``value`` is its whole definition, of an AWS::ApiGateway::Method or of an OpenAPI operation.

    ``is_resource`` tells which: properties are named as in CloudFormation then, else as in OpenAPI.
    """

    __slots__ = ("is_resource", "path", "value", "verb")

    def __init__(self, verb: str, path: str, value: Value, *, is_resource: bool) -> None:
        self.verb, self.path, self.value, self.is_resource = verb, path, value, is_resource

    @property
    def label(self) -> str:
        """The method in people's words: ``GET /orders``."""
        return show(f"{self.verb} {self.path}")

    def named(self, key: str) -> str:
        """Write a key of the integration as CloudFormation or as OpenAPI does: ``Uri`` or ``uri``."""
        return key if self.is_resource else key[0].lower() + key[1:]

    @property
    def integration(self) -> Value:
        """The integration, named as CloudFormation or as OpenAPI does."""
        return self.value.get("Integration" if self.is_resource else "x-amazon-apigateway-integration")

    @property
    def authorization(self) -> Value:
        """AuthorizationType of a resource; what ``security`` lists in a body; ABSENT if neither is there."""
        return self.value.get("AuthorizationType" if self.is_resource else "security")

    @property
    def resource(self) -> Resource:
        """The resource that holds the definition: the method's own, or the API with the body."""
        return self.value.place.resource

    @property
    def cache_key(self) -> Value:
        """The list of cache key parameters of the integration."""
        return self.integration.get(self.named("CacheKeyParameters"))

    @property
    def cache_keys(self) -> list[str]:
        """The cache key parameters, of every case: ``method.request.querystring.page`` ..."""
        texts = [case.data for each in self.cache_key.elements() for case in each.texts().cases]
        return [text for text in texts if type(text) is str]

    @property
    def unknown_keys(self) -> str | None:
        """Why the cache key may hold more than :attr:`cache_keys`, or None if it does not."""
        return self.cache_key.unknown or next(
            (each.unknown for each in self.cache_key.elements() if each.unknown), None
        )

    def mapped(self, parameter: str) -> object:
        """Say what the integration fills one of its own parameters from; None for parameters of the method."""
        return self.integration.get(self.named("RequestParameters"), parameter).only


class Api:
    """One REST API with its methods and stages."""

    def __init__(self, graph: Graph, resource: Resource) -> None:
        self.graph, self.resource, self.id = graph, resource, resource.id

    @cached_property
    def methods(self) -> list[Method]:
        """Every method of the API."""
        resources = self.resources("AWS::ApiGateway::Method")
        return [
            *(_method(self.graph, resource) for resource in resources),
            *(Method(each.verb, each.path, each.value, is_resource=False) for each in operations(self.body)),
        ]

    @property
    def stages(self) -> list[Resource]:
        """Its stages."""
        return self.resources("AWS::ApiGateway::Stage")

    @property
    def deployments(self) -> list[Resource]:
        """Its deployments."""
        return self.resources("AWS::ApiGateway::Deployment")

    def resources(self, kind: str) -> list[Resource]:
        """List the resources of a type that name this API as theirs."""
        return self.graph.naming(self.resource, kind, "RestApiId")

    @cached_property
    def body(self) -> Value:
        """Its OpenAPI body, read if it is text; ABSENT if it has none."""
        return parsed_body(self.resource.get("Body"))

    @property
    def hidden(self) -> str | None:
        """Why some of its methods may not be known, or None if all are."""
        if not self.resource.get("BodyS3Location").is_absent:
            return "the API's definition is in S3"
        return self.body.unknown or self.body.get("paths").unknown

    @property
    def gateway_responses(self) -> Iterator[tuple[str, Value]]:
        """What the gateway itself answers: each response type with its parameters, of resources and of the body."""
        for resource in self.resources("AWS::ApiGateway::GatewayResponse"):
            yield str(resource.get("ResponseType").texts().only), resource.get("ResponseParameters")
        for kind, response in self.body.get("x-amazon-apigateway-gateway-responses").items():
            yield kind, response.get("responseParameters")

    @property
    def endpoint_types(self) -> Value:
        """EDGE, REGIONAL or PRIVATE; EDGE where nothing is said."""
        return endpoint_types(self.resource)


def _method(graph: Graph, resource: Resource) -> Method:
    verb = str(resource.get("HttpMethod").texts().only)
    return Method(
        verb.upper() if is_plain(verb) else verb, route_of(graph, resource), resource.value, is_resource=True
    )


class MethodSetting:
    """One entry of a stage's MethodSettings: ``value.get("CachingEnabled")`` ... for the methods that it covers."""

    __slots__ = ("path", "value", "verb")

    def __init__(self, value: Value) -> None:
        self.value = value
        path, verb = value.get("ResourcePath").texts().only, value.get("HttpMethod").texts().only
        # CloudFormation writes a slash in a path as ~1
        self.path = "/" + path.replace("~1", "/").strip("/") if isinstance(path, str) else "/*"
        self.verb = verb if isinstance(verb, str) else "*"

    @classmethod
    def stage_wide(cls, value: Value) -> MethodSetting:
        """Make the setting that a stage itself is: for every method, whatever else stands in it."""
        setting = cls(value)
        setting.path, setting.verb = "/*", "*"
        return setting

    def covers(self, method: Method) -> bool:
        """Tell whether the setting counts for a method; ``*`` covers every path and verb."""
        return self.path in {"/*", "/" + method.path.strip("/")} and self.verb in {"*", method.verb, "ANY"}


def endpoint_types(api: Resource) -> Value:
    """Read a REST API's endpoint type, from its configuration or from the parameters of its import; EDGE is the default."""
    types = api.get("EndpointConfiguration", "Types", 0)
    if types.is_absent:
        types = api.get("Parameters", "endpointConfigurationTypes")
    return types.default("EDGE")


def rest_apis(graph: Graph) -> list[Api]:
    """List the REST APIs."""
    if not graph.apis:
        graph.apis = [Api(graph, resource) for resource in graph.of_type(_API)]
    return graph.apis
