"""The virtual environment of MiniStack: made once, from hashes, and whole or not at all.

To renew the pins: ``uv pip compile --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate
--universal --python-version 3.11 requirements.in -o requirements.txt``.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from constructs_lib.errors import LocalAwsError

if TYPE_CHECKING:
    from collections.abc import Sequence

CACHE_VARIABLE = "CONSTRUCTS_LIB_CACHE"
INSTALL_SECONDS = 600.0  # about 10 MB to download; pip on a slow machine takes the longest
SHOWN_LINES = 12
# Every sandbox imports boto3, which takes three times as long without bytecode; pip compiles without being asked.
_HOW = "--compile-bytecode"


def cache_directory() -> Path:
    """Where the local AWS keeps its environment and state; ``CONSTRUCTS_LIB_CACHE`` moves it.

    Raises:
        LocalAwsError: platformdirs is not installed and the variable is not set.
    """
    if chosen := os.environ.get(CACHE_VARIABLE):
        return Path(chosen).expanduser().absolute()
    try:
        import platformdirs  # noqa: PLC0415 - of the extra that this feature needs
    except ModuleNotFoundError as error:
        raise LocalAwsError(
            "the local AWS needs packages that are not installed (platformdirs); fix: pip install 'constructs-lib[local]'"
        ) from error
    return Path(platformdirs.user_cache_dir("constructs-lib"))


def make_cache_directory() -> Path:
    """Return the cache directory, made if it was not there.

    Raises:
        LocalAwsError: it cannot be made or written to.
    """
    directory = cache_directory()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=directory).close()
    except OSError as error:
        raise LocalAwsError(
            f"the cache directory {directory} cannot be used ({error.strerror}); allowed: a directory that can be "
            f"written to; fix: set {CACHE_VARIABLE} to one"
        ) from error
    return directory


def requirements() -> Path:
    """Return the file with the pins and hashes."""
    return Path(str(resources.files("constructs_lib.local") / "requirements.txt"))


def environment_directory() -> Path:
    """Where the environment for these pins and this Python is, or will be."""
    made_of = f"{sys.version}{sys.platform}{_HOW}".encode() + requirements().read_bytes()
    return cache_directory() / f"ministack-{hashlib.sha256(made_of).hexdigest()[:12]}"


def ensure_environment() -> Path:
    """Return the Python of MiniStack's environment, making the environment if it is not there.

    It is built beside its final place and renamed, so that one that exists is whole; two processes may build at once.

    Raises:
        LocalAwsError: it could not be made, with the installer's last words.
    """
    final = environment_directory()
    python = final / "bin" / "python"
    if python.exists():
        return python
    shutil.rmtree(final, ignore_errors=True)  # its interpreter is gone: the Python under it was removed
    building = Path(tempfile.mkdtemp(prefix=f"{final.name}.building-", dir=make_cache_directory()))
    try:
        _build(building)
        try:
            building.rename(final)
        except OSError:
            if not python.exists():  # another process was first, which is as good
                raise
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return python


def _build(place: Path) -> None:
    python = str(place / "bin" / "python")
    pins = ["--require-hashes", "--requirement", str(requirements())]
    uv = find_uv()
    if uv:
        _run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(place)])
        _run([uv, "pip", "install", "--quiet", _HOW, "--python", python, *pins])
    else:
        _run([sys.executable, "-m", "venv", str(place)])
        _run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *pins])


def find_uv() -> str | None:
    """Return the path of uv: beside this Python, or on PATH; None where there is none, and pip does it."""
    beside = Path(sys.executable).with_name("uv")
    return str(beside) if beside.exists() else shutil.which("uv")


def _run(command: Sequence[str]) -> None:
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "UV_SYSTEM_CERTS": "true"},  # trust whom the machine trusts, as pip does
        )
        output, reason = done.stderr + done.stdout, f"exit code {done.returncode}"
        if done.returncode == 0:
            return
    except subprocess.TimeoutExpired:
        output, reason = "", f"not done after {INSTALL_SECONDS:g} s"
    except OSError as error:
        output, reason = "", str(error.strerror)
    said = "\n".join(f"  {line}" for line in output.strip().splitlines()[-SHOWN_LINES:])
    raise LocalAwsError(
        f"setting up MiniStack failed: {' '.join(Path(part).name for part in command[:3])}: {reason}\n{said}\n"
        "The first set-up downloads the packages of requirements.txt, once, and needs a network or a mirror.\n"
        "fix: connect and run it again, or name a mirror with UV_INDEX_URL (uv) or PIP_INDEX_URL (pip)"
    )
