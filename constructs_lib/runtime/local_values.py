"""Parameters and secrets outside Lambda, for tests and for a handler on a laptop: from the environment.

``CONSTRUCTS_LIB_LOCAL_PARAMETERS`` and ``CONSTRUCTS_LIB_LOCAL_SECRETS`` hold one JSON object each, from names to values.
Names are not squeezed into variable names: ``/a/b`` and ``/a_b`` stay two. Inside Lambda neither is ever looked at, so
that a variable left in a template cannot become somebody's production secret.

Versions, stages and labels are not looked at. A value that is no text is given as JSON.
"""

from __future__ import annotations

import json
import os

from constructs_lib.errors import ExtensionError
from constructs_lib.runtime.surroundings import PORT_VARIABLE
from constructs_lib.runtime.values import NOT_JSON, Found, ParameterAsk, SecretAsk

PARAMETERS_VARIABLE = "CONSTRUCTS_LIB_LOCAL_PARAMETERS"
SECRETS_VARIABLE = "CONSTRUCTS_LIB_LOCAL_SECRETS"


def local_value(ask: ParameterAsk | SecretAsk) -> Found | None:
    """Look a value up; None where it is for the stand-in to give.

    Raises:
        ExtensionError: the environment has no such value and names no stand-in.
    """
    variable = SECRETS_VARIABLE if isinstance(ask, SecretAsk) else PARAMETERS_VARIABLE
    found = _held(variable).get(ask.name)
    if found is None and PORT_VARIABLE not in os.environ:
        raise ExtensionError(
            f"{ask}: got no value outside Lambda; fix: set {variable} to a JSON object that names it, or {PORT_VARIABLE} "
            "to the port of a stand-in"
        )
    return found


def local_values_below(prefix: str) -> dict[str, Found] | None:
    """Give the parameters below a prefix; None where the environment has no parameters at all."""
    if PARAMETERS_VARIABLE not in os.environ:
        return None
    whole = prefix.rstrip("/") + "/"
    return {name: value for name, value in _held(PARAMETERS_VARIABLE).items() if name.startswith(whole)}


def _held(variable: str) -> dict[str, Found]:
    values = Found(os.environ.get(variable, "{}"), None, "").json()
    if values is NOT_JSON or not isinstance(values, dict):
        del values
        raise ExtensionError(
            f'{variable}: got something else than a JSON object; fix: give names and values, {{"/orders/limit": "20"}}'
        )
    return {
        name: Found(value if isinstance(value, str) else json.dumps(value), None, "local")
        for name, value in values.items()
    }
