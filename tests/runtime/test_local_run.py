"""The bundle on the local AWS: deployed by the real CDK CLI, with its tables, and run by a Python that has nothing of ours."""

from __future__ import annotations

import json
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest

from constructs_lib import HardenedFunction, RuntimeFeatures, TimeoutBudget
from constructs_lib.local import LocalAws, deploy
from constructs_lib.timeouts.carriers import WARM_UP_KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.local

HANDLER = """
import time
from aws_lambda_powertools.utilities.circuit_breaker import circuit_breaker
from aws_lambda_powertools.utilities.idempotency import idempotent_function
from constructs_lib.runtime import Budget, api_handler, correlation, sandbox
from constructs_lib.runtime.powertools import circuit_breaker_store, idempotency_config, idempotency_store

placed = 0

@circuit_breaker(name="payments", persistence_store=circuit_breaker_store())
def charge():
    raise ConnectionError("no payments today")

@idempotent_function(
    data_keyword_argument="order", config=idempotency_config(), persistence_store=idempotency_store()
)
def place(order):
    global placed
    placed += 1
    return {"order": order, "placed": placed}

@api_handler
def handler(event, context):
    if event.get("slow"):
        time.sleep(60)
    if event.get("charge"):
        try:
            charge()
        except Exception as error:
            return {"statusCode": 502, "body": type(error).__name__}
    body = {**place(order=event["order"]), **sandbox.fields(), "correlation_id": correlation.current()}
    return {"statusCode": 200, "body": body, "file": correlation.__file__}
"""


@pytest.fixture(scope="module")
def local() -> Iterator[LocalAws]:
    """Give a local AWS that is up."""
    with LocalAws.start() as local:
        yield local


@pytest.fixture(scope="module")
def invoke(local: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Callable[[dict[str, Any]], Any]:
    """Deploy a function that uses the library and Powertools; give a way to invoke its alias."""
    folder = tmp_path_factory.mktemp("app")
    source = folder / "source"
    source.mkdir()
    (source / "orders.py").write_text(HANDLER)
    for name in ("aws_lambda_powertools", "jmespath", "typing_extensions"):
        found = util.find_spec(name)
        assert found is not None
        assert found.origin is not None
        origin = Path(found.origin)
        origin = origin.parent if origin.name == "__init__.py" else origin
        (source / origin.name).symlink_to(origin)
    app = cdk.App(outdir=str(folder / "cdk.out"), analytics_reporting=False)
    stack = cdk.Stack(app, "Shop")
    function = HardenedFunction(
        stack,
        "Orders",
        code=source,
        handler="orders.handler",
        budget=TimeoutBudget(gateway=None, function=10, init=3),
        runtime_features=RuntimeFeatures(idempotency=True, circuit_breaker=True),
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )
    cdk.CfnOutput(stack, "Alias", value=function.alias.function_arn)
    app.synth()
    alias = deploy(local, folder / "cdk.out").outputs["Shop"]["Alias"]
    client = local.client("lambda")

    def call(event: dict[str, Any]) -> Any:
        return json.loads(client.invoke(FunctionName=alias, Payload=json.dumps(event))["Payload"].read())

    return call


def test_the_library_runs_from_the_asset(invoke: Callable[[dict[str, Any]], Any]) -> None:
    """Correlation, telemetry and idempotency work together; a repeated order is placed once."""
    first = invoke({"order": "a-1", "correlation_id": "checkout-1"})
    second = invoke({"order": "a-1", "correlation_id": "checkout-2"})
    assert first["statusCode"] == 200, first
    assert "constructs_lib/runtime/correlation.py" in first["file"]
    assert str(Path(__file__).parents[2]) not in first["file"]
    assert [each["body"]["placed"] for each in (first, second)] == [1, 1]
    assert [each["body"]["correlation_id"] for each in (first, second)] == ["checkout-1", "checkout-2"]
    assert second["body"]["sandbox_invocations"] >= 1


def test_a_dependency_that_fails_is_left_alone(invoke: Callable[[dict[str, Any]], Any]) -> None:
    """The circuit's table is there, and its state is shared through it."""
    errors = [invoke({"charge": True})["body"] for _ in range(7)]
    assert errors[:5] == ["ConnectionError"] * 5
    assert errors[-1] == "CircuitBreakerOpenError"


def test_a_warm_up_is_answered_before_the_handler(invoke: Callable[[dict[str, Any]], Any]) -> None:
    """Which would fail on it: it has no order."""
    assert invoke({WARM_UP_KEY: {"hold": 0.01}}) == {"warmed_up": True}


def test_the_deadline_answers_before_the_timeout(invoke: Callable[[dict[str, Any]], Any]) -> None:
    """504, and no time-out of the sandbox."""
    assert invoke({"slow": True})["statusCode"] in {503, 504}
