"""V003 unused-waiver."""

from __future__ import annotations

from constructs_lib.policy.rule import WARNING, Finding, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.waivers import Waiver

_WAIVED = """
Worker: {Type: AWS::Lambda::Function, Properties: {Timeout: 60}}
Jobs:
  Type: AWS::SQS::Queue
  Metadata: {constructs-lib: {waive: [{rule: RULE, reason: it is drained by hand}]}}
  Properties: {VisibilityTimeout: 360}
Mapping:
  Type: AWS::Lambda::EventSourceMapping
  Properties: {EventSourceArn: !GetAtt Jobs.Arn, FunctionName: !Ref Worker}
"""


class UnusedWaiver(Rule):
    """A waiver accepts nothing.

    ## Why is this bad?
    What it was written for is mended, or it never matched. Either way it waits to silence the next finding that nobody has
    looked at yet.

    ## What to do
    Remove it, or correct its rule or its scope.

    ## Known limits
    It looks at what was checked: a waiver for a template that was not given accepts nothing there.
    """

    id = "V003"
    name = "unused-waiver"
    severity = WARNING
    bad = {"nothing to waive": _WAIVED.replace("RULE", "Q301")}
    good = {"finding is waived": _WAIVED.replace("RULE", "Q304")}

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Look at the waivers that the templates carry; every other rule has been judged by then."""
        yield from self.check_waivers(graph.waivers)

    def check_waivers(self, waivers: Sequence[Waiver]) -> Iterator[Finding]:
        """Report each waiver that no finding has used."""
        for waiver in waivers:
            if waiver.used or waiver.problem or waiver.expired:
                continue
            message = f"The waiver of {waiver.rule} for {waiver.scope} accepts nothing: {waiver.rule} finds nothing there."
            yield self.finding(
                waiver.place, message, fix="Remove the waiver, or correct its rule or its scope."
            )
