"""What the handlers are configured with: the settings of the stage, and the key that signs tokens."""

from __future__ import annotations

import os
from typing import NamedTuple

from constructs_lib.runtime import parameter_json, secret


class Settings(NamedTuple):
    """The settings of a stage, which change without a deployment."""

    page_size: int
    largest_quantity: int


def settings() -> Settings:
    """Read the settings; only inside an invocation."""
    return Settings(**parameter_json(os.environ["SETTINGS_PARAMETER"]))


def signing_key() -> bytes:
    """Read the key that signs the customers' tokens; only inside an invocation."""
    return secret(os.environ["SIGNING_KEY_SECRET"]).encode()
