"""One whole run of the demo, for all tests that only read what it said; and runs that are disturbed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.demo.running_demo import Demo

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Demo, int]]:
    """Give the demo after it has run to its end, with its exit code."""
    demo = Demo(tmp_path_factory.mktemp("demo"))
    yield demo, demo.end()
    demo.stop()


@pytest.fixture
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Give a demo that has just been started."""
    demo = Demo(tmp_path_factory.mktemp("demo"))
    yield demo
    demo.stop()
