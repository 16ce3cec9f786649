"""How far apart a schedule's occurrences are, and what is no schedule at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from constructs_lib import RefusedError
from constructs_lib.timeouts.occurrences import shortest_gap


@pytest.mark.parametrize(
    ("expression", "seconds"),
    [
        ("rate(1 minute)", 60),
        ("rate(2 hours)", 7_200),
        ("rate(3 days)", 259_200),
        ("cron(0 3 * * ? *)", 86_400),
        ("cron(* * * * ? *)", 60),
        ("cron(*/10 * * * ? *)", 600),
        ("cron(0/15 8-17 ? * MON-FRI *)", 900),
        ("cron(0,50 8 L * ? 2027-2030)", 3_000),
        ("cron(55 23 ? * 6L *)", 86_400),
        ("cron(5,55 0,23 ? JAN TUE#1 *)", 600),
        ("cron(30 4 1W,15 * ? *)", 86_400),
        ("at(2027-02-28T23:59:59)", None),
    ],
)
def test_the_least_time_between_two_occurrences(expression: str, seconds: int | None) -> None:
    """Across midnight too; a one-time schedule has none."""
    assert shortest_gap("Report", expression) == seconds


@given(st.integers(1, 59))
def test_a_cron_step_starts_again_with_every_hour(step: int) -> None:
    """The last one before the full hour may be nearer to the next than the step says."""
    expected = min(step, 60 - (59 // step) * step) * 60
    assert shortest_gap("Report", f"cron(0/{step} * * * ? *)") == expected


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("every night", "got 'every night'; allowed: rate"),
        ("rate(0 minutes)", "got 'rate"),
        ("rate(90 seconds)", "got 'rate"),
        ("at(2027-02-29T00:00:00)", "day is out of range"),
        ("at(tomorrow)", "allowed: rate"),
        ("cron(0 3 * * ?)", "of 5 fields"),
        ("cron(0 3 * * * *)", r"allowed: a \? in exactly one"),
        ("cron(0 3 ? * ? *)", r"allowed: a \? in exactly one"),
        ("cron(60 3 * * ? *)", "minutes: got '60'; allowed: numbers from 0 to 59"),
        ("cron(0 24 * * ? *)", "hours: got '24'"),
        ("cron(0 17-8 * * ? *)", "hours: got '17-8'"),
        ("cron(0/0 3 * * ? *)", "minutes: got '0/0'"),
        ("cron(0 3 32 * ? *)", "day-of-month: got '32'"),
        ("cron(0 3 ? JUM MON *)", "month: got 'JUM'"),
        ("cron(? 3 * * ? *)", r"minutes: got '\?'"),
        ("cron(, 3 * * ? *)", "minutes: got ','"),
    ],
)
def test_what_scheduler_would_refuse_at_deploy_time_is_refused_now(expression: str, message: str) -> None:
    """Each message names the field and its range."""
    with pytest.raises(RefusedError, match=message):
        shortest_gap("Report", expression)
