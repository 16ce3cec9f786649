"""What rules ask about single services."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from constructs_lib.policy.examples import graph_of
from constructs_lib.policy.services.alarms import watched_queues
from constructs_lib.policy.services.dead_letters import dead_letter_queues
from constructs_lib.policy.services.network import endpoints, is_isolated
from constructs_lib.policy.services.packages import unzipped_bytes
from constructs_lib.policy.services.rest_apis import rest_apis, setting_of
from constructs_lib.policy.services.roles import may, services_called
from constructs_lib.policy.services.scaling import scalable_targets

if TYPE_CHECKING:
    from pathlib import Path

QUEUES = """
Failed: {Type: AWS::SQS::Queue}
Jobs:
  Type: AWS::SQS::Queue
  Properties: {RedrivePolicy: {deadLetterTargetArn: !GetAtt Failed.Arn, maxReceiveCount: 5}}
Text:
  Type: AWS::SQS::Queue
  Properties: {RedrivePolicy: !Sub '{"deadLetterTargetArn": "${Failed.Arn}", "maxReceiveCount": 5}'}
Alarm:
  Type: AWS::CloudWatch::Alarm
  Properties: {Dimensions: [{Name: QueueName, Value: !GetAtt Failed.QueueName}]}
"""


def test_dead_letter_queue_is_known_by_who_sends_there() -> None:
    """A queue is a dead-letter queue because others redrive to it, as a mapping or as JSON text."""
    graph = graph_of(QUEUES)
    found = {
        queue.id: [sender.id for sender in senders] for queue, senders in dead_letter_queues(graph).items()
    }
    assert found == {"Failed": ["Jobs", "Text"]}


def test_alarm_watches_its_queue() -> None:
    """An alarm on a queue's metric watches that queue and no other."""
    assert [queue.id for queue in watched_queues(graph_of(QUEUES))] == ["Failed"]


def test_scalable_target_of_an_alias_taken_apart() -> None:
    """CDK's resource id, joined from pieces of the alias, leads to function and alias; schedules are listed."""
    graph = graph_of("""
Orders: {Type: AWS::Lambda::Function, Properties: {}}
Live: {Type: AWS::Lambda::Alias, Properties: {Name: live, FunctionName: !Ref Orders, FunctionVersion: "1"}}
Scaling:
  Type: AWS::ApplicationAutoScaling::ScalableTarget
  Properties:
    MinCapacity: 1
    MaxCapacity: 9
    ResourceId: !Join ["", ["function:", !Select [6, !Split [":", !Ref Live]], ":live"]]
    ScheduledActions: [{ScalableTargetAction: {MinCapacity: 0}}]
""")
    (target,) = scalable_targets(graph)
    assert (target.function.id, target.qualifier, target.minimum.only) == ("Orders", "live", 1)
    assert [minimum.only for minimum, _ in target.scheduled] == [0]


ROLE = """
Orders: {Type: AWS::Lambda::Function, Properties: {Role: !GetAtt Role.Arn}}
Failed: {Type: AWS::SQS::Queue}
Other: {Type: AWS::SQS::Queue}
Role: {Type: AWS::IAM::Role, Properties: {MANAGED}}
Policy:
  Type: AWS::IAM::Policy
  Properties:
    Roles: [!Ref Role]
    PolicyDocument: {Statement: {Effect: Allow, Action: ["sqs:Send*"], Resource: !GetAtt Failed.Arn}}
"""


@pytest.mark.parametrize(
    ("managed", "queue", "expected"),
    [
        ("Path: /", "Failed", True),
        ("Path: /", "Other", False),
        (
            "ManagedPolicyArns: ['arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole']",
            "Other",
            False,
        ),
        ("ManagedPolicyArns: ['arn:aws:iam::aws:policy/AmazonSQSFullAccess']", "Other", None),
    ],
)
def test_role_allows_refuses_or_cannot_be_known(managed: str, queue: str, expected: bool | None) -> None:
    """A policy's resource decides; a managed policy of unknown content leaves it open."""
    graph = graph_of(ROLE.replace("MANAGED", managed))
    (function,) = graph.functions.values()
    (resource,) = [found for found in graph.of_type("AWS::SQS::Queue") if found.id == queue]
    assert may(graph, function, "sqs:SendMessage", resource) is expected
    assert services_called(graph, function) == {"sqs"}


NETWORK = """
Orders: {Type: AWS::Lambda::Function, Properties: {VpcConfig: {SubnetIds: [!Ref Subnet]}}}
Vpc: {Type: AWS::EC2::VPC}
Subnet: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc}}
Table: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Vpc}}
Wire: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {SubnetId: !Ref Subnet, RouteTableId: !Ref Table}}
Endpoint:
  Type: AWS::EC2::VPCEndpoint
  Properties: {VpcId: !Ref Vpc, ServiceName: !Sub "com.amazonaws.${AWS::Region}.ssm"}
"""
NAT = "Route: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref Table, DestinationCidrBlock: 0.0.0.0/0, NatGatewayId: n}}"


def test_subnet_is_isolated_without_a_way_out() -> None:
    """A subnet whose routes lead nowhere is isolated; a NAT gateway ends that; a subnet from elsewhere is open."""
    for example, expected in (
        (NETWORK, True),
        (NETWORK + NAT, False),
        (NETWORK.replace("!Ref Subnet]", "!ImportValue net]"), None),
    ):
        graph = graph_of(example)
        (function,) = graph.functions.values()
        assert is_isolated(graph, function) is expected
    graph = graph_of(NETWORK)
    assert endpoints(graph, *graph.functions.values()) == {"ssm"}


def test_most_specific_method_setting_counts() -> None:
    """A stage's setting for one method overrides the one for all."""
    graph = graph_of("""
Api: {Type: AWS::ApiGateway::RestApi, Properties: {Body: {paths: {/orders: {get: {x-amazon-apigateway-integration: {type: mock}}, post: {x-amazon-apigateway-integration: {type: mock}}}}}}}
Stage:
  Type: AWS::ApiGateway::Stage
  Properties:
    RestApiId: !Ref Api
    MethodSettings:
      - {ResourcePath: /~1orders, HttpMethod: GET, CachingEnabled: true}
      - {ResourcePath: "/*", HttpMethod: "*", CachingEnabled: false, ThrottlingRateLimit: 5}
""")
    (api,) = rest_apis(graph)
    (stage,) = api.stages
    cached = {method.label: setting_of(stage, method, "CachingEnabled").only for method in api.methods}
    assert cached == {"GET /orders": True, "POST /orders": False}
    assert {setting_of(stage, method, "ThrottlingRateLimit").only for method in api.methods} == {5}
    assert all(setting_of(stage, method, "CacheTtlInSeconds").is_absent for method in api.methods)


def test_size_of_a_package(tmp_path: Path) -> None:
    """A directory's files are added up."""
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "a").write_bytes(b"x" * 10)
    (tmp_path / "b").write_bytes(b"x" * 5)
    assert unzipped_bytes(str(tmp_path)) == 15
