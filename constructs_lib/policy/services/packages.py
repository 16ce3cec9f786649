"""How large a function's code is, from the assets of a cloud assembly."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from constructs_lib.policy.function import Function
    from constructs_lib.policy.values import Resource


def asset_of(resource: Resource, *keys: str) -> str | None:
    """Give the local file or directory behind an S3 key property, e.g. ``asset_of(function, "Code", "S3Key")``."""
    key = resource.get(*keys).texts().only
    path = resource.stack.template.assets.get(key) if isinstance(key, str) else None
    return path if path is not None and os.path.exists(path) else None


def unzipped_bytes(path: str) -> int | None:
    """Add up the size of a directory's or a zip's files as they lie in an execution environment; None if unreadable."""
    if os.path.isdir(path):
        return sum(
            os.lstat(os.path.join(folder, name)).st_size
            for folder, _, names in os.walk(path)
            for name in names
        )
    import zipfile  # noqa: PLC0415 - only assets that are packed already need it

    try:
        with zipfile.ZipFile(path) as archive:
            return sum(entry.file_size for entry in archive.infolist())
    except (OSError, zipfile.BadZipFile):
        return None


def asset_bytes(resource: Resource, *keys: str) -> int | None:
    """Give the unzipped size of the asset behind an S3 key property, or None if it is not at hand; measured once."""
    key = resource.get(*keys).texts().only
    sizes = resource.stack.template.sizes
    if isinstance(key, str) and key not in sizes:
        path = asset_of(resource, *keys)
        sizes[key] = unzipped_bytes(path) if path else None
    return sizes[key] if isinstance(key, str) else None


def code_bytes(function: Function) -> int | None:
    """Give the unzipped size of a function's own code, or None if it is not at hand."""
    return asset_bytes(function.resource, "Code", "S3Key")
