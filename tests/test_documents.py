"""The documents claim only what runs: every Python block of the README and of docs/ is executed, with its output."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```python\n(?P<code>.*?)^```(?:\n\n```text\n(?P<output>.*?)^```)?", re.MULTILINE | re.DOTALL)


def blocks() -> list[object]:
    """Find every Python block, with the output that stands below it if there is one."""
    found = []
    for document in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        for number, match in enumerate(BLOCK.finditer(document.read_text()), 1):
            name = f"{document.relative_to(ROOT)}-{number}"
            found.append(pytest.param(match["code"], match["output"], id=name))
    return found


@pytest.mark.parametrize(("code", "output"), blocks())
def test_the_block_runs_as_written(code: str, output: str | None, tmp_path: Path) -> None:
    """A reader who copies it gets what the document shows."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    if output is not None:
        assert done.stdout.rstrip() == output.rstrip()
