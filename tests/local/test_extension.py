"""The stand-in answers over HTTP as the real extension does: paths, header, codes, bodies, cache."""

from __future__ import annotations

import base64
import http.client
import json
import logging
import socket
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

import boto3
import pytest
from moto.server import ThreadedMotoServer

from constructs_lib.errors import LocalAwsError
from constructs_lib.local.expiring_cache import ExpiringCache
from constructs_lib.local.extension import (
    TOKEN_HEADER,
    Extension,
    ExtensionServer,
    aws_clients,
)
from constructs_lib.local.extension_settings import ExtensionSettings
from constructs_lib.local.extension_sources import Clients

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "session-token"
PARAMETER = "/systemsmanager/parameters/get?name="
SECRET = "/secretsmanager/get?secretId="
UNEXPECTED = "an unexpected error occurred while executing request"


class Reply(NamedTuple):
    """What a client sees of an answer."""

    status: int
    body: str

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


class Store:
    """An SSM and Secrets Manager in memory that counts how often it is asked, and can be broken."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.broken = False

    def get_parameter(self, **request: Any) -> dict[str, Any]:
        """Answer like boto3's client."""
        self._ask(request)
        moment = datetime(2026, 11, 21, 10, 0, 0, 123_456, UTC)
        return {
            "Parameter": {"Name": request["Name"], "Value": str(len(self.asked)), "LastModifiedDate": moment}
        }

    def get_secret_value(self, **request: Any) -> dict[str, Any]:
        """Answer like boto3's client."""
        self._ask(request)
        return {"Name": request["SecretId"], "SecretString": "s3cret", "CreatedDate": datetime.now(UTC)}

    def _ask(self, request: dict[str, Any]) -> None:
        self.asked.append(request)
        if self.broken:
            raise ConnectionError("Parameter Store is away")


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    """Give the endpoint of a fake AWS that speaks boto3's protocol."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws_environment(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Aim boto3 at the fake AWS."""
    for name, value in {
        "AWS_ENDPOINT_URL": aws,
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }.items():
        monkeypatch.setenv(name, value)


