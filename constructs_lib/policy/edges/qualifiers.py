"""Functions whose qualifier stands beside their name, in a field of its own."""

from __future__ import annotations

from constructs_lib.policy.graph import Target
from constructs_lib.policy.values.cases import ABSENT, as_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values import Value


def qualified(graph: Graph, function: Value, qualifier: Value) -> Iterator[Target]:
    """List the functions that are invoked, each with the qualifier beside it, or else with the one in its ARN."""
    for target in graph.invoked(function):
        for case in qualifier.texts().cases:
            when = graph.system.together(target.when, case.when)
            if when is None:
                continue
            if case.data is ABSENT:
                yield Target(target.function, target.qualifier, target.hops, when)
                continue
            name = as_text(case.data)
            hop = target.function.aliases.get(name) or target.function.versions.get(name)
            yield Target(target.function, name, (hop,) if hop else (), when)
