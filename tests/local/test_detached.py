"""A local AWS outlives its command, is found again, and is given up only when it is provably ours."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from constructs_lib.errors import LocalAwsError
from constructs_lib.local import LocalAws, down, running, up
from constructs_lib.local.processes import is_ours
from tests.local.test_ministack import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.local


@pytest.fixture
def state(cache: Path) -> Iterator[Path]:
    """Give the state file; whatever a test left running is stopped."""
    yield cache / "local.json"
    down()


def in_another_process(code: str) -> str:
    """Run code that uses the package, and return what it printed."""
    program = f"from constructs_lib.local import *\n{code}"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_up_status_down_from_different_processes(state: Path) -> None:
    """One process starts it, another finds it, a third stops it; every step may be repeated."""
    port = int(in_another_process("print(up().port)"))
    first = running()
    assert first is not None
    assert (first.port, first.alive) == (port, True)
    assert up() == first
    assert in_another_process("print(down(), down())") == "True False"
    assert running() is None
    assert not first.run_directory.exists()
    assert not any(is_ours(pid, first.run_directory) for pid in first.pids)
    assert not state.exists()


@pytest.mark.usefixtures("state")
def test_up_elsewhere_is_refused_while_it_runs() -> None:
    """Asking for another port or region than the running one's is an error that names both."""
    local = up()
    with pytest.raises(LocalAwsError, match=rf"port: .* runs with {local.port}, asked for 1; .*local down"):
        up(port=1)
    with pytest.raises(LocalAwsError, match=r"region: .* runs with us-east-1, asked for eu-west-1"):
        up(region="eu-west-1")
    assert up(port=local.port) == local


def test_half_dead_one_is_cleared_away(state: Path) -> None:
    """When one of its processes was killed, what is left is stopped and its files are removed."""
    local = up()
    os.kill(local.pids[0], signal.SIGKILL)
    wait_until(lambda: not is_ours(local.pids[0], local.run_directory))
    assert running() is None
    assert not any(is_ours(pid, local.run_directory) for pid in local.pids)
    assert not local.run_directory.exists()
    assert not state.exists()


def test_stale_state_never_hits_another_process(state: Path, tmp_path: Path) -> None:
    """A state file whose numbers now belong to others is forgotten; the others live on."""
    stale: dict[str, Any] = {
        "port": 1,
        "extension_port": 2,
        "region": "us-east-1",
        "run_directory": str(tmp_path / "old"),
    }
    with subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True
    ) as other:
        state.write_text(json.dumps({**stale, "pids": [other.pid, other.pid]}))
        assert running() is None
        assert other.poll() is None
        other.kill()
    assert not state.exists()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"port": "x"}'])
def test_broken_state_is_as_none(state: Path, content: str) -> None:
    """A state file that says nothing useful counts as none."""
    state.write_text(content)
    assert running() is None
    assert down() is False


@pytest.mark.usefixtures("state")
def test_attached_one_is_not_found() -> None:
    """A local AWS of a block is its own; status does not see it and down does not stop it."""
    with LocalAws.start() as local:
        assert running() is None
        assert down() is False
        assert local.alive
