"""Connects to the database, directly or through RDS Proxy, with a password that is rotated or with IAM.

``DATABASE_SECRET`` names the secret with the user and the password, in the form that RDS rotates. Without it, IAM decides: the
role's own credentials sign a token that opens a connection within 15 minutes.

The server's certificate and name are always checked, against the certificates that Python trusts: the system's, or those of
``SSL_CERT_FILE``. RDS Proxy's is signed by Amazon's root, which a system knows; to reach a cluster itself, bundle RDS' own
certificates and name them there.
"""

from __future__ import annotations

import os
from math import inf
from typing import TYPE_CHECKING, Any

from constructs_lib.runtime import Deadline, fresh_secret_on_auth_failure, lazy_imports, waits

from .configuration import Address, database_address

# The first miss in the cache loads it, not every cold start.
with lazy_imports():
    import psycopg
    import psycopg.rows

if TYPE_CHECKING:
    from constructs_lib.runtime.guard import Guard

    Connection = psycopg.Connection[dict[str, Any]]

CALL = "stadiums-db"  # as the budgets name it
WAITS = waits(CALL)
_TOKEN_SECONDS = 900

# Read in init, so that waits which do not fit libpq fail a deployment and not a request.
_OPTIONS = WAITS.psycopg_options()
del _OPTIONS["options"]  # RDS Proxy refuses a connection that brings any; bounded() ends statements, too

# Its own way of waiting, in C, looks at signals every 100 ms at the soonest and not at all while they come more often, as a
# guard's do; waiting in Python is interrupted at once.
os.environ.setdefault("PSYCOPG_WAIT_FUNC", "wait_poll")


def connect() -> Connection:
    """Open a connection within the budget's connect timeout.

    Raises:
        psycopg.OperationalError: the server refuses, or is not there.
        DeadlineExceeded: it did not answer in time.
        ExtensionError: its address or its secret cannot be read.
    """
    address = database_address()
    secret_id = os.environ.get("DATABASE_SECRET")
    if secret_id is None:
        return _open(address, address.user, iam_token(address))

    @fresh_secret_on_auth_failure(secret_id, psycopg.OperationalError, when=_is_refused_login, kind="json")
    def with_secret(secret: dict[str, str]) -> Connection:
        return _open(address, secret["username"], secret["password"])

    opened: Connection = with_secret()
    return opened


def bounded(seconds: float) -> Guard:
    """End a block after so many seconds, or at the invocation's deadline if that comes first."""
    return (Deadline.current() or Deadline(inf)).within(seconds).guard()


def iam_token(address: Address) -> str:
    """Sign the token that stands for a password where IAM decides."""
    # Of the SDK only what signs: a client for the same token would take almost twice as long to load.
    from botocore.auth import SigV4QueryAuth  # noqa: PLC0415 - who has a secret needs none of it
    from botocore.awsrequest import AWSRequest  # noqa: PLC0415
    from botocore.session import get_session  # noqa: PLC0415

    credentials: Any = get_session().get_credentials()
    signer = SigV4QueryAuth(credentials, "rds-db", os.environ["AWS_REGION"], expires=_TOKEN_SECONDS)
    parameters = {"Action": "connect", "DBUser": address.user}
    request = AWSRequest("GET", f"https://{address.host}:{address.port}/", params=parameters)
    signer.add_auth(request)
    return str(request.url).removeprefix("https://")


def _open(address: Address, user: str, password: str) -> Connection:
    with bounded(WAITS.connect):
        return psycopg.connect(
            host=address.host,
            port=address.port,
            dbname=address.dbname,
            user=user,
            password=password,
            sslmode="verify-full",
            sslrootcert=_trusted(),
            autocommit=True,  # one round trip a query, and no transaction that a frozen sandbox keeps open
            prepare_threshold=None,  # prepared statements would pin a connection of RDS Proxy to this one
            row_factory=psycopg.rows.dict_row,
            **_OPTIONS,
        )


def _trusted() -> str:
    # psycopg's binary package has an OpenSSL of its own, which looks for the system's certificates where no system has them.
    import ssl  # noqa: PLC0415 - takes 10 ms to load

    return ssl.get_default_verify_paths().cafile or "system"


def _is_refused_login(error: BaseException) -> bool:
    # libpq gives no SQLSTATE of a failed login; PostgreSQL and RDS Proxy word it differently, and both name the password.
    return "password" in str(error)
