"""SAM: what the transform wrote out is found where somebody wrote it, and what it refuses is said in its words."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from constructs_lib.errors import TemplateError
from constructs_lib.policy import check
from constructs_lib.policy.graph import Graph
from constructs_lib.policy.template import Template, read
from constructs_lib.policy.values import System

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = """\
Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    Timeout: 60
    Runtime: python3.13
    Handler: app.handler
Resources:
  Orders:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src/
      AutoPublishAlias: live
      Events:
        Get:
          Type: Api
          Properties:
            Path: /orders
            Method: get
        Jobs:
          Type: SQS
          Properties:
            Queue: !GetAtt Queue.Arn
            BatchSize: 50
        Any:
          Type: HttpApi
          Properties:
            Path: /any
            TimeoutInMillis: 5000
            Method: any
  Queue:
    Type: AWS::SQS::Queue
  Flow:
    Type: AWS::Serverless::StateMachine
    Properties:
      Role: arn:aws:iam::111111111111:role/flow
      Definition:
        StartAt: Work
        States:
          Work: {Type: Task, Resource: !GetAtt Orders.Arn, End: true}
"""


def _written(folder: Path, text: str) -> str:
    path = folder / "template.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("Orders", "Properties", "Timeout"), "    Timeout: 60"),
        (("Orders", "Properties", "CodeUri"), "      CodeUri: src/"),
        (("ServerlessRestApi", "Properties", "Body", "paths", "/orders", "get", "security"), "          Properties:"),
        (
            ("ServerlessHttpApi", "Properties", "Body", "paths", "/any", "x-amazon-apigateway-any-method", "timeoutInMillis"),
            "            TimeoutInMillis: 5000",
        ),
        (("ServerlessRestApiProdStage", "Properties", "MethodSettings"), "        Get:"),
        (("OrdersJobs", "Properties", "BatchSize"), "            BatchSize: 50"),
        (("OrdersAliaslive", "Properties", "FunctionVersion"), "      AutoPublishAlias: live"),
        (("Flow", "Properties", "DefinitionString", "States", "Work", "Retry"), "          Work: {Type: Task, Resource: !GetAtt Orders.Arn, End: true}"),
        (("Nobody", "Properties"), "Resources:"),
    ],
)  # fmt: skip
def test_place_of_what_the_transform_made(tmp_path: Path, path: tuple[str, ...], line: str) -> None:
    """Routes, mappings, aliases and shared properties are found at the event or property that made them."""
    (template,) = read([_written(tmp_path, SOURCE)])
    assert isinstance(template, Template)
    number, _ = template.locate(("Resources", *path))
    assert SOURCE.splitlines()[number - 1] == line


def test_every_finding_points_into_the_source(tmp_path: Path) -> None:
    """No finding about a SAM template falls back to the Resources line."""
    report = check([_written(tmp_path, SOURCE)])
    assert {"T101", "Q301", "Q306", "W401"} <= {finding.rule for finding in report.findings}
    assert all(finding.place.locate()[0] not in {1, 7} for finding in report.findings)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("Type: SQS", "Type: Carrier pigeon"), ":8: SAM: "),
        (("Events:\n        Get:", "Events: 3\n      Other:\n        Get:"), ":8: SAM: "),
        (("Globals:", "Globals: [1]\nIgnored:"), ": the SAM translator cannot read it: AttributeError: "),
        (("Resources:\n", "Resources:\n  Api: {Type: AWS::Serverless::Api, Properties: {StageName: [x], DefinitionBody: 1}}\n"), ":8: SAM: Resource with id [Api] is invalid"),
    ],
)  # fmt: skip
def test_broken_sam_is_named_with_its_resource(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    """What the translator refuses is one message at the resource that it names; nothing of it is half read."""
    (error,) = read([_written(tmp_path, SOURCE.replace(*change))])
    assert isinstance(error, TemplateError)
    assert f"template.yaml{message}" in str(error)


def test_definition_beside_the_template_is_read_like_one(tmp_path: Path) -> None:
    """A DefinitionUri that leads to a device is left alone; a broken definition is named."""
    text = SOURCE[: SOURCE.index("      Definition:")] + "      DefinitionUri: flow.yaml\n"
    path = _written(tmp_path, text)
    (tmp_path / "flow.yaml").symlink_to("/dev/zero")
    (template,) = read([path])
    assert isinstance(template, Template)
    (tmp_path / "flow.yaml").unlink()
    (tmp_path / "flow.yaml").write_text("States: [", encoding="utf-8")
    (error,) = read([path])
    assert str(error) == f"{tmp_path}/flow.yaml:2:1: broken YAML: did not find expected node content"


def test_definition_elsewhere_is_not_read(tmp_path: Path) -> None:
    """A DefinitionUri that leads out of the template's folder is named; the template itself is read."""
    text = SOURCE[: SOURCE.index("      Definition:")] + "      DefinitionUri: ../flow.yaml\n"
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "flow.yaml").write_text("States: [", encoding="utf-8")
    template, error = read([_written(inner, text)])
    assert isinstance(template, Template)
    assert f"DefinitionUri ../flow.yaml is not below {inner} and so is not read" in str(error)


