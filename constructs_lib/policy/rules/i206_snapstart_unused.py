"""I206 snapstart-unused."""

from __future__ import annotations

from constructs_lib.policy.function import LATEST
from constructs_lib.policy.rule import WARNING, Finding, Rule
from constructs_lib.policy.values.text import why_unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Edge, Graph

_API = """
Orders: {Type: AWS::Lambda::Function, Properties: {SnapStart: {ApplyOn: PublishedVersions}, Timeout: 5}}
Version: {Type: AWS::Lambda::Version, Properties: {FunctionName: !Ref Orders}}
Live:
  Type: AWS::Lambda::Alias
  Properties: {Name: live, FunctionName: !Ref Orders, FunctionVersion: VERSION}
Api: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP, Target: FUNCTION}}
"""
_PUBLISHED = _API.replace("VERSION", "!GetAtt Version.Version")


class SnapstartUnused(Rule):
    """SnapStart is on, and a caller invokes the one version that has no snapshot.

    ## Why is this bad?
    Snapshots are made of published versions. `$LATEST`, which an ARN without a qualifier stands for, starts cold: the
    function pays for publishing snapshots and its callers wait for init as before.

    ## What to do
    Let the caller invoke an alias of a published version.
    """

    id = "I206"
    name = "snapstart-unused"
    severity = WARNING
    bad = {
        "bare function": _PUBLISHED.replace("FUNCTION", "!GetAtt Orders.Arn"),
        "$LATEST by name": _PUBLISHED.replace("FUNCTION", '!Sub "${Orders.Arn}:$LATEST"'),
        "alias of $LATEST": _API.replace("VERSION", "$LATEST").replace("FUNCTION", "!Ref Live"),
    }
    good = {
        "alias": _PUBLISHED.replace("FUNCTION", "!Ref Live"),
        "version": _PUBLISHED.replace("FUNCTION", "!Ref Version"),
        "SnapStart off": _PUBLISHED.replace("PublishedVersions", "None").replace("FUNCTION", "!Ref Orders"),
    }
    undecided = {
        "qualifier imported": _PUBLISHED.replace("FUNCTION", "!Join [':', [!Ref Orders, !ImportValue alias]]")
    }

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Find callers of functions with SnapStart whose qualifier is `$LATEST` in the end."""
        for edge in graph.edges:
            if edge.kind == "custom" or not _invokes_latest(graph, edge):
                continue
            for apply_on, when in graph.known(edge.function.snapstart, given=edge.when):
                if apply_on != "PublishedVersions":
                    continue
                message = (
                    f"{edge.label} invokes {edge.callee}, which is $LATEST, but SnapStart makes snapshots of published "
                    "versions only: every scale-out starts cold."
                )
                fix = f"Invoke an alias of a published version of {edge.function.name} instead."
                yield self.finding(edge.at, message, fix=fix, path=edge.path, when=when)


def _invokes_latest(graph: Graph, edge: Edge) -> bool:
    if edge.function.snapstart.only == "None":
        return False
    used = edge.function.behind(edge.qualifier or LATEST)
    reason = why_unknown(used) if used not in edge.function.versions else None
    if reason:
        graph.coverage.undecided(edge.at, reason)
    return used == LATEST
