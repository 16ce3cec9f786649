"""Values: each function of CloudFormation, what stays unknown, and that nothing in a template can break them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from constructs_lib.policy.template import Template
from constructs_lib.policy.values import ABSENT, Resource, System, Unknown, Value
from constructs_lib.policy.values.cases import MAX_CASES
from constructs_lib.policy.values.text import CLOSE, OPEN, clean, show, split, token

if TYPE_CHECKING:
    import random

PARAMETERS = {
    "Seconds": {"Type": "Number", "Default": 7},
    "Names": {"Type": "CommaDelimitedList", "Default": "a, b"},
    "Open": {"Type": "String"},
    "Hidden": {"Type": "String", "NoEcho": True, "Default": "change-me"},
    "Stored": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/orders/timeout"},
}
CONDITIONS = {
    "Never": {"Fn::Equals": ["a", "b"]},
    "Open": {"Fn::Equals": [{"Ref": "Open"}, "prod"]},
    "NotOpen": {"Fn::Not": [{"Condition": "Open"}]},
    "Circle": {"Fn::Or": [{"Condition": "Circle"}, {"Condition": "Never"}]},
}
MAPPINGS = {"Waits": {"eu": {"api": 5, "job": 60}, "us": {"api": 9, "job": 60}}}


def _system(properties: dict[str, Any], **sections: Any) -> System:
    data = {
        "Parameters": PARAMETERS,
        "Conditions": CONDITIONS,
        "Mappings": MAPPINGS,
        "Resources": {
            "Subject": {"Type": "AWS::Custom::Thing", "Properties": properties},
            "Orders": {"Type": "AWS::Lambda::Function", "Properties": {}},
            "Live": {
                "Type": "AWS::Lambda::Alias",
                "Properties": {"Name": "live", "FunctionName": {"Ref": "Orders"}},
            },
            "Jobs": {"Type": "AWS::SQS::Queue"},
        },
        **sections,
    }
    return System([Template("template.json", "", data)])


def _value(raw: Any) -> Value:
    return _subject(_system({"X": raw})).get("X")


def _subject(system: System) -> Resource:
    return system.stacks[0].resources["Subject"]


def _data(raw: Any) -> list[Any]:
    return [case.data for case in _value(raw).cases]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (30, 30),
        ({"Ref": "Seconds"}, 7),
        ({"Fn::Sub": "${Seconds}s and ${!Literal}"}, "7s and ${Literal}"),
        ({"Fn::Sub": ["${A}-${B}", {"A": {"Ref": "Seconds"}, "B": "x"}]}, "7-x"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Seconds"}, {"Ref": "AWS::NoValue"}]]}, "a-7"),
        ({"Fn::Join": ["", {"Ref": "Names"}]}, "ab"),
        ({"Fn::Select": ["1", {"Ref": "Names"}]}, "b"),
        ({"Fn::Select": [1, {"Fn::Split": ["/", "a/b/c"]}]}, "b"),
        ({"Fn::FindInMap": ["Waits", "eu", "api"]}, 5),
        ({"Fn::FindInMap": ["Waits", {"Ref": "AWS::Region"}, "job"]}, 60),
        ({"Fn::FindInMap": ["Waits", "ap", "api", {"DefaultValue": 3}]}, 3),
        ({"Fn::If": ["Never", 1, 2]}, 2),
        ({"Fn::Length": {"Ref": "Names"}}, 2),
        ({"Fn::ToJsonString": {"a": {"Ref": "Seconds"}}}, '{"a": 7}'),
        ({"Fn::If": ["Never", 1, {"Ref": "AWS::NoValue"}]}, ABSENT),
        (
            {"Ref": {"Fn::Sub": "Secon${End}"}},
            Unknown("Ref End: the template has no such parameter or resource"),
        ),
        ({"Ref": {"Fn::Join": ["", ["Sec", "onds"]]}}, 7),
    ],
)
def test_function_gives_its_value(raw: Any, expected: Any) -> None:
    """A function whose parts are known gives the value that CloudFormation would."""
    assert _data(raw) == [expected]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ({"Ref": "Open"}, "parameter Open has no default"),
        ({"Ref": "Hidden"}, "parameter Hidden is a secret (NoEcho), its default only a stand-in"),
        ({"Ref": "Stored"}, "parameter Stored is read from the Parameter Store in deployment"),
        ({"Ref": "Nobody"}, "Ref Nobody: the template has no such parameter or resource"),
        ({"Fn::GetAtt": ["Nobody", "Arn"]}, "Fn::GetAtt Nobody.Arn: the template has no resource Nobody"),
        ({"Fn::ImportValue": "shared"}, "ImportValue shared: no given template exports it"),
        (
            {"Fn::GetStackOutput": {"StackName": "queues", "OutputName": "Arn"}},
            "output Arn of stack queues is in no given template",
        ),
        ({"Fn::GetStackOutput": "queues"}, "Fn::GetStackOutput needs the names of a stack and of an output"),
        ({"Fn::Transform": {"Name": "AWS::Include"}}, "Fn::Transform is run in deployment"),
        ({"Fn::Select": [9, ["a"]]}, "Fn::Select 9 of a list of 1"),
        ({"Fn::Nonsense": 1}, "Fn::Nonsense is no function known here"),
        ("{{resolve:ssm:/orders/timeout}}", "dynamic reference {{resolve:ssm:/orders/timeout}}"),
    ],
)
def test_unknown_keeps_its_reason(raw: Any, reason: str) -> None:
    """What the template does not tell is unknown as a number, with the reason."""
    assert _value(raw).numbers().unknown == reason


def test_function_may_name_the_resource() -> None:
    """Fn::GetAtt takes a function for the resource's name, as the language extensions allow."""
    for chosen in ("Jobs", {"Fn::Select": [0, ["Jobs"]]}, {"Fn::If": ["Never", "Orders", "Jobs"]}):
        (arn,) = _data({"Fn::GetAtt": [chosen, "Arn"]})
        assert show(arn).endswith(":<Jobs>")
    assert _value({"Fn::GetAtt": [{"Ref": "Open"}, "Arn"]}).unknown == "parameter Open has no default"