def get(port: int, target: str, headers: dict[str, str] | None = None) -> Reply:
    """Send one GET request with the session token."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", target, headers={TOKEN_HEADER: TOKEN} if headers is None else headers)
        response = connection.getresponse()
        return Reply(response.status, response.read().decode())
    finally:
        connection.close()


def extension(store: Store, clock: Clock | None = None, **settings: Any) -> Extension:
    """Make an extension in front of a store, without HTTP."""
    return Extension(
        ExtensionSettings(token=TOKEN, **settings), lambda _: Clients(store, store), clock or Clock()
    )


@pytest.mark.usefixtures("aws_environment")
class TestAgainstAws:
    """Real boto3 clients behind it, over real HTTP."""

    @pytest.fixture
    def port(self) -> Iterator[int]:
        """Give the port of a stand-in in front of the fake AWS."""
        settings = ExtensionSettings(port=0, token=TOKEN)
        with ExtensionServer(settings, aws_clients(settings)) as server:
            yield server.server_port

    def test_parameter_has_the_shape_of_the_real_one(self, port: int) -> None:
        """A parameter comes with all members, absent ones null, and the empty ResultMetadata."""
        boto3.client("ssm").put_parameter(Name="/orders/limit", Value="20", Type="String", Overwrite=True)
        reply = get(port, PARAMETER + quote("/orders/limit", safe=""))
        parameter = reply.json["Parameter"]
        assert reply.status == HTTPStatus.OK
        assert reply.json["ResultMetadata"] == {}
        assert (parameter["Value"], parameter["Type"], parameter["Selector"]) == ("20", "String", None)
        assert parameter["LastModifiedDate"].endswith("Z")

    def test_version_selects_a_parameter(self, port: int) -> None:
        """The version of the query is the version that comes."""
        ssm = boto3.client("ssm")
        for value in ("old", "new"):
            ssm.put_parameter(Name="/versioned", Value=value, Type="String", Overwrite=True)
        values = [get(port, f"{PARAMETER}/versioned&version={n}").json["Parameter"]["Value"] for n in (1, 2)]
        assert values == ["old", "new"]

    def test_secure_string_is_decrypted_on_demand_only(self, port: int) -> None:
        """A SecureString comes encrypted, unless withDecryption=true is asked for."""
        boto3.client("ssm").put_parameter(Name="/secure", Value="plain", Type="SecureString", Overwrite=True)
        encrypted = get(port, f"{PARAMETER}/secure").json["Parameter"]["Value"]
        decrypted = get(port, f"{PARAMETER}/secure&withDecryption=true").json["Parameter"]["Value"]
        assert (encrypted != "plain", decrypted) == (True, "plain")

    def test_secrets_come_as_text_or_base64(self, port: int) -> None:
        """A text secret is in SecretString, a binary one base64 in SecretBinary, the other null."""
        secrets = boto3.client("secretsmanager")
        secrets.create_secret(Name="text", SecretString="s3cret")
        secrets.create_secret(Name="binary", SecretBinary=b"\x00\x01")
        text, binary = get(port, SECRET + "text").json, get(port, SECRET + "binary").json
        assert (text["SecretString"], text["SecretBinary"], text["VersionStages"]) == (
            "s3cret",
            None,
            ["AWSCURRENT"],
        )
        assert (binary["SecretString"], base64.b64decode(binary["SecretBinary"])) == (None, b"\x00\x01")

    @pytest.mark.parametrize(
        "target", [PARAMETER + "/nowhere", SECRET + "nowhere", SECRET + "text&versionStage=GONE"]
    )
    def test_what_is_not_there_is_400(self, port: int, target: str) -> None:
        """What AWS does not find is a 400 with the real one's plain text."""
        assert get(port, target) == (HTTPStatus.BAD_REQUEST, UNEXPECTED)


class TestHttp:
    """What does not need AWS."""

    @pytest.fixture
    def store(self) -> Store:
        """Give an empty store."""
        return Store()

    @pytest.fixture
    def port(self, store: Store) -> Iterator[int]:
        """Give the port of a stand-in in front of the store."""
        with ExtensionServer(
            ExtensionSettings(port=0, token=TOKEN), lambda _: Clients(store, store)
        ) as server:
            yield server.server_port

    @pytest.mark.parametrize(
        "headers", [{}, {TOKEN_HEADER: "another"}, {TOKEN_HEADER: "another/1/eu-west-1"}]
    )
    def test_token_is_checked(self, port: int, store: Store, headers: dict[str, str]) -> None:
        """A request without the session token, or with another, is a 401, and nothing is asked for it."""
        assert get(port, PARAMETER + "/a", headers).status == HTTPStatus.UNAUTHORIZED
        assert store.asked == []

    @pytest.mark.parametrize(
        ("target", "status"),
        [
            ("/", HTTPStatus.NOT_FOUND),
            ("/secretsmanager/put?secretId=a", HTTPStatus.NOT_FOUND),
            ("/systemsmanager/parameters/get", HTTPStatus.BAD_REQUEST),
            ("/systemsmanager/parameters/get/?name=/a", HTTPStatus.OK),
            ("/secretsmanager/get?name=a", HTTPStatus.BAD_REQUEST),
        ],
    )
    def test_paths_and_queries(self, port: int, target: str, status: HTTPStatus) -> None:
        """Unknown paths are 404, a missing name is 400, a slash at the end does no harm."""
        assert get(port, target).status == status

    def test_connection_is_kept(self, port: int) -> None:
        """One connection serves many requests, errors among them."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        seen = []
        for target in (PARAMETER + "/a", "/nowhere", PARAMETER + "/a"):
            connection.request("GET", target, headers={TOKEN_HEADER: TOKEN})
            response = connection.getresponse()
            response.read()
            seen.append((response.status, connection.sock is not None))
        connection.close()
        assert seen == [(200, True), (404, True), (200, True)]

    def test_only_this_machine_reaches_it(self, port: int) -> None:
        """It listens on 127.0.0.1, not on the machine's other addresses."""
        with (
            pytest.raises(OSError, match="refused"),
            socket.create_connection(("127.0.0.2", port), timeout=5),
        ):
            pass

    def test_taken_port_is_named(self, port: int, store: Store) -> None:
        """A port in use is an error that names it and the variable that changes it."""
        with pytest.raises(
            LocalAwsError, match=rf"port {port} cannot be used .*PARAMETERS_SECRETS_EXTENSION_HTTP_PORT"
        ):
            ExtensionServer(ExtensionSettings(port=port), lambda _: Clients(store, store))


