"""The configuration of the extension stand-in: the real extension's variables, defaults and ranges."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from constructs_lib.errors import LocalAwsError
from constructs_lib.limits import (
    EXTENSION_CACHE_SIZE_MAX,
    EXTENSION_CONNECTIONS_DEFAULT,
    EXTENSION_PORT_DEFAULT,
    EXTENSION_TTL_MAX,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

PORT_MAX = 65_535
LOG_LEVELS = {
    "DEBUG": logging.DEBUG,
    "INFO": logging.INFO,
    "WARN": logging.WARNING,
    "ERROR": logging.ERROR,
    "NONE": logging.CRITICAL + 1,
}


@dataclass(frozen=True)
class ExtensionSettings:
    """The extension's configuration, with the defaults and ranges of the real one.

    Args:
        port: where to listen on 127.0.0.1, 1 to 65535; 0 for any free port (the stand-in only). Default 2773.
        cache_enabled: whether answers are kept.
        cache_size: answers kept at most, 0 to 1000; the one unused for longest goes first.
        max_connections: calls to AWS at one time, at least 1. Default 3.
        parameter_ttl: seconds a parameter is kept, 0 to 300; 0 keeps none.
        secret_ttl: seconds a secret is kept, 0 to 300; 0 keeps none.
        parameter_timeout: milliseconds a call to Parameter Store may take; 0, the default, is no limit.
        secret_timeout: milliseconds a call to Secrets Manager may take; 0, the default, is no limit.
        log_level: DEBUG, INFO, WARN, ERROR or NONE.
        token: the session token that requests must carry; empty accepts any, as long as the header is there.
    """

    port: int = int(EXTENSION_PORT_DEFAULT)
    cache_enabled: bool = True
    cache_size: int = int(EXTENSION_CACHE_SIZE_MAX)
    max_connections: int = int(EXTENSION_CONNECTIONS_DEFAULT)
    parameter_ttl: int = int(EXTENSION_TTL_MAX)
    secret_ttl: int = int(EXTENSION_TTL_MAX)
    parameter_timeout: int = 0
    secret_timeout: int = 0
    log_level: str = "INFO"
    token: str = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the real extension's variables.

        Raises:
            LocalAwsError: a variable holds something that the real one does not allow.
        """
        prefix = "PARAMETERS_SECRETS_EXTENSION_"
        read = _Variables(environment)
        return cls(
            port=read.number(prefix + "HTTP_PORT", cls.port, 0, PORT_MAX),
            cache_enabled=read.choice(prefix + "CACHE_ENABLED", "TRUE", ("TRUE", "FALSE")) == "TRUE",
            cache_size=read.number(prefix + "CACHE_SIZE", cls.cache_size, 0, int(EXTENSION_CACHE_SIZE_MAX)),
            max_connections=read.number(prefix + "MAX_CONNECTIONS", cls.max_connections, 1, None),
            parameter_ttl=read.number(
                "SSM_PARAMETER_STORE_TTL", cls.parameter_ttl, 0, int(EXTENSION_TTL_MAX)
            ),
            secret_ttl=read.number("SECRETS_MANAGER_TTL", cls.secret_ttl, 0, int(EXTENSION_TTL_MAX)),
            parameter_timeout=read.number("SSM_PARAMETER_STORE_TIMEOUT_MILLIS", 0, 0, None),
            secret_timeout=read.number("SECRETS_MANAGER_TIMEOUT_MILLIS", 0, 0, None),
            log_level=read.choice(prefix + "LOG_LEVEL", "INFO", tuple(LOG_LEVELS)),
            token=environment.get("AWS_SESSION_TOKEN", ""),
        )


class _Variables:
    """Reads environment variables of a kind, or says what is allowed in them."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def number(self, name: str, default: int, least: int, most: int | None) -> int:
        text = self._environment.get(name) or str(default)
        if not text.isdecimal() or int(text) < least or (most is not None and int(text) > most):
            allowed = f"{least} to {most}" if most is not None else f"a whole number, {least} or more"
            raise LocalAwsError(
                f"{name}: got {text!r}; allowed: {allowed}; fix: set it to {default} or unset it"
            )
        return int(text)

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        text = (self._environment.get(name) or default).upper()
        if text not in allowed:
            raise LocalAwsError(
                f"{name}: got {text!r}; allowed: {', '.join(allowed)}; fix: set it to {default} or unset it"
            )
        return text
