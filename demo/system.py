"""The deployed app as its customers see it: a URL and a token."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import time
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from demo.expectation import UnexpectedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs_lib.local import Deployment, LocalAws

STACK = "Orders-dev"
CUSTOMER = "acme"
PATIENCE = 30  # seconds: more than the gateway has, so that its answer is seen
TOO_MANY_REQUESTS = 429


@dataclass(frozen=True)
class Reply:
    """An answer of the API, and how long it took."""

    status: int
    headers: Mapping[str, str]
    body: Any
    seconds: float

    @property
    def sandbox(self) -> str:
        """Whether the function's sandbox was cold or warm; empty where no function answered."""
        return self.headers.get("X-Sandbox", "")


@dataclass
class System:
    """The reference app on the local AWS, and every answer that it has given.

    Args:
        local: where it runs.
        deployment: what was deployed.
    """

    local: LocalAws
    deployment: Deployment
    replies: list[Reply] = field(default_factory=list)
    _clients: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read the key that signs tokens, as the one who hands them out does."""
        secrets = self.client("secretsmanager")
        self.signing_key: str = secrets.get_secret_value(SecretId=self.output("SigningKeySecret"))[
            "SecretString"
        ]
        self.token = f"Bearer {CUSTOMER}.{self._signature(CUSTOMER)}"
        self.url = self.deployment.invoke_urls[f"{STACK}.ApiUrl"]
        self._url = urlsplit(self.url)

    def output(self, name: str) -> str:
        """Give an output of the stack."""
        return self.deployment.outputs[STACK][name]

    def function(self, name: str) -> dict[str, Any]:
        """Give the configuration of a function, by its id in the stack."""
        functions = self.client("lambda").list_functions()["Functions"]
        (found,) = (each for each in functions if each["FunctionName"].startswith(f"{STACK}-{name}"))
        return dict(found)

    def client(self, service: str) -> Any:
        """Give the one client of a service."""
        if service not in self._clients:
            self._clients[service] = self.local.client(service)
        return self._clients[service]

    def orders(self, noted: str) -> dict[str, str]:
        """Give when each of the customer's orders was fulfilled, invoiced or closed, as the table has it."""
        pages = (
            self.client("dynamodb")
            .get_paginator("query")
            .paginate(
                TableName=self.output("OrdersTable"),
                KeyConditionExpression="customer = :customer",
                ExpressionAttributeValues={":customer": {"S": CUSTOMER}},
            )
        )
        items = [item for page in pages for item in page["Items"]]
        return {item["order_id"]["S"]: item[noted]["S"] for item in items if noted in item}

    def log(self, name: str) -> list[str]:
        """Give the lines that a function has logged, by its id in the stack."""
        group, logs = self.function(name)["LoggingConfig"]["LogGroup"], self.client("logs")
        return [event["message"] for event in logs.filter_log_events(logGroupName=group)["events"]]

    def insist(self, request: str, body: object = None, *, headers: Mapping[str, str] | None = None) -> Reply:
        """Send a request, and send it again as often as a 429 asks for that."""
        while (reply := self.call(request, body, headers=headers)).status == TOO_MANY_REQUESTS:
            time.sleep(int(reply.headers["Retry-After"]))
        return reply

    def call(
        self,
        request: str,
        body: object = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send a request such as ``"GET /orders"``, with the customer's own token if no other is given.

        Raises:
            UnexpectedError: nothing answers.
        """
        method, path = request.split(" ")
        authorization = self.token if token is None else token
        sent = {"Content-Type": "application/json", **(headers or {})}
        if authorization:
            sent["Authorization"] = authorization
        data = None if body is None else json.dumps(body)
        started = time.monotonic()
        try:
            with contextlib.closing(HTTPConnection(self._url.netloc, timeout=PATIENCE)) as connection:
                connection.request(method, self._url.path + path, data, sent)
                answer = connection.getresponse()
                text = answer.read()
        except (OSError, HTTPException) as error:
            what = str(error) or type(error).__name__
            raise UnexpectedError(f"{request}: got no answer ({what}); expected one") from error
        seconds = time.monotonic() - started
        reply = Reply(answer.status, dict(answer.headers), json.loads(text or "null"), seconds)
        self.replies.append(reply)
        return reply

    def _signature(self, customer: str) -> str:
        return hmac.new(self.signing_key.encode(), customer.encode(), hashlib.sha256).hexdigest()