def test_answer_is_kept_for_the_ttl() -> None:
    """Within the TTL the store is asked once; after it, again."""
    store, clock = Store(), Clock()
    stand_in = extension(store, clock, parameter_ttl=10)
    for moment, value in ((0.0, "1"), (9.9, "1"), (10.0, "2"), (19.0, "2")):
        clock.now = 1000.0 + moment
        _, body = stand_in.answer(PARAMETER + "/a", TOKEN)
        assert json.loads(body)["Parameter"]["Value"] == value


def test_ttls_are_separate() -> None:
    """A TTL of 0 for secrets keeps no secret, and parameters still."""
    store = Store()
    stand_in = extension(store, secret_ttl=0)
    for _ in range(2):
        stand_in.answer(PARAMETER + "/a", TOKEN)
        stand_in.answer(SECRET + "a", TOKEN)
    assert [next(iter(request)) for request in store.asked] == ["Name", "SecretId", "SecretId"]


def test_different_requests_are_kept_apart() -> None:
    """Name, version, label and decryption make different answers; the order of the query does not."""
    store = Store()
    stand_in = extension(store)
    for query in (
        "/a",
        "/a&version=1",
        "/a&label=live",
        "/a&withDecryption=true",
        "/b",
        "/a&withDecryption=true&version=1",
        "/a&version=1&withDecryption=true",
    ):
        stand_in.answer(PARAMETER + query, TOKEN)
    assert [(request["Name"], request.get("WithDecryption")) for request in store.asked] == [
        ("/a", None),
        ("/a:1", None),
        ("/a:live", None),
        ("/a", True),
        ("/b", None),
        ("/a:1", True),
    ]


@pytest.mark.parametrize("settings", [{"cache_enabled": False}, {"cache_size": 0}, {"parameter_ttl": 0}])
def test_cache_can_be_off(settings: dict[str, Any]) -> None:
    """Each of the three ways to switch the cache off asks the store every time."""
    store = Store()
    stand_in = extension(store, **settings)
    for _ in range(3):
        stand_in.answer(PARAMETER + "/a", TOKEN)
    assert len(store.asked) == 3


def test_full_cache_lets_go_of_the_least_used() -> None:
    """With room for two, the one that was not used for longest is asked for again."""
    cache = ExpiringCache(2, Clock())
    for key in ("a", "b"):
        cache.put(key, key.encode(), 10)
    cache.get("a")
    cache.put("c", b"c", 10)
    assert [cache.get(key) for key in ("a", "b", "c")] == [b"a", None, b"c"]


def test_session_decides_where_is_read() -> None:
    """Each account and region has its own values, and its own place in the cache."""
    stores = {"": Store(), "1/eu-west-1": Store()}
    stand_in = Extension(
        ExtensionSettings(token=TOKEN), lambda scope: Clients(stores[scope], stores[scope]), Clock()
    )
    for token in (TOKEN, f"{TOKEN}/1/eu-west-1", TOKEN, f"{TOKEN}/1/eu-west-1"):
        assert stand_in.answer(PARAMETER + "/a", token)[0] is HTTPStatus.OK
    assert [len(store.asked) for store in stores.values()] == [1, 1]


