"""Which conditions can hold together, whatever the parameters turn out to be.

``IsProd`` and ``not IsProdOrStaging`` never do, although neither is decided. A condition is a formula over questions "is
this text that value?", and a text has one value at a time, so that few worlds have to be looked at.
"""

from __future__ import annotations

from itertools import product
from math import prod

from constructs_lib.policy.values.cases import as_text
from constructs_lib.policy.values.text import is_plain, show, why_unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from constructs_lib.policy.values.cases import When
    from constructs_lib.policy.values.stack import Stack
    from constructs_lib.policy.values.system import System

    World = dict[str, object]

_MOST_WORLDS = 5_000  # more are not looked at; what is asked is taken to be possible then
_MOST_PARTS = 200  # of the formulas that are asked about together
_OTHER = object()  # any value that no question names


class Conditions:
    """The conditions of a system."""

    def __init__(self, system: System) -> None:
        self.system = system
        self._known: dict[When, bool] = {}

    def possible(self, when: When) -> bool:
        """Tell whether all of this can hold at the same time."""
        if when not in self._known:
            self._known[when] = self._satisfiable(when)
        return self._known[when]

    def _satisfiable(self, when: When) -> bool:
        asked = _Questions(self.system)
        wanted = [(asked.assumption(name, value), value is not False) for name, value in when]
        values = [self._values(name, asked.values[name]) for name in asked.values]
        if prod(map(len, values)) > _MOST_WORLDS:
            return True
        worlds = (dict(zip(asked.values, world, strict=True)) for world in product(*values))
        return any(all(_holds(formula, world) is truth for formula, truth in wanted) for world in worlds)

    def _values(self, name: str, asked: set[object]) -> list[object]:
        """List what a text may be: the values that are asked for, and one that stands for all others."""
        allowed = self._allowed(name)
        if allowed is None:
            return [*asked, _OTHER]
        return [*(asked & allowed), *([_OTHER] if allowed - asked else [])]

    def _allowed(self, name: str) -> set[object] | None:
        kind, _, parameter = name.partition(" ")
        for stack in self.system.stacks if kind == "parameter" else ():
            declared = stack.declared.get(parameter)
            values = declared.get("AllowedValues") if type(declared) is dict else None
            if type(values) is list and values:
                return set(map(as_text, values))
        return None


class _Questions:
    """Formulas, as True, False or a tuple of what connects the parts and the parts; and the values each text is asked for."""

    def __init__(self, system: System) -> None:
        self.system, self.values, self.parts = system, dict[str, set[object]](), 0

    def assumption(self, name: str, value: object) -> Any:
        if not isinstance(value, bool):
            return self._is(name, value)
        index, _, condition = name.rpartition("/")
        return self._formula(self.system.stacks[int(index or 0)], {"Condition": condition})

    def _formula(self, stack: Stack, raw: Any) -> Any:
        decided = stack.holds(raw)
        if decided is not None:
            return decided
        self.parts += 1
        match list(raw.items()) if type(raw) is dict and self.parts < _MOST_PARTS else ():
            case [("Condition", str(name))] if name in stack.formulas:
                return self._formula(stack, stack.formulas[name])
            case [("Fn::Equals", [left, right])]:
                return self._equals(stack, left, right)
            case [("Fn::Not" | "Fn::And" | "Fn::Or" as connective, list(parts))]:
                return connective, [self._formula(stack, part) for part in parts]
        return self._is(f"formula {id(raw)}", True)

    def _equals(self, stack: Stack, *sides: Any) -> Any:
        texts = [case.data for side in sides for case in stack.texts(side)]
        texts.sort(key=is_plain)
        if len(texts) == 2 and not is_plain(texts[0]) and is_plain(texts[1]):  # noqa: PLR2004 - two sides
            return self._is(subject(texts[0]), texts[1])
        return self._is(" = ".join(sorted(texts)), True)

    def _is(self, name: str, value: object) -> Any:
        self.values.setdefault(name, set()).add(value)
        return "is", name, value


def subject(text: str) -> str:
    """Name what a text depends on that is not known: ``parameter Stage``, ``AWS::Region``."""
    reason = why_unknown(text) or ""
    first, _, rest = reason.partition(" ")
    return f"{first} {rest.split()[0]}" if first == "parameter" and rest else show(text).strip("<>")


def _holds(formula: Any, world: World) -> bool:
    match formula:
        case ("is", name, value):
            return bool(world[name] == value)
        case ("Fn::Not", parts):
            return not any(_holds(part, world) for part in parts)
        case ("Fn::And", parts):
            return all(_holds(part, world) for part in parts)
        case ("Fn::Or", parts):
            return any(_holds(part, world) for part in parts)
    return bool(formula)
