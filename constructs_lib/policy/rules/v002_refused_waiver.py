"""V002 refused-waiver."""

from __future__ import annotations

from constructs_lib.policy.rule import ERROR, Finding, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.waivers import Waiver

_WAIVED = """
Worker: {Type: AWS::Lambda::Function, Properties: {Timeout: 60}}
Jobs:
  Type: AWS::SQS::Queue
  Metadata: {constructs-lib: {waive: [WAIVER]}}
  Properties: {VisibilityTimeout: 360}
Mapping:
  Type: AWS::Lambda::EventSourceMapping
  Properties: {EventSourceArn: !GetAtt Jobs.Arn, FunctionName: !Ref Worker}
"""


class RefusedWaiver(Rule):
    """A waiver is written so that it cannot count.

    ## Why is this bad?
    Whoever wrote it believes that a risk is accepted, with a reason that the next reader will understand. A waiver
    without a reason, for a rule that does not exist or until a day that does not exist accepts nothing.

    ## What to do
    Write rule and reason, and a day as 2027-03-31 if it should end. In CDK code the rule's id needs its prefix:
    `Validations.of(queue).acknowledge(Acknowledgment(id="constructs-lib::Q304", reason="..."))`.
    """

    id = "V002"
    name = "refused-waiver"
    severity = ERROR
    bad = {
        "no reason": _WAIVED.replace("WAIVER", "{rule: Q304}"),
        "no such rule": _WAIVED.replace("WAIVER", "{rule: Q3O4, reason: it is drained by hand}"),
        "no such day": _WAIVED.replace("WAIVER", "{rule: Q304, reason: by hand, expires: 2027-02-30}"),
        "no such key": _WAIVED.replace("WAIVER", "{rule: Q304, reason: by hand, until: 2027-03-31}"),
        "no mapping": _WAIVED.replace("WAIVER", "Q304"),
    }
    good = {"rule and reason": _WAIVED.replace("WAIVER", "{rule: Q304, reason: it is drained by hand}")}

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Look at the waivers that the templates carry; those of the settings are refused when they are read."""
        yield from self.check_waivers(graph.waivers)

    def check_waivers(self, waivers: Sequence[Waiver]) -> Iterator[Finding]:
        """Report each waiver that is refused."""
        for waiver in waivers:
            if waiver.problem:
                found, _, fix = waiver.problem.partition("; fix: ")
                message = f"The waiver for {waiver.scope} accepts nothing: {found}."
                yield self.finding(waiver.place, message, fix=f"{fix[0].upper()}{fix[1:]}".rstrip("?") + ".")
