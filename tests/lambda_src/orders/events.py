"""What API Gateway sends the handlers, as far as they read it."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

SIGNING_KEY = "a-key-that-no-answer-and-no-log-may-show"


def signature(customer: str) -> str:
    """Sign a customer's name as the one who hands out tokens does."""
    return hmac.new(SIGNING_KEY.encode(), customer.encode(), hashlib.sha256).hexdigest()


def authorization(token: str) -> dict[str, str]:
    """Ask a token authorizer whether a call is allowed."""
    method = "arn:aws:execute-api:eu-west-1:111111111111:a1b2c3/dev/GET/orders"
    return {"type": "TOKEN", "authorizationToken": token, "methodArn": method}


def request(
    customer: str = "acme", *, body: Any = None, query: Any = None, path: Any = None
) -> dict[str, Any]:
    """Call a proxy integration as a customer whom the authorizer let in."""
    return {
        "requestContext": {"authorizer": {"principalId": customer}},
        "body": None if body is None else json.dumps(body),
        "queryStringParameters": query,
        "pathParameters": path,
    }


def order(order_id: str = "1001", quantity: int = 2) -> dict[str, Any]:
    """Make the body of an order."""
    return {"order_id": order_id, "lines": [{"article": "bolt-m8", "quantity": quantity}]}
