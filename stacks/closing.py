"""Every night: orders that were fulfilled long ago are closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as targets
from constructs import Construct

from constructs_lib import Call, ChunkedWorkflow, TimeoutBudget
from stacks.functions import orders_function

if TYPE_CHECKING:
    from aws_cdk import aws_events as events

    from stacks.orders_table import OrdersTable
    from stacks.stage import Stage

DAYS = 30
BATCH = 10  # orders

TABLE = Call("orders-table", connect=0.5, read=2, attempts=2)
LISTING = TimeoutBudget(
    gateway=None, init=2, work=300, calls=[TABLE, Call("manifest", connect=0.5, read=5, attempts=2)]
)
# Some milliseconds an order, if all goes well. A slow batch goes on from a checkpoint in another invocation.
CLOSING = TimeoutBudget(gateway=None, init=2, work=30, calls=[TABLE])
TELLING = TimeoutBudget(
    gateway=None,
    init=2,
    work=30,
    calls=[Call(name, connect=0.5, read=2, attempts=2) for name in ("progress-table", "event-bus")],
)


class Closing(Construct):
    """A chunked workflow: lists the orders to close, closes them in batches, tells how many; started at three o'clock.

    A run is named by the time that it was scheduled for, so that a start that Scheduler repeats finds it running or done.
    What Scheduler cannot start waits in the workflow's failure queue, and the same alarm rings.

    Args:
        scope: the parent.
        construct_id: the id within the parent.
        table: the orders, with their index of those to close.
        bus: where OrdersClosed goes.
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
        self.list_closable = orders_function(
            self, "ListClosable", "list_closable", LISTING, stage=stage, environment=orders
        )
        self.close_orders = orders_function(
            self, "CloseOrders", "close_orders", CLOSING, stage=stage, environment=orders
        )
        self.tell_closed = orders_function(
            self,
            "TellClosed",
            "tell_closed",
            TELLING,
            stage=stage,
            environment={"EVENT_BUS": bus.event_bus_name},
        )
        table.grant(self.list_closable.alias, "dynamodb:Scan")
        table.grant(self.close_orders.alias, "dynamodb:GetItem", "dynamodb:UpdateItem")
        bus.grant_put_events_to(self.tell_closed.alias)
        self.workflow = ChunkedWorkflow(
            self,
            "Workflow",
            list_items=self.list_closable,
            worker=self.close_orders,
            finalize=self.tell_closed,
            batch_size=BATCH,
            max_concurrency=10,
            removal_policy=stage.removal_policy,
        )
        self.schedule = scheduler.Schedule(
            self,
            "Nightly",
            schedule=scheduler.ScheduleExpression.cron(hour="3", minute="0"),
            target=targets.StepFunctionsStartExecution(
                self.workflow.state_machine,
                input=scheduler.ScheduleTargetInput.from_object(
                    {"run": scheduler.ContextAttribute.scheduled_time, "days": DAYS}
                ),
                dead_letter_queue=self.workflow.failure_queue,
            ),
        )
