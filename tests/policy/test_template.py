"""Reading: places, short tags, and every kind of file that cannot be read."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from constructs_lib.errors import TemplateError
from constructs_lib.policy import check
from constructs_lib.policy.template import Template, read
from constructs_lib.policy.template.template import parse
from constructs_lib.policy.values import System

YAML = """\
Resources:
  Orders:
    Type: AWS::Lambda::Function
    Properties:
      Timeout: 60
      Environment:
        Variables: {STAGE: !Ref Stage, URL: !Sub "https://${Api}"}
  Rule:
    Type: AWS::Events::Rule
    Properties:
      Targets:
        - Arn: !GetAtt Orders.Arn
          Id: one
        - Arn: !GetAtt [Orders, Arn]
"""


NESTED = "Resources:\n  Inner:\n    Type: AWS::CloudFormation::Stack\n    Properties: {TemplateURL: OTHER}\n"


def _file(folder: Path, content: str | bytes, name: str = "template.yaml") -> str:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


def _refusal(folder: Path, content: str | bytes, name: str = "template.yaml") -> str:
    """Read a bad file beside a good one; the good one must still be read. Give the message without its folder."""
    bad, good = _file(folder, content, name), _file(folder, YAML, "good.yaml")
    errors = [item for item in read([bad, good]) if isinstance(item, TemplateError)]
    assert len(errors) == 1
    return str(errors[0]).replace(str(folder) + os.sep, "")


def test_short_tags_become_functions() -> None:
    """A short tag reads as the function's long form."""
    data = parse(YAML, "template.yaml").data
    variables = data["Resources"]["Orders"]["Properties"]["Environment"]["Variables"]
    targets = data["Resources"]["Rule"]["Properties"]["Targets"]
    assert variables == {"STAGE": {"Ref": "Stage"}, "URL": {"Fn::Sub": "https://${Api}"}}
    assert [target["Arn"] for target in targets] == [{"Fn::GetAtt": ["Orders", "Arn"]}] * 2


@pytest.mark.parametrize(
    ("path", "line", "column"),
    [
        (("Resources", "Orders"), 2, 3),
        (("Resources", "Orders", "Properties", "Timeout"), 5, 7),
        (("Resources", "Orders", "Properties", "Environment", "Variables", "URL"), 7, 40),
        (("Resources", "Rule", "Properties", "Targets", 1, "Arn"), 14, 11),
        (("Resources", "Rule", "Properties", "Targets", 1), 14, 11),
        (("Resources", "Orders", "Properties", "MemorySize"), 4, 5),
        (("Nothing",), 1, 1),
    ],
)
def test_place_in_yaml(path: tuple[str | int, ...], line: int, column: int) -> None:
    """A path is found where its key stands, or where the nearest part above it does."""
    assert parse(YAML, "template.yaml").locate(path) == (line, column)