def test_undecided_condition_gives_both_branches_with_its_name() -> None:
    """Fn::If under a condition that cannot be decided is both values, each with what must hold."""
    assert [(case.data, case.when) for case in _value({"Fn::If": ["Open", 1, 2]}).cases] == [
        (1, (("Open", True),)),
        (2, (("Open", False),)),
    ]


def test_branches_of_one_condition_do_not_mix() -> None:
    """Two values under the same condition, one of them negated, combine only as they can in a deployment."""
    raw = {"Fn::Join": ["-", [{"Fn::If": ["Open", "a", "b"]}, {"Fn::If": ["NotOpen", "x", "y"]}]]}
    assert _data(raw) == ["a-y", "b-x"]


def test_condition_that_names_itself_is_undecided() -> None:
    """A circle of conditions ends, and both branches stay possible."""
    assert _data({"Fn::If": ["Circle", 1, 2]}) == [1, 2]


def test_combinations_are_bounded() -> None:
    """Many undecided conditions in one value end in an Unknown instead of an explosion."""
    conditions = {f"C{n}": {"Fn::Equals": [{"Ref": "Open"}, str(n)]} for n in range(40)}
    raw = {"Fn::Join": ["", [{"Fn::If": [name, "a", "b"]} for name in conditions]]}
    value = _subject(_system({"X": raw}, Conditions=conditions)).get("X")
    assert len(value.cases) <= MAX_CASES
    assert value.numbers().unknown is not None


def test_alias_taken_apart_and_joined_again_is_the_alias() -> None:
    """CDK's Fn::Join over pieces of an alias's ARN still names function and qualifier."""
    pieces = {"Fn::Split": [":", {"Ref": "Live"}]}
    raw = {"Fn::Join": ["", [{"Fn::Select": [6, pieces]}, ":live"]]}
    assert [show(data) for data in _data(raw)] == ["<Orders>:live"]


def test_queue_arn_keeps_its_shape() -> None:
    """An ARN of a resource can be split although its region and account are not known."""
    raw = {"Fn::Select": [5, {"Fn::Split": [":", {"Fn::GetAtt": ["Jobs", "Arn"]}]}]}
    assert [show(data) for data in _data(raw)] == ["<Jobs>"]


def test_unknown_text_is_not_split_past_the_unknown() -> None:
    """A piece after something of unknown shape is unknown, one before it is not."""
    source = {"Fn::Sub": "known:${Open}:later"}
    assert _data({"Fn::Select": [0, {"Fn::Split": [":", source]}]}) == ["known"]
    assert isinstance(_data({"Fn::Select": [2, {"Fn::Split": [":", source]}]})[0], Unknown)


