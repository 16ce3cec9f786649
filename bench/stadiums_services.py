"""What the stadiums' handlers work with, on 127.0.0.1: PostgreSQL, Redis or Valkey, Parameter Store, and the extension.

PostgreSQL and Redis are the system's own programs, in processes and folders of this benchmark's own; moto answers for AWS, and
the stand-in for the extension, which keeps values for 300 s as the real one does, asks the same moto.
"""

from __future__ import annotations

import json
import logging
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import boto3

from constructs_lib import Call, TimeoutBudget
from constructs_lib.local.extension import ExtensionServer
from constructs_lib.local.extension_settings import ExtensionSettings
from constructs_lib.local.extension_sources import Clients
from tests.lambda_src.stadiums.postgres_server import PASSWORD, USER, PostgresServer
from tests.runtime import redis_server
from tests.runtime.moto_aws import moto_aws

if TYPE_CHECKING:
    from collections.abc import Iterator

REGION = "eu-west-1"
BUDGET = TimeoutBudget(
    gateway=29,
    init=5,
    calls=[
        Call("stadiums-db", connect=1, read=2, attempts=2, backoff=0),
        Call("cache", connect=0.1, read=0.1, attempts=1),
        Call("parameters-and-secrets", connect=0.05, read=1, attempts=1),
    ],
)


@contextmanager
def services() -> Iterator[dict[str, str]]:
    """Run all of them, and give the environment that a function of the system has."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # moto's server would write a line for each request
    with (
        PostgresServer() as database,
        redis_server.RedisServer(tls=True) as cache,
        moto_aws() as aws,
        TemporaryDirectory() as folder,
    ):
        trusted = Path(folder, "trusted.pem")
        trusted.write_text(database.certificate.read_text() + cache.certificate.read_text())
        clients = _filled(aws, database)
        settings = ExtensionSettings(port=0, token=aws["AWS_SESSION_TOKEN"])
        with ExtensionServer(settings, lambda _: clients) as extension:
            yield {
                **aws,
                "AWS_REGION": REGION,
                "CACHE_SECRET": "stadiums/cache",
                "CACHE_URL": f"rediss://localhost:{cache.port}/0",
                "DATABASE_PARAMETER": "/stadiums/database",
                "DATABASE_SECRET": "stadiums/database",
                "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT": str(extension.server_port),
                "SETTINGS_PARAMETER": "/stadiums/settings",
                "SSL_CERT_FILE": str(trusted),
                "TIMEOUT_BUDGET": BUDGET.to_json(),
            }


def _filled(aws: dict[str, str], database: PostgresServer) -> Clients:
    session = boto3.session.Session(
        aws["AWS_ACCESS_KEY_ID"], aws["AWS_SECRET_ACCESS_KEY"], region_name=REGION
    )
    ssm = session.client("ssm", endpoint_url=aws["AWS_ENDPOINT_URL"])
    secrets = session.client("secretsmanager", endpoint_url=aws["AWS_ENDPOINT_URL"])
    settings = json.dumps({"page_size": 50, "cache_seconds": 300})
    ssm.put_parameter(Name="/stadiums/database", Value=json.dumps(database.address), Type="String")
    ssm.put_parameter(Name="/stadiums/settings", Value=settings, Type="String")
    ssm.put_parameter(Name="/stadiums/password", Value=PASSWORD, Type="SecureString")
    secret = json.dumps({"username": USER, "password": PASSWORD})
    secrets.create_secret(Name="stadiums/database", SecretString=secret)
    secrets.create_secret(Name="stadiums/cache", SecretString=redis_server.PASSWORD)
    return Clients(ssm, secrets)
