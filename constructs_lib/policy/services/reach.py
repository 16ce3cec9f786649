"""Which services a function calls over its own network."""

from __future__ import annotations

from constructs_lib.policy.services.dead_letters import own_failure_targets
from constructs_lib.policy.services.roles import role_of, statements

TYPE_CHECKING = False
if TYPE_CHECKING:
    from constructs_lib.policy.function import Function
    from constructs_lib.policy.graph import Graph

# Service prefix of actions -> end of the endpoint's service name. Only services that handlers call themselves.
_ENDPOINTS = {
    "bedrock": "bedrock-runtime",
    "cloudwatch": "monitoring",
    "dynamodb": "dynamodb",
    "events": "events",
    "firehose": "kinesis-firehose",
    "kinesis": "kinesis-streams",
    "lambda": "lambda",
    "s3": "s3",
    "secretsmanager": "secretsmanager",
    "sns": "sns",
    "sqs": "sqs",
    "ssm": "ssm",
    "states": "states",
}
# What Lambda itself does for the function, outside of its VPC: it polls sources and delivers failed events.
_BY_LAMBDA = (
    *(
        "sqs:receivemessage",
        "sqs:deletemessage",
        "sqs:changemessagevisibility",
        "sqs:getqueue",
    ),
    *("dynamodb:liststreams", "dynamodb:describestream", "dynamodb:getrecords", "dynamodb:getsharditerator"),
    *("kinesis:getrecords", "kinesis:getsharditerator", "kinesis:describestream", "kinesis:liststreams"),
    *("kinesis:listshards", "kinesis:subscribetoshard"),
)
_FAILED = (
    "sqs:sendmessage",
    "sns:publish",
)  # with these Lambda delivers failed events, if the function says where to


def services_reached_from(graph: Graph, function: Function) -> set[str]:
    """List the services that the function's role lets it call itself, as the end of their endpoint's service name."""
    role = role_of(graph, function)
    allowed = (statement.actions for statement in statements(graph, role) if statement.allows) if role else ()
    actions = {action.lower() for each in allowed for action in each}
    delivers = any(not target.is_absent for target in own_failure_targets(graph, function))
    others = (*_BY_LAMBDA, *_FAILED) if delivers else _BY_LAMBDA
    own = {action for action in actions if not action.startswith(others)}
    return {_ENDPOINTS[action.partition(":")[0]] for action in own if action.partition(":")[0] in _ENDPOINTS}