def test_failure_is_not_kept(caplog: pytest.LogCaptureFixture) -> None:
    """A failed call is a 400 that says nothing and is logged; the next request asks again."""
    store = Store()
    stand_in = extension(store)
    store.broken = True
    assert stand_in.answer(PARAMETER + "/a", TOKEN) == (HTTPStatus.BAD_REQUEST, UNEXPECTED.encode())
    assert "GetParameter request encountered an error: Parameter Store is away" in caplog.text
    store.broken = False
    assert stand_in.answer(PARAMETER + "/a", TOKEN)[0] is HTTPStatus.OK


def test_no_value_reaches_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """At the most talkative level, the log names what was asked for and never what it is."""
    caplog.set_level(logging.DEBUG)
    store = Store()
    with ExtensionServer(ExtensionSettings(port=0, token=TOKEN), lambda _: Clients(store, store)) as server:
        for _ in range(2):
            assert "s3cret" in get(server.server_port, SECRET + "db").body
    assert "db" in caplog.text
    assert "s3cret" not in caplog.text
    assert TOKEN not in caplog.text


def test_settings_come_from_the_real_variables() -> None:
    """Every variable of the real extension sets its field."""
    settings = ExtensionSettings.from_environment(
        {
            "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT": "3000",
            "PARAMETERS_SECRETS_EXTENSION_CACHE_ENABLED": "false",
            "PARAMETERS_SECRETS_EXTENSION_CACHE_SIZE": "5",
            "PARAMETERS_SECRETS_EXTENSION_MAX_CONNECTIONS": "7",
            "PARAMETERS_SECRETS_EXTENSION_LOG_LEVEL": "debug",
            "SSM_PARAMETER_STORE_TTL": "1",
            "SECRETS_MANAGER_TTL": "2",
            "SSM_PARAMETER_STORE_TIMEOUT_MILLIS": "300",
            "SECRETS_MANAGER_TIMEOUT_MILLIS": "400",
            "AWS_SESSION_TOKEN": "t",
        }
    )
    assert settings == ExtensionSettings(
        port=3000,
        cache_enabled=False,
        cache_size=5,
        max_connections=7,
        log_level="DEBUG",
        parameter_ttl=1,
        secret_ttl=2,
        parameter_timeout=300,
        secret_timeout=400,
        token="t",
    )
    assert ExtensionSettings.from_environment({}) == ExtensionSettings()


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("SSM_PARAMETER_STORE_TTL", "301", "0 to 300"),
        ("SECRETS_MANAGER_TTL", "-1", "0 to 300"),
        ("PARAMETERS_SECRETS_EXTENSION_CACHE_SIZE", "1001", "0 to 1000"),
        ("PARAMETERS_SECRETS_EXTENSION_MAX_CONNECTIONS", "0", "a whole number, 1 or more"),
        ("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", "65536", "0 to 65535"),
        ("SSM_PARAMETER_STORE_TIMEOUT_MILLIS", "1.5", "a whole number, 0 or more"),
        ("PARAMETERS_SECRETS_EXTENSION_CACHE_ENABLED", "YES", "TRUE, FALSE"),
    ],
)
def test_bad_settings_are_refused(name: str, value: str, allowed: str) -> None:
    """A value out of the real one's range is refused with the variable, the value and the range."""
    with pytest.raises(LocalAwsError, match=rf"^{name}: got '{value}'; allowed: {allowed}; fix: set it to"):
        ExtensionSettings.from_environment({name: value})


def test_call_that_takes_too_long_is_given_up() -> None:
    """With a timeout set, a store that does not answer costs that timeout and is a 400."""
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "x")
        patch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        settings = ExtensionSettings(parameter_timeout=100, token=TOKEN)
        stand_in = Extension(settings, aws_clients(settings))
        assert stand_in.answer(PARAMETER + "/a", TOKEN) == (HTTPStatus.BAD_REQUEST, UNEXPECTED.encode())
