"""What tests of the runtime library share."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from constructs_lib.runtime import guard as guards
from constructs_lib.runtime.deadline import Deadline

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def nothing_remains() -> Iterator[None]:
    """See to it that after the test there is no timer, no guard and no handler of ours."""
    before = signal.getsignal(signal.SIGALRM)
    yield
    left, again = signal.getitimer(signal.ITIMER_REAL)
    signal.setitimer(signal.ITIMER_REAL, 0)
    assert (left, again) == (0.0, 0.0)
    assert guards._guards == []
    assert signal.getsignal(signal.SIGALRM) == before
    assert Deadline.current() is None
