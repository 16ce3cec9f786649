"""A local AWS that outlives the command that started it, found again through a state file in the cache directory."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from constructs_lib.errors import LocalAwsError
from constructs_lib.local import processes
from constructs_lib.local.install import cache_directory, make_cache_directory
from constructs_lib.local.ministack import REGION, LocalAws, silent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.local.ministack import Progress


def up(*, port: int | None = None, region: str = REGION, progress: Progress = silent) -> LocalAws:
    """Start a local AWS that goes on when this process ends, or return the one that runs.

    Raises:
        LocalAwsError: one runs on another port or for another region than asked for, or it could not be started.
    """
    with _alone():
        found = _recall()
        if found is None:
            local = LocalAws.start(port=port, region=region, detached=True, progress=progress)
            _remember(local)
            return local
        for what, got, asked in (("port", found.port, port or found.port), ("region", found.region, region)):
            if got != asked:
                raise LocalAwsError(
                    f"{what}: the local AWS runs with {got}, asked for {asked}; allowed: one at a time; "
                    "fix: constructs-lib local down, then up again"
                )
        return found


def running() -> LocalAws | None:
    """Return the detached local AWS if it runs; what is left of one that ended is cleared away."""
    with _alone():
        return _recall()


def down() -> bool:
    """Stop the detached local AWS; False when none runs. No other process is ever touched."""
    with _alone():
        found = _recall()
        if found is None:
            return False
        _forget(found)
        return True


def _state_file() -> Path:
    return cache_directory() / "local.json"


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Let one process at a time change the state."""
    processes.require_groups()
    import fcntl  # noqa: PLC0415 - there only where process groups are

    with (make_cache_directory() / "local.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _remember(local: LocalAws) -> None:
    state = {
        "port": local.port,
        "extension_port": local.extension_port,
        "region": local.region,
        "run_directory": str(local.run_directory),
        "pids": list(local.pids),
    }
    new = _state_file().with_suffix(".new")
    try:
        new.write_text(json.dumps(state, indent=1) + "\n")
        new.replace(_state_file())
    except BaseException:
        local.stop()
        raise


def _recall() -> LocalAws | None:
    try:
        state = json.loads(_state_file().read_text())
        local = LocalAws(
            int(state["port"]),
            int(state["extension_port"]),
            str(state["region"]),
            Path(state["run_directory"]),
            tuple(map(int, state["pids"])),
        )
    except (OSError, ValueError, KeyError, TypeError):
        _state_file().unlink(missing_ok=True)
        return None
    if local.alive:
        return local
    _forget(local)
    return None


def _forget(local: LocalAws) -> None:
    local.stop()
    _state_file().unlink(missing_ok=True)
