"""V001 expired-waiver."""

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
  Metadata: {constructs-lib: {waive: [{rule: Q304, reason: it is drained by hand, expires: DAY}]}}
  Properties: {VisibilityTimeout: 360}
Mapping:
  Type: AWS::Lambda::EventSourceMapping
  Properties: {EventSourceArn: !GetAtt Jobs.Arn, FunctionName: !Ref Worker}
"""


class ExpiredWaiver(Rule):
    """A finding was accepted for a time, and the time is over.

    ## Why is this bad?
    Somebody said until when the risk is acceptable. After that day it is a risk that nobody has accepted.

    ## What to do
    Mend what was waived and remove the waiver, or give it a new day and say why.
    """

    id = "V001"
    name = "expired-waiver"
    severity = WARNING
    bad = {
        "last day has passed": _WAIVED.replace("DAY", "2020-02-29"),
        "nothing is left to waive": _WAIVED.replace("DAY", "2020-02-29").replace("Q304", "Q301"),
    }
    good = {"last day is to come": _WAIVED.replace("DAY", "9999-12-31")}

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Look at the waivers that the templates carry."""
        yield from self.check_waivers(graph.waivers)

    def check_waivers(self, waivers: Sequence[Waiver]) -> Iterator[Finding]:
        """Compare each waiver's last day with today."""
        for waiver in waivers:
            if waiver.problem or not waiver.expired:
                continue
            message = f"The waiver of {waiver.rule} for {waiver.scope} held until {waiver.expires}: "
            if waiver.used:
                message += f"its findings count again ({waiver.reason})."
                fix = f"Mend the findings of {waiver.rule}, or give the waiver a new day and say why."
            else:
                message += "it has expired, and nothing is found there any more."
                fix = "Remove the waiver."
            yield self.finding(waiver.place, message, fix=fix)
