"""CloudFront: Lambda@Edge, and origins that are function URLs, APIs or load balancers."""

from __future__ import annotations

from constructs_lib.limits import (
    CLOUDFRONT_ATTEMPTS,
    CLOUDFRONT_READ_DEFAULT,
    EDGE_ORIGIN_TIMEOUT,
    EDGE_VIEWER_TIMEOUT,
)
from constructs_lib.policy.edges.function_url import targets_of
from constructs_lib.policy.graph import SYNC, Edge
from constructs_lib.policy.values.cases import one
from constructs_lib.policy.values.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values import Resource


_DISTRIBUTION = "AWS::CloudFront::Distribution"
_URL = "AWS::Lambda::Url"
_BEHIND = (
    _URL,
    "AWS::ApiGateway::RestApi",
    "AWS::ApiGatewayV2::Api",
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
)


class Origin:
    """One origin of a distribution: ``behind`` is the URL, API or load balancer, or None if it is something else."""

    __slots__ = ("behind", "distribution", "value")

    def __init__(self, graph: Graph, distribution: Resource, value: Value) -> None:
        self.distribution, self.value = distribution, value
        self.behind = graph.designated(value.get("DomainName"), *_BEHIND)

    @property
    def label(self) -> str:
        """The caller in people's words."""
        return f"distribution {self.distribution.name}"

    @property
    def read(self) -> Value:
        """How long one attempt waits for the first byte, and for each further one, in seconds."""
        custom, private = self.value.get("CustomOriginConfig"), self.value.get("VpcOriginConfig")
        config = custom if private.is_absent else private
        return config.get("OriginReadTimeout").default(float(CLOUDFRONT_READ_DEFAULT)).numbers()

    def routes(self, graph: Graph) -> list[Edge]:
        """List the edges from what is behind the origin to functions that it waits for."""
        found = graph.edges_of("rest", "http", "url", "alb") if self.behind else []
        return [edge for edge in found if edge.source is self.behind and edge.mode == SYNC]

    @property
    def attempts(self) -> Value:
        """How often CloudFront asks for a GET in all."""
        return self.value.get("ConnectionAttempts").default(float(CLOUDFRONT_ATTEMPTS)).numbers()


def origins(graph: Graph) -> Iterator[Origin]:
    """List the origins of all distributions."""
    for distribution in graph.of_type(_DISTRIBUTION):
        for value in distribution.get("DistributionConfig", "Origins").elements():
            yield Origin(graph, distribution, value)


def edges(graph: Graph) -> Iterator[Edge]:
    """List the edges from distributions to edge functions, and to the function URLs behind their origins."""
    for distribution in graph.of_type(_DISTRIBUTION):
        yield from _edge_functions(graph, distribution)
    for origin in origins(graph):
        if origin.behind is not None and origin.behind.type == _URL:
            yield from _to_url(graph, origin, origin.behind)


def _edge_functions(graph: Graph, distribution: Resource) -> Iterator[Edge]:
    configuration = distribution.get("DistributionConfig")
    behaviors = [configuration.get("DefaultCacheBehavior"), *configuration.get("CacheBehaviors").elements()]
    for behavior in behaviors:
        for association in behavior.get("LambdaFunctionAssociations").elements():
            arn, event = association.get("LambdaFunctionARN"), str(association.get("EventType").only)
            limit = EDGE_VIEWER_TIMEOUT if event.startswith("viewer") else EDGE_ORIGIN_TIMEOUT
            wait = Value(one(float(limit)), arn.place, None)
            for target in graph.invoked(arn):
                yield Edge(
                    "edge",
                    SYNC,
                    distribution,
                    target,
                    arn.place,
                    label=f"{event} of {distribution.name}",
                    wait=wait,
                )


def _to_url(graph: Graph, origin: Origin, url: Resource) -> Iterator[Edge]:
    for target in targets_of(graph, url):
        yield Edge(
            "cdn",
            SYNC,
            origin.distribution,
            target,
            origin.value.place,
            label=origin.label,
            hops=(url,),
            wait=origin.read,
            details=origin.value,
        )
