"""I202 no-room-after-reinit."""

from __future__ import annotations

from constructs_lib.policy.rule import WARNING, Finding, Rule
from constructs_lib.timeouts.inequalities import call_worst_case, function_above

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.function import Function
    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values.cases import When

_FUNCTION = """
Orders:
  Type: AWS::Lambda::Function
  Properties: {Timeout: TIMEOUT}
  Metadata: {constructs-lib: {init: 4, WORK}}
"""
_WORK = _FUNCTION.replace("WORK", "work: 6")
_CALLS = _FUNCTION.replace("WORK", "calls: {prices: {connect: 1, read: 2, attempts: 2}}")


class NoRoomAfterReinit(Rule):
    """A repeated init leaves the handler less time than its work may take.

    ## Why is this bad?
    After a crash or a timeout init runs again inside the function's timeout. The invocation that pays for it is killed
    half way through its work, and its environment starts over with yet another init.

    ## What to do
    Raise Timeout over init plus work, or shorten one of them.

    ## Known limits
    Init and work are known from `Metadata: {constructs-lib: {init: seconds, work: seconds}}`; work that is not declared is
    at least the declared calls. Where init alone does not fit, I201 says so; where the calls alone do not, T110 does.
    """

    id = "I202"
    name = "no-room-after-reinit"
    severity = WARNING
    bad = {
        "init and work exceed the timeout": _WORK.replace("TIMEOUT", "9"),
        "init and declared calls exceed the timeout": _CALLS.replace("TIMEOUT", "9"),
    }
    good = {
        "init and work fit": _WORK.replace("TIMEOUT", "10"),
        "init and declared calls fit": _CALLS.replace("TIMEOUT", "10"),
    }
    undecided = {"timeout imported": _WORK.replace("TIMEOUT", "!ImportValue orders-timeout")}

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Add init and work and compare them with the timeout (H3)."""
        for function in graph.functions.values():
            init, timeout = function.init, function.timeout
            if init is None or not function.resets_after_timeout:
                continue
            for runs, work, when in _runs_and_work(graph, function):
                needs = function_above(init, work)
                if runs >= needs or runs <= init:
                    continue
                message = (
                    f"{function.name} may run {runs:g} s, but a repeated init of {init:g} s ({function.init_evidence}) and "
                    f"{work:g} s of work take {needs:g} s: after a crash or timeout the next invocation is killed half way."
                )
                fix = f"Raise Timeout to > {needs:g}, or shorten init or work by {needs - runs:g} s."
                yield self.finding(timeout.place, message, fix=fix, when=when)


def _runs_and_work(graph: Graph, function: Function) -> Iterator[tuple[float, float, When]]:
    """List the timeout with the declared work, or with what the declared calls take if they alone fit into it."""
    if not function.work.is_absent or not function.calls:
        yield from graph.known(function.timeout, function.work)
        return
    numbers = [number for call in function.calls for number in call.numbers]
    for runs, *known, when in graph.known(function.timeout, *numbers):
        work = sum(call_worst_case(*known[at : at + 4]) for at in range(0, len(known), 4))
        if work <= runs:
            yield runs, work, when
