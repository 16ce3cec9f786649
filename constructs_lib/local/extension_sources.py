"""What the stand-in of the extension asks AWS for: the real one's two paths, their queries, and the bodies it answers with."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from constructs_lib.local.extension_settings import ExtensionSettings

_log = logging.getLogger(__name__)


class Clients(NamedTuple):
    """Two boto3 clients, or anything with ``get_parameter`` and ``get_secret_value``."""

    ssm: Any
    secrets: Any


@dataclass(frozen=True)
class Source:
    """One service behind the extension: what a request may say, and how to ask."""

    name: str
    members: dict[str, str]  # query parameter: request member
    required: str
    ask: Callable[[Clients, dict[str, Any]], dict[str, Any]]
    shape: Callable[[dict[str, Any]], dict[str, Any]]
    ttl: float


def _iso(moment: dt.datetime) -> str:
    """The date as Go's JSON writes it, in UTC with milliseconds."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", moment.utctimetuple()) + f".{moment.microsecond // 1000:03d}Z"


def _parameter(answer: dict[str, Any]) -> dict[str, Any]:
    found = answer["Parameter"]
    names = (
        "ARN",
        "DataType",
        "LastModifiedDate",
        "Name",
        "Selector",
        "SourceResult",
        "Type",
        "Value",
        "Version",
    )
    shaped = {name: found.get(name) for name in names}
    return {
        "Parameter": {**shaped, "LastModifiedDate": _iso(found["LastModifiedDate"])},
        "ResultMetadata": {},
    }


def _secret(answer: dict[str, Any]) -> dict[str, Any]:
    names = ("ARN", "CreatedDate", "Name", "SecretBinary", "SecretString", "VersionId", "VersionStages")
    shaped = {name: answer.get(name) for name in names}
    if shaped["SecretBinary"] is not None:
        import base64  # noqa: PLC0415 - binary secrets are rare

        shaped["SecretBinary"] = base64.b64encode(shaped["SecretBinary"]).decode()
    return {**shaped, "CreatedDate": _iso(answer["CreatedDate"]), "ResultMetadata": {}}


class RefusedRequestError(Exception):
    """A request answered with an error: its status and the plain text of its body."""

    def __init__(self, status: HTTPStatus, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


def sources(settings: ExtensionSettings) -> dict[str, Source]:
    """Give the services by the paths under which they are asked."""
    parameter = {
        "name": "Name",
        "version": "version",
        "label": "label",
        "withDecryption": "WithDecryption",
    }
    secret = {"secretId": "SecretId", "versionId": "VersionId", "versionStage": "VersionStage"}
    return {
        "/systemsmanager/parameters/get": Source(
            "GetParameter", parameter, "name", _ask_ssm, _parameter, settings.parameter_ttl
        ),
        "/secretsmanager/get": Source(
            "GetSecretValue", secret, "secretId", _ask_secrets, _secret, settings.secret_ttl
        ),
    }


def request_of(source: Source, query: str) -> dict[str, Any]:
    """Make the service's request of a query.

    Raises:
        RefusedRequestError: the query does not say what is wanted.
    """
    given = {name: values[-1] for name, values in parse_qs(query).items() if name in source.members}
    if source.required not in given:
        raise RefusedRequestError(HTTPStatus.BAD_REQUEST, f"missing query parameter: {source.required}")
    request: dict[str, Any] = {source.members[name]: value for name, value in given.items()}
    if "WithDecryption" in request:
        request["WithDecryption"] = request["WithDecryption"].lower() == "true"
    selector = request.pop("version", None) or request.pop("label", None)
    request.pop("label", None)
    if selector:
        request["Name"] = f"{request['Name']}:{selector}"  # how GetParameter itself is asked for either
    return request


def _ask_ssm(clients: Clients, request: dict[str, Any]) -> dict[str, Any]:
    return dict(clients.ssm.get_parameter(**request))


def _ask_secrets(clients: Clients, request: dict[str, Any]) -> dict[str, Any]:
    return dict(clients.secrets.get_secret_value(**request))


def asked(source: Source, clients: Clients, request: dict[str, Any]) -> dict[str, Any]:
    """Ask the service.

    Raises:
        RefusedRequestError: it failed, for whatever reason.
    """
    try:
        return source.ask(clients, request)
    except Exception as error:
        # The real one answers every failure of its call the same way, throttling and lost connections included.
        _log.error("%s request encountered an error: %s", source.name, error)
        text = "an unexpected error occurred while executing request"
        raise RefusedRequestError(HTTPStatus.BAD_REQUEST, text) from error
