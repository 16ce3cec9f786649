"""Both stages of the reference app, synthesized once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.stacks.reference_app import STAGES, Synthesized, synthesize_app

if TYPE_CHECKING:
    from collections.abc import Mapping


@pytest.fixture(scope="session")
def synthesized(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Synthesized]:
    """Give both stages."""
    return {stage: synthesize_app(stage, tmp_path_factory.mktemp(stage)) for stage in STAGES}


@pytest.fixture
def dev(synthesized: Mapping[str, Synthesized]) -> dict[str, Any]:
    """Give the template of the dev stage."""
    return synthesized["dev"].template


@pytest.fixture
def prod(synthesized: Mapping[str, Synthesized]) -> dict[str, Any]:
    """Give the template of the prod stage."""
    return synthesized["prod"].template
