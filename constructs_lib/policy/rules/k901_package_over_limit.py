"""K901 package-over-limit."""

from __future__ import annotations

from constructs_lib.limits import LAMBDA_PACKAGE_MAX
from constructs_lib.policy.rule import ERROR, Finding, Rule
from constructs_lib.policy.services.layers import layers_of
from constructs_lib.policy.services.packages import asset_bytes, code_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_FUNCTION = """
# asset code.zip: CODE bytes unzipped
# asset layer.zip: 104857600 bytes unzipped
Shared: {Type: AWS::Lambda::LayerVersion, Properties: {Content: {S3Bucket: assets, S3Key: layer.zip}}}
Orders:
  Type: AWS::Lambda::Function
  Properties: {Code: {S3Bucket: assets, S3Key: code.zip}, Layers: [!Ref Shared]}
"""
_MIB = 1024 * 1024


class PackageOverLimit(Rule):
    """The function's code and layers are larger than Lambda unpacks.

    ## Why is this bad?
    Lambda refuses the deployment, after everything has been built and uploaded. Layers count: they do not raise the limit.

    ## What to do
    Leave out what the handler does not import, or ship a container image, which may have 10 GB.

    ## Known limits
    Sizes come from the assets of a cloud assembly. Layers that are not in it, or only under a condition, are not counted, so
    that what is found is too large for certain.
    """

    id = "K901"
    name = "package-over-limit"
    severity = ERROR
    limits = (LAMBDA_PACKAGE_MAX,)
    bad = {
        "code alone": _FUNCTION.replace("CODE", "272629760").replace(", Layers: [!Ref Shared]", ""),
        "code and layer together": _FUNCTION.replace("CODE", "167772160"),
    }
    good = {
        "just fits": _FUNCTION.replace("CODE", "157286400"),
        "size that nobody knows": _FUNCTION.replace("# asset code.zip", "# other").replace("CODE", "1"),
    }

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Add up the unzipped sizes of each function's code and layers."""
        for function in graph.functions.values():
            code = code_bytes(function)
            if code is None:
                continue
            layers = [
                layer.resource for layer in layers_of(graph, function) if layer.resource and not layer.when
            ]
            sizes = [asset_bytes(layer, "Content", "S3Key") or 0 for layer in layers]
            total = code + sum(sizes)
            if total <= LAMBDA_PACKAGE_MAX:
                continue
            parts = f"{code / _MIB:,.1f} MiB of code" + "".join(
                f" + {size / _MIB:,.1f} MiB in layer {layer.name}"
                for layer, size in zip(layers, sizes, strict=True)
            )
            message = (
                f"{function.name} unpacks to {total / _MIB:,.1f} MiB ({parts}), more than the {LAMBDA_PACKAGE_MAX / _MIB:g} MiB "
                "that Lambda allows: the deployment fails."
            )
            fix = "Leave out what the handler does not import, or ship a container image."
            yield self.finding(function.resource.get("Code").place, message, fix=fix)
