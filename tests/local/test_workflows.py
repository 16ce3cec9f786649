"""What is mended of MiniStack's Step Functions, as far as it can be told without it; tests/workflow runs all of it."""

from __future__ import annotations

import pytest

from constructs_lib.api.workflow_integration import ANSWER
from constructs_lib.local import workflows

TRACEBACK = """\
Traceback (most recent call last):
  File "index.py", line 3, in work
    raise OrderError("item is poison")
shop.OrderError: item is poison
"""


@pytest.mark.parametrize(
    ("message", "log", "name"),
    [
        ("item is poison", TRACEBACK, "OrderError"),
        ("", "Traceback (most recent call last):\n  ...\nKeyboardInterrupt", "KeyboardInterrupt"),
        ("two\nlines", "ValueError: two\nlines\n", "ValueError"),
        ("Worker process died", "", "Runtime.ExitError"),
        ("who knows", "nothing that helps", "Runtime.HandlerError"),
    ],
)
def test_an_error_has_its_name(message: str, log: str, name: str) -> None:
    """Retry and Catch go by it: the class that was raised, or what Lambda says where the environment died."""
    assert workflows._error_name(message, log) == name


@pytest.mark.parametrize(
    ("status", "words", "code"),
    [
        ("SUCCEEDED", "$run.output", None),
        ("TIMED_OUT", "Endpoint request timed out", "504"),
        ("FAILED", "Internal server error", "502"),
    ],
)
def test_an_answer_takes_the_branch_of_its_status(status: str, words: str, code: str | None) -> None:
    """The response template of a route that waits for a workflow is read as API Gateway reads it."""
    chosen = workflows._branch(ANSWER, lambda _: status)
    override = workflows._OVERRIDE.search(chosen)
    assert words in chosen
    assert (override and override[1]) == code
    assert "#if" not in chosen
    assert "#end" not in chosen
