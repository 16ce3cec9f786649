"""What every variant of the function has to pass: cfn-lint on its template, and the examples in its docstrings."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from typing import TYPE_CHECKING

import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_ssm as ssm
from aws_cdk.aws_applicationautoscaling import Schedule

from constructs_lib import (
    AsyncFailure,
    CapacitySchedule,
    ProvisionedConcurrency,
    RuntimeFeatures,
    TimeoutBudget,
    compute,
)
from tests.compute.functions import make
from tests.scanners import lint_findings
from tests.synth import new_stack

if TYPE_CHECKING:
    from types import ModuleType

MODULES = [
    importlib.import_module(f"{compute.__name__}.{module.name}")
    for module in pkgutil.iter_modules(compute.__path__)
]


@pytest.mark.parametrize("region", ["eu-west-1", None], ids=["region known", "region open"])
def test_every_variant_passes_cfn_lint(region: str | None) -> None:
    """No finding on any resource that the construct can make."""
    stack = new_stack(region=region)
    key = kms.Key(stack, "Key", enable_key_rotation=True)
    parameter = ssm.StringParameter(stack, "Config", string_value="x")
    morning = CapacitySchedule(name="Morning", schedule=Schedule.cron(hour="8", minute="0"), minimum=3)
    make(stack, "Plain")
    make(stack, "Reads", parameters=[parameter])
    make(stack, "ReadsOnIntel", parameters=[parameter], architecture=lambda_.Architecture.X86_64)
    make(stack, "Asynchronous", async_failure=AsyncFailure())
    make(stack, "AsynchronousWithKey", async_failure=AsyncFailure(encryption_key=key))
    make(stack, "Warm", provisioned=ProvisionedConcurrency(maximum=5, schedules=[morning]))
    make(stack, "WarmByTheClock", provisioned=ProvisionedConcurrency(schedules=[morning]))
    make(stack, "Restored", snap_start=True)
    features = RuntimeFeatures(
        bundle=False, idempotency=True, circuit_breaker=True, cache_url="rediss://cache:6379"
    )
    make(stack, "WithFeatures", runtime_features=features, budget=TimeoutBudget(gateway=20, init=2))
    assert lint_findings(stack) == []


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_examples_in_docstrings_run(module: ModuleType) -> None:
    """What a docstring shows is what happens."""
    assert doctest.testmod(module).failed == 0


def test_the_constructs_and_their_arguments_show_an_example() -> None:
    """Every public name of the package has an example that the test above runs."""
    assert [
        name for name in compute.__all__ if "Example:" not in (getattr(compute, name).__doc__ or "")
    ] == []
