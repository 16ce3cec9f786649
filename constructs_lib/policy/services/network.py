"""Where a function's packets can go: its subnets' routes and its VPC's endpoints."""

from __future__ import annotations

from constructs_lib.policy.values.text import why_unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from constructs_lib.policy.function import Function
    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values import Resource

_WAYS_OUT = (
    *("NatGatewayId", "NatInstanceId", "InstanceId", "TransitGatewayId", "VpcPeeringConnectionId"),
    *(
        "NetworkInterfaceId",
        "EgressOnlyInternetGatewayId",
        "CarrierGatewayId",
        "CoreNetworkArn",
        "VpcEndpointId",
    ),
)  # an internet gateway is none: a function has no public address
_EVERYWHERE = {"0.0.0.0/0", "::/0"}


def subnets_of(graph: Graph, function: Function) -> list[Resource] | None:
    """List the subnets that a function is in: empty without a VPC, None if they are not in the given templates."""
    found: list[Resource] = []
    for value in function.resource.get("VpcConfig", "SubnetIds").elements():
        subnet = graph.designated(value, "AWS::EC2::Subnet")
        if subnet is None:
            return None
        found.append(subnet)
    return found


def is_isolated(graph: Graph, function: Function) -> bool | None:
    """Tell whether no subnet of a function has a route out of its VPC; None if that cannot be known."""
    subnets = subnets_of(graph, function)
    if subnets is None:
        return None
    return bool(subnets) and not any(_has_way_out(graph, subnet) for subnet in subnets)


def endpoints(graph: Graph, function: Function) -> set[str] | None:
    """List the services with an endpoint in the function's VPC, as the end of their service name: ``ssm``, ``s3``.

    None if there may be others: in a VPC that is not in the given templates, or by a name that is not known.
    """
    subnets = subnets_of(graph, function) or []
    networks = [graph.designated(subnet.get("VpcId"), "AWS::EC2::VPC") for subnet in subnets]
    names = [
        str(case.data).rpartition(".")[2]
        for network in dict.fromkeys(networks)
        if network
        for endpoint in graph.naming(network, "AWS::EC2::VPCEndpoint", "VpcId")
        for case in endpoint.get("ServiceName").texts().cases
    ]
    return None if None in networks or any(map(why_unknown, names)) else set(names)


def _has_way_out(graph: Graph, subnet: Resource) -> bool:
    """Look at the routes of a subnet; a table that is not in the templates may have any."""
    for association in graph.naming(subnet, "AWS::EC2::SubnetRouteTableAssociation", "SubnetId"):
        table = graph.designated(association.get("RouteTableId"), "AWS::EC2::RouteTable")
        return table is None or any(
            _leads_out(route) for route in graph.naming(table, "AWS::EC2::Route", "RouteTableId")
        )
    return False


def _leads_out(route: Resource) -> bool:
    destinations = [
        route.get(key).texts().only for key in ("DestinationCidrBlock", "DestinationIpv6CidrBlock")
    ]
    wide = any(text in _EVERYWHERE or (isinstance(text, str) and why_unknown(text)) for text in destinations)
    return wide and any(not route.get(key).is_absent for key in _WAYS_OUT)
