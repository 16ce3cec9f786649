"""The authorizer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.lambda_src.orders.events import SIGNING_KEY, authorization, signature

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType


def test_a_signed_customer_may_call_the_whole_api(start: Callable[[str], ModuleType]) -> None:
    """The policy covers every route of the stage, because API Gateway keeps it for all of them."""
    decision = start("authorize").handler(authorization(f"Bearer acme.{signature('acme')}"), None)
    (statement,) = decision["policyDocument"]["Statement"]
    assert decision["principalId"] == "acme"
    assert statement == {
        "Effect": "Allow",
        "Action": "execute-api:Invoke",
        "Resource": "arn:aws:execute-api:eu-west-1:111111111111:a1b2c3/dev/*",
    }


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(f"Bearer acme.{signature('bolts')}", id="another customer's signature"),
        pytest.param("Bearer acme." + "0" * 64, id="no signature"),
        pytest.param("Bearer acme", id="no dot"),
        pytest.param(f"Bearer acme.{'é' * 64}", id="not ASCII"),
        pytest.param("", id="nothing"),
    ],
)
def test_anybody_else_may_not(start: Callable[[str], ModuleType], token: str) -> None:
    """Whatever is not a customer's own signature is denied, not an error."""
    decision = start("authorize").handler(authorization(token), None)
    assert [statement["Effect"] for statement in decision["policyDocument"]["Statement"]] == ["Deny"]


def test_a_decision_holds_no_secret(start: Callable[[str], ModuleType]) -> None:
    """API Gateway keeps and logs what the authorizer says."""
    decision = start("authorize").handler(authorization("Bearer acme." + "0" * 64), None)
    assert SIGNING_KEY not in json.dumps(decision)
    assert signature("acme") not in json.dumps(decision)
