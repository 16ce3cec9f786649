"""I201 doom-loop."""

from __future__ import annotations

from constructs_lib.limits import LAMBDA_TIMEOUT_DEFAULT
from constructs_lib.policy.rule import ERROR, Finding, Rule
from constructs_lib.timeouts.inequalities import function_above

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_FUNCTION = """
Orders:
  Type: AWS::Lambda::Function
  Properties: {PROPERTIES}
  Metadata: {constructs-lib: {init: 3, init_evidence: measured}}
"""


class DoomLoop(Rule):
    """Init takes as long as the function may run, so that one timeout leads to the next.

    ## Why is this bad?
    The first init runs before the function's clock starts, and all is well. After a crash or a timeout Lambda runs init
    again inside the next invocation, which then times out before the handler begins, and so does every one after it: the
    function does not recover until it is deployed anew.

    ## What to do
    Raise Timeout over init plus the work of the handler, or shorten init.

    ## Known limits
    Init is known from `Metadata: {constructs-lib: {init: seconds}}`. Lambda Managed Instances keep the environment after
    a timeout, so they are left out.
    """

    id = "I201"
    name = "doom-loop"
    severity = ERROR
    limits = (LAMBDA_TIMEOUT_DEFAULT,)
    bad = {
        "timeout as long as init": _FUNCTION.replace("PROPERTIES", "Timeout: 3"),
        "default timeout": _FUNCTION.replace("PROPERTIES", "Handler: app.handler"),
    }
    good = {
        "timeout over init": _FUNCTION.replace("PROPERTIES", "Timeout: 4"),
        "Managed Instances": _FUNCTION.replace(
            "PROPERTIES",
            "Timeout: 3, CapacityProviderConfig: {LambdaManagedInstancesCapacityProviderConfig: {}}",
        ),
    }
    undecided = {"timeout imported": _FUNCTION.replace("PROPERTIES", "Timeout: !ImportValue orders-timeout")}

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Compare init, where it is known, with the timeout (H3 without any work)."""
        for function in graph.functions.values():
            init, timeout = function.init, function.timeout
            if init is None or not function.resets_after_timeout:
                continue
            for runs, when in graph.known(timeout):
                if runs > function_above(init, work=0):
                    continue
                message = (
                    f"{function.name} may run {runs:g} s and its init takes {init:g} s ({function.init_evidence}): after one "
                    "crash or timeout init runs again inside the timeout, which ends before the handler begins, every time."
                )
                fix = f"Raise Timeout to > {init:g} plus the handler's work, or shorten init."
                yield self.finding(timeout.place, message, fix=fix, when=when)