def test_default_fills_only_what_is_absent() -> None:
    """AWS's default stands for an absent property, never for an unknown one."""
    assert _value({"Ref": "AWS::NoValue"}).default(30).only == 30
    assert _value({"Ref": "Open"}).default(30).unknown is not None


def test_text_that_looks_like_a_token_is_defused() -> None:
    """The marks of a token cannot come from a file."""
    assert OPEN not in clean(f"{OPEN}@0/Orders{CLOSE}")


# Anything at all ------------------------------------------------------------------------------------------------

NAMES = st.sampled_from(
    ["Seconds", "Names", "Open", "Orders", "Live", "Subject", "Nobody", "Never", "Circle"]
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), NAMES)
FUNCTION_NAMES = st.sampled_from(
    ["Ref", "Condition"]
    + [
        f"Fn::{name}"
        for name in (
            *("GetAtt", "Sub", "Join", "Select", "Split", "FindInMap", "If", "ImportValue", "Length"),
            *("ToJsonString", "Base64", "Cidr", "Transform", "Equals", "ForEach::Loop", "Nonsense"),
        )
    ]
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.text(max_size=5), inner, max_size=3),
        st.builds(lambda name, argument: {name: argument}, FUNCTION_NAMES, inner),
        st.builds(lambda text: {"Fn::Sub": "${" + text + "}"}, NAMES),
    ),
    max_leaves=20,
)


def _everything(value: Value) -> list[Any]:
    """Use a value in every way that rules and edges do."""
    return [
        value.numbers().cases,
        value.texts().cases,
        value.whole().cases,
        [inner.cases for inner in value.elements()],
        [inner.cases for _, inner in value.items()],
        value.get("a", 0, "b").cases,
    ]


@given(ANYTHING)
def test_resolution_never_raises(raw: Any) -> None:
    """Whatever stands in a property, it resolves to a few cases."""
    value = _value(raw)
    assert 1 <= len(value.cases) <= MAX_CASES
    _everything(value)


@given(st.dictionaries(NAMES, ANYTHING, max_size=4), st.dictionaries(NAMES, ANYTHING, max_size=4), ANYTHING)
def test_sections_of_any_shape_never_raise(conditions: Any, mappings: Any, raw: Any) -> None:
    """Conditions and mappings may hold anything, and may name each other in circles."""
    system = _system({"X": {"Fn::If": ["Seconds", raw, raw]}}, Conditions=conditions, Mappings=mappings)
    _everything(_subject(system).get("X"))


@given(st.dictionaries(st.sampled_from("abcdef"), ANYTHING, min_size=2, max_size=6), st.randoms())
def test_resolution_does_not_depend_on_order(properties: dict[str, Any], shuffle: random.Random) -> None:
    """The order in which a template lists things changes nothing."""
    keys = list(properties)
    shuffle.shuffle(keys)
    one = _subject(_system(properties))
    other = _subject(_system({key: properties[key] for key in keys}))
    for key in keys:
        assert repr(one.get(key).cases) == repr(other.get(key).cases)


@given(st.lists(st.one_of(st.text(alphabet="ab:/", max_size=4), st.sampled_from("@%?")), max_size=6))
def test_split_pieces_join_to_the_same_text(parts: list[str]) -> None:
    """Splitting loses nothing that is certain."""
    text = "".join(token(part, "0/X") if part in {"@", "%", "?"} else part for part in parts)
    pieces, reason = split(":", text)
    assert text.startswith(":".join(pieces))
    if reason is None:
        assert ":".join(pieces) == text


def test_loop_in_a_loop_runs_over_its_own_list() -> None:
    """A list that depends on the outer loop is read anew on each round, though its pieces are soon forgotten."""
    inner = ["Y", {"Fn::Split": [",", "${X}1,${X}2"]}, {"Queue${Y}": {"Type": "AWS::SQS::Queue"}}]
    outer = ["X", list("abcdefgh"), {"Fn::ForEach::Inner": inner}]
    data = {"Resources": {"Fn::ForEach::Outer": outer}}
    (stack,) = System([Template("template.json", '"Fn::ForEach::Outer"', data)]).stacks
    assert list(stack.resources) == [f"Queue{letter}{number}" for letter in "abcdefgh" for number in "12"]
