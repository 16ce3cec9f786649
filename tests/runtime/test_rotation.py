"""A secret is rotated while the extension still remembers the old one; and what only the SDK can give."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from constructs_lib.errors import DeadlineExceeded, ExtensionError
from constructs_lib.local.extension import ExtensionServer, aws_clients
from constructs_lib.local.extension_faults import refuse
from constructs_lib.local.extension_settings import ExtensionSettings
from constructs_lib.runtime import sdk
from constructs_lib.runtime.deadline import Deadline
from constructs_lib.runtime.extension import Extension
from constructs_lib.runtime.rotation import fresh_secret_on_auth_failure
from tests.runtime.moto_aws import moto_aws
from tests.runtime.stand_in import PORT_VARIABLE, TOKEN, budget

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "orders/db"


class LoginError(Exception):
    """What a driver raises on a wrong password, and on other things too."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Database:
    """Takes one password; counts the logins."""

    def __init__(self, password: str) -> None:
        self.password, self.logins = password, 0

    def connect(self, password: str, host: str = "db") -> str:
        """Log in."""
        self.logins += 1
        if password != self.password:
            raise LoginError("28P01")
        return host


@pytest.fixture(scope="module")
def aws() -> Iterator[dict[str, str]]:
    """Run a fake AWS for all tests."""
    with moto_aws() as environment:
        yield environment


