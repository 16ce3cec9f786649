"""The session token that the extension wants to see, from where Lambda puts it."""

from __future__ import annotations

import json
import os
from time import monotonic, time

from constructs_lib.errors import ExtensionError
from constructs_lib.runtime import surroundings
from constructs_lib.runtime.http_answers import Response
from constructs_lib.runtime.loopback import Loopback, Question

_HOSTS = ("http://127.0.0.1", "http://localhost")
_KEPT = 60.0  # seconds; credentials live for hours
_WAIT = 0.25
_LOCAL = "local"  # a stand-in that was told no token takes any


class SessionToken:
    """Reads the token anew for every question: it changes while a sandbox lives.

    ``AWS_SESSION_TOKEN`` holds it, but not where SnapStart restored the sandbox: there credentials come from a server on
    loopback (``AWS_CONTAINER_CREDENTIALS_FULL_URI``), as the SDK reads them. Outside Lambda nobody sets it, and a stand-in
    takes any.
    """

    __slots__ = ("_loopback", "_token", "_until")

    def __init__(self) -> None:
        self._loopback, self._token, self._until = Loopback(1), "", 0.0

    def __repr__(self) -> str:
        return "<SessionToken>"

    def __call__(self) -> str:
        """Give the token.

        Raises:
            ExtensionError: there is none, or it cannot stand in a header.
        """
        token = os.environ.get("AWS_SESSION_TOKEN") or (
            self._served() if surroundings.in_lambda() else _LOCAL
        )
        if not token.isascii() or not token.isprintable():
            del token
            raise ExtensionError(
                "session token: got characters that no header takes; fix: AWS_SESSION_TOKEN is Lambda's"
            )
        return token

    def _served(self) -> str:
        if time() < self._until:
            return self._token
        answer = self._ask(os.environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI", ""))
        try:
            token = str(json.loads(answer.body)["Token"]) if answer is not None else ""
        except (ValueError, LookupError, TypeError):
            token = ""
        if not token:
            raise ExtensionError(
                "session token: got neither AWS_SESSION_TOKEN nor credentials from AWS_CONTAINER_CREDENTIALS_FULL_URI; "
                "fix: leave both to Lambda"
            )
        self._token, self._until = token, time() + _KEPT
        return token

    def _ask(self, address: str) -> Response | None:
        host, _, rest = address.removeprefix("http://").partition(":")
        port, slash, path = rest.partition("/")
        if not address.startswith(_HOSTS) or host not in {"127.0.0.1", "localhost"} or not port.isdecimal():
            return None
        question = Question(
            f"GET {slash}{path} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: "
            f"{os.environ.get('AWS_CONTAINER_AUTHORIZATION_TOKEN', '')}\r\n\r\n".encode()
        )
        until = min(monotonic() + _WAIT, surroundings.deadline())
        (answer,) = self._loopback.ask(int(port), [question], connect=_WAIT, read=_WAIT, until=until)
        return answer if isinstance(answer, Response) and answer.status == 200 else None  # noqa: PLR2004 - OK
