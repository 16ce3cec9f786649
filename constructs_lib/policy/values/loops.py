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
_MOST_VALUES = 400_000  # values in all of them
_LONGEST_ITEM = 255  # characters; items become parts of logical ids, which end there


def unroll(stack: Stack, section: dict[str, Any]) -> dict[str, Any]:
    """Write out the loops in a section; what one makes that cannot be known is noted in ``stack.hidden``."""
    unrolled = _Unrolling(stack).of(section, {})
    return unrolled if type(unrolled) is dict else {}


class _Unrolling:
    def __init__(self, stack: Stack) -> None:
        self.stack, self.entries, self.values = stack, _MOST, _MOST_VALUES

    def of(self, node: Any, names: dict[str, str]) -> Any:
        self.values -= 1 if names else 0
        if type(node) is list:
            return [self.of(item, names) for item in node]
        if type(node) is str:
            return _substituted(node, names) if names else node
        if type(node) is not dict:
            return node
        if len(node) == 1 and type(node.get("Ref")) is str and node["Ref"] in names:
            return names[node["Ref"]]
        entries: dict[Any, Any] = {}
        for key, value in node.items():
            if type(key) is str and key.startswith(_LOOP):
                entries |= self.loop(key, value, names)
            else:
                new_key = _substituted(key, names) if names and type(key) is str else key
                entries[new_key] = self.of(value, names)
        return entries

    def loop(self, key: str, loop: Any, names: dict[str, str]) -> dict[Any, Any]:
        entries: dict[Any, Any] = {}
        match loop:
            case [str(name), collection, dict(template)]:
                items, reason = _items(self.stack, self.of(collection, names))
                for item in items:
                    self.entries -= 1
                    if self.entries < 0 or self.values < 0:
                        reason = f"makes more than {_MOST:,} entries or {_MOST_VALUES:,} values"
                        break
                    entries |= self.of(template, {**names, name: item})
            case _:
                reason = "needs a name, a list and a mapping of what to repeat"
        if reason:
            self.stack.hidden.setdefault(key, f"{key} {reason}")
        return entries


def _items(stack: Stack, collection: Any) -> tuple[list[str], str | None]:
    """List what a loop runs over, and say why there may be more."""
    cases = stack.resolve(collection)
    data = cases[0].data if len(cases) == 1 else Unknown("its list depends on a condition")
    if type(data) is not list:
        reason = data.reason if isinstance(data, Unknown) else f"a {type(data).__name__} stands there"
        return [], f"runs over no known list: {reason}"
    found: list[str] = []
    for raw in data:
        item = raw if isinstance(raw, Unknown) else stack.resolve(raw)[0].data
        found += map(as_text, item if type(item) is list else [item])
    known = [text for text in found if is_plain(text) and len(text) <= _LONGEST_ITEM]
    return known, "has an item that is not known, or longer than a logical id" if len(known) < len(
        found
    ) else None


def _substituted(text: str, names: dict[str, str]) -> str:
    """Put loop variables in: ``${Name}`` as it is, ``&{Name}`` with all but letters and digits taken out."""
    for name, value in names.items():
        text = text.replace(f"${{{name}}}", value)
        if f"&{{{name}}}" in text:
            text = text.replace(f"&{{{name}}}", "".join(char for char in value if char.isalnum()))
    return text
