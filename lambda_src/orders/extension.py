"""A client of the Parameters and Secrets extension, which keeps parameters and secrets beside the function.

Standard library only: the SDK takes longer to load than all of this. The extension answers in the invoke phase alone,
so nothing is asked at import. A value never reaches a log or an error.
"""

from __future__ import annotations

import contextlib
import json
import os
from http.client import HTTPConnection, HTTPException, NotConnected
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from .waits import Waits

OK = 200


class ExtensionError(Exception):
    """The extension gave no value: says what was asked for and what happened instead."""


class Extension:
    """One lasting connection to the extension, opened by the first read and again whenever it is gone."""

    def __init__(self, waits: Waits) -> None:
        self._waits = waits
        self._connection: HTTPConnection | None = None

    def parameter(self, name: str) -> tuple[str, int]:
        """Read a parameter: its value and its version."""
        found = self._read(f"/systemsmanager/parameters/get?name={quote(name, safe='')}")["Parameter"]
        return found["Value"], found["Version"]

    def secret(self, secret_id: str) -> str:
        """Read the current value of a secret."""
        return str(self._read(f"/secretsmanager/get?secretId={quote(secret_id, safe='')}")["SecretString"])

    def close(self) -> None:
        """Drop the connection, if there is one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _read(self, path: str) -> Any:
        try:
            if self._connection is not None:
                # Frozen with the sandbox, a connection may not survive. That shows at once, so it costs no wait.
                with contextlib.suppress(ConnectionError, NotConnected):
                    return _ask(self._connection, path)
                self.close()
            self._connection = self._connect()
            return _ask(self._connection, path)
        except (OSError, HTTPException) as error:
            self.close()
            raise ExtensionError(f"{path}: {str(error) or type(error).__name__}") from error

    def _connect(self) -> HTTPConnection:
        port = int(os.environ.get("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", "2773"))
        connection = HTTPConnection("127.0.0.1", port, timeout=self._waits.connect)
        connection.connect()
        connection.sock.settimeout(self._waits.read)
        connection.auto_open = 0  # else a lost connection would come back by itself, with the wrong timeout
        return connection


def _ask(connection: HTTPConnection, path: str) -> Any:
    # The token is read each time: a sandbox that SnapStart restored has another session than the one that was saved.
    connection.request(
        "GET", path, headers={"X-Aws-Parameters-Secrets-Token": os.environ["AWS_SESSION_TOKEN"]}
    )
    response = connection.getresponse()
    body = response.read()
    if response.status != OK:
        raise ExtensionError(f"{path}: status {response.status}")
    return json.loads(body)
