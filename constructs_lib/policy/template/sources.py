"""From what the user names to templates: files, globs, directories, cloud assemblies and standard input."""

from __future__ import annotations

import os

from constructs_lib.errors import TemplateError
from constructs_lib.policy.template.files import STDIN, text_of
from constructs_lib.policy.template.nested import attach_nested
from constructs_lib.policy.template.template import LARGEST, Template, checked, parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_ENDINGS = (".json", ".yaml", ".yml", ".template")
_SKIPPED = {"node_modules", "__pycache__", "site-packages"}
_INCLUDE = "AWS::Include"
_SAM, _SAM_TYPE = "AWS::Serverless-2016-10-31", "AWS::Serverless::"


def read(paths: Iterable[str]) -> Iterator[Template | TemplateError]:
    """Read everything that is named, one after the other.

    Args:
        paths: files, directories, globs, directories made by ``cdk synth``, or ``-`` for standard input.

    Yields:
        A template, or the error that says why something could not be read; the same error once.
    """
    said: set[str] = set()
    for item in _everything(paths):
        if isinstance(item, TemplateError):
            if str(item) in said:
                continue
            said.add(str(item))
        yield item


def _everything(paths: Iterable[str]) -> Iterator[Template | TemplateError]:
    for path in paths:
        if os.path.isdir(path):
            yield from _directory(path)
        elif os.path.lexists(path) or not any(char in path for char in "*?["):
            yield from read_file(path)
        else:
            yield from _glob(path)


def read_file(
    path: str, assets: dict[str, str] | None = None, root: str | None = None
) -> Iterator[Template | TemplateError]:
    """Read one template file (``-``: standard input) and the local templates of its nested stacks.

    A nested template that cannot be read is an error of its own; what contains it is read all the same. What a template
    names is read only if it is below ``root``, by default the template's own folder, or below the working directory.
    """
    try:
        template = load(path)
    except TemplateError as error:
        yield error
        return
    template.assets = assets or {}
    root = os.path.dirname(path) if root is None else root
    errors = attach_nested(template, load, root) if path != "-" else []
    yield template
    yield from template.problems
    yield from errors


def load(path: str) -> Template:
    """Read one template, transformed if it is SAM, without its nested ones.

    Raises:
        TemplateError: it cannot be read.
    """
    template = parse(text_of(path), STDIN if path == "-" else path)
    if _INCLUDE in template.text:
        from constructs_lib.policy.template.includes import put_in_files  # noqa: PLC0415 - few templates have any

        put_in_files(template)
        checked(template)
    transform = template.data.get("Transform")
    if _SAM in (transform if type(transform) is list else [transform]) and _SAM_TYPE in template.text:
        from constructs_lib.policy.template.sam import transformed  # noqa: PLC0415 - takes a second to load

        return transformed(template)
    return template


def _glob(pattern: str) -> Iterator[Template | TemplateError]:
    found = sorted(_matches(pattern))
    if not found:
        yield TemplateError(f"{pattern}: matches no file; quote it if the shell should leave it alone")
    for path in found:
        yield from _directory(path) if os.path.isdir(path) else read_file(path)


def _matches(pattern: str) -> set[str]:
    """Expand a glob; ``**/`` descends into real folders alone, so that links in a circle are not walked."""
    import glob  # noqa: PLC0415 - shells expand most patterns before we see them

    start, is_deep, rest = pattern.partition("**/")
    if not is_deep:
        return set(glob.glob(pattern))
    folders = [folder for top in glob.glob(start or ".") for folder, _, _ in os.walk(top)]
    return {found for folder in folders for found in _matches(os.path.join(glob.escape(folder), rest))}


def _directory(path: str) -> Iterator[Template | TemplateError]:
    if os.path.lexists(os.path.join(path, "manifest.json")):
        from constructs_lib.policy.template.cdk_out import is_assembly, read_assembly  # noqa: PLC0415 - only a cdk.out needs it

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
    if not os.path.isfile(path):
        return True
    try:
        with open(path, "rb") as file:
            head = file.read(LARGEST)
    except OSError:
        return True
    return b"Resources" in head or b"R\0e\0s\0o\0u\0r\0c\0e\0s" in head
