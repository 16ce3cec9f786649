"""The examples in the rules, as systems: the tests check them, the pages show them."""

from __future__ import annotations

import re

from constructs_lib.policy.graph import Graph
from constructs_lib.policy.template.template import parse
from constructs_lib.policy.values import System

TYPE_CHECKING = False
if TYPE_CHECKING:
    from constructs_lib.policy.settings import Settings


def graph_of(example: str, settings: Settings | None = None) -> Graph:
    """Build the graph of an example: YAML of resources, or whole templates with lines ``---`` between them.

    A line ``# asset code.zip: 1000 bytes unzipped`` stands for an asset of this size under the key ``code.zip``. The
    condition IsProd, which cannot be decided, is there without being written.
    """
    texts = [_complete(part) for part in re.split(r"(?m)^---$", example) if part.strip()]
    sizes = {
        key: int(size) for key, size in re.findall(r"(?m)^# asset (\S+): (\d+) bytes unzipped$", example)
    }
    names = ["template.yaml"] if len(texts) == 1 else [f"template-{n}.yaml" for n in range(1, len(texts) + 1)]
    templates = [parse(text, name) for text, name in zip(texts, names, strict=True)]
    for template in templates:
        template.sizes.update(sizes)
    return Graph(System(templates), settings)


def _complete(text: str) -> str:
    if re.search(r"(?m)^Resources:", text):
        return text
    stage = "\nParameters: {Stage: {Type: String}}\nConditions: {IsProd: !Equals [!Ref Stage, prod]}\n"
    resources = "Resources:\n" + re.sub(r"(?m)^(?=.)", "  ", text.strip("\n"))
    return resources + stage if "!If [IsProd" in text else resources
