"""What is asked for and what comes: a parameter or a secret, in the words of the extension and of the SDK alike.

Whatever holds a value says so in its ``repr`` and not which: error trackers show the locals of a traceback.
"""

from __future__ import annotations

import json

from constructs_lib.errors import ExtensionError, RefusedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")

NOT_JSON = object()
"""What :meth:`Found.json` gives for text that is none: ``None`` would be JSON's null."""


class Found:
    """A value that was read, and its version."""

    __slots__ = ("binary", "text", "version")

    def __init__(self, text: str | None, binary: bytes | None, version: str) -> None:
        self.text, self.binary, self.version = text, binary, version

    def __repr__(self) -> str:
        return f"<Found: version {self.version}, value hidden>"

    def same(self, other: Found) -> bool:
        """Tell whether two are the same value."""
        return (self.text, self.binary) == (other.text, other.binary)

    def json(self) -> Any:
        """Parse the text, or give :data:`NOT_JSON`: the parser's own error would carry the text."""
        try:
            return json.loads(self.text or "")
        except ValueError:
            return NOT_JSON

    def as_text(self, ask: ParameterAsk | SecretAsk) -> str:
        """Give the text.

        Raises:
            ExtensionError: it is a binary secret.
        """
        if self.text is None:
            raise ExtensionError(f"{ask}: got a binary value, wanted text; fix: secret_bytes({ask.name!r})")
        return self.text

    def as_json(self, ask: ParameterAsk | SecretAsk) -> Any:
        """Give the text, parsed.

        Raises:
            ExtensionError: it is no JSON.
        """
        self.as_text(ask)
        value = self.json()
        if value is NOT_JSON:
            raise ExtensionError(
                f"{ask}: got text that is no JSON; fix: read it as text, or correct the value"
            )
        return value

    def as_bytes(self, ask: ParameterAsk | SecretAsk) -> bytes:
        """Give the bytes.

        Raises:
            ExtensionError: it is text.
        """
        if self.binary is None:
            raise ExtensionError(f"{ask}: got text, wanted a binary value; fix: secret({ask.name!r})")
        return self.binary


class ParameterAsk:
    """A parameter of Parameter Store: its name or ARN, and which version of it."""

    __slots__ = ("_query", "name", "request")
    service, operation = "ssm", "get_parameter"
    path = "/systemsmanager/parameters/get"
    grants = "ssm:GetParameter on it, and kms:Decrypt on its key if it is a SecureString under a customer key"
    construct = "HardenedFunction(parameters=[...])"

    def __init__(self, name: str, version: int | None, label: str | None, *, decrypt: bool) -> None:
        self.name = _name("parameter", name)
        if version is not None and label is not None:
            raise RefusedError(
                f"parameter {name!r}",
                got=f"version {version} and label {label!r}",
                allowed="one of them",
                fix="leave one out: a label is the name of a version",
            )
        selector = str(version) if version is not None else label
        self._query = {"name": name, "withDecryption": "true" if decrypt else "false"}
        if selector is not None:
            self._query["version" if version is not None else "label"] = selector
        asked = name if selector is None else f"{name}:{selector}"  # how GetParameter is asked for either
        self.request: dict[str, Any] = {"Name": asked, "WithDecryption": decrypt}

    def __str__(self) -> str:
        return f"parameter {self.name!r}"

    @property
    def target(self) -> str:
        """What follows GET."""
        return _target(self.path, self._query)

    def found(self, answer: Any) -> Found:
        """Take the value out of an answer, the extension's or the SDK's."""
        held = answer["Parameter"]
        return Found(str(held["Value"]), None, str(held.get("Version")))


class SecretAsk:
    """A secret of Secrets Manager: its name or ARN, and which version of it; the current one if nothing is said."""

    __slots__ = ("_query", "name", "request")
    service, operation = "secretsmanager", "get_secret_value"
    path = "/secretsmanager/get"
    grants = "secretsmanager:GetSecretValue on it, and kms:Decrypt on its key if it is a customer key"
    construct = "HardenedFunction(secrets=[...])"

    def __init__(self, secret_id: str, version: str | None = None, stage: str | None = None) -> None:
        self.name = _name("secret", secret_id)
        given = {"secretId": secret_id, "versionId": version, "versionStage": stage}
        self._query = {key: value for key, value in given.items() if value is not None}
        self.request: dict[str, Any] = {key[0].upper() + key[1:]: value for key, value in self._query.items()}

    def __str__(self) -> str:
        return f"secret {self.name!r}"

    @property
    def target(self) -> str:
        """What follows GET."""
        return _target(self.path, self._query)

    def found(self, answer: Any) -> Found:
        """Take the value out of an answer, the extension's or the SDK's."""
        binary = answer.get("SecretBinary")
        if isinstance(binary, str):  # JSON has no bytes
            import binascii  # noqa: PLC0415 - binary secrets are rare

            binary = binascii.a2b_base64(binary)
        return Found(answer.get("SecretString"), binary, str(answer.get("VersionId")))


def _name(kind: str, name: object) -> str:
    if not isinstance(name, str) or not name or not name.isprintable():
        raise RefusedError(
            f"{kind}",
            got=repr(name),
            allowed="a name or an ARN",
            fix="pass it as text, without control characters",
        )
    return name


def _target(path: str, query: dict[str, str]) -> str:
    return f"{path}?" + "&".join(f"{key}={_quoted(value)}" for key, value in query.items())


def _quoted(text: str) -> str:
    # urllib.parse would do, and takes 2 ms to load.
    return "".join(chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in text.encode())
