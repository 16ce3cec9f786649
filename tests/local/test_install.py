"""MiniStack's environment is made once, from hashes, whole or not at all."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from constructs_lib.errors import LocalAwsError
from constructs_lib.local.install import (
    CACHE_VARIABLE,
    cache_directory,
    ensure_environment,
    environment_directory,
    requirements,
)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.local


def test_set_up_is_done_once(empty_cache: Path) -> None:
    """The second time, the same environment is there at once, untouched, and nothing half-built is beside it."""
    python = ensure_environment()
    made = python.stat().st_ctime_ns
    assert ensure_environment() == python
    assert python.stat().st_ctime_ns == made
    assert [path.name for path in empty_cache.iterdir()] == [environment_directory().name]


def test_it_holds_what_handlers_and_service_need(environment: Path) -> None:
    """Its Python has MiniStack in the pinned version, and boto3 as Lambda's own runtime has it."""
    code = "import boto3, importlib.metadata as m; print(m.version('ministack'))"
    done = subprocess.run(
        [environment / "bin" / "python", "-c", code], capture_output=True, text=True, check=True
    )
    assert f"ministack=={done.stdout.strip()} " in requirements().read_text()


def test_it_is_compiled(environment: Path) -> None:
    """Each sandbox of a handler imports boto3: from bytecode, as nothing may be written when it is imported."""
    modules = list(environment.glob("lib/python3.*/site-packages/botocore/*.py"))
    assert modules
    assert all(list(module.parent.glob(f"__pycache__/{module.stem}.*.pyc")) for module in modules)


def test_environment_without_its_python_is_made_anew(empty_cache: Path) -> None:
    """When the Python under it was removed, it is set up again."""
    broken = environment_directory() / "bin"
    broken.mkdir(parents=True)
    (broken / "python").symlink_to(empty_cache / "removed")
    python = ensure_environment()
    assert subprocess.run([python, "-c", ""], check=False).returncode == 0


def test_no_network_for_the_first_set_up(
    empty_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without packages to download, the message says what was tried and what helps, and nothing stays."""
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    with pytest.raises(
        LocalAwsError, match=r"(?s)setting up MiniStack failed: uv pip install: .*\nfix: connect and run it"
    ):
        ensure_environment()
    assert list(empty_cache.iterdir()) == []


def test_unusable_cache_directory_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache directory that cannot be made is named, with the variable that moves it."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "file" / "cache"))
    with pytest.raises(
        LocalAwsError, match=rf"cache directory .*file/cache cannot be used .*set {CACHE_VARIABLE}"
    ):
        ensure_environment()


def test_cache_directory_is_the_users_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without the variable, it is where the system keeps caches."""
    monkeypatch.delenv(CACHE_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_directory().is_relative_to(tmp_path)


def test_pins_carry_hashes_and_no_address() -> None:
    """Every pin has a hash, and the file names no registry and no path of any machine."""
    text = requirements().read_text()
    pins = re.findall(r"^\S+==.*\n.*$", text, re.MULTILINE)
    assert pins
    assert all("--hash=sha256:" in pin for pin in pins)
    assert "://" not in text
