"""CloudFront origins behind which something may answer later than CloudFront waits."""

from __future__ import annotations

from constructs_lib.limits import INIT_MAX
from constructs_lib.policy.edges.cloudfront import origins
from constructs_lib.timeouts.inequalities import wait_above

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.edges.cloudfront import Origin
    from constructs_lib.policy.graph import Edge, Graph
    from constructs_lib.policy.values.cases import When

_STREAMED = (
    ("InvokeMode", "RESPONSE_STREAM"),
    ("ResponseTransferMode", "STREAM"),
    ("responseTransferMode", "STREAM"),
)


class SlowOrigin:
    """An origin with its slowest route: ``read`` and ``most`` in seconds, ``attempts`` of a GET in all."""

    __slots__ = ("attempts", "edge", "most", "origin", "read", "when")

    def __init__(
        self, origin: Origin, edge: Edge, *, read: float, attempts: float, most: float, when: When
    ) -> None:
        self.origin, self.edge, self.when = origin, edge, when
        self.read, self.attempts, self.most = read, attempts, most


def slow_origins(graph: Graph) -> Iterator[SlowOrigin]:
    """List the origins that CloudFront may wait too short for, each with the slowest of its routes."""
    for origin in origins(graph):
        found = [slow for edge in origin.routes(graph) for slow in _outlasting(graph, origin, edge)]
        if found:
            yield max(found, key=_most)


def _most(slow: SlowOrigin) -> float:
    return slow.most


def _outlasting(graph: Graph, origin: Origin, edge: Edge) -> Iterator[SlowOrigin]:
    if edge.details and any(edge.details.get(key).only == mode for key, mode in _STREAMED):
        graph.coverage.undecided(origin.read.place, "when the first byte of a streamed response comes")
        return
    timeout = edge.function.timeout
    values = (origin.read, origin.attempts, edge.wait or timeout, timeout)
    for read, attempts, wait, runs, when in graph.known(*values, given=edge.when):
        most = _longest(edge, wait, runs)
        if read < most:
            yield SlowOrigin(origin, edge, read=read, attempts=attempts, most=most, when=when)


def _longest(edge: Edge, wait: float, runs: float) -> float:
    """An API answers when it gives up or its function ends, init included; a URL only when its function ends."""
    init = edge.function.init
    if edge.wait is None:
        return wait_above(runs, init or 0, 0)
    return min(wait, wait_above(runs, INIT_MAX if init is None else init, 0))
