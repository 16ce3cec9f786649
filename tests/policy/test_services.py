"""What rules ask about single services."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from constructs_lib.limits import EXTENSION_LAYERS, extension_layer_arn
from constructs_lib.policy.examples import graph_of
from constructs_lib.policy.services.alarms import watched_queues
from constructs_lib.policy.services.dead_letters import dead_letter_queues
from constructs_lib.policy.services.extension import extension_layers
from constructs_lib.policy.services.integrations import limit_of
from constructs_lib.policy.services.network import endpoints, is_isolated
from constructs_lib.policy.services.packages import unzipped_bytes
from constructs_lib.policy.services.rest_apis import rest_apis
from constructs_lib.policy.services.roles import may, services_called
from constructs_lib.policy.services.scaling import scalable_targets
from constructs_lib.policy.services.stages import stages_of
from constructs_lib.policy.settings import Settings

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


STATEMENT = "{Effect: Allow, Action: 'sqs:*', Resource: '*'}"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("", True),
        ("Statement: [{Effect: Deny, Action: 'sqs:Send*', Resource: !GetAtt Other.Arn}]", False),
        ("Statement: [{Effect: Deny, Action: 'sqs:Receive*', Resource: '*'}]", True),
        ("Statement: [{Effect: Deny, Action: '*', Resource: '*', Condition: {Bool: {'aws:SecureTransport': false}}}]", None),
        ("Statement: [{Effect: Deny, NotAction: 'sqs:*', Resource: '*'}]", None),
        ("Statement: [{Effect: !ImportValue effect, Action: '*', Resource: '*'}]", None),
        ("Statement: [{Effect: Deny, Action: !ImportValue action, Resource: '*'}]", None),
    ],
)  # fmt: skip
def test_what_a_policy_denies_is_not_allowed(more: str, expected: bool | None) -> None:
    """A Deny wins; one under a condition, or of which something is not known, leaves it open."""
    graph = graph_of(f"""
Other: {{Type: AWS::SQS::Queue}}
Role:
  Type: AWS::IAM::Role
  Properties:
    Policies: [{{PolicyDocument: {{Statement: [{STATEMENT}]}}}}, {{PolicyDocument: {{{more or "Statement: []"}}}}}]
Orders: {{Type: AWS::Lambda::Function, Properties: {{Role: !GetAtt Role.Arn}}}}
""")
    (function,) = graph.functions.values()
    assert may(graph, function, "sqs:SendMessage", graph.of_type("AWS::SQS::Queue")[0]) is expected


def test_permissions_boundary_leaves_open_what_is_allowed() -> None:
    """A boundary may take away what the policies give; what they do not give stays refused."""
    graph = graph_of(f"""
Other: {{Type: AWS::SQS::Queue}}
Role:
  Type: AWS::IAM::Role
  Properties: {{PermissionsBoundary: "arn:aws:iam::1:policy/b", Policies: [{{PolicyDocument: {{Statement: [{STATEMENT}]}}}}]}}
Orders: {{Type: AWS::Lambda::Function, Properties: {{Role: !GetAtt Role.Arn}}}}
""")
    (function,) = graph.functions.values()
    queue = graph.of_type("AWS::SQS::Queue")[0]
    assert may(graph, function, "sqs:SendMessage", queue) is None
    assert may(graph, function, "sns:Publish", queue) is False
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
    """A stage's setting for one method overrides the one for all; what it leaves out is not known then."""
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
    (stage,) = stages_of(graph, api)
    said = {
        (method.label, name): stage.says(method, name)[0]
        for method in api.methods
        for name in ("CachingEnabled", "ThrottlingRateLimit", "CacheTtlInSeconds")
    }
    assert said["GET /orders", "CachingEnabled"].only is True
    assert said["POST /orders", "CachingEnabled"].only is False
    assert said["POST /orders", "ThrottlingRateLimit"].only == 5
    assert "leaves out ThrottlingRateLimit" in str(said["GET /orders", "ThrottlingRateLimit"].unknown)
    assert said["GET /orders", "CacheTtlInSeconds"].is_absent


def test_setting_of_a_stage_itself_is_for_every_method() -> None:
    """What a stage says beside its method settings covers every method, even if it wrongly names one."""
    graph = graph_of("""
Api: {Type: AWS::ApiGateway::RestApi, Properties: {Body: {paths: {/orders: {get: {x-amazon-apigateway-integration: {type: mock}}}}}}}
Stage: {Type: AWS::ApiGateway::Stage, Properties: {RestApiId: !Ref Api, HttpMethod: POST, CachingEnabled: true}}
""")
    (api,) = rest_apis(graph)
    (stage,) = stages_of(graph, api)
    assert stage.says(api.methods[0], "CachingEnabled")[0].only is True


def test_size_of_a_package(tmp_path: Path) -> None:
    """A directory's files are added up."""
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "a").write_bytes(b"x" * 10)
    (tmp_path / "b").write_bytes(b"x" * 5)
    assert unzipped_bytes(str(tmp_path)) == 15


def test_builds_of_the_extension_in_a_table_of_regions() -> None:
    """CDK picks the layer by region from a mapping: every row counts, each under its region."""
    graph = graph_of("""
Mappings:
  Layers:
    eu-west-1: {arm64: "arn:aws:lambda:eu-west-1:015030872274:layer:AWS-Parameters-and-Secrets-Lambda-Extension-Arm64:4"}
    us-east-1: {arm64: "arn:aws:lambda:us-east-1:177933569100:layer:AWS-Parameters-and-Secrets-Lambda-Extension-Arm64:21"}
Resources:
  Orders:
    Type: AWS::Lambda::Function
    Properties: {Layers: [!FindInMap [Layers, !Ref AWS::Region, arm64]]}
""")
    (function,) = graph.functions.values()
    found = [(layer.region, layer.home, layer.version, layer.listed) for layer in extension_layers(function)]
    assert found == [("eu-west-1", "eu-west-1", 4, 21), ("us-east-1", "us-east-1", 21, 21)]


def test_every_build_of_the_own_table_is_recognised() -> None:
    """A mapping of more rows than a value may have cases is read all the same, and each ARN as what it is."""
    rows = "\n".join(
        f"    {region}: {{x: '{extension_layer_arn(region, 'x86_64')}'}}" for region in EXTENSION_LAYERS
    )
    graph = graph_of(f"""
Mappings:
  Layers:
{rows}
Resources:
  Orders: {{Type: AWS::Lambda::Function, Properties: {{Layers: [!FindInMap [Layers, !Ref AWS::Region, x]]}}}}
""")
    (function,) = graph.functions.values()
    layers = list(extension_layers(function))
    assert [layer.region for layer in layers] == list(EXTENSION_LAYERS)
    assert all(layer.home == layer.region and layer.version == layer.listed for layer in layers)


@pytest.mark.parametrize(
    ("kind", "mode", "endpoint", "limit"),
    [
        ("rest", "BUFFERED", "REGIONAL", 60),
        ("rest", "BUFFERED", "EDGE", 29),
        ("rest", "STREAM", "EDGE", 900),
        ("http", "BUFFERED", "REGIONAL", 30),
        ("websocket", "BUFFERED", "REGIONAL", 29),
        ("cdn", "BUFFERED", "REGIONAL", 180),
    ],
)
def test_raised_quotas_count_where_they_can(kind: str, mode: str, endpoint: str, limit: float) -> None:
    """A raised quota lifts Regional REST APIs or CloudFront, and nothing else."""
    settings = Settings(rest_wait=60, cloudfront_read=180)
    assert limit_of(kind, mode, endpoint, settings)[0] == limit
