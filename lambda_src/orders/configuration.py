"""What the handlers are configured with: the settings of the stage, and the key that signs tokens."""

from __future__ import annotations

import json
import os
from typing import NamedTuple

from .extension import Extension
from .waits import waits_for

_extension = Extension(waits_for("parameters-and-secrets"))


class Settings(NamedTuple):
    """The settings of a stage, which change without a deployment, and where they were read."""

    page_size: int
    largest_quantity: int
    source: str


def settings() -> Settings:
    """Read the settings; only inside an invocation."""
    value, version = _extension.parameter(os.environ["SETTINGS_PARAMETER"])
    return Settings(**json.loads(value), source=f"extension, v{version}")


def signing_key() -> bytes:
    """Read the key that signs the customers' tokens; only inside an invocation."""
    return _extension.secret(os.environ["SIGNING_KEY_SECRET"]).encode()
