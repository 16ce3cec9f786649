"""The deployed app as its customers see it: a URL and a token."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs_lib.local import Deployment, LocalAws

STACK = "Orders-dev"
CUSTOMER = "acme"
_PATIENCE = 30  # seconds: longer than the gateway's, so that the gateway's answer is seen


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

    @property
    def configuration(self) -> str:
        """Where the function's configuration came from."""
        return self.headers.get("X-Configuration", "")


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

    def __post_init__(self) -> None:
        """Read the key that signs tokens, as the one who hands them out does."""
        secrets = self.local.client("secretsmanager")
        self.signing_key: str = secrets.get_secret_value(SecretId=self.output("SigningKeySecret"))[
            "SecretString"
        ]
        self.token = f"Bearer {CUSTOMER}.{self._signature(CUSTOMER)}"
        self.url = self.deployment.invoke_urls[f"{STACK}.ApiUrl"]
        self._open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open

    def output(self, name: str) -> str:
        """Give an output of the stack."""
        return self.deployment.outputs[STACK][name]

    def function(self, name: str) -> dict[str, Any]:
        """Give the configuration of a function, by its id in the stack."""
        functions = self.local.client("lambda").list_functions()["Functions"]
        (found,) = (each for each in functions if each["FunctionName"].startswith(f"{STACK}-{name}"))
        return dict(found)

    def call(self, request: str, body: object = None, *, token: str | None = "") -> Reply:
        """Send a request such as ``"GET /orders"``, with the customer's token unless another or none is given."""
        method, path = request.split(" ")
        data = None if body is None else json.dumps(body).encode()
        authorization = self.token if token == "" else token
        headers = {"Content-Type": "application/json"} | (
            {"Authorization": authorization} if authorization else {}
        )
        message = urllib.request.Request(self.url + path, data, headers, method=method)  # noqa: S310 - 127.0.0.1
        started = time.monotonic()
        try:
            answer = self._open(message, timeout=_PATIENCE)
        except urllib.error.HTTPError as refusal:
            answer = refusal
        with answer:
            text = answer.read()
            reply = Reply(
                answer.status, dict(answer.headers), json.loads(text or "null"), time.monotonic() - started
            )
        self.replies.append(reply)
        return reply

    def _signature(self, customer: str) -> str:
        return hmac.new(self.signing_key.encode(), customer.encode(), hashlib.sha256).hexdigest()
