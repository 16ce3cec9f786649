"""The graph: references of every kind end at the right function and qualifier, through stacks and services."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from constructs_lib.policy import judge
from constructs_lib.policy.examples import graph_of
from constructs_lib.policy.graph import ASYNC, POLL, SYNC, Edge, Graph
from constructs_lib.policy.template import Template, read
from constructs_lib.policy.template.template import parse
from constructs_lib.policy.values import System

if TYPE_CHECKING:
    from pathlib import Path

FUNCTION = """
Orders: {Type: AWS::Lambda::Function, Properties: {FunctionName: orders, Timeout: 5}}
Version: {Type: AWS::Lambda::Version, Properties: {FunctionName: !Ref Orders}}
Live:
  Type: AWS::Lambda::Alias
  Properties: {Name: live, FunctionName: !Ref Orders, FunctionVersion: !GetAtt Version.Version}
Jobs: {Type: AWS::SQS::Queue}
"""
MAPPING = (
    FUNCTION
    + """
Mapping:
  Type: AWS::Lambda::EventSourceMapping
  Properties: {EventSourceArn: !GetAtt Jobs.Arn, FunctionName: NAME}
"""
)


def _edge(example: str) -> Edge:
    (edge,) = graph_of(example).edges
    return edge


@pytest.mark.parametrize(
    ("name", "callee"),
    [
        ("!Ref Orders", "Orders"),
        ("!GetAtt Orders.Arn", "Orders"),
        ("orders", "Orders"),
        ("orders:live", "Orders:live"),
        ("arn:aws:lambda:eu-west-1:123456789012:function:orders", "Orders"),
        ("arn:aws:lambda:eu-west-1:123456789012:function:orders:7", "Orders:7"),
        ("123456789012:function:orders:$LATEST", "Orders:$LATEST"),
        ('!Sub "${Orders.Arn}:live"', "Orders:live"),
        ('!Sub "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${Orders}"', "Orders"),
        ("!Ref Live", "Orders:live"),
        ("!Ref Version", "Orders:Version"),
        ('!Join ["", [!Select [6, !Split [":", !Ref Live]], ":live"]]', "Orders:live"),
        ('!Join [":", [!Select [3, !Split [":", !Ref Live]], function, orders]]', "Orders"),
    ],
)
def test_function_is_found_through_every_form_of_its_name(name: str, callee: str) -> None:
    """A name, an ARN, a qualifier, and an alias taken apart and joined again all lead to the function."""
    assert _edge(MAPPING.replace("NAME", name)).callee == callee


def test_path_names_every_hop() -> None:
    """The path runs from the caller over wiring and alias to the function."""
    assert _edge(MAPPING.replace("NAME", "!Ref Live")).path == ("Jobs", "Mapping", "Live", "Orders")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("!ImportValue worker", "ImportValue worker: no given template exports it"),
        ("!GetAtt Nobody.Arn", "Fn::GetAtt Nobody.Arn: the template has no resource Nobody"),
        ("somebody-else", "function somebody-else is not in the given templates"),
        ("!GetAtt Jobs.Arn", None),
    ],
)
def test_what_cannot_be_followed_is_counted(name: str, reason: str | None) -> None:
    """A reference that leads out of the templates is in the coverage; one that is no function is not."""
    graph = graph_of(MAPPING.replace("NAME", name))
    assert graph.edges == []
    assert [gap.reason for gap in graph.coverage.missed] == ([reason] if reason else [])


SERVICES = {
    "sns": "Wire: {Type: AWS::SNS::Subscription, Properties: {TopicArn: t, Protocol: lambda, Endpoint: !Ref Live}}",
    "s3": "Wire: {Type: AWS::S3::Bucket, Properties: {NotificationConfiguration: {LambdaConfigurations: [{Function: !Ref Live}]}}}",
    "events": "Wire: {Type: AWS::Events::Rule, Properties: {Targets: [{Id: a, Arn: !Ref Live}]}}",
    "scheduler": "Wire: {Type: AWS::Scheduler::Schedule, Properties: {Target: {Arn: !Ref Live}}}",
    "pipe": "Wire: {Type: AWS::Pipes::Pipe, Properties: {Source: !GetAtt Jobs.Arn, Target: !Ref Live}}",
    "iot": "Wire: {Type: AWS::IoT::TopicRule, Properties: {TopicRulePayload: {Actions: [{Lambda: {FunctionArn: !Ref Live}}]}}}",
    "logs": "Wire: {Type: AWS::Logs::SubscriptionFilter, Properties: {LogGroupName: g, DestinationArn: !Ref Live}}",
    "alarm": "Wire: {Type: AWS::CloudWatch::Alarm, Properties: {AlarmActions: [!Ref Live]}}",
    "ses": "Wire: {Type: AWS::SES::ReceiptRule, Properties: {Rule: {Actions: [{LambdaAction: {FunctionArn: !Ref Live}}]}}}",
    "url": "Wire: {Type: AWS::Lambda::Url, Properties: {TargetFunctionArn: !GetAtt Orders.Arn, Qualifier: live}}",
    "cognito": "Wire: {Type: AWS::Cognito::UserPool, Properties: {LambdaConfig: {PreSignUp: !Ref Live}}}",
    "appsync": "Wire: {Type: AWS::AppSync::DataSource, Properties: {LambdaConfig: {LambdaFunctionArn: !Ref Live}}}",
    "alb": "Wire: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {TargetType: lambda, Targets: [{Id: !Ref Live}]}}",
    "edge": "Wire: {Type: AWS::CloudFront::Distribution, Properties: {DistributionConfig: {DefaultCacheBehavior: {LambdaFunctionAssociations: [{EventType: viewer-request, LambdaFunctionARN: !Ref Live}]}}}}",
    "custom": "Wire: {Type: Custom::Thing, Properties: {ServiceToken: !Ref Live}}",
    "http-authorizer": "Wire: {Type: AWS::ApiGatewayV2::Authorizer, Properties: {AuthorizerUri: !Sub 'arn:aws:apigateway:r:lambda:path/2015-03-31/functions/${Live}/invocations'}}",
    "rest-authorizer": "Wire: {Type: AWS::ApiGateway::Authorizer, Properties: {AuthorizerUri: !Sub 'arn:aws:apigateway:r:lambda:path/2015-03-31/functions/${Live}/invocations'}}",
    "states": "Wire: {Type: AWS::StepFunctions::StateMachine, Properties: {Definition: {States: {A: {Type: Task, Resource: 'arn:aws:states:::lambda:invoke', Parameters: {FunctionName: !Ref Live}}}}}}",
}
MODES = {
    "sns": ASYNC,
    "s3": ASYNC,
    "events": ASYNC,
    "scheduler": ASYNC,
    "iot": ASYNC,
    "logs": ASYNC,
    "alarm": ASYNC,
}
MODES |= {"ses": ASYNC, "custom": ASYNC, "mapping": POLL}


@pytest.mark.parametrize("kind", SERVICES)
def test_service_invokes_the_alias(kind: str) -> None:
    """Each service's wiring gives one edge of its kind and mode, and keeps the qualifier."""
    edge = _edge(FUNCTION + SERVICES[kind])
    assert (edge.kind, edge.mode, edge.callee) == (kind, MODES.get(kind, SYNC), "Orders:live")
    assert edge.path[0] in {"Wire", "Jobs"}


