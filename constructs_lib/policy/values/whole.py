"""Resolving a whole subtree: definitions of workflows and bodies of APIs hold functions at any depth."""

from __future__ import annotations

from constructs_lib.policy.values.cases import ABSENT, Case, Unknown, as_text, combine, distinct, under

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from constructs_lib.policy.values.cases import Cases
    from constructs_lib.policy.values.stack import Stack


def whole(stack: Stack, raw: Any) -> Cases:
    """Resolve a subtree to plain data; an unknown part is text with a token that says why.

    Conditions inside multiply; beyond the bound the subtree they are in is unknown.
    """
    found: list[Case] = []
    for case in stack.resolve(raw):
        found += under(case.when, _inside(stack, case.data))
    return distinct(found)


def _inside(stack: Stack, data: Any) -> Cases:
    if type(data) is dict:
        keys = list(data)
        if not keys:
            return (Case(data),)
        return tuple(
            Case({key: value for key, value in zip(keys, datas, strict=True) if value is not ABSENT}, when)
            for datas, when in combine([whole(stack, data[key]) for key in keys])
        )
    if type(data) is list:
        return tuple(
            Case([value for value in datas if value is not ABSENT], when)
            for datas, when in combine([whole(stack, item) for item in data])
        )
    return (Case(as_text(data) if isinstance(data, Unknown) else data),)
