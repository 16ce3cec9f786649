"""A Parameter Store and a Secrets Manager in memory, behind the stand-in of the extension: rotated by a test, asked by it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

WHEN = datetime(2026, 11, 21, 10, 0, 0, 123_456, UTC)


class ValueStore:
    """What boto3's two clients would give, and a list of what they were asked for."""

    def __init__(self) -> None:
        self.parameters: dict[str, str] = {}
        self.secrets: dict[str, str | bytes] = {}
        self.versions: dict[str, int] = {}
        self.asked: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    def rotate(self, secret_id: str, value: str | bytes) -> None:
        """Give a secret a new value, and a new version."""
        self.secrets[secret_id] = value
        self.versions[secret_id] = self.versions.get(secret_id, 1) + 1

    def get_parameter(self, **request: Any) -> dict[str, Any]:
        """Answer like boto3's client."""
        self._ask(request)
        name, _, selector = request["Name"].partition(":")
        return {
            "Parameter": {
                "Name": name,
                "Value": self.parameters[name],
                "Version": int(selector) if selector.isdecimal() else 1,
                "LastModifiedDate": WHEN,
            }
        }

    def get_secret_value(self, **request: Any) -> dict[str, Any]:
        """Answer like boto3's client."""
        self._ask(request)
        name = request["SecretId"]
        value = self.secrets[name]
        held = {"SecretString": value} if isinstance(value, str) else {"SecretBinary": value}
        return {"Name": name, "VersionId": f"v{self.versions.get(name, 1)}", "CreatedDate": WHEN, **held}

    def _ask(self, request: dict[str, Any]) -> None:
        with self._lock:
            self.asked.append(request)
