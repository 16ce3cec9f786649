"""Shared by the policy's tests: readable snapshots, and systems from a few lines of YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion


class TextFile(SingleFileSnapshotExtension):
    """One plain text file for each snapshot, so that the words of a finding are reviewed like code."""

    file_extension = "txt"
    _write_mode = WriteMode.TEXT


@pytest.fixture
def text_snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Compare text with a file beside the tests."""
    return snapshot.use_extension(TextFile)
