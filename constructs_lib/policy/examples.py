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
    """Build the graph of an example: YAML of resources, or whole templates with lines ``---`` between them."""
    texts = [_complete(part) for part in re.split(r"(?m)^---$", example) if part.strip()]
    names = ["template.yaml"] if len(texts) == 1 else [f"template-{n}.yaml" for n in range(1, len(texts) + 1)]
    return Graph(System([parse(text, name) for text, name in zip(texts, names, strict=True)]), settings)


def _complete(text: str) -> str:
    if re.search(r"(?m)^Resources:", text):
        return text
    return "Resources:\n" + re.sub(r"(?m)^(?=.)", "  ", text.strip("\n"))
