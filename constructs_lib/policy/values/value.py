"""A value with its place: what rules and edges read."""

from __future__ import annotations

from constructs_lib.policy.values.cases import (
    ABSENT,
    Absent,
    Case,
    Unknown,
    as_flag,
    as_number,
    as_text,
    distinct,
    one,
    under,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from constructs_lib.policy.values.cases import Cases
    from constructs_lib.policy.values.resource import Place
    from constructs_lib.policy.values.stack import Stack


class Value:
    """What something in a template may be, and where it stands.

    Args:
        cases: each possible datum with the conditions that lead to it.
        place: where it stands, for findings.
        stack: resolves what is inside; None for data that holds no CloudFormation functions.

    Example: in a rule, ``queue.get("VisibilityTimeout").default(30).numbers().cases``.
    """

    __slots__ = ("cases", "place", "stack")

    def __init__(self, cases: Cases, place: Place, stack: Stack | None) -> None:
        self.cases, self.place, self.stack = cases, place, stack

    def __repr__(self) -> str:
        """Show the cases."""
        return f"Value({', '.join(map(repr, self.cases))})"

    def get(self, *keys: str | int) -> Value:
        """Walk into mappings and lists; what is not there is ABSENT, what is below an Unknown is Unknown."""
        cases = self.cases
        for key in keys:
            found: list[Case] = []
            for case in cases:
                inner = self._inside(case.data, key)
                found += under(case.when, inner) if case.when else inner
            cases = tuple(found) if len(found) <= 1 else distinct(found)
        return Value(cases, self.place.at(*keys), self.stack)

    def _inside(self, data: Any, key: str | int) -> Cases:
        if type(data) is dict:
            if key in data:
                return self._resolved(data[key])
            if "Fn::Transform" in data:
                return one(Unknown("Fn::Transform is run in deployment"))
            return one(ABSENT)
        if type(data) is list and type(key) is int:
            return self._resolved(data[key]) if key < len(data) else one(ABSENT)
        if isinstance(data, Unknown | Absent):
            return one(data)
        return one(Unknown(f"a {type(data).__name__} stands where a mapping belongs"))

    def _resolved(self, raw: Any) -> Cases:
        return self.stack.resolve(raw) if self.stack else (Case(raw),)

    def items(self) -> Iterator[tuple[str, Value]]:
        """List the entries of a mapping, whichever case it comes from."""
        for case in self.cases:
            if type(case.data) is dict:
                for key, raw in case.data.items():
                    if type(key) is str:
                        inner = under(case.when, self._resolved(raw))
                        yield key, Value(inner, self.place.at(key), self.stack)

    def elements(self) -> Iterator[Value]:
        """List the elements of a list, whichever case it comes from; a lone element counts as a list of one."""
        for case in self.cases:
            if type(case.data) is list:
                for index, raw in enumerate(case.data):
                    inner = Value(under(case.when, self._resolved(raw)), self.place.at(index), self.stack)
                    if not inner.is_absent:  # AWS::NoValue leaves an element out
                        yield inner
            elif case.data is not ABSENT:
                yield Value((case,), self.place, self.stack)

    def default(self, data: Any) -> Value:
        """Put AWS's default where the property is absent."""
        if all(case.data is not ABSENT for case in self.cases):
            return self
        cases = tuple(Case(data, case.when) if case.data is ABSENT else case for case in self.cases)
        return Value(cases, self.place, self.stack)

    def map(self, reading: Callable[[Any], Any]) -> Value:
        """Read every case that is there and known with a function; absent and unknown ones stay as they are."""
        cases = tuple(
            case if isinstance(case.data, Unknown | Absent) else Case(reading(case.data), case.when)
            for case in self.cases
        )
        return Value(cases, self.place, self.stack)

    def numbers(self, scale: float = 1) -> Value:
        """Read every case as a number, times ``scale`` (0.001 turns milliseconds into seconds)."""
        cases = []
        for case in self.cases:
            number = as_number(case.data)
            if isinstance(number, float) and scale != 1:
                number = round(number * scale, 9)
            cases.append(Case(number, case.when))
        return Value(tuple(cases), self.place, self.stack)

    def flags(self) -> Value:
        """Read every case as true or false."""
        return self.map(as_flag)

    def texts(self) -> Value:
        """Read every case as text, with tokens for what is unknown; absent stays absent."""
        cases = tuple(
            case if type(case.data) is str or case.data is ABSENT else Case(as_text(case.data), case.when)
            for case in self.cases
        )
        return Value(cases, self.place, self.stack)

    def whole(self) -> Value:
        """Resolve everything inside too: plain data, as ``json.loads`` would give it, with tokens for what is unknown."""
        if self.stack is None:
            return self
        from constructs_lib.policy.values.whole import whole  # noqa: PLC0415 - only definitions and bodies need it

        found: list[Case] = []
        for case in self.cases:
            found += under(case.when, whole(self.stack, case.data))
        return Value(distinct(found), self.place, None)

    @property
    def only(self) -> Any:
        """The datum if there is one case and it is known; None otherwise, also when it is absent."""
        if len(self.cases) == 1:
            data = self.cases[0].data
            return None if data is ABSENT or isinstance(data, Unknown) else data
        return None

    @property
    def is_absent(self) -> bool:
        """True if the property is not there in any case."""
        return all(case.data is ABSENT for case in self.cases)

    @property
    def may_be_absent(self) -> bool:
        """True if the property is not there in some case."""
        return any(case.data is ABSENT for case in self.cases)

    @property
    def unknown(self) -> str | None:
        """The reason why some case is unknown, or None if all are known."""
        return next((case.data.reason for case in self.cases if isinstance(case.data, Unknown)), None)
