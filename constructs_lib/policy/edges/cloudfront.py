"""CloudFront: Lambda@Edge, and origins that are function URLs."""

from __future__ import annotations

from constructs_lib.limits import CLOUDFRONT_READ_DEFAULT, EDGE_ORIGIN_TIMEOUT, EDGE_VIEWER_TIMEOUT
from constructs_lib.policy.edges.function_url import targets_of
from constructs_lib.policy.graph import SYNC, Edge
from constructs_lib.policy.values.cases import one
from constructs_lib.policy.values.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values import Resource


def edges(graph: Graph) -> Iterator[Edge]:
    """List the edges from distributions to edge functions, and to the function URLs behind their origins."""
    for distribution in graph.of_type("AWS::CloudFront::Distribution"):
        yield from _edge_functions(graph, distribution)
        for origin in distribution.get("DistributionConfig", "Origins").elements():
            yield from _origin(graph, distribution, origin)


def _edge_functions(graph: Graph, distribution: Resource) -> Iterator[Edge]:
    configuration = distribution.get("DistributionConfig")
    behaviors = [configuration.get("DefaultCacheBehavior"), *configuration.get("CacheBehaviors").elements()]
    for behavior in behaviors:
        for association in behavior.get("LambdaFunctionAssociations").elements():
            arn, event = association.get("LambdaFunctionARN"), str(association.get("EventType").only)
            limit = EDGE_VIEWER_TIMEOUT if event.startswith("viewer") else EDGE_ORIGIN_TIMEOUT
            wait = Value(one(float(limit)), arn.place, None)
            for target in graph.invoked(arn):
                yield Edge("edge", SYNC, distribution, target, arn.place, label=event, wait=wait)


def _origin(graph: Graph, distribution: Resource, origin: Value) -> Iterator[Edge]:
    url = graph.designated(origin.get("DomainName"), "AWS::Lambda::Url")
    if url is None:
        return
    custom = origin.get("CustomOriginConfig")
    wait = custom.get("OriginReadTimeout").default(float(CLOUDFRONT_READ_DEFAULT)).numbers()
    for target in targets_of(graph, url):
        label = f"distribution {distribution.name}"
        yield Edge(
            "cdn",
            SYNC,
            distribution,
            target,
            origin.place,
            label=label,
            hops=(url,),
            wait=wait,
            details=origin,
        )
