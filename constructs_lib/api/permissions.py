"""What lets an HTTP or WebSocket API call a function's alias: permissions that belong to the API's own stack."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from aws_cdk import Stack
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from constructs_lib.limits import LAMBDA_POLICY_MAX

if TYPE_CHECKING:
    from constructs_lib.compute.function import HardenedFunction

# One statement of a function's policy, with the longest names Lambda takes. Half of the policy is left to everything
# else that invokes the function.
_STATEMENT_BYTES = 600
_ROUTES_MAX = int(LAMBDA_POLICY_MAX / 2 / _STATEMENT_BYTES)

_PARAMETER = re.compile(r"\{[^}]+\}")


class AliasPermissions:
    """Lets routes of one API's stage invoke functions' aliases, each route its own function and no other.

    The permissions are the API's, not the function's, so that a function in another stack does not depend back on the
    API. A function's policy holds 20 KB (limits.LAMBDA_POLICY_MAX): a function of more routes than fit into half of
    that is opened to the stage as a whole instead.
    """

    def __init__(self, scope: Construct, api_id: str, stage_name: str) -> None:
        self._scope, self._api_id, self._stage_name = scope, api_id, stage_name
        self._routes: dict[HardenedFunction, int] = {}
        self._handlers: dict[HardenedFunction, lambda_.IFunction] = {}
        self._arns: dict[HardenedFunction, str] = {}
        self._ids: set[str] = set()

    def handler(self, function: HardenedFunction) -> lambda_.IFunction:
        """Give the alias as seen from the API: an integration that is made of it adds no permission of its own."""
        if function not in self._handlers:
            self._handlers[function] = lambda_.Function.from_function_attributes(
                self._scope,
                self.free_id(f"{function.construct_id}Function", function),
                function_arn=self._arn(function),
                same_environment=False,
                skip_permissions=True,
            )
        return self._handlers[function]

    def permit(self, function: HardenedFunction, construct_id: str, route: str) -> None:
        """Let a route invoke the function; ``route`` is what follows the stage in the route's ARN.

        A path parameter becomes ``*``, which stands for the parameter's name and for its value alike.
        """
        count = self._routes[function] = self._routes.get(function, 0) + 1
        if count > _ROUTES_MAX + 1:
            return
        if count == _ROUTES_MAX + 1:
            construct_id, route = "AnyRoute", "*"
        lambda_.CfnPermission(
            self._scope,
            self.free_id(f"Invoke{function.construct_id}For{construct_id}", function),
            action="lambda:InvokeFunction",
            function_name=self._arn(function),
            principal="apigateway.amazonaws.com",
            source_arn=self.stage_arn + _PARAMETER.sub("*", route),
        )

    def _arn(self, function: HardenedFunction) -> str:
        if function not in self._arns:
            self._arns[function] = function.alias.function_arn
        return self._arns[function]

    @cached_property
    def stage_arn(self) -> str:
        """Name what the API's stage serves, up to and with the slash behind the stage."""
        return Stack.of(self._scope).format_arn(
            service="execute-api", resource=self._api_id, resource_name=f"{self._stage_name}/"
        )

    def free_id(self, wanted: str, function: HardenedFunction) -> str:
        """Tell functions of one id in different scopes apart."""
        free = f"{wanted}{function.node.addr[-8:]}" if wanted in self._ids else wanted
        self._ids.add(free)
        return free