def test_places_in_json_are_those_of_the_text() -> None:
    """In JSON too, a path is found at its key."""
    text = json.dumps(parse(YAML, "template.yaml").data, indent=2)
    template = parse(text, "template.json")
    line, column = template.locate(("Resources", "Rule", "Properties", "Targets", 1, "Arn"))
    assert text.splitlines()[line - 1][column - 1 :].startswith('"Arn"')
    assert (
        template.locate(("Resources", "Rule", "Properties", "Targets", 1, "Arn"))[0]
        > template.locate(("Resources", "Rule", "Properties", "Targets", 0, "Arn"))[0]
    )


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        ("Resources: [", "a.yaml", "a.yaml:2:1: broken YAML: did not find expected node content"),
        ('{"Resources": {,}}', "a.json", "a.json:1:16: broken JSON: Expecting property name enclosed in double quotes"),
        ("", "a.yaml", "a.yaml: is empty"),
        (b"\xff\xfeR\0e\0", "a.yaml", "a.yaml: is UTF-16 or UTF-32 text; save it as UTF-8, which a template is"),
        (b"PK\x03\x04\0\0\0", "a.json", "a.json: is a binary file; a template is UTF-8 text"),
        (b"Resources:\n  A: \xe9", "a.yaml", "a.yaml:2: is not UTF-8 (byte 0xe9); save it as UTF-8, which a template is"),
        ("Description: x", "a.yaml", "a.yaml: has no Resources section, so it is no CloudFormation template"),
        ("[1, 2]", "a.yaml", "a.yaml: holds a list; a template is a mapping with Resources"),
        ("Resources: {}\nResources: {}", "a.yaml", "a.yaml:2:1: the key 'Resources' is there twice in one mapping; only one would count: rename or remove one"),
        ('{"Resources": {"A": 1, "A": 2}}', "a.json", "a.json: the key 'A' is there twice in one mapping; only one would count: rename or remove one"),
        ("Resources: {}\n---\nResources: {}", "a.yaml", "a.yaml:2:1: holds more than one document; put each template into a file of its own"),
        ("Resources: []", "a.yaml", "a.yaml:1: Resources is a list; it must map logical ids to resources"),
        ("Resources:\n  A: 1", "a.yaml", "a.yaml:2: resource A is a number; it must be a mapping with a Type"),
        ("Resources: &a {A: *a}", "a.yaml", "a.yaml:1:19: the alias *a names no anchor that has ended before it"),
        ("Resources: " + "[" * 500, "a.yaml", "a.yaml:1:111: nests more than 100 levels deep; real templates stay under 40"),
        ('{"Resources": ' + '{"a":' * 200 + "1" + "}" * 201, "a.json", "a.json: nests more than 100 levels deep; real templates stay under 40"),
        ('{"Resources": ' + "[" * 100_000, "a.json", "a.json: nests more than 100 levels deep; real templates stay under 40"),
        ("Resources:\n\tA: {}", "a.yaml", "a.yaml:2:1: broken YAML: a tab stands where YAML wants spaces; indent with spaces"),
        ("Resources: {}".encode("utf-16-le"), "a.yaml", "a.yaml: is UTF-16 or UTF-32 text; save it as UTF-8, which a template is"),
        ("# nothing\n", "a.yaml", "a.yaml: holds nothing; a template is a mapping with Resources"),
        ("Resources:\n", "a.yaml", "a.yaml:1: Resources is empty; it must map logical ids to resources"),
        ('{"Resources": {}, "Outputs": 1}', "a.json", "a.json:1: Outputs is a number; it must map names to outputs"),
        ("Resources:\n  A:\n    Properties: {}", "a.yaml", "a.yaml:2: resource A has no Type; give it one, e.g. Type: AWS::Lambda::Function"),
        ("Resources:\n  A: {Type: [X]}", "a.yaml", "a.yaml:2: resource A has as its Type a list; it must be text, e.g. AWS::Lambda::Function"),
        ('{"Resources":\n{"A": {"Type": "X", "Properties": %s}}}' % ("9" * 5000), "a.json", "a.json:2: a number of thousands of digits; no property takes one"),
        ("A: " + "x" * 8_000_001, "a.yaml", "a.yaml: 8,000,004 characters; a template has at most 8,000,000"),
    ],
)  # fmt: skip
def test_unreadable_file_is_named_with_its_reason(
    tmp_path: Path, content: str | bytes, name: str, message: str
) -> None:
    """A file that cannot be read gives one message with place and reason, and the others are read."""
    assert _refusal(tmp_path, content, name).removesuffix(": line 1 column 16 (char 15)") == message


def test_yaml_bomb_is_refused(tmp_path: Path) -> None:
    """Aliases of aliases are counted at their full size, without being written out."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    assert "each use of an alias counted in full" in _refusal(tmp_path, "\n".join(lines))


def test_python_tag_makes_nothing(tmp_path: Path) -> None:
    """A tag that would make a Python object is plain data."""
    marker = tmp_path / "made"
    text = f"Resources:\n  A:\n    Type: X\n    Properties: !!python/object/apply:os.mkdir [{marker}]\n"
    assert isinstance(parse(text, "a.yaml"), Template)
    assert not marker.exists()


def test_missing_file_glob_and_folder_are_named(tmp_path: Path) -> None:
    """What is not there is said, one message each."""
    (tmp_path / "empty").mkdir()
    paths = [str(tmp_path / "no.yaml"), str(tmp_path / "*.nothing"), str(tmp_path / "empty")]
    messages = [str(item).replace(str(tmp_path) + os.sep, "") for item in read(paths)]
    assert messages == [
        "no.yaml: there is no such file",
        "*.nothing: matches no file; quote it if the shell should leave it alone",
        "empty: holds no template (.json, .yaml, .yml, .template with Resources)",
    ]


def test_folder_gives_its_templates_and_leaves_the_rest(tmp_path: Path) -> None:
    """A folder is searched for templates; other JSON and YAML is left alone."""
    _file(tmp_path, YAML, "a.yaml")
    _file(tmp_path, '{"name": "package"}', "package.json")
    (tmp_path / "node_modules").mkdir()
    _file(tmp_path / "node_modules", YAML, "b.yaml")
    assert [Path(item.file).name for item in read([str(tmp_path)]) if isinstance(item, Template)] == [
        "a.yaml"
    ]


def test_sam_template_is_transformed(tmp_path: Path) -> None:
    """A SAM template becomes CloudFormation, and its functions keep their places."""
    text = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  Orders:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src/
      Handler: app.handler
      Runtime: python3.13
      Timeout: 60
      Events: {Get: {Type: Api, Properties: {Path: /orders, Method: get}}}
"""
    (template,) = read([_file(tmp_path, text)])
    assert isinstance(template, Template)
    assert template.data["Resources"]["ServerlessRestApi"]["Type"] == "AWS::ApiGateway::RestApi"
    assert template.locate(("Resources", "Orders", "Properties", "Timeout")) == (9, 7)


