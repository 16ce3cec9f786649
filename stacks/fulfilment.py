"""What follows when an order was placed: it is fulfilled, and then invoiced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from constructs_lib import AsyncFailure, Call, EventRule, QueueWorker, StreamWorker, TimeoutBudget
from stacks.functions import orders_function

if TYPE_CHECKING:
    from stacks.orders_table import OrdersTable
    from stacks.stage import Stage

TABLE = Call("orders-table", connect=0.5, read=2, attempts=2)

# Ten records a batch, each of which is sent with two attempts at worst.
QUEUING = TimeoutBudget(
    gateway=None, init=2, work=40, calls=[Call("fulfilment-queue", connect=0.5, read=1, attempts=2)]
)
# Ten messages a batch. That all of them meet the worst case is not paid for with a visibility timeout ten times as long:
# what the deadline leaves undone goes back to the queue.
FULFILLING = TimeoutBudget(
    gateway=None, init=2, work=20, calls=[TABLE, Call("event-bus", connect=0.5, read=2, attempts=2)]
)
INVOICING = TimeoutBudget(gateway=None, init=2, calls=[TABLE])

NEW = lambda_.FilterCriteria.filter({"eventName": lambda_.FilterRule.is_equal("INSERT")})


class Fulfilment(Construct):
    """Takes orders from the table, not from whoever has placed them.

    ::

        Orders ── stream ──▶ QueueOrder ── queue ──▶ FulfilOrder ── OrderFulfilled ──▶ InvoiceOrder
                                             └▶ dead letters

    PlaceOrder writes once, to the table. If it also sent a message, a sandbox that dies in between would leave an order
    that nobody fulfils, or a message about an order that was refused. The stream has a record exactly if there is
    an order, and keeps it for a day.

    Why a queue, too: a stream is worked off in order, so an order that cannot be fulfilled would hold up those behind it, and
    when it is given up, only its place in the stream is kept. In a queue it waits alone, is tried again, and ends as
    a whole in the dead-letter queue.

    All of this delivers at least once. So each step is one conditional write, and doing it again changes nothing.

    Args:
        scope: the parent.
        construct_id: the id within the parent.
        table: the orders, with a stream.
        bus: where events go, and come from.
        stage: what differs between stages.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        table: OrdersTable,
        bus: events.IEventBus,
        stage: Stage,
    ) -> None:
        super().__init__(scope, construct_id)
        orders = {"ORDERS_TABLE": table.table_name}
        self.fulfil_order = orders_function(
            self,
            "FulfilOrder",
            "fulfil_order",
            FULFILLING,
            stage=stage,
            environment={**orders, "EVENT_BUS": bus.event_bus_name},
        )
        table.grant(self.fulfil_order.alias, "dynamodb:UpdateItem")
        bus.grant_put_events_to(self.fulfil_order.alias)
        self.worker = QueueWorker(
            self,
            "Fulfilling",
            function=self.fulfil_order,
            maximum_concurrency=10,
            removal_policy=stage.removal_policy,
        )

        queue_order = orders_function(
            self,
            "QueueOrder",
            "queue_order",
            QUEUING,
            stage=stage,
            environment={"FULFILMENT_QUEUE": self.worker.queue.queue_url},
        )
        self.worker.grant_send(queue_order.alias)
        self.stream = StreamWorker(
            self,
            "Placed",
            function=queue_order,
            table=table,
            batch_size=10,
            filters=[NEW],
            removal_policy=stage.removal_policy,
        )

        invoice_order = orders_function(
            self,
            "InvoiceOrder",
            "invoice_order",
            INVOICING,
            stage=stage,
            environment=orders,
            async_failure=AsyncFailure(),
        )
        table.grant(invoice_order.alias, "dynamodb:UpdateItem")
        self.rule = EventRule(
            self,
            "Fulfilled",
            function=invoice_order,
            event_bus=bus,
            event_pattern=events.EventPattern(source=["orders"], detail_type=["OrderFulfilled"]),
            removal_policy=stage.removal_policy,
        )
