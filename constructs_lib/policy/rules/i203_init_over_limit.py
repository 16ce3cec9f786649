"""I203 init-over-limit."""

from __future__ import annotations

from constructs_lib.limits import INIT_MAX, INIT_MAX_WARM
from constructs_lib.policy.rule import ERROR, Finding, Rule
from constructs_lib.timeouts.inequalities import init_below

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_FUNCTION = """
Orders:
  Type: AWS::Lambda::Function
  Properties: {Timeout: 60, PROPERTY}
  Metadata: {constructs-lib: {init: INIT, init_evidence: observed}}
"""
_ON_DEMAND = _FUNCTION.replace("PROPERTY", "Handler: app.handler")
_SNAPSTART = _FUNCTION.replace("PROPERTY", "SnapStart: {ApplyOn: PublishedVersions}")
_PROVISIONED = (
    _ON_DEMAND
    + """
Live:
  Type: AWS::Lambda::Alias
  Properties:
    Name: live
    FunctionName: !Ref Orders
    FunctionVersion: "7"
    ProvisionedConcurrencyConfig: {ProvisionedConcurrentExecutions: AMOUNT}
"""
)


class InitOverLimit(Rule):
    """Init takes longer than Lambda lets it.

    ## Why is this bad?
    On demand, Lambda ends an init after 10 s and runs it again inside the first invocation, out of the function's timeout:
    the first caller of every environment waits for both. With provisioned concurrency or SnapStart the limit is 130 s, or
    the function's timeout if that is longer; beyond it the capacity never becomes ready.

    ## What to do
    Shorten init: load what only some requests need when they need it. Or give the function provisioned concurrency or
    SnapStart.
    """

    id = "I203"
    name = "init-over-limit"
    severity = ERROR
    limits = (INIT_MAX, INIT_MAX_WARM)
    bad = {
        "on demand": _ON_DEMAND.replace("INIT", "10"),
        "SnapStart": _SNAPSTART.replace("INIT", "130"),
        "provisioned concurrency": _PROVISIONED.replace("INIT", "150").replace("AMOUNT", "5"),
    }
    good = {
        "on demand, under 10 s": _ON_DEMAND.replace("INIT", "9.9"),
        "SnapStart, over 10 s": _SNAPSTART.replace("INIT", "12"),
        "provisioned concurrency, over 10 s": _PROVISIONED.replace("INIT", "12").replace("AMOUNT", "5"),
    }
    undecided = {
        "capacity imported": _PROVISIONED.replace("INIT", "12").replace("AMOUNT", "!ImportValue capacity")
    }

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Compare init, where it is known and longer than the least limit, with the limit of how environments are made."""
        for function in graph.functions.values():
            init = function.init
            if init is None or init < INIT_MAX:
                continue
            amounts = [each.amount.default(0.0) for each in function.provisioned]
            for runs, snapstart, *units, when in graph.known(function.timeout, function.snapstart, *amounts):
                warm = snapstart == "PublishedVersions" or any(units) or not function.resets_after_timeout
                limit = init_below(runs, warm=warm)
                if init < limit:
                    continue
                harm = (
                    _WARM if warm else f"Lambda ends it and repeats it inside the first request's {runs:g} s."
                )
                message = f"Init of {function.name} takes {init:g} s ({function.init_evidence}), the limit is {limit:g} s: {harm}"
                fix = f"Shorten init to < {limit:g} s."
                yield self.finding(function.resource.place, message, fix=fix, when=when)


_WARM = "the provisioned or snapshotted environments never become ready."