def test_cloud_assembly_gives_stacks_stages_and_assets(tmp_path: Path) -> None:
    """A cdk.out directory is read by its manifest: stacks, nested assemblies, environments, assets."""
    stage = tmp_path / "assembly-Prod"
    stage.mkdir()
    resources = {"Resources": {"Orders": {"Type": "AWS::Lambda::Function", "Properties": {}}}}
    for folder, name in ((tmp_path, "Outer"), (stage, "Inner")):
        _file(folder, json.dumps(resources), f"{name}.template.json")
        stack = {
            "type": "aws:cloudformation:stack",
            "environment": "aws://unknown-account/eu-west-1",
            "properties": {"templateFile": f"{name}.template.json", "stackName": name.lower()},
        }
        artifacts: dict[str, Any] = {name: stack}
        if folder is tmp_path:
            artifacts["Prod"] = {"type": "cdk:cloud-assembly", "properties": {"directoryName": stage.name}}
        _file(folder, json.dumps({"version": "55.0.0", "artifacts": artifacts}), "manifest.json")
    files = {"files": {"h": {"source": {"path": "asset.h"}, "destinations": {"d": {"objectKey": "h.zip"}}}}}
    _file(tmp_path, json.dumps(files), "Outer.assets.json")
    templates = [item for item in read([str(tmp_path)]) if isinstance(item, Template)]
    assert [template.environment["AWS::StackName"] for template in templates] == ["outer", "inner"]
    assert templates[0].environment["AWS::Region"] == "eu-west-1"
    assert "AWS::AccountId" not in templates[0].environment
    assert templates[0].assets == {"h.zip": str(tmp_path / "asset.h")}


def test_nested_stacks_that_contain_each_other_are_named_and_read(tmp_path: Path) -> None:
    """A circle of nested stacks ends in a message; what contains them is read all the same."""
    first = _file(tmp_path, NESTED.replace("OTHER", "b.yaml"), "a.yaml")
    _file(tmp_path, NESTED.replace("OTHER", "a.yaml"), "b.yaml")
    template, error = read([first])
    assert isinstance(template, Template)
    assert set(template.nested) == {"Inner"}
    assert "which contains this one; take one of the two out of the other" in str(error)


def test_nested_template_that_cannot_be_read_leaves_its_parent(tmp_path: Path) -> None:
    """A broken nested template is one error, named once however often it is met; the parent is read."""
    paths = [_file(tmp_path, NESTED.replace("OTHER", "b.yaml"), name) for name in ("a.yaml", "c.yaml")]
    broken = _file(tmp_path, "Resources: [", "b.yaml")
    found = list(read([*paths, broken]))
    assert [Path(item.file).name for item in found if isinstance(item, Template)] == ["a.yaml", "c.yaml"]
    assert [str(item) for item in found if isinstance(item, TemplateError)] == [
        f"{broken}:2:1: broken YAML: did not find expected node content"
    ]


@pytest.mark.parametrize("is_link", [False, True])
def test_nested_template_elsewhere_is_not_read(tmp_path: Path, is_link: bool) -> None:
    """A template chooses no file outside of its own folder, not even through a link; the message says what to do."""
    outer = tmp_path / "outer"
    outer.mkdir()
    elsewhere = Path(_file(tmp_path, YAML, "b.yaml"))
    if is_link:
        (outer / "b.yaml").symlink_to(elsewhere)
    named = "b.yaml" if is_link else "../b.yaml"
    first = _file(outer, NESTED.replace("OTHER", named), "a.yaml")
    template, error = read([first])
    assert isinstance(template, Template)
    assert not template.nested
    assert str(error) == (
        f"{first}: nested stack Inner deploys {outer / named}, which is not below {outer} and so is not read; "
        "run constructs-lib in a folder that holds both"
    )


