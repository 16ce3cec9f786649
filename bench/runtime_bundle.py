"""What the runtime library adds to a function's package, zipped as it is uploaded, beside Powertools."""

from __future__ import annotations

import io
import zipfile
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bench.figures import Figure
from constructs_lib.compute.runtime_bundle import write_runtime

if TYPE_CHECKING:
    from collections.abc import Iterator

BAR = 60  # KB


def figures() -> Iterator[Figure]:
    """Zip the bundle as the construct makes it, and Powertools as pip installs it, without what they depend on."""
    with TemporaryDirectory() as folder:
        write_runtime(Path(folder))
        ours = zipped(Path(folder))
    spec = find_spec("aws_lambda_powertools")
    assert spec is not None
    assert spec.origin is not None
    peer = zipped(Path(spec.origin).parent)
    yield Figure(
        "the runtime library in a function's package",
        f"{ours:.1f} KB",
        f"Powertools {peer:.0f} KB",
        f"{ours / peer:.2f}",
        f"<= {BAR} KB",
        ours <= BAR,
    )


def zipped(folder: Path) -> float:
    """Give the size of a folder's Python files in a zip, in thousands of bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*.py")):
            archive.write(file, file.relative_to(folder))
    return len(out.getvalue()) / 1000
