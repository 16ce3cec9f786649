"""Function URLs: the caller waits as long as the function runs."""

from __future__ import annotations

from constructs_lib.policy.edges.qualifiers import qualified
from constructs_lib.policy.graph import SYNC, Edge, Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values import Resource, Value


def edges(graph: Graph) -> Iterator[Edge]:
    """List the edges from function URLs to functions."""
    for url in graph.of_type("AWS::Lambda::Url"):
        for target in targets_of(graph, url):
            yield Edge("url", SYNC, url, target, url.place, label=f"URL {url.name}", details=url.value)


def reached(graph: Graph, uri: Value) -> Iterator[Target]:
    """List the functions that an integration reaches: by their ARN, or over HTTP by a function URL."""
    yield from graph.invoked(uri)
    url = graph.designated(uri, "AWS::Lambda::Url") if graph.of_type("AWS::Lambda::Url") else None
    if url is None:
        return
    for target in targets_of(graph, url):
        yield Target(target.function, target.qualifier, (url, *target.hops), target.when)


def targets_of(graph: Graph, url: Resource) -> Iterator[Target]:
    """List the functions behind a URL, with the qualifier that the URL names beside the ARN."""
    yield from qualified(graph, url.get("TargetFunctionArn"), url.get("Qualifier"))
