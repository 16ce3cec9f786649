"""The API's authorizer: a bearer token is the customer's name and its signature, ``acme.3f5c...``."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from constructs_lib.runtime import event_handler

from .configuration import signing_key


@event_handler
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Let a customer with a good signature call the whole API, so that API Gateway may keep the decision."""
    customer, _, signature = event["authorizationToken"].removeprefix("Bearer ").rpartition(".")
    good = hmac.new(signing_key(), customer.encode(), hashlib.sha256).hexdigest()
    effect = "Allow" if hmac.compare_digest(signature.encode(), good.encode()) else "Deny"
    api, stage, *_ = event["methodArn"].split("/")
    statement = {"Effect": effect, "Action": "execute-api:Invoke", "Resource": f"{api}/{stage}/*"}
    return {
        "principalId": customer,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
    }
