"""One local AWS for all tests that only use it, and a cache directory in which nobody's own local AWS can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from constructs_lib.local.install import CACHE_VARIABLE, ensure_environment
from constructs_lib.local.ministack import LocalAws

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def environment() -> Path:
    """Give the directory of MiniStack's environment, set up in the usual place when it is not there yet."""
    return ensure_environment().parent.parent


@pytest.fixture(scope="session")
def local(environment: Path) -> Iterator[LocalAws]:
    """Give a local AWS that is up."""
    assert environment.exists()
    with LocalAws.start() as local:
        yield local


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a cache directory of the test's own, with nothing in it."""
    cache = tmp_path / "cache"
    cache.mkdir()
    monkeypatch.setenv(CACHE_VARIABLE, str(cache))
    return cache


@pytest.fixture
def cache(empty_cache: Path, environment: Path) -> Path:
    """Give a cache directory of the test's own, in which MiniStack's environment is."""
    (empty_cache / environment.name).symlink_to(environment)
    return empty_cache
