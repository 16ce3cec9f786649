"""The API's endpoint: how long it waits, by type and transfer mode, and how a private one is reached."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_ec2 as ec2
from aws_cdk.aws_apigateway import EndpointType

from constructs_lib.errors import RefusedError
from constructs_lib.limits import (
    REST_EDGE_WAIT,
    REST_PRIVATE_WAIT,
    REST_RAISED_WAIT,
    REST_REGIONAL_WAIT,
    REST_STREAM_WAIT,
)
from constructs_lib.timeouts.derivation import SECOND
from constructs_lib.timeouts.seconds import Seconds, milliseconds

_BUFFERED = {
    EndpointType.REGIONAL: REST_REGIONAL_WAIT,
    EndpointType.PRIVATE: REST_PRIVATE_WAIT,
    EndpointType.EDGE: REST_EDGE_WAIT,
}


class WaitLimit:
    """The longest integration timeout that this API's endpoint type and the account's quota allow.

    Args:
        subject: who refuses.
        endpoint_type: Regional, private or edge-optimized.
        raised_quota: the account's quota L-E5AE38E3 ("Maximum integration timeout in milliseconds") where it has
            been raised: more than 29 s, up to 300 s (limits.REST_RAISED_WAIT). Edge-optimized APIs have no such quota.

    Raises:
        RefusedError: a raised quota on an edge-optimized API, or out of range.
    """

    def __init__(self, subject: str, endpoint_type: EndpointType, raised_quota: Seconds | None) -> None:
        if not isinstance(endpoint_type, EndpointType):
            raise RefusedError(
                f"{subject}: endpoint_type",
                got=repr(endpoint_type),
                allowed=", ".join(f"EndpointType.{each.name}" for each in _BUFFERED),
                fix="EndpointType.REGIONAL",
            )
        self._endpoint_type = endpoint_type
        self._buffered = float(_BUFFERED[endpoint_type])
        if raised_quota is not None:
            quota = milliseconds(f"{subject}: raised_quota", raised_quota, up=False) / SECOND
            self._buffered = _raised(subject, endpoint_type, quota)

    def integration_milliseconds(
        self, subject: str, seconds: float | None, *, stream: bool, waits: str = "TimeoutBudget"
    ) -> int:
        """Give the integration timeout that a budget, or a workflow, asks for, in milliseconds.

        Raises:
            RefusedError: the budget knows no gateway, or asks for more than the gateway waits.
        """
        if seconds is None:
            raise RefusedError(
                f"{subject}: integration timeout",
                got="a function whose budget has no gateway (gateway=None): nobody is meant to wait for it",
                allowed="a budget that says how long the caller may wait, or asynchronous=True",
                fix="TimeoutBudget(gateway=29, ...), or asynchronous=True for a 202 answer",
            )
        most = float(REST_STREAM_WAIT) if stream else self._buffered
        if seconds > most:
            raise RefusedError(
                f"{subject}: integration timeout",
                got=f"{seconds:g} s",
                allowed=f"up to {most:g} s ({self._mode(stream=stream)})",
                fix=self._fix(most, stream=stream, waits=waits),
            )
        return round(seconds * SECOND)

    def _mode(self, *, stream: bool) -> str:
        return (
            f"{self._endpoint_type.value.lower()} endpoint, {'streamed' if stream else 'buffered'} response"
        )

    def _fix(self, most: float, *, stream: bool, waits: str) -> str:
        lower = (
            f"lower {'the budget' if waits == 'TimeoutBudget' else 'it'} to {waits}(gateway={most:g}, ...)"
        )
        if stream or self._endpoint_type is EndpointType.EDGE or most > REST_REGIONAL_WAIT:
            return f"{lower}, or answer at once with asynchronous=True"
        return f"{lower}, or have quota L-E5AE38E3 raised and declare it: raised_quota=Duration.seconds(...)"


def _raised(subject: str, endpoint_type: EndpointType, seconds: float) -> float:
    if endpoint_type is EndpointType.EDGE:
        raise RefusedError(
            f"{subject}: raised_quota",
            got=f"{seconds:g} s on an edge-optimized API",
            allowed=f"none; edge-optimized APIs wait {REST_EDGE_WAIT} at most",
            fix="use EndpointType.REGIONAL, or leave raised_quota out",
        )
    if not REST_REGIONAL_WAIT < seconds <= REST_RAISED_WAIT:
        raise RefusedError(
            f"{subject}: raised_quota",
            got=f"{seconds:g} s",
            allowed=f"more than {REST_REGIONAL_WAIT}, which needs no raising, up to {REST_RAISED_WAIT}",
            fix="give the account's value of quota L-E5AE38E3",
        )
    return seconds


def check_reach(subject: str, endpoint_type: EndpointType, vpc_endpoints: Sequence[ec2.IVpcEndpoint]) -> None:
    """Refuse a private API that nobody could reach, and endpoints on one that is not private.

    Raises:
        RefusedError: endpoint type and endpoints contradict each other.
    """
    private = endpoint_type is EndpointType.PRIVATE
    if private and not vpc_endpoints:
        raise RefusedError(
            f"{subject}: vpc_endpoints",
            got="none on a private API, which API Gateway would not deploy without a resource policy",
            allowed="the execute-api interface endpoints through which it is reached",
            fix="vpc_endpoints=[vpc.add_interface_endpoint(...)]",
        )
    if vpc_endpoints and not private:
        raise RefusedError(
            f"{subject}: vpc_endpoints",
            got=f"endpoints on a {endpoint_type.value.lower()} API",
            allowed="endpoints on a private API only",
            fix="endpoint_type=EndpointType.PRIVATE, or leave vpc_endpoints out",
        )
