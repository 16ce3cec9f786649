"""How far apart a schedule's occurrences are: rate, cron and one-time expressions of EventBridge and its Scheduler."""

from __future__ import annotations

import re
from datetime import datetime
from itertools import pairwise

from constructs_lib.errors import RefusedError

_DAY = 86_400
_UNITS = {"minute": 60, "hour": 3_600, "day": _DAY}
_RATE = re.compile(r"rate\(([1-9]\d*) (minute|hour|day)s?\)")
_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
_CRON = re.compile(r"cron\((.*)\)")


class _Field:
    """One field of a cron expression: its range, the names of its values, and what else may stand there."""

    def __init__(
        self,
        name: str,
        low: int,
        high: int,
        *,
        names: tuple[str, ...] = (),
        special: re.Pattern[str] | None = None,
    ) -> None:
        self.name, self.low, self.high, self.special = name, low, high, special
        self.numbers = {each: number for number, each in enumerate(names, 1)}

    def values(self, subject: str, text: str) -> set[int]:
        """List the values that a field's text stands for; those of a special day stay open, and are left out."""
        if text == "?" and self.special is not None:
            return set()
        parts = [part for part in text.split(",") if not (self.special and self.special.fullmatch(part))]
        found = [self._part(part) for part in parts]
        if None in found:
            allowed = f"numbers from {self.low} to {self.high}, ranges, lists, steps or *"
            raise RefusedError(
                f"{subject}: {self.name}", got=repr(text), allowed=allowed, fix="e.g. 0, 0/15, 8-17 or *"
            )
        return {value for values in found for value in values or ()}

    def _part(self, part: str) -> range | None:
        span, slash, step = part.partition("/")
        first, dash, last = span.partition("-")
        start = self.low if span == "*" else self._number(first)
        end = self.high if span == "*" or (slash and not dash) else self._number(last) if dash else start
        every = 1 if not slash else int(step) if step.isdecimal() else 0
        inside = self.low <= start <= end <= self.high
        return range(start, end + 1, every) if inside and every else None

    def _number(self, text: str) -> int:
        return self.numbers.get(text, int(text) if text.isdecimal() else -1)


_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_FIELDS: tuple[_Field, ...] = (
    _Field("minutes", 0, 59),
    _Field("hours", 0, 23),
    _Field("day-of-month", 1, 31, special=re.compile(r"L|LW|L-\d{1,2}|\d{1,2}W")),
    _Field("month", 1, 12, names=_MONTHS),
    _Field("day-of-week", 1, 7, names=_WEEKDAYS, special=re.compile(r"L|(?:[1-7]|[A-Z]{3})(?:L|#[1-5])")),
    _Field("year", 1970, 2199),
)
_FORMS = (
    "rate(value unit), cron(minutes hours day-of-month month day-of-week year) or at(yyyy-mm-ddThh:mm:ss)"
)


def shortest_gap(subject: str, expression: str) -> int | None:
    """Give the least seconds between two occurrences that a schedule expression promises, or None if it occurs once.

    Of a cron expression only minutes and hours are counted: on whichever days it occurs, it may occur on the next one
    too. So the answer is at most a day, and never longer than what really lies between two occurrences.

    Args:
        subject: what the expression belongs to, for the message.
        expression: as EventBridge Scheduler takes it.

    Raises:
        RefusedError: it is none of the three forms, or one of its fields is out of range.

    Example:
        >>> shortest_gap("Nightly", "rate(5 minutes)"), shortest_gap("Nightly", "cron(0 3 * * ? *)")
        (300, 86400)
        >>> shortest_gap("Nightly", "cron(0,50 8-17 ? * MON-FRI *)")
        600
        >>> shortest_gap("Once", "at(2027-01-01T00:00:00)") is None
        True
    """
    if found := _RATE.fullmatch(expression):
        return int(found[1]) * _UNITS[found[2]]
    if found := _AT.fullmatch(expression):
        try:
            datetime.fromisoformat(found[1])
        except ValueError as error:
            raise _refused(subject, f"{expression} ({error})") from None
        return None
    if found := _CRON.fullmatch(expression):
        return _cron_gap(subject, expression, found[1].split())
    raise _refused(subject, repr(expression))


def _cron_gap(subject: str, expression: str, fields: list[str]) -> int:
    if len(fields) != len(_FIELDS):
        raise _refused(subject, f"{expression}, of {len(fields)} fields")
    if [fields[2], fields[4]].count("?") != 1:
        days = "a ? in exactly one of day-of-month and day-of-week"
        raise RefusedError(
            subject, got=expression, allowed=days, fix="e.g. cron(0 3 * * ? *), every day at 3"
        )
    minutes, hours, *_ = [field.values(subject, text) for field, text in zip(_FIELDS, fields, strict=True)]
    times = sorted(hour * 60 + minute for hour in hours for minute in minutes)
    return 60 * min(after - before for before, after in pairwise([*times, times[0] + _DAY // 60]))


def _refused(subject: str, got: str) -> RefusedError:
    return RefusedError(subject, got=got, allowed=_FORMS, fix="e.g. rate(15 minutes) or cron(0 3 * * ? *)")
