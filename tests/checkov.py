"""Asking checkov, which has an environment of its own, what it thinks of templates."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def failed_checks(directory: Path) -> set[tuple[str, str]]:
    """Give the check and the logical id of everything it finds in the templates of a directory."""
    subprocess.run(
        [sys.executable, ROOT / "scripts" / "setup.py", "checkov"], check=True, capture_output=True
    )
    command = [str(ROOT / ".venv-checkov" / "bin" / "checkov"), "--directory", str(directory)]
    options = ["--framework=cloudformation", "--output=json", "--compact", "--skip-download", "--soft-fail"]
    done = subprocess.run([*command, *options], check=True, capture_output=True, text=True)
    report = json.loads(done.stdout)
    assert report["summary"]["parsing_errors"] == 0
    return {
        (check["check_id"], check["resource"].partition(".")[2])
        for check in report["results"]["failed_checks"]
    }
