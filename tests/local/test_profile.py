"""The local profile changes what has to change in a template, says so, and touches nothing else."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from constructs_lib.errors import LocalAwsError
from constructs_lib.limits import extension_layer_arn
from constructs_lib.local.profile import NOT_ENFORCED, PORT_VARIABLE, REFUSED, localize, references

PORT = 40_123
LAYER = extension_layer_arn("eu-west-1", "arm64")

names = st.text("ABCDEFGH", min_size=1, max_size=3)
kinds = st.sampled_from(
    [
        "AWS::SQS::Queue",
        "AWS::Lambda::Function",
        "AWS::Lambda::Alias",
        "AWS::XRay::Group",
        "AWS::CodeDeploy::Application",
    ]
)
templates = st.dictionaries(names, kinds, max_size=6).flatmap(
    lambda kinds_by_name: st.fixed_dictionaries(
        {
            name: st.builds(
                lambda kind, depends: (
                    {"Type": kind, "Properties": {"Name": "n"}} | ({"DependsOn": depends} if depends else {})
                ),
                st.just(kind),
                st.lists(st.sampled_from(sorted(kinds_by_name)), unique=True),
            )
            for name, kind in kinds_by_name.items()
        }
    )
)


def function(**properties: Any) -> dict[str, Any]:
    """Return a template with one function."""
    return {"Resources": {"F": {"Type": "AWS::Lambda::Function", "Properties": properties}}}


@given(templates)
def test_nothing_refused_stays_and_nothing_else_goes(resources: dict[str, Any]) -> None:
    """Exactly the refused types are left out, each with one change, and no dependency on them stays."""
    original = {"Resources": copy.deepcopy(resources)}
    local, changes = localize(original, extension_port=PORT)
    refused = {name for name, it in resources.items() if it["Type"].startswith(tuple(REFUSED))}
    assert set(local["Resources"]) == set(resources) - refused
    assert {change.logical_id for change in changes} == refused
    assert not any(refused & set(it.get("DependsOn", [])) for it in local["Resources"].values())
    assert original == {"Resources": resources}


@given(templates)
def test_local_template_stays_as_it_is(resources: dict[str, Any]) -> None:
    """A template that went through once needs no further change."""
    once, _ = localize({"Resources": resources}, extension_port=PORT)
    assert localize(once, extension_port=PORT) == (once, [])


def test_extension_layer_gives_way_to_stand_in() -> None:
    """The extension's layer goes, other layers stay, and the handler finds the stand-in's port."""
    local, (change,) = localize(
        function(Layers=[LAYER, "arn:mine:1"], Environment={"Variables": {PORT_VARIABLE: "2773", "A": "b"}}),
        extension_port=PORT,
    )
    properties = local["Resources"]["F"]["Properties"]
    assert properties["Layers"] == ["arn:mine:1"]
    assert properties["Environment"]["Variables"] == {PORT_VARIABLE: str(PORT), "A": "b"}
    assert str(change) == (
        f"F (AWS::Lambda::Function) runs without the extension's layer: a stand-in answers on 127.0.0.1:{PORT}"
    )


def test_extension_layer_is_known_in_a_mapping_by_region() -> None:
    """A layer that comes out of a mapping is recognised by what the mapping holds."""
    template = function(Layers=[{"Fn::FindInMap": ["Layers", {"Ref": "AWS::Region"}, "arm64"]}])
    template["Mappings"] = {"Layers": {"eu-west-1": {"arm64": LAYER}}}
    local, changes = localize(template, extension_port=PORT)
    assert "Layers" not in local["Resources"]["F"]["Properties"]
    assert len(changes) == 1


def test_other_mappings_are_no_extension() -> None:
    """A layer from another mapping stays."""
    template = function(Layers=[{"Fn::FindInMap": ["Mine", {"Ref": "AWS::Region"}, "arn"]}])
    template["Mappings"] = {"Mine": {"eu-west-1": {"arn": "arn:mine:1"}}}
    assert localize(template, extension_port=PORT) == (template, [])


def test_function_without_extension_gets_no_port() -> None:
    """A function that does not use the extension is left alone."""
    template = function(Environment={"Variables": {"A": "b"}})
    assert localize(template, extension_port=PORT) == (template, [])


def test_alias_shifts_at_once_without_codedeploy() -> None:
    """An alias whose traffic CodeDeploy would shift loses that policy only."""
    policy = {"CodeDeployLambdaAliasUpdate": {"ApplicationName": {"Ref": "App"}}}
    template = {
        "Resources": {
            "App": {"Type": "AWS::CodeDeploy::Application"},
            "Live": {"Type": "AWS::Lambda::Alias", "Properties": {"Name": "live"}, "UpdatePolicy": policy},
        }
    }
    local, changes = localize(template, extension_port=PORT)
    assert local["Resources"] == {"Live": {"Type": "AWS::Lambda::Alias", "Properties": {"Name": "live"}}}
    assert [change.logical_id for change in changes] == ["App", "Live"]


def test_output_of_a_left_out_resource_goes_too() -> None:
    """An output that names a left-out resource is left out, and told."""
    template = {
        "Resources": {"G": {"Type": "AWS::XRay::Group"}},
        "Outputs": {"Group": {"Value": {"Fn::GetAtt": ["G", "GroupARN"]}}, "Other": {"Value": "x"}},
    }
    local, changes = localize(template, extension_port=PORT)
    assert local["Outputs"] == {"Other": {"Value": "x"}}
    assert [change.logical_id for change in changes] == ["G", "Group"]


def test_remaining_reference_is_refused() -> None:
    """A resource that cannot do without a left-out one is named with it, and with what to do."""
    template = function(Environment={"Variables": {"HOST": {"Fn::Sub": "${Proxy.Endpoint}:5432"}}})
    template["Resources"]["Proxy"] = {"Type": "AWS::RDS::DBProxy"}
    with pytest.raises(
        LocalAwsError, match=r"^F \(AWS::Lambda::Function\) refers to Proxy, .*; fix: leave that"
    ):
        localize(template, extension_port=PORT)


def test_secret_of_defaults_is_not_empty() -> None:
    """A generated secret with default settings gets its length by name; one with settings stays as it is."""
    template = {
        "Resources": {
            "S": {"Type": "AWS::SecretsManager::Secret", "Properties": {"GenerateSecretString": {}}},
            "T": {
                "Type": "AWS::SecretsManager::Secret",
                "Properties": {"GenerateSecretString": {"PasswordLength": 8}},
            },
        }
    }
    local, changes = localize(template, extension_port=PORT)
    assert local["Resources"]["S"]["Properties"]["GenerateSecretString"] == {"PasswordLength": 32}
    assert local["Resources"]["T"] == template["Resources"]["T"]
    assert [change.logical_id for change in changes] == ["S"]


def test_secret_is_named_by_its_arn() -> None:
    """Ref and Fn::Sub of a secret, which MiniStack takes for its name, become the attribute that is its ARN."""
    template: dict[str, Any] = {
        "Resources": {
            "S": {"Type": "AWS::SecretsManager::Secret", "DependsOn": "Q"},
            "Q": {
                "Type": "AWS::SQS::Queue",
                "Properties": {"A": [{"Ref": "S"}], "B": {"Fn::Sub": "${S}-${Q}"}},
            },
        },
        "Outputs": {"Arn": {"Value": {"Ref": "S"}}},
    }
    local, (change,) = localize(template, extension_port=PORT)
    arn = {"Fn::GetAtt": ["S", "Id"]}
    assert local["Resources"]["Q"]["Properties"] == {"A": [arn], "B": {"Fn::Sub": "${S.Id}-${Q}"}}
    assert local["Outputs"]["Arn"]["Value"] == arn
    assert local["Resources"]["S"] == template["Resources"]["S"]
    assert change.logical_id == "S"


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"Fn::GetAtt": "Queue.Arn"}, {"Queue"}),
        ({"Fn::GetAtt": ["Queue", "Arn"]}, {"Queue"}),
        ({"Fn::Sub": ["${own}-${A}", {"own": {"Ref": "B"}}]}, {"A", "B"}),
        ({"Fn::Sub": "${!literal}-${AWS::Region}"}, {"AWS::Region"}),
        ({"Fn::If": ["Condition", {"Ref": "A"}, {"Fn::Join": ["", [{"Ref": "B"}]]}]}, {"A", "B"}),
        ("Queue", set()),
    ],
)
def test_references_are_found_in_every_spelling(value: Any, found: set[str]) -> None:
    """Ref, both spellings of Fn::GetAtt, and Fn::Sub without its own variables and literals are references."""
    assert references(value) == found


def test_tables_are_for_readers() -> None:
    """Every line of the tables says something short, once."""
    assert len({feature for feature, _ in NOT_ENFORCED}) == len(NOT_ENFORCED)
    for feature, consequence in (*NOT_ENFORCED, *REFUSED.items()):
        assert feature
        assert 10 < len(consequence) <= 100, json.dumps(consequence)
