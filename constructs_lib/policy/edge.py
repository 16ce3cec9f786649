"""One edge of the graph: something invokes a function, waits so long for it, and passes these resources on the way."""

from __future__ import annotations

from constructs_lib.policy.values.text import show

TYPE_CHECKING = False
if TYPE_CHECKING:
    from constructs_lib.policy.function import Function
    from constructs_lib.policy.values import Place, Resource, Value
    from constructs_lib.policy.values.cases import When

SYNC, ASYNC, POLL = "sync", "async", "poll"


class Target:
    """What an ARN designates: a function, the qualifier used, and the alias or version on the way."""

    __slots__ = ("function", "hops", "qualifier", "when")

    def __init__(
        self, function: Function, qualifier: str | None, hops: tuple[Resource, ...], when: When
    ) -> None:
        self.function, self.qualifier, self.hops, self.when = function, qualifier, hops, when


class Edge:
    """One way in which something invokes a function.

    Attributes:
        kind: "rest", "http", "websocket", "url", "authorizer", "sqs", "kinesis", "sns", "s3", "events", "states" ...
        mode: ``SYNC`` (the caller waits), ``ASYNC`` (Lambda queues the event) or ``POLL`` (Lambda reads the source).
        source: the resource that calls: the API, queue, topic, bucket, rule or state machine.
        at: the place that wires source and function together; findings about the edge point there.
        label: the caller in people's words: ``GET /orders``, ``queue Orders``.
        function: the callee.
        qualifier: the alias, version or ``$LATEST`` in the ARN; None for the bare function, which is ``$LATEST``.
        hops: resources between source and function, caller's side first.
        wait: W, how long the caller waits, in seconds; None if it does not wait.
        when: conditions that must hold for the edge to exist: of the reference, and of every resource on its path.
        may_exist: False if those contradict each other.
        details: what else the wiring says, as the value of the whole wiring (a mapping, an integration, a state).
    """

    __slots__ = (
        "at",
        "details",
        "function",
        "hops",
        "kind",
        "label",
        "may_exist",
        "mode",
        "qualifier",
        "source",
        "wait",
        "when",
    )

    def __init__(
        self,
        kind: str,
        mode: str,
        source: Resource,
        target: Target,
        at: Place,
        *,
        label: str,
        hops: tuple[Resource, ...] = (),
        wait: Value | None = None,
        details: Value | None = None,
    ) -> None:
        self.kind, self.mode, self.source, self.at, self.label = kind, mode, source, at, label
        self.function, self.qualifier = target.function, target.qualifier
        self.hops = (*hops, *target.hops)
        self.wait, self.details = wait, details
        self.when = target.when
        self.may_exist = True
        together = source.stack.system.together
        for resource in dict.fromkeys((source, *self.hops, self.function.resource)):
            joined = together(self.when, resource.when) if resource.when else self.when
            self.when, self.may_exist = joined or (), self.may_exist and joined is not None

    def __repr__(self) -> str:
        """Show both ends."""
        return f"<Edge {self.kind} {self.label} -> {self.callee}>"

    @property
    def path(self) -> tuple[str, ...]:
        """The logical ids from caller to callee."""
        return tuple(dict.fromkeys((self.source.id, *(hop.id for hop in self.hops), self.function.id)))

    @property
    def callee(self) -> str:
        """The function as it is invoked: ``Orders`` or ``Orders:live``."""
        if self.qualifier is None:
            return self.function.name
        return f"{self.function.name}:{show(self.qualifier).strip('<>')}"
