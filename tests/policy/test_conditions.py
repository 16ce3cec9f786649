"""Which conditions can hold together, whatever the parameters turn out to be."""

from __future__ import annotations

import pytest

from constructs_lib.policy.examples import graph_of

SYSTEM = """
Parameters: {{Stage: {{Type: String{allowed}}}, Area: {{Type: String}}}}
Mappings: {{Waits: {{dev: {{T: 1}}, prod: {{T: 2}}}}}}
Conditions:
  Prod: {{"Fn::Equals": [!Ref Stage, prod]}}
  Dev: {{"Fn::Equals": [dev, !Sub "${{Stage}}"]}}
  NotProd: {{"Fn::Not": [{{"Fn::Equals": [!Ref Stage, prod]}}]}}
  ProdInEurope: {{"Fn::And": [{{Condition: Prod}}, {{"Fn::Equals": [!Ref Area, eu]}}]}}
  Either: {{"Fn::Or": [{{Condition: Prod}}, {{Condition: Dev}}]}}
  Same: {{"Fn::Equals": [!Ref Stage, !Ref Area]}}
  Loop: {{Condition: Loop}}
Resources: {{}}
"""


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ((("Dev", True), ("Prod", True)), False),
        ((("Dev", False), ("Prod", False)), True),
        ((("NotProd", True), ("Prod", True)), False),
        ((("NotProd", False), ("Prod", False)), False),
        ((("Prod", False), ("ProdInEurope", True)), False),
        ((("Prod", True), ("ProdInEurope", False)), True),
        ((("Either", False), ("Prod", True)), False),
        ((("Dev", False), ("Either", True), ("Prod", False)), False),
        ((("Prod", True), ("parameter Stage", "dev")), False),
        ((("Prod", True), ("parameter Stage", "prod")), True),
        ((("Prod", True), ("Same", True)), True),
        ((("Loop", True), ("Prod", True)), True),
        ((("NoSuchCondition", True), ("Prod", True)), True),
    ],
)
def test_what_can_hold_together(when: tuple[tuple[str, object], ...], expected: bool) -> None:
    """Conditions that ask about the same parameter are held against each other."""
    system = graph_of(SYSTEM.format(allowed="")).system
    assert (system.together(when, ()) is not None) is expected


def test_allowed_values_leave_nothing_else() -> None:
    """Where a parameter may only be dev or prod, it is one of them."""
    system = graph_of(SYSTEM.format(allowed=", AllowedValues: [dev, prod]")).system
    assert system.together((("Dev", False),), (("Prod", False),)) is None
    assert system.together((("Dev", False),), (("Prod", True),)) is not None


def test_parameter_is_one_in_all_templates_of_a_system() -> None:
    """A parameter has one value wherever it is declared, as ``--parameter`` gives it to all."""
    template = SYSTEM.format(allowed="")
    system = graph_of(f"{template}---{template}").system
    assert system.together((("Prod", True),), (("1/Prod", False),)) is None


def test_formula_that_multiplies_itself_ends() -> None:
    """Conditions of twice the condition before, sixty levels deep, are taken to be possible and judged at once."""
    levels = [
        f'C{n}: {{"Fn::And": [{{Condition: C{n - 1}}}, {{Condition: C{n - 1}}}]}}' for n in range(1, 60)
    ]
    template = SYSTEM.format(allowed="").replace("Conditions:", "\n  ".join(["Conditions:", *levels]))
    system = graph_of(
        template.replace("Loop: {Condition: Loop}", 'C0: {"Fn::Equals": [!Ref Area, eu]}')
    ).system
    assert system.together((("C59", True),), (("Prod", True),)) is not None


def test_row_that_a_parameter_chooses_is_named() -> None:
    """A value that a mapping holds for each stage says for which stage it is."""
    graph = graph_of(
        SYSTEM.format(allowed="").replace(
            "Resources: {}",
            "Resources: {F: {Type: AWS::Lambda::Function, Properties: {Timeout: !FindInMap [Waits, !Ref Stage, T]}}}",
        )
    )
    (function,) = graph.functions.values()
    assert [(case.data, case.when) for case in function.timeout.cases] == [
        (1.0, (("parameter Stage", "dev"),)),
        (2.0, (("parameter Stage", "prod"),)),
    ]
