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


def edges(graph: Graph) -> Iterator[Edge]:
    """List the edges from GraphQL APIs to functions."""
    for source in graph.of_type("AWS::AppSync::DataSource"):
        arn = source.get("LambdaConfig", "LambdaFunctionArn")
        api = graph.designated(source.get("ApiId"), "AWS::AppSync::GraphQLApi") or source
        hops = (source,) if api is not source else ()
        wait = Value(one(float(APPSYNC_WAIT)), arn.place, None)
        for target in graph.invoked(arn):
            yield Edge(
                "appsync",
                SYNC,
                api,
                target,
                arn.place,
                label=f"data source {source.name}",
                hops=hops,
                wait=wait,
            )
    for api in graph.of_type("AWS::AppSync::GraphQLApi"):
        providers = [api.get("LambdaAuthorizerConfig")]
        providers += [
            more.get("LambdaAuthorizerConfig")
            for more in api.get("AdditionalAuthenticationProviders").elements()
        ]
        for provider in providers:
            arn = provider.get("AuthorizerUri")
            for target in graph.invoked(arn):
                yield Edge(
                    "appsync-authorizer", SYNC, api, target, arn.place, label=f"authorizer of {api.name}"
                )
