"""Function URLs: the caller waits as long as the function runs."""

from __future__ import annotations

from constructs_lib.policy.graph import SYNC, Edge, Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph


def edges(graph: Graph) -> Iterator[Edge]:
    """List the edges from function URLs to functions."""
    for url in graph.of_type("AWS::Lambda::Url"):
        qualifier = url.get("Qualifier").texts().only
        for target in graph.invoked(url.get("TargetFunctionArn")):
            chosen = target
            if isinstance(qualifier, str):
                alias = target.function.aliases.get(qualifier)
                chosen = Target(target.function, qualifier, (alias,) if alias else (), target.when)
            yield Edge("url", SYNC, url, chosen, url.place, label=f"URL {url.id}", details=url.value)
