"""A real Redis or Valkey of the system, in a process of its own: on a free port, in memory alone, with or without TLS."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

PASSWORD = "cache-pass"


class RedisServer:
    """A server that runs while it is open as a context manager; it can be stopped, frozen and started again.

    Args:
        tls: whether it speaks TLS, with a certificate of its own for ``localhost``.
    """

    def __init__(self, *, tls: bool = False) -> None:
        self._tls = tls
        self._home = tempfile.TemporaryDirectory(prefix="redis-")
        self._process: subprocess.Popen[bytes] | None = None
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]

    @property
    def url(self) -> str:
        """Where it answers, with its password."""
        scheme, host = ("rediss", "localhost") if self._tls else ("redis", "127.0.0.1")
        return f"{scheme}://:{PASSWORD}@{host}:{self.port}/0"

    @property
    def certificate(self) -> Path:
        """The certificate that a client has to trust."""
        return Path(self._home.name, "certificate.pem")

    def __enter__(self) -> Self:
        if self._tls:
            self._make_certificate()
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()
        self._home.cleanup()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = next(filter(None, map(shutil.which, ("valkey-server", "redis-server"))), None)
        assert command is not None, "needs valkey-server or redis-server: make test sets it up"
        port, tls_port = ("0", str(self.port)) if self._tls else (str(self.port), "0")
        options = {
            "port": port,
            "tls-port": tls_port,
            "bind": "127.0.0.1",
            "save": "",
            "dir": self._home.name,
        }
        options |= {"requirepass": PASSWORD}
        if self._tls:
            key = str(self.certificate.with_name("key.pem"))
            options |= {"tls-cert-file": str(self.certificate), "tls-key-file": key, "tls-auth-clients": "no"}
        arguments = [word for name, value in options.items() for word in (f"--{name}", value)]
        self._process = subprocess.Popen([command, *arguments], stdout=subprocess.DEVNULL)
        self._wait()

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def signal(self, number: int) -> None:
        """Send it a signal: SIGSTOP freezes it, SIGCONT lets it go on."""
        assert self._process is not None
        self._process.send_signal(number)

    def _wait(self) -> None:
        until = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                assert time.monotonic() < until, "the server does not start"
                time.sleep(0.02)
            else:
                return

    def _make_certificate(self) -> None:
        key, name = self.certificate.with_name("key.pem"), "/CN=localhost"
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", name]
        command += [
            "-addext",
            "subjectAltName=DNS:localhost",
            "-keyout",
            str(key),
            "-out",
            str(self.certificate),
        ]
        subprocess.run(command, check=True, capture_output=True)
