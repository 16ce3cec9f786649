"""Function URLs: the caller waits as long as the function runs."""

from __future__ import annotations

from constructs_lib.policy.graph import SYNC, Edge, Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values import Resource


def edges(graph: Graph) -> Iterator[Edge]:
    """List the edges from function URLs to functions."""
    for url in graph.of_type("AWS::Lambda::Url"):
        for target in targets_of(graph, url):
            yield Edge("url", SYNC, url, target, url.place, label=f"URL {url.name}", details=url.value)


def targets_of(graph: Graph, url: Resource) -> Iterator[Target]:
    """List the functions behind a URL, with the qualifier that the URL names beside the ARN."""
    qualifier = url.get("Qualifier").texts().only
    for target in graph.invoked(url.get("TargetFunctionArn")):
        if isinstance(qualifier, str):
            alias = target.function.aliases.get(qualifier)
            yield Target(target.function, qualifier, (alias,) if alias else (), target.when)
        else:
            yield target
