"""The file that settings stand in: where it may be, and what may be in it."""

from __future__ import annotations

import os

from constructs_lib.errors import SettingsError
from constructs_lib.policy.settings import Settings, factor_of, found_as, unknown_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

OWN_FILE, SHARED_FILE = "constructs_lib.toml", "pyproject.toml"


def load_settings(paths: Iterable[str] = (), file: str | None = None) -> Settings:
    """Read the settings of a check: from the file given, or from the nearest one; the defaults if there is none.

    Args:
        paths: what is to be checked; the folders from the first of them upwards are looked through, then those from
            the working directory upwards.
        file: a settings file to use instead.

    Raises:
        SettingsError: the file cannot be read, or holds a key or a value that is not accepted.
    """
    if file is not None:
        return _settings(_table(file), file)
    first = next((path for path in paths if path != "-"), None)
    starts = [first, os.getcwd()] if first else [os.getcwd()]
    for candidate in dict.fromkeys(found for start in starts for found in _upwards(start)):
        table = _table(candidate) if os.path.isfile(candidate) and _concerns_us(candidate) else None
        if table is not None:
            return _settings(table, candidate)
    return Settings()


def _upwards(start: str) -> Iterator[str]:
    """List where a settings file may be, nearest first."""
    folder = os.path.abspath(start)
    while True:
        yield os.path.join(folder, OWN_FILE)
        yield os.path.join(folder, SHARED_FILE)
        if folder == os.path.dirname(folder):
            return
        folder = os.path.dirname(folder)


def _concerns_us(file: str) -> bool:
    """Spare other people's pyproject.toml the parser."""
    try:
        with open(file, "rb") as source:
            return file.endswith(OWN_FILE) or b"constructs_lib" in source.read()
    except OSError:
        return True  # reading it says why


def _table(file: str) -> dict[str, Any] | None:
    """Read the settings of a file; None if it is a pyproject.toml that has none."""
    import tomllib  # noqa: PLC0415 - only those who have settings pay for it

    try:
        with open(file, "rb") as source:
            data = tomllib.load(source)
    except FileNotFoundError:
        raise SettingsError(f"{file}: there is no such file") from None
    except OSError as error:
        raise SettingsError(f"{file}: cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{file}: is no TOML: {error}") from None
    if os.path.basename(file) != SHARED_FILE:
        return data
    table = data.get("tool", {}).get("constructs_lib")
    if table is None or type(table) is dict:
        return table
    raise SettingsError(
        f"{file}: tool.constructs_lib: {found_as(table)}; allowed: a table [tool.constructs_lib]"
    )


def _settings(table: dict[str, Any] | None, file: str) -> Settings:
    try:
        return Settings(**_arguments(dict(table or {}), file), file=file)
    except SettingsError as error:
        raise SettingsError(f"{file}: {error}") from None


def _arguments(table: dict[str, Any], file: str) -> dict[str, Any]:
    known = [name for name in Settings.__slots__ if name != "file"]
    for key in table:
        if key not in known:
            raise SettingsError(unknown_key(key, known))
    for key in ("parameters", "connection_limits", "severities"):
        if type(table.get(key, {})) is not dict:
            raise SettingsError(f"{key}: {found_as(table[key])}; allowed: a table of names and values")
    if "queue_factor" in table:
        table["queue_factor"] = factor_of(table["queue_factor"])
    if "waivers" in table:
        from constructs_lib.policy.waivers import from_settings  # noqa: PLC0415 - few have any

        table["waivers"] = from_settings(table["waivers"], file)
    return table
