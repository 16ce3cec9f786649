"""Custom resources: CloudFormation waits for the function behind ServiceToken."""

from __future__ import annotations

from constructs_lib.limits import CUSTOM_RESOURCE_WAIT
from constructs_lib.policy.graph import ASYNC, Edge

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph


def edges(graph: Graph) -> Iterator[Edge]:
    """List the edges from custom resources to their providers.

    CloudFormation hands the event over asynchronously and then waits ServiceTimeout for the answer in S3.
    """
    kinds = [kind for kind in graph.types if kind.startswith("Custom::")]
    for resource in graph.of_type("AWS::CloudFormation::CustomResource", *kinds):
        token = resource.get("ServiceToken")
        wait = resource.get("ServiceTimeout").default(float(CUSTOM_RESOURCE_WAIT)).numbers()
        for target in graph.invoked(token):
            label = f"custom resource {resource.name}"
            yield Edge("custom", ASYNC, resource, target, resource.place, label=label, wait=wait)
