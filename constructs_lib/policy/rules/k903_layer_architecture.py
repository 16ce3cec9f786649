"""K903 layer-architecture."""

from __future__ import annotations

from constructs_lib.policy.rule import ERROR, WARNING, Finding, Rule
from constructs_lib.policy.services.layers import language_of, layers_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_FUNCTION = """
Shared:
  Type: AWS::Lambda::LayerVersion
  Properties: {Content: {S3Bucket: b, S3Key: k}, CompatibleArchitectures: [FOR], CompatibleRuntimes: [python3.13]}
Orders:
  Type: AWS::Lambda::Function
  Properties: {Runtime: python3.13, Architectures: [arm64], Layers: [!Ref Shared]}
"""
_POWERTOOLS = "arn:aws:lambda:eu-west-1:017000801446:layer:AWSLambdaPowertoolsPythonV3-python313"
_EITHER = f"""
Parameters: {{Cpu: {{Type: String}}}}
Conditions: {{IsArm: {{"Fn::Equals": [!Ref Cpu, arm64]}}}}
Resources:
  Orders:
    Type: AWS::Lambda::Function
    Properties:
      Architectures: [!If [IsArm, arm64, x86_64]]
      Layers: !If [IsArm, ["{_POWERTOOLS}-FIRST:7"], ["{_POWERTOOLS}-x86_64:7"]]
"""


class LayerArchitecture(Rule):
    """A layer was built for another kind of function than the one it is attached to.

    ## Why is this bad?
    Lambda attaches it without a word. Compiled modules of another architecture cannot be loaded, and files of another
    language are not found: every init fails.

    ## What to do
    Attach the layer's build for the function's architecture and runtime, or ship its content in the package.

    ## Known limits
    Architectures are known from CompatibleArchitectures and from the names of published layers. Another version of the same
    language is a warning, because only compiled modules mind it. The Parameters and Secrets extension has I205.
    """

    id = "K903"
    name = "layer-architecture"
    severity = ERROR
    bad = {
        "layer for x86_64": _FUNCTION.replace("FOR", "x86_64"),
        "published layer for x86_64": _FUNCTION.replace("FOR", "arm64").replace(
            "!Ref Shared", f"'{_POWERTOOLS}-x86_64:7'"
        ),
        "layer for arm64 on the default": _FUNCTION.replace("FOR", "arm64").replace(
            " Architectures: [arm64],", ""
        ),
        "one build for both": _EITHER.replace("FIRST", "x86_64"),
        "layer for another language": _FUNCTION.replace("FOR", "arm64").replace(
            "Runtime: python3.13", "Runtime: nodejs24.x"
        ),
        "another version of the language": _FUNCTION.replace("FOR", "arm64").replace(
            "[python3.13]", "[python3.12]"
        ),
    }
    good = {
        "each build for its own": _EITHER.replace("FIRST", "arm64"),
        "layer for both": _FUNCTION.replace("FOR", "arm64, x86_64"),
        "published layer for arm64": _FUNCTION.replace("FOR", "arm64").replace(
            "!Ref Shared", f"'{_POWERTOOLS}-arm64:7'"
        ),
        "layer that does not say": _FUNCTION.replace("CompatibleArchitectures: [FOR], ", ""),
    }
    undecided = {
        "architecture imported": _FUNCTION.replace("FOR", "x86_64").replace("[arm64]", "[!ImportValue cpu]"),
        "architecture fetched": _FUNCTION.replace("FOR", "x86_64").replace(
            "[arm64]", "['{{resolve:ssm:/cpu}}']"
        ),
    }

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Compare each layer's architectures and languages with the function's."""
        for function in graph.functions.values():
            architecture = function.resource.get("Architectures", 0).default("x86_64")
            runtime = function.resource.get("Runtime")
            for layer in layers_of(graph, function):
                for value, offered in ((architecture, layer.architectures), (runtime, layer.runtimes)):
                    for given, when in graph.known(value, given=layer.when) if offered else ():
                        if type(given) is not str or given in offered:
                            continue
                        language = language_of(given) if value is runtime else None
                        if value is runtime and (language is None or not layer.languages):
                            continue
                        related = language in layer.languages
                        harm = (
                            "compiled modules of it may not load"
                            if related
                            else "what it brings cannot be loaded"
                        )
                        message = (
                            f"{function.name} runs on {given}, but its layer {layer.name} is built for "
                            f"{' and '.join(sorted(offered))}: {harm}."
                        )
                        fix = f"Attach the layer's build for {given}, or ship its content in the package."
                        severity = WARNING if related else ERROR
                        yield self.finding(layer.place, message, fix=fix, when=when, severity=severity)