def test_nested_template_beside_is_read_from_above(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever works in a folder has all of it read: a/main.yaml may deploy b/other.yaml."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    _file(tmp_path / "b", YAML, "other.yaml")
    _file(tmp_path / "a", NESTED.replace("OTHER", "../b/other.yaml"), "main.yaml")
    monkeypatch.chdir(tmp_path)
    (template,) = read(["a/main.yaml"])
    assert isinstance(template, Template)
    assert set(template.nested) == {"Inner"}


def test_stacks_of_an_assembly_read_each_others_outputs(tmp_path: Path) -> None:
    """A weak reference between CDK stacks is followed by the stack's name; an empty stack is passed over, as CDK does."""
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 10}}
    output = {"StackName": "queues-prod", "Region": {"Ref": "AWS::Region"}, "OutputName": "Arn"}
    mapping = {"FunctionName": {"Ref": "Worker"}, "EventSourceArn": {"Fn::GetStackOutput": output}}
    outputs = {"Arn": {"Value": {"Fn::GetAtt": ["Jobs", "Arn"]}}}
    stacks: dict[str, dict[str, Any]] = {
        "queues-dev": {"Resources": {"Jobs": queue | {"Properties": {}}}, "Outputs": outputs},
        "queues-prod": {"Resources": {"Jobs": queue}, "Outputs": outputs},
        "workers": {
            "Resources": {
                "Worker": {"Type": "AWS::Lambda::Function", "Properties": {"Timeout": 60}},
                "Mapping": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": mapping},
            }
        },
        "empty": {"Parameters": {}},
    }
    artifacts = {}
    for name, body in stacks.items():
        _file(tmp_path, json.dumps(body), f"{name}.template.json")
        properties = {"templateFile": f"{name}.template.json", "stackName": name}
        artifacts[name] = {"type": "aws:cloudformation:stack", "properties": properties}
    _file(tmp_path, json.dumps({"artifacts": artifacts}), "manifest.json")
    templates = list(read([str(tmp_path)]))
    assert [item for item in templates if isinstance(item, TemplateError)] == []
    system = System([item for item in templates if isinstance(item, Template)])
    (source,) = [found for found in system.resources if found.id == "Mapping"]
    (queue_found,) = {
        found
        for found in system.resources
        if found.id == "Jobs" and found.token in str(source.get("EventSourceArn").only)
    }
    assert queue_found.stack.template.environment["AWS::StackName"] == "queues-prod"


def test_assembly_names_nothing_outside_of_itself(tmp_path: Path) -> None:
    """A manifest that leads out of cdk.out is refused, for stacks and for stages."""
    _file(tmp_path, YAML, "other.yaml")
    assembly = tmp_path / "cdk.out"
    assembly.mkdir()
    artifacts = {
        "Stack": {"type": "aws:cloudformation:stack", "properties": {"templateFile": "../other.yaml"}},
        "Stage": {"type": "cdk:cloud-assembly", "properties": {"directoryName": ".."}},
    }
    _file(assembly, json.dumps({"artifacts": artifacts}), "manifest.json")
    assert [str(item) for item in read([str(assembly)])] == [
        f"{assembly}/manifest.json: {name} names {path}, which is not below {assembly}; synthesize again"
        for name, path in (("Stack", "../other.yaml"), ("Stage", ".."))
    ]


