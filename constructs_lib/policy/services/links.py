"""Who waits for something that is no function itself: a gateway for a workflow, CloudFront for an API or a balancer."""

from __future__ import annotations

from constructs_lib.policy.edges.cloudfront import origins
from constructs_lib.policy.services.waiting_routes import waiting_routes
from constructs_lib.policy.services.workflows import longest_way

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values import Resource, Value


class Link:
    """A source waits for a target: ``wait`` in seconds, ``runs`` how long the target may take if that is known."""

    __slots__ = ("label", "path", "runs", "source", "target", "wait")

    def __init__(
        self,
        source: Resource,
        target: Resource,
        label: str,
        wait: Value,
        path: tuple[str, ...],
        runs: float = 0,
    ) -> None:
        self.source, self.target, self.label, self.wait = source, target, label, wait
        self.path, self.runs = path, runs


def links(graph: Graph) -> Iterator[Link]:
    """List what the rules about waiting routes (W405) and about origins (T108) follow beside the edges to functions."""
    for route in waiting_routes(graph):
        runs = longest_way(graph, route.machine).seconds
        yield Link(route.source, route.machine, route.label, route.wait, route.path, runs)
    for origin in origins(graph):
        behind = origin.behind
        if (
            behind is not None and behind.type != "AWS::Lambda::Url"
        ):  # from a URL an edge leads on to its function
            path = (origin.distribution.id, behind.id)
            yield Link(origin.distribution, behind, origin.label, origin.read, path)
