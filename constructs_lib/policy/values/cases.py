"""What a value may be: a few cases, each known or unknown, each under the conditions that lead to it."""

from __future__ import annotations

from constructs_lib.policy.values.text import clean, token, why_unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, Final

    When = tuple[tuple[str, object], ...]

MAX_CASES = 16  # more combinations of undecided conditions than this are one Unknown


class Unknown:
    """A value that the template does not tell, with the reason."""

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def __eq__(self, other: object) -> bool:
        """Compare by reason."""
        return isinstance(other, Unknown) and self.reason == other.reason

    def __hash__(self) -> int:
        """Hash by reason."""
        return hash(self.reason)

    def __repr__(self) -> str:
        """Show the reason."""
        return f"Unknown({self.reason!r})"


class Absent:
    """The property is not there, or is ``AWS::NoValue``."""

    def __bool__(self) -> bool:
        """Absent is false, as None is."""
        return False

    def __repr__(self) -> str:
        """Name it."""
        return "ABSENT"


ABSENT: Final = Absent()


class Case:
    """One thing a value may be: its data, and what must hold for it: ``((condition, True or False), ...)``.

    The data is a str (tokens inside, see :mod:`.text`), a number, a bool, None, a list or dict as the template has it
    (their parts not yet resolved), :data:`ABSENT` or an :class:`Unknown`.
    """

    __slots__ = ("data", "when")

    def __init__(self, data: Any, when: When = ()) -> None:
        self.data = data
        self.when = when

    def __eq__(self, other: object) -> bool:
        """Compare by data and conditions."""
        return isinstance(other, Case) and (self.data, self.when) == (other.data, other.when)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        """Show data and conditions."""
        return f"Case({self.data!r}, {self.when!r})" if self.when else f"Case({self.data!r})"


Cases = tuple[Case, ...]


def one(data: Any) -> Cases:
    """Make a value that has one case under no condition."""
    return (Case(data),)


def unknown(reason: str) -> Cases:
    """Make a value that is unknown."""
    return (Case(Unknown(reason)),)


def merge(one_side: When, other: When) -> When | None:
    """Join two lists of conditions; None if they contradict each other, so that the combination never happens."""
    if not other or one_side == other:
        return one_side
    if not one_side:
        return other
    merged = dict(one_side)
    for name, wanted in other:
        if merged.setdefault(name, wanted) != wanted:
            return None
    return tuple(sorted(merged.items(), key=lambda item: item[0]))


def under(when: When, cases: Cases) -> Cases:
    """Put every case under further conditions and drop the impossible ones."""
    if not when:
        return cases
    pairs = ((case.data, merge(when, case.when)) for case in cases)
    return tuple(Case(data, joined) for data, joined in pairs if joined is not None)


def combine(values: Sequence[Cases]) -> list[tuple[list[Any], When]]:
    """List every combination that can happen, one datum of each value, at most :data:`MAX_CASES`.

    More than that give one combination in which every value is Unknown.
    """
    combinations: list[tuple[list[Any], When]] = [([], ())]
    for cases in values:
        if len(cases) == 1 and not cases[0].when:
            data = cases[0].data
            for datas, _ in combinations:
                datas.append(data)
            continue
        combinations = [
            ([*datas, case.data], joined)
            for datas, when in combinations
            for case in cases
            if (joined := merge(when, case.when)) is not None
        ]
        if len(combinations) > MAX_CASES:
            reason = f"more than {MAX_CASES} combinations of conditions"
            return [([Unknown(reason)] * len(values), ())]
    return combinations


def distinct(cases: Iterable[Case]) -> Cases:
    """Drop repeated cases, and bound their number."""
    kept: list[Case] = []
    for case in cases:
        if case not in kept:
            kept.append(case)
            if len(kept) > MAX_CASES:
                return unknown(f"more than {MAX_CASES} possible values")
    return tuple(kept)


def as_text(data: Any) -> str:
    """Write data as CloudFormation would put it into a string; what it cannot be is a token that says why."""
    if isinstance(data, str):
        return data
    if isinstance(data, bool):
        return "true" if data else "false"
    if isinstance(data, int | float):
        return f"{data:g}" if isinstance(data, float) and abs(data) < 1e15 else str(data)  # noqa: PLR2004 - beyond it %g rounds
    if isinstance(data, Unknown):
        return token("?", clean(data.reason))
    if data is ABSENT:
        return ""
    return token("?", f"a {type(data).__name__} stands where text belongs")


def as_number(data: Any) -> float | Unknown | Absent:
    """Read data as a number; CloudFormation accepts numbers written as text."""
    if isinstance(data, Unknown | Absent):
        return data
    if isinstance(data, int | float) and not isinstance(data, bool):
        return _finite(data)
    if not isinstance(data, str):
        return Unknown(f"a {type(data).__name__} stands where a number belongs")
    reason = why_unknown(data)
    if reason:
        return Unknown(reason)
    try:
        return _finite(float(data))
    except ValueError:
        return Unknown(f"{data[:40]!r} stands where a number belongs")


def as_flag(data: Any) -> bool | Unknown | Absent:
    """Read data as true or false; CloudFormation accepts both written as text."""
    if isinstance(data, bool | Unknown | Absent):
        return data
    if isinstance(data, str):
        reason = why_unknown(data)
        if reason:
            return Unknown(reason)
        if data.lower() in {"true", "false"}:
            return data.lower() == "true"
    return Unknown(f"{str(data)[:40]!r} stands where true or false belongs")


def _finite(number: float) -> float | Unknown:
    if abs(number) > 1e18 or number != number:  # noqa: PLR0124, PLR2004 - NaN differs from itself; no duration is longer
        return Unknown(f"{str(number)[:40]} is no usable number")
    return float(number)
