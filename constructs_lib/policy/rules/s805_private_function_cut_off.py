"""S805 private-function-cut-off."""

from __future__ import annotations

from constructs_lib.policy.rule import WARNING, Finding, Rule
from constructs_lib.policy.services.network import endpoints, is_isolated, subnets_of
from constructs_lib.policy.services.reach import services_reached_from

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_SYSTEM = """
Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
Private: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.0.0.0/24}}
Routes: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Vpc}}
Association:
  Type: AWS::EC2::SubnetRouteTableAssociation
  Properties: {SubnetId: !Ref Private, RouteTableId: !Ref Routes}
Role:
  Type: AWS::IAM::Role
  Properties:
    AssumeRolePolicyDocument: {}
    Policies: [{PolicyName: p, PolicyDocument: {Statement: [{Effect: Allow, Action: ACTION, Resource: "*"}]}}]
Orders:
  Type: AWS::Lambda::Function
  Properties: {Timeout: 5, Role: !GetAtt Role.Arn, VpcConfig: {SubnetIds: [SUBNET], SecurityGroupIds: []}}
"""
_SECRETS = _SYSTEM.replace("ACTION", "secretsmanager:GetSecretValue")
_SENDS = _SYSTEM.replace("ACTION", "sqs:SendMessage").replace("SUBNET", "!Ref Private")
_ENDPOINT = """
Endpoint:
  Type: AWS::EC2::VPCEndpoint
  Properties: {VpcId: !Ref Vpc, ServiceName: !Sub "com.amazonaws.${AWS::Region}.secretsmanager"}
"""
_NAT = """
Out:
  Type: AWS::EC2::Route
  Properties: {RouteTableId: !Ref Routes, DestinationCidrBlock: 0.0.0.0/0, NatGatewayId: nat-1}
"""


class PrivateFunctionCutOff(Rule):
    """The function cannot reach a service that it has rights to call.

    ## Why is this bad?
    A subnet without a route out of its VPC reaches AWS's services through endpoints alone. Without one, a call hangs until
    the client gives up, usually in init, and shows as a timeout that no code explains.

    ## What to do
    Add a VPC endpoint for the service, or put the function into a subnet with a NAT gateway, or out of the VPC.

    ## Known limits
    Rights that Lambda itself uses outside of the VPC are not counted: polling sources, delivering failed events.
    """

    id = "S805"
    name = "private-function-cut-off"
    severity = WARNING
    bad = {
        "secret without endpoint": _SECRETS.replace("SUBNET", "!Ref Private"),
        "messages that the handler sends": _SENDS,
        "cut off in production alone": _SYSTEM.replace(
            "ACTION", "!If [IsProd, secretsmanager:GetSecretValue, sqs:ReceiveMessage]"
        ).replace("SUBNET", "!Ref Private"),
    }
    good = {
        "endpoint": _SECRETS.replace("SUBNET", "!Ref Private") + _ENDPOINT,
        "NAT gateway": _SECRETS.replace("SUBNET", "!Ref Private") + _NAT,
        "rights of a mapping": _SYSTEM.replace("SUBNET", "!Ref Private").replace(
            "ACTION", "sqs:ReceiveMessage"
        ),
        "messages that Lambda sends": _SENDS.replace(
            "Timeout: 5", "DeadLetterConfig: {TargetArn: !GetAtt Failed.Arn}"
        )
        + "Failed: {Type: AWS::SQS::Queue}",
        "no VPC": _SECRETS.replace("SUBNET", "").replace("SubnetIds: [], ", ""),
    }
    undecided = {
        "subnet from elsewhere": _SECRETS.replace("SUBNET", "!ImportValue subnet"),
        "network from elsewhere": _SECRETS.replace("SUBNET", "!Ref Private").replace(
            "!Ref Vpc", "!ImportValue network"
        ),
        "endpoint for something": _SECRETS.replace("SUBNET", "!Ref Private")
        + _ENDPOINT.replace('!Sub "com.amazonaws.${AWS::Region}.secretsmanager"', "!ImportValue service"),
    }

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Compare what the role allows with what the network lets through."""
        for function in graph.functions.values():
            network = function.resource.get("VpcConfig", "SubnetIds")
            if network.is_absent:
                continue
            if subnets_of(graph, function) is None:
                graph.coverage.undecided(network.place, "subnets that are not in the given templates")
            wanted = services_reached_from(graph, function) if is_isolated(graph, function) else set()
            offered = endpoints(graph, function)
            if wanted and offered is None:
                graph.coverage.undecided(network.place, "endpoints that are not in the given templates")
            missing = sorted(wanted - offered) if offered is not None else []
            if missing:
                names = ", ".join(missing)
                message = (
                    f"{function.name} may call {names}, but its subnets have no route out of the VPC and the VPC has no "
                    "endpoint for that: the call hangs until the function times out."
                )
                fix = f"Add a VPC endpoint for {names}, or a NAT gateway for the subnets."
                yield self.finding(network.place, message, fix=fix)