NESTED_STATES = """
Machine:
  Type: AWS::StepFunctions::StateMachine
  Properties:
    DefinitionSubstitutions: {Function: !GetAtt Orders.Arn, Seconds: "9"}
    DefinitionString: |
      {"States": {
        "All": {"Type": "Parallel", "Branches": [
          {"States": {"Each": {"Type": "Map", "ItemProcessor": {"States": {
            "Work": {"Type": "Task", "Resource": "${Function}", "TimeoutSeconds": ${Seconds}}}}}}}]}}}
"""


def test_task_inside_parallel_and_map_is_found() -> None:
    """A task is found at any depth, with its substitutions put in."""
    edge = _edge(FUNCTION + NESTED_STATES)
    assert edge.label == "All[0]/Each/Work"
    assert edge.wait is not None
    assert edge.wait.only == 9


def test_export_meets_import() -> None:
    """A queue of one template and a mapping of another are one system."""
    example = """
Resources: {Jobs: {Type: AWS::SQS::Queue}}
Outputs: {Arn: {Value: !GetAtt Jobs.Arn, Export: {Name: !Sub "${AWS::StackName}-jobs-arn"}}}
---
Resources:
  Orders: {Type: AWS::Lambda::Function, Properties: {}}
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {FunctionName: !Ref Orders, EventSourceArn: !ImportValue queues-jobs-arn}
"""
    assert _edge(example).path == ("Jobs", "Mapping", "Orders")


