"""T107 custom-resource-gives-up-first."""

from __future__ import annotations

from constructs_lib.limits import CUSTOM_RESOURCE_WAIT
from constructs_lib.policy.rule import WARNING, Finding, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.function import Function
    from constructs_lib.policy.graph import Edge, Graph

_CUSTOM = """
Provider: {Type: AWS::Lambda::Function, Properties: {Timeout: 300}}
Schema: {Type: Custom::Schema, Properties: {ServiceToken: !GetAtt Provider.Arn, SERVICE}}
"""
_IF = """
Parameters: {Stage: {Type: String}}
Conditions: {Patient: {"Fn::Equals": [!Ref Stage, prod]}}
Resources:
  Provider: {Type: AWS::Lambda::Function, Properties: {Timeout: 300}}
  Schema:
    Type: AWS::CloudFormation::CustomResource
    Properties: {ServiceToken: !GetAtt Provider.Arn, ServiceTimeout: !If [Patient, 600, 60]}
"""
_FRAMEWORK = """
Handler: {Type: AWS::Lambda::Function, Properties: {Timeout: 60}}
Framework:
  Type: AWS::Lambda::Function
  Properties: {Timeout: 900, Environment: {Variables: {USER_ON_EVENT_FUNCTION_ARN: !GetAtt Handler.Arn}}}
Schema: {Type: Custom::Schema, Properties: {ServiceToken: !GetAtt Framework.Arn, ServiceTimeout: 120}}
"""


class CustomResourceGivesUpFirst(Rule):
    """CloudFormation stops waiting for a custom resource while its provider may still work.

    ## Why is this bad?
    The deployment fails and rolls back while the provider goes on changing things; its late answer is ignored, so that
    what it made belongs to nobody.

    ## What to do
    Give ServiceTimeout more than the provider's Timeout, or leave it out: then CloudFormation waits an hour.
    """

    id = "T107"
    name = "custom-resource-gives-up-first"
    severity = WARNING
    limits = (CUSTOM_RESOURCE_WAIT,)
    bad = {"shorter than the provider": _CUSTOM.replace("SERVICE", "ServiceTimeout: '60'"), "one branch": _IF}
    good = {
        "CDK's provider framework, as long as the handler": _FRAMEWORK,
        "as long as the provider": _CUSTOM.replace("SERVICE", "ServiceTimeout: 300"),
        "unset, an hour": _CUSTOM.replace("SERVICE", "Table: orders"),
    }
    undecided = {
        "imported": _CUSTOM.replace("SERVICE", "ServiceTimeout: !ImportValue patience"),
        "handler imported": _FRAMEWORK.replace("!GetAtt Handler.Arn", "!ImportValue handler"),
    }

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Compare ServiceTimeout with the timeout of the provider's function."""
        for edge in graph.edges_of("custom"):
            assert edge.wait is not None
            provider = _provider(graph, edge)
            if provider is None:
                continue
            for wait, runs, when in graph.known(edge.wait, provider.timeout, given=edge.when):
                if wait >= runs:
                    continue
                message = (
                    f"CloudFormation waits {wait:g} s for {edge.label}, but its provider {provider.name} may run {runs:g} s: "
                    f"the deployment rolls back while the provider works on for up to {runs - wait:g} s."
                )
                fix = f"Raise ServiceTimeout to >= {runs:g}, or lower the provider's Timeout to <= {wait:g}."
                path = tuple(dict.fromkeys((*edge.path, provider.id)))
                yield self.finding(edge.wait.place, message, fix=fix, path=path, when=when)


def _provider(graph: Graph, edge: Edge) -> Function | None:
    """See through CDK's provider framework, whose 900 s are a ceiling, to the function of the user that it invokes."""
    handler = edge.function.environment.get("USER_ON_EVENT_FUNCTION_ARN")
    if handler.is_absent:
        return edge.function
    return next((target.function for target in graph.invoked(handler)), None)
