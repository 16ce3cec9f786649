"""What rules find in one branch of a condition alone."""

from __future__ import annotations

from constructs_lib.policy import judge
from constructs_lib.policy.examples import graph_of
from constructs_lib.policy.rules import ALL

LARGE = "x" * 4_100
FUNCTION = """
Parameters: {Stage: {Type: String}}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  IsTest: !Equals [!Ref Stage, test]
Resources:
  Orders:
    Type: AWS::Lambda::Function
    ATTRIBUTES
    Properties: {Environment: {Variables: {A: VALUE}}}
"""
S803 = [rule for rule in ALL if rule.id == "S803"]


def _found(attributes: str, value: str) -> list[str]:
    text = FUNCTION.replace("ATTRIBUTES", attributes).replace("VALUE", value)
    return [finding.message[:17] for finding in judge(graph_of(text), S803)]


def test_the_branch_is_named() -> None:
    """A fault in either branch is found with the condition that leads to it."""
    assert _found("Description: a", f"!If [IsProd, {LARGE}, y]") == ["If IsProd: Orders"]
    assert _found("Description: a", f"!If [IsProd, y, {LARGE}]") == ["If not IsProd: Or"]


def test_a_fault_in_both_branches_names_no_condition() -> None:
    """What is wrong anyway is found once, as before."""
    assert _found("Description: a", f"!If [IsProd, {LARGE}, {LARGE}y]") == ["Orders has at lea"]


def test_a_branch_that_is_never_deployed_is_silent() -> None:
    """A resource that is there in production alone has no fault in the values of other stages."""
    assert _found("Condition: IsProd", f"!If [IsProd, y, {LARGE}]") == []
    assert _found("Condition: IsProd", f"!If [IsTest, {LARGE}, y]") == []


def test_an_unknown_branch_is_silent() -> None:
    """A value from elsewhere is no fault in its branch either."""
    assert _found("Description: a", "!If [IsProd, !ImportValue large, y]") == []
