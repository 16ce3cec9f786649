"""The environment: the construct's own variables are not overwritten, and 4 KB are not exceeded."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from hypothesis import given
from hypothesis import strategies as st

from constructs_lib import ParametersExtension, RefusedError
from constructs_lib.compute.environment import Environment
from tests.compute.functions import make


def test_the_budgets_variable_belongs_to_the_construct(stack: cdk.Stack) -> None:
    """A copied budget would drift from the one that was proven."""
    with pytest.raises(RefusedError, match="environment: got TIMEOUT_BUDGET; allowed: any name"):
        make(stack, environment={"TIMEOUT_BUDGET": "{}"})


def test_the_extensions_variables_belong_to_it_only_where_it_is(stack: cdk.Stack) -> None:
    """Without the extension its variables are anybody's; with it they follow from its settings."""
    ttl = {"SECRETS_MANAGER_TTL": "10"}
    make(stack, "Without", environment=ttl)
    with pytest.raises(RefusedError, match="got SECRETS_MANAGER_TTL"):
        make(stack, "With", environment=ttl, extension=ParametersExtension())
    with pytest.raises(RefusedError, match="got SECRETS_MANAGER_TTL"):
        make(stack, "Later", extension=ParametersExtension()).add_environment("SECRETS_MANAGER_TTL", "10")


def test_more_than_lambda_keeps_is_refused(stack: cdk.Stack) -> None:
    """The refusal names the total and the variable that takes most of it."""
    with pytest.raises(
        RefusedError, match=r"got at least \d+ B, of which SCHEMA takes 4006; allowed: 4096 B"
    ):
        make(stack, environment={"SCHEMA": "x" * 4000})


def test_a_refused_variable_is_not_kept(stack: cdk.Stack) -> None:
    """After a refusal a smaller value of the same name still fits."""
    orders = make(stack)
    with pytest.raises(RefusedError):
        orders.add_environment("SCHEMA", "x" * 4000)
    orders.add_environment("SCHEMA", "x")


def test_a_token_counts_with_its_name_alone() -> None:
    """Its length is known at deploy time only; how CDK writes it down says nothing about it."""
    environment = Environment("Orders", {})
    environment.add({"VV": f"prefix-{cdk.Aws.STACK_ID}"})
    environment.add({"WW": "x" * (4096 - len("VV") - len("WW"))})
    with pytest.raises(RefusedError, match="at least 4098 B"):
        environment.add({"XX": ""})


@given(st.dictionaries(st.from_regex(r"[a-zA-Z][a-zA-Z0-9_]+", fullmatch=True), st.text()))
def test_what_fits_is_what_lambda_counts(variables: dict[str, str]) -> None:
    """Names and values count in UTF-8 bytes, and exactly what exceeds 4,096 of them is refused."""
    filler = 4096 - len("FF") - sum(len(text.encode()) for pair in variables.items() for text in pair)
    if filler < 0 or "FF" in variables:
        return
    Environment("Orders", {"FF": "x" * filler}).add(variables)
    with pytest.raises(RefusedError, match="at least 4097 B"):
        Environment("Orders", {"FF": "x" * (filler + 1)}).add(variables)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"TABLES": 5}, r"got TABLES=5; allowed: strings; fix: str\(...\), or leave TABLES out"),
        ({"TABLE": None}, "got TABLE=None; allowed: strings"),
        ({"TABLE-NAME": "orders"}, "got 'TABLE-NAME'; allowed: names of two or more letters"),
        ({"": "orders"}, "got ''; allowed: names"),
        ({"1ST": "orders"}, "got '1ST'; allowed: names"),
    ],
)
def test_what_lambda_does_not_take_is_refused(
    stack: cdk.Stack, variables: dict[str, Any], message: str
) -> None:
    """A number in place of a string is the usual slip; a hyphen would fail at deploy time only."""
    with pytest.raises(RefusedError, match=message):
        make(stack, environment=variables)
