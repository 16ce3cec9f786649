"""C510 connections-over-pool."""

from __future__ import annotations

from constructs_lib.limits import ACCOUNT_CONCURRENCY
from constructs_lib.policy.rule import WARNING, Finding, Rule
from constructs_lib.policy.services.capacity import Concurrency
from constructs_lib.policy.services.databases import connection_limit, connections

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_DATABASE = """
Orders:
  Type: AWS::Lambda::Function
  Properties: {Timeout: 5, ReservedConcurrentExecutions: RESERVED}
  Metadata: {constructs-lib: {connections: {Database: 2}}}
Report:
  Type: AWS::Lambda::Function
  Properties: {Timeout: 5, ReservedConcurrentExecutions: 10}
  Metadata: {constructs-lib: {connections: {Database: 1}}}
Database:
  Type: AWS::RDS::DBProxy
  Metadata: {constructs-lib: {connection_limit: 90}}
"""


class ConnectionsOverPool(Rule):
    """The functions open more connections than the database takes.

    ## Why is this bad?
    Every environment keeps its own connections open. When a busy hour or a retry storm scales the function out, the
    database or its proxy refuses the next connection, and what could have been slow fails instead, for all its users.

    ## What to do
    Reserve less concurrency, keep fewer connections per environment (one is usually enough), or raise the limit.

    ## Known limits
    Connections are found where they are declared: `connections` by database in the function's `constructs-lib` metadata,
    the limit in the settings (`connection_limits`) or as `connection_limit` in the metadata of the resource so named.
    """

    id = "C510"
    name = "connections-over-pool"
    severity = WARNING
    limits = (ACCOUNT_CONCURRENCY,)
    bad = {
        "two functions together": _DATABASE.replace("RESERVED", "41"),
        "nothing reserved": _DATABASE.replace("RESERVED", "!Ref AWS::NoValue"),
    }
    good = {"within the limit": _DATABASE.replace("RESERVED", "40")}
    undecided = {"reserve imported": _DATABASE.replace("RESERVED", "!ImportValue reserve")}

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Add up, database by database, what all environments of all functions may open."""
        concurrency = Concurrency(graph)
        for name, users in connections(graph).items():
            limit = connection_limit(graph, name, users[0][0])
            values = [value for function, each in users for value in (each, concurrency.at_once(function))]
            for most, *numbers, when in graph.known(limit, *values):
                terms = list(zip(users, numbers[::2], numbers[1::2], strict=True))
                total = sum(each * count for _, each, count in terms)
                if total <= most:
                    continue
                listed = " + ".join(
                    f"{each:g} x {count:g} of {function.name}" for (function, _), each, count in terms
                )
                message = f"{listed} = {total:g} connections may be open at once, but {name} takes {most:g}: the rest is refused when the functions scale out."
                fix = f"Lower ReservedConcurrentExecutions until the sum is <= {most:g}, or put a proxy between."
                place, path = users[0][0].resource.place, (*(function.id for function, _ in users),)
                yield self.finding(
                    place.at("ReservedConcurrentExecutions"), message, fix=fix, path=path, when=when
                )
