"""``Fn::ForEach``: the loop is written out before anything else reads the template."""

from __future__ import annotations

from constructs_lib.policy.values.cases import Unknown, as_text
from constructs_lib.policy.values.text import is_plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from constructs_lib.policy.values.stack import Stack

_LOOP = "Fn::ForEach::"
_MOST = 2_000  # entries that the loops of one section may make; CloudFormation stops at 500 resources


def unroll(stack: Stack, section: dict[str, Any]) -> dict[str, Any]:
    """Write out the loops in a section; one whose collection is not known makes nothing."""
    budget = [_MOST]
    unrolled = _unrolled(stack, section, {}, budget)
    return unrolled if type(unrolled) is dict else {}


def _unrolled(stack: Stack, node: Any, names: dict[str, str], budget: list[int]) -> Any:
    if type(node) is list:
        return [_unrolled(stack, item, names, budget) for item in node]
    if type(node) is str:
        return _substituted(node, names) if names else node
    if type(node) is not dict:
        return node
    if len(node) == 1 and type(node.get("Ref")) is str and node["Ref"] in names:
        return names[node["Ref"]]
    entries: dict[Any, Any] = {}
    for key, value in node.items():
        if type(key) is str and key.startswith(_LOOP):
            entries |= _loop(stack, value, names, budget)
        else:
            new_key = _substituted(key, names) if names and type(key) is str else key
            entries[new_key] = _unrolled(stack, value, names, budget)
    return entries


def _loop(stack: Stack, loop: Any, names: dict[str, str], budget: list[int]) -> dict[Any, Any]:
    match loop:
        case [str(name), collection, dict(template)]:
            entries: dict[Any, Any] = {}
            for item in _items(stack, _unrolled(stack, collection, names, budget)):
                budget[0] -= 1
                if budget[0] < 0:
                    break
                entries |= _unrolled(stack, template, {**names, name: item}, budget)
            return entries
    return {}


def _items(stack: Stack, collection: Any) -> list[str]:
    cases = stack.resolve(collection)
    data = cases[0].data if len(cases) == 1 else None
    if type(data) is not list or any(isinstance(item, Unknown) for item in data):
        return []
    found: list[str] = []
    for item in data:
        for case in stack.resolve(item)[:1]:
            values = case.data if type(case.data) is list else [case.data]
            found += [text for text in map(as_text, values) if is_plain(text)]
    return found


def _substituted(text: str, names: dict[str, str]) -> str:
    """Put loop variables in: ``${Name}`` as it is, ``&{Name}`` with all but letters and digits taken out."""
    for name, value in names.items():
        text = text.replace(f"${{{name}}}", value)
        if f"&{{{name}}}" in text:
            text = text.replace(f"&{{{name}}}", "".join(char for char in value if char.isalnum()))
    return text
