"""Documents inside strings: workflow definitions and API bodies that a template assembles as text."""

from __future__ import annotations

import json
import re

from constructs_lib.policy.values.cases import Case, Unknown
from constructs_lib.policy.values.text import CLOSE, OPEN, why_unknown, without_escapes
from constructs_lib.policy.values.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_BARE_TOKEN = re.compile(f"(?<=[:,\\[])(\\s*)({OPEN}[^{CLOSE}]*{CLOSE})(?=\\s*[,}}\\]])")


def parsed(value: Value) -> Value:
    """Read each case that is text as a JSON document; tokens stay in its strings. Mappings are resolved whole."""
    cases = []
    for case in value.whole().cases:
        data = document(case.data) if type(case.data) is str else case.data
        cases.append(Case(data, case.when))
    return Value(tuple(cases), value.place, None)


def document(text: str) -> Any:
    """Parse JSON in which tokens may stand for numbers too; an Unknown if it cannot be read."""
    if text.startswith(OPEN):
        return Unknown(why_unknown(text) or "the document is known only in deployment")
    text = without_escapes(text)
    try:
        return json.loads(_escaped(text), strict=False)
    except (ValueError, RecursionError):
        pass
    try:
        return json.loads(_BARE_TOKEN.sub(r'\1"\2"', _escaped(text)), strict=False)
    except (ValueError, RecursionError):
        return _yaml(text)


def _escaped(text: str) -> str:
    """Keep quotes and backslashes inside tokens from ending the string that they are in."""
    if OPEN not in text:
        return text
    return re.sub(
        f"{OPEN}[^{CLOSE}]*{CLOSE}", lambda match: match[0].replace("\\", "/").replace('"', "'"), text
    )


def _yaml(text: str) -> Any:
    from constructs_lib.errors import TemplateError  # noqa: PLC0415
    from constructs_lib.policy.template.yaml_file import parse_yaml  # noqa: PLC0415 - yaml is slow to load

    try:
        data = parse_yaml(text, "")
    except TemplateError:
        return Unknown("the document in this text is neither JSON nor YAML")
    return data if type(data) is dict else Unknown("the text holds no document")
