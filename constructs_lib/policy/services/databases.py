"""Databases and proxies: the connections that functions declare, and how many each database takes."""

from __future__ import annotations

from constructs_lib.policy.values.cases import ABSENT, one
from constructs_lib.policy.values.value import Value
from constructs_lib.timeouts.carriers import METADATA_KEY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from constructs_lib.policy.function import Function
    from constructs_lib.policy.graph import Graph

    Users = list[tuple[Function, Value]]


def connections(graph: Graph) -> dict[str, Users]:
    """Index, by the name of a database, the functions that declare connections to it, with how many each environment opens."""
    found: dict[str, Users] = {}
    for function in graph.functions.values():
        for name, amount in function.declared("connections").items():
            found.setdefault(name, []).append((function, amount.numbers()))
    return {name: _without_sharers(users) for name, users in found.items()}


def _without_sharers(users: Users) -> Users:
    """Leave out all but the most demanding of the functions without a reserve: they share what the account has left."""
    sharing = [user for user in users if user[0].reserved.is_absent]
    sharing.sort(key=lambda user: max((c.data for c in user[1].cases if type(c.data) is float), default=0.0))
    return [user for user in users if user not in sharing[:-1]]


def connection_limit(graph: Graph, name: str, user: Function) -> Value:
    """Say how many connections a database takes: by the settings, else by the metadata of the resource so named; or ABSENT."""
    place, stack = user.resource.place, user.resource.stack
    if name in graph.settings.connection_limits:
        return Value(one(float(graph.settings.connection_limits[name])), place, None)
    database = stack.resources.get(name)
    declared = database.metadata.get(METADATA_KEY) if database else None
    if database is None or type(declared) is not dict:
        return Value(one(ABSENT), place, None)
    raw = declared.get("connection_limit", ABSENT)
    return Value(stack.resolve(raw), database.place, stack).numbers()
