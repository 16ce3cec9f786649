"""K902 image-would-start-faster."""

from __future__ import annotations

from constructs_lib.limits import IMAGE_FASTER_NODE, IMAGE_FASTER_PYTHON, LAMBDA_PACKAGE_MAX
from constructs_lib.policy.rule import NOTE, Finding, Rule
from constructs_lib.policy.services.layers import language_of
from constructs_lib.policy.services.packages import code_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_FUNCTION = """
# asset code.zip: SIZE bytes unzipped
Orders: {Type: AWS::Lambda::Function, Properties: {Runtime: RUNTIME, Code: {S3Bucket: assets, S3Key: code.zip}}}
"""
_PYTHON = _FUNCTION.replace("RUNTIME", "python3.13")
_NODE = _FUNCTION.replace("RUNTIME", "nodejs24.x")
_FASTER = {"python": IMAGE_FASTER_PYTHON, "nodejs": IMAGE_FASTER_NODE}
_MIB = 1024 * 1024


class ImageWouldStartFaster(Rule):
    """A package of this size starts faster as a container image.

    ## Why is this bad?
    Lambda unpacks a zip whole before the first request; of an image it loads what is read. Above some size the image wins,
    and the difference is part of every cold start.

    ## What to do
    First leave out what the handler does not import. If it stays that large, ship it as a container image.

    ## Known limits
    Where the image begins to win was measured by a third party, for Python and Node.js alone, and depends on how much of the
    package an init reads.
    """

    id = "K902"
    name = "image-would-start-faster"
    severity = NOTE
    limits = (IMAGE_FASTER_PYTHON, IMAGE_FASTER_NODE)
    bad = {
        "large Python package": _PYTHON.replace("SIZE", "220200960"),
        "large Node.js package": _NODE.replace("SIZE", "41943040"),
    }
    good = {
        "small Python package": _PYTHON.replace("SIZE", "41943040"),
        "small Node.js package": _NODE.replace("SIZE", "20971520"),
        "size that nobody knows": _PYTHON.replace("# asset", "# other"),
    }

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Compare each function's unzipped code with the size from which an image starts faster."""
        for function in graph.functions.values():
            runtime = function.resource.get("Runtime").only
            limit = _FASTER.get(language_of(str(runtime)) or "")
            code = code_bytes(function) if limit else None
            if limit is None or code is None or not limit < code <= LAMBDA_PACKAGE_MAX:
                continue
            message = (
                f"{function.name} unpacks to {code / _MIB:,.0f} MiB; from about {limit / _MIB:g} MiB on, a container image of "
                f"{runtime} starts faster than a zip."
            )
            fix = "Leave out what the handler does not import, or ship a container image."
            yield self.finding(function.resource.get("Code").place, message, fix=fix)
