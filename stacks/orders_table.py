"""The table that everything else is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_dynamodb as dynamodb

if TYPE_CHECKING:
    from constructs import Construct

    from stacks.stage import Stage


class OrdersTable(dynamodb.Table):
    """One item an order, under its customer and the number that the customer gave it; a stream tells of new ones.

    Args:
        scope: the parent.
        construct_id: the id within the parent.
        stage: what differs between stages.
    """

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage) -> None:
        customer = dynamodb.Attribute(name="customer", type=dynamodb.AttributeType.STRING)
        super().__init__(
            scope,
            construct_id,
            partition_key=customer,
            sort_key=dynamodb.Attribute(name="order_id", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.AWS_MANAGED,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=stage.keep_data,
            removal_policy=stage.removal_policy,
            stream=dynamodb.StreamViewType.NEW_IMAGE,
        )
        # Only an order that is fulfilled and not closed has the sort key, so the index holds no other.
        self.add_global_secondary_index(
            index_name="ToClose",
            partition_key=customer,
            sort_key=dynamodb.Attribute(name="to_close_since", type=dynamodb.AttributeType.STRING),
            projection_type=dynamodb.ProjectionType.KEYS_ONLY,
        )
