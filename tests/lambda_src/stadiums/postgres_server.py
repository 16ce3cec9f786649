"""A real PostgreSQL of the system, in processes of its own: on a free port of 127.0.0.1, with TLS, in a folder that goes with it."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import psycopg

PASSWORD = "database-pass"
USER = "stadiums"
TABLE = Path(__file__).resolve().parents[3] / "lambda_src" / "stadiums" / "schema.sql"
ROWS = Path(__file__).with_name("stadiums.sql")
_DEBIAN = "usr/lib/postgresql/*/bin"  # where its packages put what is not for every user's PATH
_START_MAX = 20.0  # seconds


class PostgresServer:
    """A server that runs while it is open as a context manager; it can be stopped, frozen and started again.

    It keeps nothing safe from a power cut (no fsync), which is what makes it start in a second, and it refuses connections
    without TLS, as Aurora does. It holds the table of stadiums. PostgreSQL does not run as root: started by root it runs as
    ``postgres``.
    """

    def __init__(self) -> None:
        self._home = tempfile.TemporaryDirectory(prefix="postgres-")
        self._process: subprocess.Popen[bytes] | None = None
        self._user = "postgres" if os.geteuid() == 0 else None
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]

    @property
    def certificate(self) -> Path:
        """The certificate that a client has to trust."""
        return Path(self._home.name, "certificate.pem")

    @property
    def address(self) -> dict[str, Any]:
        """Where it is, as the parameter of the handlers says it."""
        return {"host": "localhost", "port": self.port, "dbname": "postgres", "user": USER}

    def __enter__(self) -> Self:
        self._make_certificate()
        Path(self._home.name, "password").write_text(PASSWORD)
        self._own(*Path(self._home.name).iterdir(), Path(self._home.name))
        self._run("initdb", "--no-sync", "--no-locale", "--encoding=UTF8", "--auth=scram-sha-256",
                  f"--username={USER}", f"--pwfile={self._home.name}/password", "--pgdata", self._data)  # fmt: skip
        Path(self._data, "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 scram-sha-256\n")
        try:
            self.start()
            with self.connect() as connection:
                for file in (TABLE, ROWS):
                    connection.execute(file.read_bytes())
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()
        self._home.cleanup()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",
            "ssl": "on",
            "ssl_cert_file": self.certificate,
            "ssl_key_file": self.certificate.with_name("key.pem"),
        }
        arguments = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        command = [_program("postgres"), "-D", self._data, *arguments]
        self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL, **self._as_user())
        until = time.monotonic() + _START_MAX
        while True:
            try:
                self.connect().close()
            except psycopg.OperationalError:
                assert self._process.poll() is None, "the server ended while it started"
                assert time.monotonic() < until, "the server does not start"
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        """End it at once, and with it all of its connections."""
        if self._process is not None:
            self.signal(signal.SIGCONT)
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()
            self._process = None

    def signal(self, number: int) -> None:
        """Send a signal to it and to all who serve its connections: frozen (SIGSTOP) it accepts, and never answers."""
        assert self._process is not None
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for one in (pid, *map(int, children)):
            with suppress(ProcessLookupError):  # a connection that has just ended
                os.kill(one, number)

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        """Connect as a test does, without the handlers' code."""
        return psycopg.connect(
            **self.address, password=PASSWORD, sslmode="require", connect_timeout=5, autocommit=True
        )

    @property
    def _data(self) -> str:
        return str(Path(self._home.name, "data"))

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [_program(program), *arguments], capture_output=True, text=True, check=False, **self._as_user()
        )
        assert done.returncode == 0, done.stderr

    def _as_user(self) -> dict[str, Any]:
        return {"user": self._user, "group": self._user, "extra_groups": []} if self._user else {}

    def _own(self, *paths: Path) -> None:
        if self._user:
            owner = pwd.getpwnam(self._user)
            for path in paths:
                os.chown(path, owner.pw_uid, owner.pw_gid)

    def _make_certificate(self) -> None:
        key = self.certificate.with_name("key.pem")
        command = [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
        ]
        command += [
            "-addext",
            "subjectAltName=DNS:localhost",
            "-keyout",
            str(key),
            "-out",
            str(self.certificate),
        ]
        subprocess.run(command, check=True, capture_output=True)


def _program(name: str) -> str:
    """Find a program of PostgreSQL, of the newest version where there are several."""
    newest = sorted(Path("/").glob(f"{_DEBIAN}/{name}"), key=lambda found: int(found.parts[-3]))
    found = str(newest[-1]) if newest else shutil.which(name)
    assert found, f"needs PostgreSQL's {name}: make test sets it up"
    return found
