"""I204 extension-without-timeout."""

from __future__ import annotations

from constructs_lib.limits import EXTENSION_TTL_MAX
from constructs_lib.policy.rule import ERROR, WARNING, Finding, Rule
from constructs_lib.policy.services.extension import extension_layers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.function import Function
    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values import Value
    from constructs_lib.policy.values.cases import When

_TIMEOUTS = ("SSM_PARAMETER_STORE_TIMEOUT_MILLIS", "SECRETS_MANAGER_TIMEOUT_MILLIS")
_TTLS = ("SSM_PARAMETER_STORE_TTL", "SECRETS_MANAGER_TTL")
_FUNCTION = """
Orders:
  Type: AWS::Lambda::Function
  Properties:
    Timeout: 10
    Layers: [arn:aws:lambda:eu-west-1:015030872274:layer:AWS-Parameters-and-Secrets-Lambda-Extension:21]
    Environment: {Variables: {VARIABLES}}
"""
_SET = _FUNCTION.replace(
    "VARIABLES", "SSM_PARAMETER_STORE_TIMEOUT_MILLIS: 'SSM', SECRETS_MANAGER_TIMEOUT_MILLIS: 950, MORE"
)
_PLAIN = _SET.replace(", MORE", "")


class ExtensionWithoutTimeout(Rule):
    """The Parameters and Secrets extension waits without end for Parameter Store or Secrets Manager.

    ## Why is this bad?
    Its timeouts are 0 unless they are set, which means none: one slow answer takes the rest of the function's timeout, and
    the handler, which would have had a fallback, is killed instead. A TTL over 300 s is out of the extension's range.

    ## What to do
    Set both variables to less than the handler's client waits, say 1000.
    """

    id = "I204"
    name = "extension-without-timeout"
    severity = WARNING
    limits = (EXTENSION_TTL_MAX,)
    bad = {
        "unset": _FUNCTION.replace("VARIABLES", "STAGE: prod"),
        "0, as CDK writes it": _PLAIN.replace("SSM'", "0'"),
        "TTL out of range": _SET.replace("SSM'", "950'").replace("MORE", "SECRETS_MANAGER_TTL: 301"),
        "extension in production alone": _FUNCTION.replace("VARIABLES", "STAGE: prod")
        .replace("[arn", "[!If [IsProd, 'arn")
        .replace(":21]", ":21', !Ref AWS::NoValue]]"),
    }
    good = {
        "both set": _PLAIN.replace("SSM'", "950'"),
        "TTL at the limit": _SET.replace("SSM'", "950'").replace("MORE", "SECRETS_MANAGER_TTL: 300"),
        "no extension": _FUNCTION.replace("AWS-Parameters", "Parameters").replace("VARIABLES", "STAGE: prod"),
    }
    undecided = {"timeout imported": _PLAIN.replace("'SSM'", "!ImportValue patience")}

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Look at the environment of each function that has the extension's layer."""
        for function in graph.functions.values():
            if any(extension_layers(function)):
                yield from self._timeouts(graph, function)
                yield from self._ttls(graph, function)

    def _timeouts(self, graph: Graph, function: Function) -> Iterator[Finding]:
        missing: dict[When, list[Value]] = {}
        for value in (function.environment.get(name) for name in _TIMEOUTS):
            for millis, when in graph.known(value.default(0.0).numbers()):
                if millis <= 0:
                    missing.setdefault(when, []).append(value)
        for when, values in missing.items():
            names = " and ".join(str(value.place.keys[-1]) for value in values)
            message = (
                f"{function.name} has the Parameters and Secrets extension without {names}, unset or 0, which is no timeout: "
                "one slow answer takes all the time that the function has."
            )
            yield self.finding(values[0].place, message, fix=f"Set {names}, e.g. to 1000.", when=when)

    def _ttls(self, graph: Graph, function: Function) -> Iterator[Finding]:
        for name in _TTLS:
            value = function.environment.get(name).numbers()
            for seconds, when in graph.known(value):
                if seconds <= EXTENSION_TTL_MAX:
                    continue
                message = f"{function.name} sets {name} to {seconds:g}, but the extension takes 0 to {EXTENSION_TTL_MAX}."
                fix = f"Lower {name} to <= {float(EXTENSION_TTL_MAX):g}."
                yield self.finding(value.place, message, fix=fix, when=when, severity=ERROR)
