"""From what the user names to templates: files, globs, directories, cloud assemblies and standard input."""

from __future__ import annotations

import os
import sys

from constructs_lib.errors import TemplateError
from constructs_lib.policy.template.template import LARGEST, Template, parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_ENDINGS = (".json", ".yaml", ".yml", ".template")
_SKIPPED = {"node_modules", "__pycache__", "site-packages"}
_SAM = "AWS::Serverless-2016-10-31"


def read(paths: Iterable[str]) -> Iterator[Template | TemplateError]:
    """Read everything that is named, one after the other.

    Args:
        paths: files, directories, globs, directories made by ``cdk synth``, or ``-`` for standard input.

    Yields:
        A template, or the error that says why something could not be read.
    """
    for path in paths:
        if path == "-":
            yield from _attempt("<stdin>", sys.stdin.buffer.read(LARGEST * 4))
        elif os.path.isdir(path):
            yield from _directory(path)
        elif os.path.exists(path) or not any(char in path for char in "*?["):
            yield from read_file(path)
        else:
            yield from _glob(path)


def read_file(path: str) -> Iterator[Template | TemplateError]:
    """Read one template file, and the local templates of its nested stacks."""
    try:
        yield load(path)
    except TemplateError as error:
        yield error


def load(path: str, above: tuple[str, ...] = (), assets: dict[str, str] | None = None) -> Template:
    """Read one template file and its nested ones.

    Raises:
        TemplateError: it cannot be read.
    """
    template = finish(parse(_decoded(_bytes(path), path), path))
    template.assets = assets or {}
    attach_nested(template, above)
    return template


def finish(template: Template) -> Template:
    """Transform a SAM template; leave any other as it is."""
    transform = template.data.get("Transform")
    names = transform if type(transform) is list else [transform]
    if _SAM in names:
        from constructs_lib.policy.template.sam import transformed  # noqa: PLC0415 - takes a second to load

        return transformed(template)
    return template


def attach_nested(template: Template, above: tuple[str, ...] = ()) -> None:
    """Read the local templates that a template's nested stacks name.

    Raises:
        TemplateError: nested stacks that contain each other, or a nested template that cannot be read.
    """
    from constructs_lib.policy.template.nested import local_templates  # noqa: PLC0415

    here = os.path.realpath(template.file)
    for logical_id, path in local_templates(template):
        if os.path.realpath(path) in (*above, here):
            raise TemplateError(
                f"{template.file}: nested stack {logical_id} deploys {path}, which contains this one"
            )
        if len(above) > 10:  # noqa: PLR2004 - CloudFormation itself stops earlier
            raise TemplateError(f"{template.file}: stacks nest more than 10 deep")
        template.nested[logical_id] = load(path, (*above, here), template.assets)


def _attempt(name: str, data: bytes) -> Iterator[Template | TemplateError]:
    try:
        yield finish(parse(_decoded(data, name), name))
    except TemplateError as error:
        yield error


def _bytes(path: str) -> bytes:
    try:
        size = os.path.getsize(path)
        if size > LARGEST * 4:
            raise TemplateError(f"{path}: {size:,} bytes; a template has at most {LARGEST:,} characters")
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        raise TemplateError(f"{path}: there is no such file") from None
    except OSError as error:
        raise TemplateError(f"{path}: cannot be read: {error.strerror or error}") from None


def _decoded(data: bytes, name: str) -> str:
    if not data.strip():
        raise TemplateError(f"{name}: is empty")
    if b"\0" in data[:4096]:
        kind = "UTF-16 or UTF-32 text" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "a binary file"
        raise TemplateError(f"{name}: is {kind}; a template is UTF-8 text")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise TemplateError(f"{name}:{line}: is not UTF-8 (byte {data[error.start]:#04x})") from None


def _glob(pattern: str) -> Iterator[Template | TemplateError]:
    import glob  # noqa: PLC0415 - shells expand most patterns before we see them

    found = sorted(glob.glob(pattern, recursive=True))
    if not found:
        yield TemplateError(f"{pattern}: matches no file")
    for path in found:
        yield from _directory(path) if os.path.isdir(path) else read_file(path)


def _directory(path: str) -> Iterator[Template | TemplateError]:
    if os.path.exists(os.path.join(path, "manifest.json")):
        from constructs_lib.policy.template.cdk_out import is_assembly, read_assembly  # noqa: PLC0415

        if is_assembly(path):
            yield from read_assembly(path)
            return
    problems: list[OSError] = []
    count = 0
    for folder, folders, files in os.walk(path, onerror=problems.append):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED and not name.startswith("."))
        for name in sorted(files):
            if name.endswith(_ENDINGS) and _looks_like_template(os.path.join(folder, name)):
                count += 1
                yield from read_file(os.path.join(folder, name))
    for problem in problems:
        yield TemplateError(f"{problem.filename}: cannot be read: {problem.strerror}")
    if not count and not problems:
        yield TemplateError(f"{path}: holds no template ({', '.join(_ENDINGS)} with Resources)")


def _looks_like_template(path: str) -> bool:
    """Leave other JSON and YAML of a folder alone; what cannot be opened is reported when it is read."""
    try:
        with open(path, "rb") as file:
            return b"Resources" in file.read(LARGEST)
    except OSError:
        return True
