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
        "function of another template": _ALIAS.replace("NUMBER", "3").replace(
            "!Ref Orders", "!ImportValue orders"
        ),
    }
    good = {
        "version of the template": _ALIAS.replace("NUMBER", "!GetAtt Version.Version"),
        "latest on purpose": _ALIAS.replace("NUMBER", "$LATEST"),
        "version as a parameter": "Parameters: {Number: {Type: String, Default: '3'}}\nResources:"
        + _ALIAS.replace("NUMBER", "!Ref Number").replace("\n", "\n  "),
    }

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Look for aliases with a version number written out, of functions in other templates too."""
        for alias in graph.of_type("AWS::Lambda::Alias"):
            written = alias.properties.get("FunctionVersion")
            if not str(written).isdecimal():
                continue
            functions = [target.function for target in graph.invoked(alias.get("FunctionName"), note=False)]
            name, of = alias.get("Name").texts().only, f" of {functions[0].name}" if functions else ""
            message = (
                f"alias {name if type(name) is str else alias.name}{of} stays at version {written}: a new timeout, new code or a new "
                "environment of the function never reaches its callers."
            )
            fix = "Point FunctionVersion at an AWS::Lambda::Version of this template that changes with the function."
            path = (alias.id, *(function.id for function in functions))
            yield self.finding(
                alias.get("FunctionVersion").place, message, fix=fix, path=path, when=alias.when
            )
