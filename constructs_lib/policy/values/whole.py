"""Resolving a whole subtree: definitions of workflows and bodies of APIs hold functions at any depth."""

from __future__ import annotations

from constructs_lib.policy.values.cases import ABSENT, Case, Unknown, as_text, combine, distinct, under

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from constructs_lib.policy.values.cases import Cases
    from constructs_lib.policy.values.stack import Stack


_MOST = 400_000  # values of one subtree, and
_DEEPEST = 200  # levels of it: mappings that name themselves multiply both


def whole(stack: Stack, raw: Any) -> Cases:
    """Resolve a subtree to plain data; an unknown part is text with a token that says why.

    Conditions inside multiply; beyond the bound the subtree they are in is unknown.
    """
    return _Expansion(stack).of(raw, 0)


class _Expansion:
    def __init__(self, stack: Stack) -> None:
        self.stack, self.left = stack, _MOST

    def of(self, raw: Any, depth: int) -> Cases:
        self.left -= 1
        if self.left < 0 or depth > _DEEPEST:
            return (Case(as_text(Unknown(f"holds more than {_MOST:,} values or {_DEEPEST} levels"))),)
        found: list[Case] = []
        for case in self.stack.resolve(raw):
            found += under(case.when, self.inside(case.data, depth + 1))
        return distinct(found)

    def inside(self, data: Any, depth: int) -> Cases:
        if type(data) is dict:
            keys = list(data)
            if not keys:
                return (Case(data),)
            return tuple(
                Case(
                    {key: value for key, value in zip(keys, datas, strict=True) if value is not ABSENT}, when
                )
                for datas, when in combine([self.of(data[key], depth) for key in keys])
            )
        if type(data) is list:
            return tuple(
                Case([value for value in datas if value is not ABSENT], when)
                for datas, when in combine([self.of(item, depth) for item in data])
            )
        return (Case(as_text(data) if isinstance(data, Unknown) else data),)
