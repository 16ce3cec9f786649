"""K904 alias-keeps-old-timeout."""

from __future__ import annotations

from constructs_lib.policy.rule import WARNING, Finding, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_ALIAS = """
Orders: {Type: AWS::Lambda::Function, Properties: {Timeout: 30}}
Version: {Type: AWS::Lambda::Version, Properties: {FunctionName: !Ref Orders}}
Live:
  Type: AWS::Lambda::Alias
  Properties: {Name: live, FunctionName: !Ref Orders, FunctionVersion: NUMBER}
"""


class AliasKeepsOldTimeout(Rule):
    """The alias stays at an old version, whatever the template says about the function.

    ## Why is this bad?
    A version keeps the code, the timeout, the memory and the environment of the day it was published. With a number
    written into the template, a deployment that mends any of them changes `$LATEST` alone, and callers of the alias never
    see it.

    ## What to do
    Point the alias at a version of this template, one that is published anew with each change: `currentVersion` in CDK,
    AutoPublishAlias in SAM.
    """

    id = "K904"
    name = "alias-keeps-old-timeout"
    severity = WARNING
    bad = {
        "number in text": _ALIAS.replace("NUMBER", '"3"'),
        "number": _ALIAS.replace("NUMBER", "3"),
    }
    good = {
        "version of the template": _ALIAS.replace("NUMBER", "!GetAtt Version.Version"),
        "latest on purpose": _ALIAS.replace("NUMBER", "$LATEST"),
        "version as a parameter": "Parameters: {Number: {Type: String, Default: '3'}}\nResources:"
        + _ALIAS.replace("NUMBER", "!Ref Number").replace("\n", "\n  "),
    }

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Look for aliases with a version number written out."""
        for function in graph.functions.values():
            for name, alias in function.aliases.items():
                written = alias.properties.get("FunctionVersion")
                if not str(written).isdecimal():
                    continue
                message = (
                    f"alias {name} of {function.name} stays at version {written}: a new timeout, new code or a new "
                    "environment of the function never reaches its callers."
                )
                fix = "Point FunctionVersion at an AWS::Lambda::Version of this template that changes with the function."
                place = alias.get("FunctionVersion").place
                yield self.finding(place, message, fix=fix, path=(alias.id, function.id))
