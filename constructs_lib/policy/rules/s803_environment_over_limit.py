"""S803 environment-over-limit."""

from __future__ import annotations

from constructs_lib.limits import LAMBDA_ENVIRONMENT_MAX
from constructs_lib.policy.rule import ERROR, Finding, Rule
from constructs_lib.policy.values.cases import ABSENT
from constructs_lib.policy.values.text import TOKEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values import Value

_FUNCTION = """
Orders:
  Type: AWS::Lambda::Function
  Properties: {Environment: {Variables: VARIABLES}}
"""


def _with(size: int) -> str:
    return _FUNCTION.replace("VARIABLES", f"{{CONFIGURATION: {'x' * size}}}")


class EnvironmentOverLimit(Rule):
    """The function's environment variables are larger than Lambda allows.

    ## Why is this bad?
    The deployment fails, often only in the stage whose values are the longest.

    ## What to do
    Move the large values into a parameter, an object in S3 or the package, and pass their names.

    ## Known limits
    Only what the template tells is counted: names, and the known parts of values. What is found is too large for certain;
    what is not found may still be.
    """

    id = "S803"
    name = "environment-over-limit"
    severity = ERROR
    limits = (LAMBDA_ENVIRONMENT_MAX,)
    bad = {
        "one large value": _with(4090),
        "known part is too large": _FUNCTION.replace(
            "VARIABLES", f"{{A: !Sub '{'x' * 4100}${{AWS::StackName}}'}}"
        ),
        "large in production alone": _FUNCTION.replace("VARIABLES", f"{{A: !If [IsProd, {'x' * 4100}, y]}}"),
        "letters of several bytes": _FUNCTION.replace("VARIABLES", f"{{A: {'ä' * 2048}}}"),
    }
    good = {
        "just fits": _with(4083),
        "fits in both branches": _FUNCTION.replace(
            "VARIABLES", f"{{A: !If [IsProd, {'x' * 4000}, y], B: !If [IsProd, y, {'x' * 4000}]}}"
        ),
    }
    undecided = {
        "all variables are unknown": _FUNCTION.replace("VARIABLES", "!ImportValue orders-variables"),
    }

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Add up the sizes of names and values."""
        most = int(LAMBDA_ENVIRONMENT_MAX)
        for function in graph.functions.values():
            variables = function.environment
            graph.note_unknown(variables)
            if len(variables.cases) > 1:
                continue
            sizes = {name: _least(name, value) for name, value in variables.items()}
            total = sum(sizes.values())
            if total <= most:
                continue
            largest = max(sizes, key=lambda name: sizes[name])
            message = (
                f"{function.name} has at least {total:,} bytes of environment variables, {total - most:,} more than the "
                f"{most:,} that Lambda allows: the deployment fails. The largest is {largest} with {sizes[largest]:,} bytes."
            )
            fix = f"Move {largest} into a parameter or the package, and pass its name."
            yield self.finding(variables.place, message, fix=fix)


def _least(name: str, value: Value) -> int:
    """Count the bytes that a variable takes at least, name included; none if it may be absent."""
    if any(case.data is ABSENT for case in value.cases):
        return 0
    texts = [case.data if type(case.data) is str else "" for case in value.texts().cases]
    return len(name.encode()) + min((len(TOKEN.sub("", text).encode()) for text in texts), default=0)
