"""T110 client-outlasts-function."""

from __future__ import annotations

from constructs_lib.limits import (
    BOTOCORE_ATTEMPTS_DEFAULT,
    BOTOCORE_CONNECT_DEFAULT,
    BOTOCORE_READ_DEFAULT,
)
from constructs_lib.policy.rule import ERROR, Finding, Rule
from constructs_lib.timeouts.inequalities import call_worst_case

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_FUNCTION = """
Orders:
  Type: AWS::Lambda::Function
  Properties: {Timeout: 10}
  Metadata: {constructs-lib: {INIT calls: {table: {CALL}}}}
"""
_WITH_INIT = _FUNCTION.replace("INIT", "init: 4,")
_WITHOUT = _FUNCTION.replace("INIT", "")


class ClientOutlastsFunction(Rule):
    """The declared calls of a handler may take longer than its function has left.

    ## Why is this bad?
    Lambda kills the function before its client library gives up: no error is handled, no fallback answers, the log says
    only that the task timed out. botocore left alone tries 3 times for 60 s to connect and 60 s to read: six minutes.

    ## What to do
    Give each client a connect and a read timeout and a number of attempts that fit, back-off included, into the
    function's timeout minus init, which runs again inside it after a crash.
    """

    id = "T110"
    name = "client-outlasts-function"
    severity = ERROR
    limits = (BOTOCORE_CONNECT_DEFAULT, BOTOCORE_READ_DEFAULT, BOTOCORE_ATTEMPTS_DEFAULT)
    bad = {
        "calls beside a repeated init": _WITH_INIT.replace("CALL", "connect: 1, read: 2.5, attempts: 2"),
        "botocore left alone": _WITHOUT.replace("CALL", ""),
        "read timeout left out": _WITHOUT.replace("CALL", "connect: 1, attempts: 1"),
        "several calls": _WITHOUT.replace(
            "CALL", "connect: 1, read: 5, attempts: 1}, queue: {connect: 1, read: 4, attempts: 1"
        ),
    }
    good = {
        "calls fit": _WITH_INIT.replace("CALL", "connect: 1, read: 2, attempts: 2"),
        "calls fit, init not known": _WITHOUT.replace("CALL", "connect: 1, read: 4, attempts: 2"),
    }
    undecided = {"read timeout imported": _WITHOUT.replace("CALL", "read: !ImportValue read")}

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Add up the declared calls (H5) and compare with the timeout minus init."""
        for function in graph.functions.values():
            calls = function.calls
            numbers = [number for call in calls for number in call.numbers]
            for runs, *known, when in graph.known(function.timeout, *numbers) if calls else ():
                each = [known[at : at + 4] for at in range(0, len(known), 4)]
                needs, room = sum(call_worst_case(*four) for four in each), function.room(runs)
                if needs <= room:
                    continue
                terms = "; ".join(_term(call.name, *four) for call, four in zip(calls, each, strict=True))
                message = (
                    f"The declared calls of {function.name} may take {needs:g} s ({terms}), but it has {room:g} s"
                    f"{_why(runs, room)}: Lambda kills it before its clients give up, and no error is handled."
                )
                fix = f"Lower the calls' timeouts or attempts to fit {room:g} s, or raise Timeout by {needs - room:g} s."
                yield self.finding(function.timeout.place, message, fix=fix, when=when)


def _term(name: str, connect: float, read: float, attempts: float, backoff: float) -> str:
    pauses = f" + {backoff:g}" if backoff else ""
    return f"{name}: {attempts:g} x ({connect:g} + {read:g}){pauses}"


def _why(runs: float, room: float) -> str:
    return f" ({runs:g} s timeout - {runs - room:g} s repeated init)" if room < runs else " (its timeout)"
