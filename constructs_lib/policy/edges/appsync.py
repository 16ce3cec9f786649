"""AppSync: Lambda data sources and authorizers."""

from __future__ import annotations

from constructs_lib.limits import APPSYNC_WAIT
from constructs_lib.policy.graph import SYNC, Edge
from constructs_lib.policy.values.cases import one
from constructs_lib.policy.values.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values import Resource

_API = "AWS::AppSync::GraphQLApi"


def edges(graph: Graph) -> Iterator[Edge]:
    """List the edges from GraphQL APIs to functions."""
    for source in graph.of_type("AWS::AppSync::DataSource"):
        yield from _data_source(graph, source)
    for api in graph.of_type(_API):
        more = api.get("AdditionalAuthenticationProviders").elements()
        for provider in (api.value, *more):
            arn = provider.get("LambdaAuthorizerConfig", "AuthorizerUri")
            label = f"authorizer of {api.name}"
            for target in graph.invoked(arn):
                yield Edge("appsync-authorizer", SYNC, api, target, arn.place, label=label)


def _data_source(graph: Graph, source: Resource) -> Iterator[Edge]:
    arn = source.get("LambdaConfig", "LambdaFunctionArn")
    api = graph.designated(source.get("ApiId"), _API) or source
    hops = (source,) if api is not source else ()
    wait = Value(one(float(APPSYNC_WAIT)), arn.place, None)
    label = f"data source {source.name}"
    for target in graph.invoked(arn):
        yield Edge("appsync", SYNC, api, target, arn.place, label=label, hops=hops, wait=wait)
