"""A stand-in for the AWS Parameters and Secrets Lambda extension, in front of the local AWS.

It answers the two paths of the real one, checks the header that carries the session token, caches with the TTL, and
reads Parameter Store and Secrets Manager through boto3. Configuration is by the real one's environment variables
(:class:`ExtensionSettings`). Values never reach a log.

Two things differ from Lambda: one stand-in serves all functions, where Lambda runs one per execution environment; and
it answers during a function's init too, where the real one says 400 until the first invocation.

Sources: systems-manager/userguide/ps-integration-lambda-extensions (paths, header, variables);
github.com/hello-nrfcloud/backend/pull/22 (bodies as seen on Lambda: null members, ``ResultMetadata``, and a 400 whose
body is plain text for a parameter that is not there).

Example::

    with ExtensionServer(settings, aws_clients(settings)) as server:
        url = f"{server.url}/systemsmanager/parameters/get?name=/orders/limit"
        urlopen(Request(url, headers={TOKEN_HEADER: token}))
"""

from __future__ import annotations

import functools
import json
import logging
import os
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from constructs_lib.errors import LocalAwsError
from constructs_lib.local.expiring_cache import ExpiringCache
from constructs_lib.local.extension_faults import Faults, is_reset
from constructs_lib.local.extension_settings import LOG_LEVELS, ExtensionSettings
from constructs_lib.local.extension_sources import (
    Clients,
    RefusedRequestError,
    Source,
    asked,
    request_of,
    sources,
)

if TYPE_CHECKING:
    from collections.abc import Callable

HOST = "127.0.0.1"
TOKEN_HEADER = "X-Aws-Parameters-Secrets-Token"  # noqa: S105 - a header's name

_log = logging.getLogger(__name__)


class Extension:
    """Answers requests from the cache or from AWS; knows nothing of HTTP beyond statuses."""

    def __init__(
        self,
        settings: ExtensionSettings,
        clients: Callable[[str], Clients],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings, self._clients = settings, functools.cache(clients)
        self._cache = ExpiringCache(settings.cache_size if settings.cache_enabled else 0, clock)
        self._connections = threading.BoundedSemaphore(settings.max_connections)
        self._sources = sources(settings)

    def answer(self, target: str, token: str | None) -> tuple[HTTPStatus, bytes]:
        """Answer one GET request: its status and its body."""
        try:
            return HTTPStatus.OK, self._body(target, token)
        except RefusedRequestError as refused:
            return refused.status, refused.text.encode()

    def _body(self, target: str, token: str | None) -> bytes:
        session, _, scope = (token or "").partition("/")
        if token is None or (self._settings.token and session != self._settings.token):
            raise RefusedRequestError(
                HTTPStatus.UNAUTHORIZED, f"{TOKEN_HEADER} is missing or not the session token"
            )
        url = urlsplit(target)
        source = self._sources.get(url.path.rstrip("/"))
        if source is None:
            raise RefusedRequestError(HTTPStatus.NOT_FOUND, "404 page not found")
        return self._read(source, request_of(source, url.query), scope)

    def _read(self, source: Source, request: dict[str, Any], scope: str) -> bytes:
        key = (scope, source.name, *sorted(request.items()))
        kept = self._cache.get(key)
        if kept is not None:
            _log.debug("%s %s: from the cache", source.name, next(iter(request.values())))
            return kept
        with self._connections:
            body = json.dumps(
                source.shape(asked(source, self._clients(scope), request)), separators=(",", ":")
            ).encode()
        self._cache.put(key, body, source.ttl)
        return body


class _Handler(BaseHTTPRequestHandler):
    """One connection, kept alive between requests."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # headers and body leave in one piece: two would cost a delayed acknowledgement
    server: ExtensionServer

    def do_GET(self) -> None:
        """Answer a read, unless a fault does."""
        with self.server.faults.met_by(self) as settled:
            if not settled:
                self._answer()

    def _answer(self) -> None:
        status, body = self.server.extension.answer(self.path, self.headers.get(TOKEN_HEADER))
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json" if status is HTTPStatus.OK else "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name http.server gives it
        """Log requests at debug level only."""
        _log.debug(format, *args)


class ExtensionServer(ThreadingHTTPServer):
    """The stand-in on 127.0.0.1, serving in threads of this process while it is open as a context manager.

    Args:
        settings: the extension's configuration.
        clients: makes the clients for a scope, which is what a session token says after its first slash:
            ``account/region``, or nothing. :func:`aws_clients` makes boto3's.
        clock: what the TTLs of the cache go by.

    Raises:
        LocalAwsError: the port is taken.
    """

    daemon_threads = True
    request_queue_size = 128  # bursts of cold functions connect at once

    def __init__(
        self,
        settings: ExtensionSettings,
        clients: Callable[[str], Clients],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.extension = Extension(settings, clients, clock)
        self.faults = Faults()
        try:
            super().__init__((HOST, settings.port), _Handler)
        except OSError as error:
            raise LocalAwsError(
                f"extension stand-in: port {settings.port} cannot be used ({error.strerror}); allowed: a free port; "
                "fix: set PARAMETERS_SECRETS_EXTENSION_HTTP_PORT to another one"
            ) from error

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end."""
        return f"http://{HOST}:{self.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=[0.05], daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.shutdown()
        self.server_close()

    def shutdown_request(self, request: Any) -> None:
        """End a connection, without a goodbye where a fault resets it."""
        if is_reset(request):
            self.close_request(request)
        else:
            super().shutdown_request(request)


def aws_clients(settings: ExtensionSettings) -> Callable[[str], Clients]:
    """Make boto3 clients for a scope, with the environment's endpoint and the settings' timeouts."""
    import boto3  # noqa: PLC0415 - an extra of this package, and half a second to load
    from botocore.config import Config  # noqa: PLC0415

    def client(service: Any, milliseconds: int, scope: str) -> Any:
        account, _, region = scope.partition("/")
        wait = milliseconds / 1000 if milliseconds else None
        config = Config(
            connect_timeout=wait,
            read_timeout=wait,
            max_pool_connections=settings.max_connections,
            retries={"total_max_attempts": 1 if milliseconds else 3, "mode": "standard"},
        )
        place = {"region_name": region, "aws_access_key_id": account, "aws_secret_access_key": "local"}
        session: Any = boto3.session.Session()
        return session.client(service, config=config, **(place if scope else {}))

    def clients(scope: str) -> Clients:
        return Clients(
            client("ssm", settings.parameter_timeout, scope),
            client("secretsmanager", settings.secret_timeout, scope),
        )

    return clients


def main() -> None:
    """Serve until told to stop: ``python -m constructs_lib.local.extension RUN_DIRECTORY [--leash]``."""
    import sys  # noqa: PLC0415 - only as a program

    from constructs_lib.local.serve import LEASH, hold_leash  # noqa: PLC0415

    settings = ExtensionSettings.from_environment(os.environ)
    logging.basicConfig(level=LOG_LEVELS[settings.log_level], format="%(asctime)s %(levelname)s %(message)s")
    server = ExtensionServer(settings, aws_clients(settings))
    if LEASH in sys.argv:
        threading.Thread(target=hold_leash, args=sys.argv[1:2], daemon=True).start()
    server.serve_forever(0.5)


if __name__ == "__main__":
    main()