def test_nested_stacks_do_not_multiply(tmp_path: Path) -> None:
    """Stacks that nest each other tenfold on ten levels are read once each, and their number is bounded."""
    for level in range(10):
        bodies = [f"  N{n}:\n{NESTED.partition('Inner:')[2].strip(chr(10))}\n" for n in range(10)]
        text = "Resources:\n" + "".join(bodies).replace("OTHER", f"{level + 1}.yaml")
        _file(tmp_path, text, f"{level}.yaml")
    _file(tmp_path, YAML, "10.yaml")
    templates = [item for item in read([str(tmp_path / "0.yaml")]) if isinstance(item, Template)]
    assert len(System(templates).stacks) <= 1_000


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_give_a_template_or_a_message(data: bytes) -> None:
    """Whatever the bytes, reading ends in a template or a TemplateError."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return
    for name in ("a.json", "a.yaml"):
        try:
            assert isinstance(parse(text, name), Template)
        except TemplateError as error:
            assert name in str(error)  # noqa: PT017 - both outcomes are right, each in its way


def test_nested_template_is_found_by_its_asset(tmp_path: Path) -> None:
    """In an assembly, a nested stack's URL ends in the key of an asset, which is a file beside it; so do paths."""
    url = {
        "Fn::Join": [
            "",
            ["https://s3.", {"Ref": "AWS::Region"}, "/", {"Fn::Sub": "bucket-${AWS::Region}"}, "/h.json"],
        ]
    }
    resources = {"Inner": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}}}
    _file(tmp_path, json.dumps({"Resources": resources}), "Main.template.json")
    inner = {"Resources": {"Orders": {"Type": "AWS::Lambda::Function", "Properties": {}}}}
    _file(tmp_path, json.dumps(inner), "Inner.nested.template.json")
    files = {
        "h": {
            "source": {"path": "Inner.nested.template.json"},
            "destinations": {"d": {"objectKey": "h.json"}},
        }
    }
    _file(tmp_path, json.dumps({"files": files}), "Main.assets.json")
    paths = {"/Main/Inner/Orders/Resource": [{"type": "aws:cdk:logicalId", "data": "Orders"}]}
    _file(tmp_path, json.dumps(paths), "Main.metadata.json")
    stack = {
        "type": "aws:cloudformation:stack",
        "properties": {"templateFile": "Main.template.json"},
        "additionalMetadataFile": "Main.metadata.json",
    }
    _file(tmp_path, json.dumps({"artifacts": {"Main": stack}}), "manifest.json")
    (template,) = read([str(tmp_path)])
    assert isinstance(template, Template)
    system = System([template])
    (function,) = [found for found in system.resources if found.type == "AWS::Lambda::Function"]
    assert (function.construct_path, function.name) == ("Main/Inner/Orders/Resource", "Inner/Orders")


@pytest.mark.parametrize("transform", ["", "Transform: AWS::Serverless-2016-10-31\n"])
def test_file_that_is_included_is_put_in_its_place(tmp_path: Path, transform: str) -> None:
    """A definition that AWS::Include takes from beside the template is judged like one that is written in it."""
    kind = "Serverless::Api" if transform else "ApiGateway::RestApi"
    body = "StageName: live, DefinitionBody" if transform else "Body"
    (tmp_path / "api.yaml").write_text(
        "paths: {/orders: {get: {x-amazon-apigateway-integration: {type: aws_proxy, "
        "uri: {'Fn::Sub': 'arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Orders.Arn}/invocations'}}}}}\n"
    )
    template = tmp_path / "template.yaml"
    template.write_text(
        f"{transform}Resources:\n"
        "  Orders: {Type: AWS::Lambda::Function, Properties: {Timeout: 60}}\n"
        f"  Api: {{Type: AWS::{kind}, Properties: {{{body}: "
        "{'Fn::Transform': {Name: AWS::Include, Parameters: {Location: FILE}}}}}\n".replace(
            "FILE", "./api.yaml"
        )
    )
    report = check([str(template)])
    assert report.unreadable == []
    assert "T101" in {finding.rule for finding in report.findings}


@pytest.mark.parametrize("location", ["s3://bucket/api.yaml", "./absent.yaml"])
def test_file_that_is_included_from_elsewhere_is_named(tmp_path: Path, location: str) -> None:
    """The coverage says which API's definition is not known."""
    template = tmp_path / "template.yaml"
    template.write_text(
        "Resources: {Api: {Type: AWS::ApiGateway::RestApi, Properties: {Body: "
        f"{{'Fn::Transform': {{Name: AWS::Include, Parameters: {{Location: '{location}'}}}}}}}}}}}}\n"
    )
    report = check([str(template)])
    assert [gap.place.resource.id for gap in report.graphs[0].coverage.missed] == ["Api"]


def test_file_outside_the_folder_is_not_included(tmp_path: Path) -> None:
    """A template may not choose what else of this machine is read."""
    (tmp_path / "secret.yaml").write_text("paths: {}\n")
    (tmp_path / "inside").mkdir()
    template = tmp_path / "inside" / "template.yaml"
    template.write_text(
        "Resources: {Api: {Type: AWS::ApiGateway::RestApi, Properties: {Body: "
        "{'Fn::Transform': {Name: AWS::Include, Parameters: {Location: ../secret.yaml}}}}}}\n"
    )
    (problem,) = check([str(template)]).unreadable
    assert "is not below" in str(problem)
