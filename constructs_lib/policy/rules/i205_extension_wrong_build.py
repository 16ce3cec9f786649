"""I205 extension-wrong-build."""

from __future__ import annotations

from constructs_lib.limits import EXTENSION_LAYERS_CHECKED
from constructs_lib.policy.rule import ERROR, WARNING, Finding, Rule
from constructs_lib.policy.services.extension import extension_layers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.function import Function
    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.services.extension import Layer

_FUNCTION = """
Orders:
  Type: AWS::Lambda::Function
  Properties:
    Timeout: 10
    Architectures: [ARCHITECTURE]
    Layers: [LAYER]
    Environment: {Variables: {SSM_PARAMETER_STORE_TIMEOUT_MILLIS: 950, SECRETS_MANAGER_TIMEOUT_MILLIS: 950}}
"""
_NAME = "layer:AWS-Parameters-and-Secrets-Lambda-Extension"
_ARM = _FUNCTION.replace("ARCHITECTURE", "arm64")
_X86 = _FUNCTION.replace("ARCHITECTURE", "x86_64")
_IRELAND = f"arn:aws:lambda:eu-west-1:015030872274:{_NAME}"


class ExtensionWrongBuild(Rule):
    """The attached build of the Parameters and Secrets extension is not one for this function.

    ## Why is this bad?
    Lambda does not compare architectures: a build for the other one cannot be executed, and every init fails. Each region
    has an account of its own for the layer; with another region's account the deployment fails. Old versions, such as the
    :4 that CDK chooses by itself, lack years of corrections.

    ## What to do
    Use the ARN of AWS's list for the function's region and architecture.

    ## Known limits
    Versions are compared with AWS's list as of the day that `constructs_lib.limits` names; newer ones are accepted.
    """

    id = "I205"
    name = "extension-wrong-build"
    severity = ERROR
    bad = {
        "build for x86_64 on arm64": _ARM.replace("LAYER", f"{_IRELAND}:21"),
        "build for arm64 on x86_64": _X86.replace("LAYER", f"{_IRELAND}-Arm64:21"),
        "account of another region": _X86.replace(
            "LAYER", f"arn:aws:lambda:eu-west-1:177933569100:{_NAME}:21"
        ),
        "old version": _X86.replace("LAYER", f"{_IRELAND}:4"),
    }
    good = {
        "build for x86_64": _X86.replace("LAYER", f"{_IRELAND}:21"),
        "build for arm64": _ARM.replace("LAYER", f"{_IRELAND}-Arm64:21"),
        "newer than the list": _X86.replace("LAYER", f"{_IRELAND}:99"),
    }
    undecided = {
        "region of the deployment": _X86.replace(
            "LAYER", f'!Sub "arn:aws:lambda:${{AWS::Region}}:015030872274:{_NAME}:21"'
        )
    }

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Compare each build that a function has with its architecture, its region and AWS's list."""
        for function in graph.functions.values():
            for layer in extension_layers(function):
                yield from self._architecture(graph, function, layer)
                yield from self._region(graph, function, layer)
                yield from self._version(function, layer)

    def _architecture(self, graph: Graph, function: Function, layer: Layer) -> Iterator[Finding]:
        architectures = function.resource.get("Architectures", 0).default("x86_64")
        for architecture, when in graph.known(architectures, given=layer.when):
            if architecture != layer.architecture:
                message = (
                    f"{function.name} runs on {architecture}, its Parameters and Secrets extension is built for "
                    f"{layer.architecture}: it cannot be executed, and every init fails."
                )
                fix = f"Attach the build for {architecture}."
                yield self.finding(layer.place, message, fix=fix, when=when)

    def _region(self, graph: Graph, function: Function, layer: Layer) -> Iterator[Finding]:
        row = dict(layer.when).get("AWS::Region")
        deployed = row or function.resource.stack.template.environment.get("AWS::Region")
        if deployed is None:
            graph.coverage.undecided(layer.place, "AWS::Region is known only in deployment")
        said = {"its ARN names": layer.region, "its account serves": layer.home, "the stack is in": deployed}
        if len(set(filter(None, said.values()))) > 1:
            regions = ", ".join(f"{words} {region}" for words, region in said.items() if region)
            message = (
                f"The Parameters and Secrets extension of {function.name} is one of another region ({regions}): the "
                "deployment fails."
            )
            fix = f"Attach the layer of {deployed or layer.region}."
            yield self.finding(layer.place, message, fix=fix, when=layer.when)

    def _version(self, function: Function, layer: Layer) -> Iterator[Finding]:
        listed = layer.listed
        if listed and layer.version and layer.version < listed:
            message = (
                f"{function.name} has version {layer.version} of the Parameters and Secrets extension; AWS listed {listed} for "
                f"{layer.home or layer.region} and {layer.architecture} on {EXTENSION_LAYERS_CHECKED}."
            )
            fix = f"Attach version {listed} or newer."
            yield self.finding(layer.place, message, fix=fix, when=layer.when, severity=WARNING)