def test_nested_stack_gets_parameters_and_gives_outputs(tmp_path: Path) -> None:
    """A function in the parent and a mapping in the child meet through a parameter, a queue through an output."""
    (tmp_path / "child.yaml").write_text(
        """
Parameters: {Worker: {Type: String}}
Resources:
  Jobs: {Type: AWS::SQS::Queue}
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {FunctionName: !Ref Worker, EventSourceArn: !GetAtt Jobs.Arn}
Outputs: {Arn: {Value: !GetAtt Jobs.Arn}}
"""
    )
    (tmp_path / "parent.yaml").write_text(
        """
Resources:
  Orders: {Type: AWS::Lambda::Function, Properties: {}}
  Child:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: child.yaml, Parameters: {Worker: !GetAtt Orders.Arn}}
  Second:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {FunctionName: !Ref Orders, EventSourceArn: !GetAtt Child.Outputs.Arn}
"""
    )
    templates = [item for item in read([str(tmp_path / "parent.yaml")]) if isinstance(item, Template)]
    paths = {edge.path for edge in Graph(System(templates)).edges}
    assert paths == {("Jobs", "Mapping", "Orders"), ("Jobs", "Second", "Orders")}


def test_resource_of_a_false_condition_is_not_there() -> None:
    """A resource whose condition is false under the defaults has no edges."""
    example = """
Conditions: {Never: {"Fn::Equals": [a, b]}}
Resources:
  Orders: {Type: AWS::Lambda::Function, Properties: {}}
  Rule: {Type: AWS::Events::Rule, Condition: Never, Properties: {Targets: [{Id: a, Arn: !GetAtt Orders.Arn}]}}
"""
    assert graph_of(example).edges == []


def test_loop_makes_its_resources() -> None:
    """Fn::ForEach is written out, logical ids included."""
    template = {
        "Transform": "AWS::LanguageExtensions",
        "Resources": {
            "Fn::ForEach::Queues": [
                "Name",
                ["A", "B"],
                {"Queue${Name}": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": "Name"}}}},
            ]
        },
    }
    graph = Graph(System([parse(json.dumps(template), "template.json")]))
    names = {queue.id: queue.get("QueueName").only for queue in graph.of_type("AWS::SQS::Queue")}
    assert names == {"QueueA": "A", "QueueB": "B"}


CONDITIONS = """
Parameters: {Stage: {Type: String}}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  NotProd: !Not [!Condition IsProd]
Resources:
  Orders: {Type: AWS::Lambda::Function, Condition: OF_FUNCTION, Properties: {Timeout: 60}}
  Jobs: {Type: AWS::SQS::Queue}
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Condition: IsProd
    Properties: {EventSourceArn: !GetAtt Jobs.Arn, FunctionName: !Ref Orders}
"""


def test_edge_exists_under_the_conditions_of_all_its_resources() -> None:
    """What is deployed only together is said once; what is never deployed together is no edge."""
    edge = _edge(CONDITIONS.replace("OF_FUNCTION", "IsProd"))
    assert edge.when == (("IsProd", True),)
    assert graph_of(CONDITIONS.replace("OF_FUNCTION", "NotProd")).edges == []


def test_finding_on_an_edge_says_its_condition() -> None:
    """Whoever reads the finding learns that it counts in one kind of deployment only."""
    findings = judge(graph_of(CONDITIONS.replace("OF_FUNCTION", "IsProd")))
    assert next(found for found in findings if found.rule == "Q301").message.startswith("If IsProd: ")
