"""One file, or standard input, as text: bounded, never a device, and every refusal says what to change."""

from __future__ import annotations

import os
import stat
import sys

from constructs_lib.errors import TemplateError
from constructs_lib.policy.template.template import LARGEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

STDIN = "<stdin>"
_MOST_BYTES = LARGEST * 4  # a character takes at most four
_PROCESS_SUBSTITUTION = ("/dev/fd/", "/proc/self/fd/")  # what a shell makes of <(command): a pipe, and wanted
_SORTS = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))


def text_of(path: str) -> str:
    """Read a file as UTF-8 text; ``-`` is standard input.

    Raises:
        TemplateError: it is not there, may not be read, is too large, or is no text.
    """
    if path == "-":
        if sys.stdin is None:  # a caller closed it
            raise TemplateError(f"{STDIN}: is closed; pipe a template into it, or name a file")
        return _decoded(_bounded(sys.stdin.buffer, STDIN), STDIN)
    try:
        mode = os.stat(path).st_mode
        if not stat.S_ISREG(mode) and not path.startswith(_PROCESS_SUBSTITUTION):
            sort = next((name for is_sort, name in _SORTS if is_sort(mode)), "a device")
            raise TemplateError(f"{path}: is {sort}; name a regular file, or - for standard input")
        with open(path, "rb") as file:
            return _decoded(_bounded(file, path), path)
    except FileNotFoundError:
        raise TemplateError(f"{path}: there is no such file") from None
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        reason = getattr(error, "strerror", None) or str(error)
        raise TemplateError(f"{path}: cannot be read: {reason}") from None


def is_out_of_bounds(path: str, root: str) -> bool:
    """Tell whether a path that a template names leads, links followed, out of its folder and out of the working directory.

    A template may come from anywhere, and must not choose what else of this machine is read.
    """
    real = os.path.realpath(path)
    homes = (os.path.realpath(folder) for folder in (root or ".", "."))
    return not any(os.path.commonpath((real, home)) == home for home in homes)


def _bounded(file: BinaryIO, name: str) -> bytes:
    data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise TemplateError(
            f"{name}: more than {_MOST_BYTES:,} bytes; a template has at most {LARGEST:,} characters"
        )
    return data


def _decoded(data: bytes, name: str) -> str:
    if not data.strip():
        raise TemplateError(f"{name}: is empty")
    wide = len(data) >= 8 and 0 in (sum(data[:8:2]), sum(data[1:8:2]))  # noqa: PLR2004 - four letters without a mark
    if wide or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise TemplateError(f"{name}: is UTF-16 or UTF-32 text; save it as UTF-8, which a template is")
    if b"\0" in data[:4096]:
        raise TemplateError(f"{name}: is a binary file; a template is UTF-8 text")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        found = f"byte {data[error.start]:#04x}"
        raise TemplateError(
            f"{name}:{line}: is not UTF-8 ({found}); save it as UTF-8, which a template is"
        ) from None
