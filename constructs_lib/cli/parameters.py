"""Parameter files, in every form that AWS's own tools read."""

from __future__ import annotations

import json

from constructs_lib.errors import SettingsError

_ALLOWED = '[{"ParameterKey": ..., "ParameterValue": ...}], {"Parameters": {...}} or {"Name": "value"}'


def read_parameters(file: str) -> dict[str, str]:
    """Read a parameter file: of ``aws cloudformation``, of CodePipeline, or plain names and values.

    Raises:
        SettingsError: it cannot be read, or has another form.
    """
    try:
        with open(file, encoding="utf-8-sig") as source:
            content = json.load(source)
    except OSError as error:
        raise SettingsError(f"--parameters {file}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"--parameters {file}: is no JSON: {error}; allowed: {_ALLOWED}") from None
    if isinstance(content, dict):
        content = content.get("Parameters", content)
    if isinstance(content, list):
        content = dict(_entry(file, entry) for entry in content)
    if not isinstance(content, dict):
        raise SettingsError(f"--parameters {file}: holds a {type(content).__name__}; allowed: {_ALLOWED}")
    return {str(name): _value(file, name, value) for name, value in content.items()}


def _entry(file: str, entry: object) -> tuple[object, object]:
    match entry:
        case {"ParameterKey": str(name), "ParameterValue": value}:
            return name, value
        case str(text) if "=" in text:
            name, _, value = text.partition("=")
            return name, value
    raise SettingsError(f"--parameters {file}: holds {str(entry)[:60]!r}; allowed: {_ALLOWED}")


def _value(file: str, name: object, value: object) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise SettingsError(
        f"--parameters {file}: {name} is a {type(value).__name__}; allowed: text, numbers, lists of them"
    )
