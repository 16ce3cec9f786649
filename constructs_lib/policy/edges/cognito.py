"""Cognito user pools: triggers, which Cognito waits 5 s for."""

from __future__ import annotations

from constructs_lib.limits import COGNITO_TRIGGER_WAIT
from constructs_lib.policy.graph import ASYNC, SYNC, Edge
from constructs_lib.policy.values.cases import one
from constructs_lib.policy.values.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_SENDERS = {"CustomEmailSender", "CustomSMSSender"}  # invoked asynchronously
_CONFIGURED = {*_SENDERS, "InboundFederation", "PreTokenGenerationConfig"}


def edges(graph: Graph) -> Iterator[Edge]:
    """List the edges from user pools to their triggers."""
    for pool in graph.of_type("AWS::Cognito::UserPool"):
        for name, trigger in pool.get("LambdaConfig").items():
            if name == "KMSKeyID":
                continue
            arn = trigger.get("LambdaArn") if name in _CONFIGURED else trigger
            mode = ASYNC if name in _SENDERS else SYNC
            wait = Value(one(float(COGNITO_TRIGGER_WAIT)), arn.place, None) if mode == SYNC else None
            for target in graph.invoked(arn):
                yield Edge(
                    "cognito",
                    mode,
                    pool,
                    target,
                    arn.place,
                    label=f"trigger {name} of {pool.name}",
                    wait=wait,
                )