def test_loops_are_written_out_before_sam_is_transformed(tmp_path: Path) -> None:
    """Fn::ForEach may make functions with events, as the language extensions are processed first."""
    text = """
Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]
Resources:
  Fn::ForEach::Functions:
    - Name
    - [Orders, Items]
    - ${Name}:
        Type: AWS::Serverless::Function
        Properties:
          Runtime: python3.13
          Handler: app.handler
          CodeUri: src
          Events: {Get: {Type: HttpApi, Properties: {Path: "/${Name}", Method: GET}}}
"""
    (template,) = read([_written(tmp_path, text)])
    assert isinstance(template, Template)
    edges = Graph(System([template])).edges
    assert {(edge.label, edge.function.id) for edge in edges} == {
        ("GET /Orders", "Orders"),
        ("GET /Items", "Items"),
    }


def test_published_application_is_not_asked_for(tmp_path: Path) -> None:
    """An application of the Serverless Application Repository stays a stack without a template: nothing is fetched."""
    location = "{ApplicationId: 'arn:aws:serverlessrepo:us-east-1:1:applications/a', SemanticVersion: 1.0.0}"
    application = f"Type: AWS::Serverless::Application, Properties: {{Location: {location}}}"
    text = f"Transform: AWS::Serverless-2016-10-31\nResources: {{Shop: {{{application}}}}}\n"
    (template,) = read([_written(tmp_path, text)])
    assert isinstance(template, Template)
    assert template.data["Resources"]["Shop"]["Type"] == "AWS::CloudFormation::Stack"


def test_translator_says_nothing_on_standard_error(tmp_path: Path) -> None:
    """What a user of the command sees is the command's own."""
    words = [sys.executable, "-m", "constructs_lib.cli", "check", _written(tmp_path, SOURCE)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize(
    ("written", "line"),
    [
        ("AutoPublishAlias: live", "AutoPublishAlias: !Ref Stage"),
        ("AutoPublishAlias: live", "AutoPublishAlias: live\n      AutoPublishCodeSha256: !Ref Stage"),
        ("CodeUri: src/", "CodeUri: !Ref Stage"),
    ],
)
def test_parameter_that_is_known_only_in_deployment_names_what_is_published(
    tmp_path: Path, written: str, line: str
) -> None:
    """The translator wants words where a parameter without a default stands; the template is checked all the same."""
    source = SOURCE.replace("Resources:", "Parameters: {Stage: {Type: String}}\nResources:", 1)
    path = _written(tmp_path, source.replace(written, line))
    report = check([path])
    assert report.unreadable == []
    assert "T101" in {finding.rule for finding in report.findings}


def test_alias_named_by_a_parameter_has_no_name_of_its_own(tmp_path: Path) -> None:
    """What the translator was told in place of a parameter is nowhere taken for its value."""
    source = SOURCE.replace("Resources:", "Parameters: {Stage: {Type: String}}\nResources:", 1)
    path = _written(tmp_path, source.replace("AutoPublishAlias: live", "AutoPublishAlias: !Ref Stage"))
    (template,) = read([path])
    assert isinstance(template, Template)
    (alias,) = Graph(System([template])).of_type("AWS::Lambda::Alias")
    assert alias.get("Name").only is None