@pytest.fixture
def server(aws: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[ExtensionServer]:
    """Run a stand-in with its cache in front of it, in a function's environment, with the secret ``old``."""
    for name, value in {
        **aws,
        "AWS_LAMBDA_FUNCTION_NAME": "orders",
        "TIMEOUT_BUDGET": budget(read=2),
    }.items():
        monkeypatch.setenv(name, value)
    sdk._clients.clear()
    secrets = boto3.client("secretsmanager")
    secrets.create_secret(Name=SECRET, SecretString="old")
    settings = ExtensionSettings(port=0, token=TOKEN)
    with ExtensionServer(settings, aws_clients(settings)) as running:
        monkeypatch.setenv(PORT_VARIABLE, str(running.server_port))
        yield running
    secrets.delete_secret(SecretId=SECRET, ForceDeleteWithoutRecovery=True)


@pytest.fixture
def client(server: ExtensionServer) -> Iterator[Extension]:  # noqa: ARG001 - what it asks
    """Give a client that has read the old secret, so that the extension remembers it."""
    made = Extension()
    assert made.secret(SECRET) == "old"
    yield made
    made.close()


def rotate(database: Database | None = None, password: str = "new") -> None:  # noqa: S107
    """Give the secret, and the database, a new password."""
    boto3.client("secretsmanager").put_secret_value(SecretId=SECRET, SecretString=password)
    if database is not None:
        database.password = password


class TestRotation:
    """The login fails, the secret is read afresh, the login succeeds."""

    def test_the_new_secret_is_found(self, client: Extension) -> None:
        """One failed login, one fresh read, one good login; from then on the new one is used at once."""
        database = Database("old")
        connect = fresh_secret_on_auth_failure(SECRET, LoginError, client=client)(database.connect)
        assert connect() == "db"
        rotate(database)
        assert client.secret(SECRET) == "old"
        assert connect("other") == "other"
        assert database.logins == 3
        assert connect(host="third") == "third"
        assert (database.logins, client.secret(SECRET)) == (4, "new")

    def test_the_next_rotation_too(self, client: Extension) -> None:
        """What was fresh once may be old again."""
        database = Database("old")
        connect = fresh_secret_on_auth_failure(SECRET, LoginError, client=client)(database.connect)
        for password in ("new", "newer", "newest"):
            rotate(database, password)
            assert connect() == "db"
        assert database.logins == 6

    def test_an_unchanged_secret_is_not_tried_twice(self, client: Extension) -> None:
        """A password that is simply wrong is raised as it is: a second try could lock the account."""
        database = Database("changed by hand")
        connect = fresh_secret_on_auth_failure(SECRET, LoginError, client=client)(database.connect)
        with pytest.raises(LoginError):
            connect()
        assert database.logins == 1

    def test_other_failures_are_not_ours(self, client: Extension) -> None:
        """Another type, or the same type with another meaning, is raised at once, and nothing is read."""
        rotate()
        calls: list[str] = []

        @fresh_secret_on_auth_failure(
            SECRET, LoginError, when=lambda error: error.code == "28P01", client=client
        )
        def work(password: str, failure: Exception) -> None:
            calls.append(password)
            raise failure

        for failure in (LoginError("53300"), ValueError("another")):
            with pytest.raises(type(failure)):
                work(failure)
        assert calls == ["old", "old"]

    def test_coroutine_functions(self, client: Extension) -> None:
        """A coroutine function is awaited, twice where it has to be."""
        database = Database("old")
        rotate(database)

        @fresh_secret_on_auth_failure(SECRET, LoginError, client=client)
        async def connect(password: str) -> str:
            await asyncio.sleep(0)
            return database.connect(password)

        assert asyncio.run(connect()) == "db"

    def test_json(self, client: Extension) -> None:
        """The function may take the secret parsed."""
        rotate(password='{"password": "old"}')
        client._newer.clear()
        other = Extension()
        found = other.newer_secret(SECRET, client.current_secret(SECRET))
        assert found is not None

        @fresh_secret_on_auth_failure(SECRET, LoginError, kind="json", client=other)
        def connect(secret: dict[str, str]) -> str:
            return secret["password"]

        assert connect() == "old"
        other.close()

    def test_threads_read_it_once(self, client: Extension) -> None:
        """Eight logins that fail at once read the secret afresh one after the other, and find it read."""
        database = Database("old")
        connect = fresh_secret_on_auth_failure(SECRET, LoginError, client=client)(database.connect)
        rotate(database)
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(lambda _: connect(), range(8))) == ["db"] * 8

    def test_a_fresh_read_that_fails(self, client: Extension, monkeypatch: pytest.MonkeyPatch) -> None:
        """The login's own failure is what is raised, with a note of why there is no fresh secret."""
        database = Database("unknown")
        connect = fresh_secret_on_auth_failure(SECRET, LoginError, client=client)(database.connect)
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        sdk._clients.clear()
        with pytest.raises(LoginError) as raised:
            connect()
        assert (
            "could not be read afresh: secret 'orders/db', by the SDK: got EndpointConnectionError"
            in (raised.value.__notes__[0])
        )

    def test_the_extension_is_believed_again(
        self, client: Extension, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """After the extension's TTL, its own answer counts again."""
        database = Database("old")
        monkeypatch.setenv("SECRETS_MANAGER_TTL", "0")
        connect = fresh_secret_on_auth_failure(SECRET, LoginError, client=client)(database.connect)
        rotate(database)
        connect()
        assert client.secret(SECRET) == "old"


class TestSdk:
    """What the SDK gives where the extension does not."""

    @pytest.fixture(autouse=True)
    def parameters(self, server: ExtensionServer) -> Iterator[Any]:  # noqa: ARG002 - its environment
        """Put some parameters there."""
        ssm = boto3.client("ssm")
        names = [f"/orders/{number}" for number in range(12)]
        for name in names:
            ssm.put_parameter(Name=name, Value=name[-1], Type="SecureString", Overwrite=True)
        yield ssm
        ssm.delete_parameters(Names=names[:10])
        ssm.delete_parameters(Names=names[10:])

    def test_all_below_a_prefix(self, client: Extension) -> None:
        """Page after page, decrypted, by their full names."""
        found = client.parameters("/orders/")
        assert found == {f"/orders/{number}": str(number)[-1] for number in range(12)}
        assert client.parameters("/none") == {}

    def test_a_fallback(self, server: ExtensionServer) -> None:
        """With the fall-back, what the extension refuses is read by the SDK; without, it is an error."""
        plain, patient = Extension(), Extension(sdk_fallback=True)
        server.faults.plan(*[refuse(403)] * 2)
        with pytest.raises(ExtensionError, match="status 403"):
            plain.parameter("/orders/1")
        assert patient.parameter("/orders/1") == "1"
        plain.close()
        patient.close()

    def test_a_fallback_that_fails_too(self) -> None:
        """What is nowhere is said by its exact name, which the extension does not tell."""
        patient = Extension(sdk_fallback=True)
        with pytest.raises(
            ExtensionError, match=r"parameter '/none', by the SDK: got ParameterNotFound; fix: check the name"
        ) as raised:
            patient.parameter("/none")
        assert raised.value.__context__ is None
        patient.close()

    def test_no_sdk(self, client: Extension, monkeypatch: pytest.MonkeyPatch) -> None:
        """A bundle without boto3 says so."""
        monkeypatch.setitem(sys.modules, "boto3", None)
        with pytest.raises(ExtensionError, match="got no boto3; fix: bundle it"):
            client.parameters("/orders")

    def test_waits_are_the_budgets(self, client: Extension) -> None:
        """One attempt, whose connect and read together are the extension's; shorter where the deadline is near."""
        client.parameters("/orders")
        with Deadline(1.2).guard():
            client.parameters("/orders")
        configs = {key: made.meta.config for key, made in sdk._clients.items()}
        waits = sorted(wait for _, wait in configs)
        assert (waits[0] <= 1.2, waits[-2] <= 1.2, waits[-1]) == (True, True, 2.25)
        for (_, wait), config in configs.items():
            assert config.connect_timeout + config.read_timeout == wait
            assert config.retries["total_max_attempts"] == 1

    def test_no_time(self, client: Extension) -> None:
        """With next to nothing left, it is not begun."""
        with (
            pytest.raises((ExtensionError, DeadlineExceeded), match=r"no time left|deadline passed"),
            Deadline(0.02).guard(),
        ):
            client.parameters("/orders")


def test_the_sdk_is_not_loaded_for_nothing() -> None:
    """Reading a parameter, and naming the fall-back and rotation, load neither boto3 nor redis, ssl, socket or http."""
    program = (
        "import sys, os, json\n"
        "os.environ['CONSTRUCTS_LIB_LOCAL_PARAMETERS'] = '{\"/a\": \"1\"}'\n"
        "from constructs_lib.runtime import Extension, RedisStore, cached, fresh_secret_on_auth_failure, parameter\n"
        "Extension(sdk_fallback=True).parameter('/a')\n"
        "unwanted = {'boto3', 'redis', 'ssl', 'socket', 'http.client', 'urllib.request', 'typing', 'dataclasses', 'hashlib',\n"
        "            'inspect', 'random', 'asyncio', 'base64', 'urllib.parse'}\n"
        "print(sorted(unwanted & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", program], capture_output=True, text=True, check=True, cwd="."
    )
    assert done.stdout.strip() == "[]"
