"""Who is connected to a WebSocket API: :class:`ConnectionTable`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from constructs_lib.limits import WEBSOCKET_CONNECTION_LIFE

if TYPE_CHECKING:
    from constructs_lib.compute.function import HardenedFunction

TABLE_VARIABLE = "CONNECTIONS_TABLE"
LIFE_VARIABLE = "CONNECTION_LIFE_SECONDS"


class ConnectionTable(Construct):
    """One item for each connection of a WebSocket API: ``connection_id``, ``expires_at``, and what the handlers add.

    API Gateway ends a connection after 2 h (limits.WEBSOCKET_CONNECTION_LIFE), and after 10 min without a message, but
    calls ``$disconnect`` at its best effort only: items that stay behind go by their time to live. DynamoDB may take
    days for that, so readers skip what has expired, and delete what a message cannot be sent to (410, GoneException).

    Functions that are granted something find the table's name in ``CONNECTIONS_TABLE``, and in
    ``CONNECTION_LIFE_SECONDS`` what to add to the present epoch second for ``expires_at``.

    Pay per request, encrypted, and gone with its stack: a connection outlives neither.

    Attributes:
        table: the L2 table; ``table.add_global_secondary_index(...)`` finds connections by what the handlers add.

    Example:
        >>> import aws_cdk as cdk
        >>> from constructs_lib import ConnectionTable
        >>> connections = ConnectionTable(cdk.Stack(cdk.App(), "Chat"), "Connections")
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.table = dynamodb.Table(
            self,
            "Table",
            partition_key=dynamodb.Attribute(name="connection_id", type=dynamodb.AttributeType.STRING),
            time_to_live_attribute="expires_at",
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.AWS_MANAGED,
            removal_policy=RemovalPolicy.DESTROY,
        )
        self._told: set[HardenedFunction] = set()

    def grant_register(self, function: HardenedFunction) -> None:
        """Let a function write an item: that of ``$connect``, usually."""
        self._grant(function, "dynamodb:PutItem")

    def grant_forget(self, function: HardenedFunction) -> None:
        """Let a function delete items: that of ``$disconnect``, and whoever finds a connection gone."""
        self._grant(function, "dynamodb:DeleteItem")

    def grant_find(self, function: HardenedFunction) -> None:
        """Let a function read items: whoever sends to more than the connection that a message came by."""
        self._grant(function, "dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan")

    def _grant(self, function: HardenedFunction, *actions: str) -> None:
        self.table.grant(function.alias, *actions)
        if function not in self._told:
            self._told.add(function)
            function.add_environment(TABLE_VARIABLE, self.table.table_name)
            function.add_environment(LIFE_VARIABLE, f"{WEBSOCKET_CONNECTION_LIFE:.0f}")
