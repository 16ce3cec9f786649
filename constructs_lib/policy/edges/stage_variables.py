"""Stage variables: ``${stageVariables.orders}`` in an integration is what each stage of the API says it is."""

from __future__ import annotations

import re

from constructs_lib.policy.values.cases import Case, distinct
from constructs_lib.policy.values.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values import Resource

OPENING = "${stageVariables."
_VARIABLE = re.compile(r"\$\{stageVariables\.(\w+)\}")


def in_stages(graph: Graph, api: Resource | None, text: Value) -> Value:
    """Put in what the stages say, one case for each stage; what a stage does not say stays as it is."""
    if api is None or not any(type(case.data) is str and OPENING in case.data for case in text.cases):
        return text
    found = [
        Case(_put_in(case.data, variables), case.when) if type(case.data) is str else case
        for variables in [*_stages(graph, api)] or [{}]
        for case in text.cases
    ]
    return Value(distinct(found), text.place, text.stack)


def _stages(graph: Graph, api: Resource) -> Iterator[dict[str, str]]:
    """List the variables of each stage of a REST, HTTP or WebSocket API."""
    if api.type == "AWS::ApiGatewayV2::Api":
        holders = [
            each.get("StageVariables") for each in graph.naming(api, "AWS::ApiGatewayV2::Stage", "ApiId")
        ]
    else:
        holders = [each.get("Variables") for each in graph.naming(api, "AWS::ApiGateway::Stage", "RestApiId")]
        deployments = graph.naming(api, "AWS::ApiGateway::Deployment", "RestApiId")
        described = [each.get("StageDescription", "Variables") for each in deployments]
        holders += [each for each in described if not each.is_absent]
    for holder in holders:
        texts = {name: value.texts().only for name, value in holder.items()}
        yield {name: text for name, text in texts.items() if type(text) is str}


def _put_in(text: str, variables: dict[str, str]) -> str:
    return _VARIABLE.sub(lambda match: variables.get(match[1], match[0]), text)
