"""One Lambda function of the graph: its numbers, qualifiers, capacity and failure destinations."""

from __future__ import annotations

from functools import cached_property

from constructs_lib.limits import (
    BOTOCORE_ATTEMPTS_DEFAULT,
    BOTOCORE_CONNECT_DEFAULT,
    BOTOCORE_READ_DEFAULT,
    LAMBDA_MEMORY_MIN,
    LAMBDA_TIMEOUT_DEFAULT,
)
from constructs_lib.policy.values import Value
from constructs_lib.policy.values.cases import ABSENT
from constructs_lib.policy.values.text import why_unknown
from constructs_lib.timeouts.carriers import METADATA_KEY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from constructs_lib.policy.graph import Edge, Graph
    from constructs_lib.policy.values import Resource

LATEST = "$LATEST"


class Call:
    """One declared downstream call of a handler, in seconds; botocore's default for a number that is left out."""

    __slots__ = ("attempts", "backoff", "connect", "name", "read")

    def __init__(self, name: str, declared: Value) -> None:
        self.name = name
        self.connect = declared.get("connect").default(float(BOTOCORE_CONNECT_DEFAULT)).numbers()
        self.read = declared.get("read").default(float(BOTOCORE_READ_DEFAULT)).numbers()
        self.attempts = declared.get("attempts").default(float(BOTOCORE_ATTEMPTS_DEFAULT)).numbers()
        self.backoff = declared.get("backoff").default(0.0).numbers()

    @property
    def numbers(self) -> tuple[Value, Value, Value, Value]:
        """The arguments of ``timeouts.inequalities.call_worst_case``, in its order."""
        return self.connect, self.read, self.attempts, self.backoff


class Provisioned:
    """Provisioned concurrency of one qualifier."""

    __slots__ = ("amount", "qualifier", "resource")

    def __init__(self, qualifier: str, amount: Value, resource: Resource) -> None:
        self.qualifier, self.amount, self.resource = qualifier, amount, resource


class Function:
    """One Lambda function.

    ``function.timeout`` and the other properties are :class:`Value`; ``function.callers`` are the edges that end here.
    """

    def __init__(self, graph: Graph, resource: Resource) -> None:
        self.graph, self.resource, self.id = graph, resource, resource.id
        self.name = resource.name

    def __repr__(self) -> str:
        """Name it."""
        return f"<Function {self.id}>"

    @property
    def callers(self) -> list[Edge]:
        """The edges that end here."""
        return self.graph.edges_to(self)

    @cached_property
    def timeout(self) -> Value:
        """F in seconds; 3 where the template sets none."""
        return self.resource.get("Timeout").default(float(LAMBDA_TIMEOUT_DEFAULT)).numbers()

    @cached_property
    def memory(self) -> Value:
        """Memory in MB."""
        return self.resource.get("MemorySize").default(float(LAMBDA_MEMORY_MIN)).numbers()

    @cached_property
    def reserved(self) -> Value:
        """Reserved concurrency; ABSENT if none is reserved."""
        return self.resource.get("ReservedConcurrentExecutions").numbers()

    @cached_property
    def environment(self) -> Value:
        """The mapping of environment variables."""
        return self.resource.get("Environment", "Variables")

    # What the metadata declares -----------------------------------------------------------------------------------

    @cached_property
    def budget(self) -> dict[str, Any]:
        """What constructs or people wrote under ``Metadata: constructs-lib``: init, calls, invokes, init_evidence."""
        declared = self.resource.metadata.get(METADATA_KEY)
        if type(declared) is not dict:
            return {}
        inner = declared.get("budget")
        return {**declared, **inner} if type(inner) is dict else declared

    def declared(self, name: str) -> Value:
        """Say what an entry of the budget may be; metadata may hold CloudFormation functions as properties may."""
        stack = self.resource.stack
        return Value(stack.resolve(self.budget.get(name, ABSENT)), self.resource.place, stack)

    @cached_property
    def init(self) -> float | None:
        """I in seconds, or None without evidence."""
        value = self.declared("init").numbers()
        self.graph.note_unknown(value)
        return value.only if isinstance(value.only, float) else None

    @property
    def work(self) -> Value:
        """H in seconds where it is declared as one number; ABSENT otherwise."""
        return self.declared("work").numbers()

    @property
    def init_evidence(self) -> str:
        """How I is known: declared, measured or observed."""
        return str(self.budget.get("init_evidence", "declared"))

    @cached_property
    def calls(self) -> list[Call]:
        """The declared downstream calls."""
        return [Call(name, declared) for name, declared in self.declared("calls").items()]

    @property
    def resets_after_timeout(self) -> bool:
        """Whether a timeout ends the environment, so that init runs again; not so on Managed Instances."""
        return self.resource.get("CapacityProviderConfig").is_absent

    def room(self, runs: float) -> float:
        """Seconds for the handler's work in a timeout of ``runs``, where init may run again inside it (H3).

        All of them where init alone takes as long: that is another fault.
        """
        init = self.init if self.init is not None and self.resets_after_timeout else 0
        return runs - init if runs > init else runs

    # Qualifiers and capacity --------------------------------------------------------------------------------------

    @cached_property
    def aliases(self) -> dict[str, Resource]:
        """Its aliases, by name."""
        return {
            case.data: resource
            for resource in self._of("AWS::Lambda::Alias")
            for case in resource.get("Name").texts().cases
            if type(case.data) is str
        }

    @cached_property
    def versions(self) -> dict[str, Resource]:
        """Its versions, by the token that stands for their number."""
        return {resource.token: resource for resource in self._of("AWS::Lambda::Version")}

    def behind(self, qualifier: str) -> str:
        """Follow an alias to the version it points at; any other qualifier stands for itself."""
        alias = self.aliases.get(qualifier)
        if alias is None:
            return qualifier
        version = alias.get("FunctionVersion").texts().only
        return version if type(version) is str else qualifier

    def unclear(self, qualifier: str) -> str | None:
        """Say why it is not known what a qualifier is, or None if it is known."""
        if "${stageVariables." in qualifier:
            return "a stage variable names the qualifier"
        return None if qualifier in self.versions else why_unknown(qualifier)

    @cached_property
    def provisioned(self) -> list[Provisioned]:
        """Its provisioned concurrency, alias by alias and version by version."""
        key = ("ProvisionedConcurrencyConfig", "ProvisionedConcurrentExecutions")
        holders = [*self.aliases.items(), *self.versions.items()]
        found = [(name, resource, resource.get(*key).numbers()) for name, resource in holders]
        return [
            Provisioned(name, amount, resource) for name, resource, amount in found if not amount.is_absent
        ]

    @property
    def snapstart(self) -> Value:
        """PublishedVersions where SnapStart is on, else None as text."""
        return self.resource.get("SnapStart", "ApplyOn").default("None")

    # Failure paths ------------------------------------------------------------------------------------------------

    @property
    def dead_letter_target(self) -> Value:
        """The ARN of the function's own dead-letter queue or topic."""
        return self.resource.get("DeadLetterConfig", "TargetArn")

    def on_failure(self, qualifier: str | None) -> Iterator[Value]:
        """List the on-failure destinations that count for events sent to a qualifier (None: the bare function)."""
        for resource in self._of("AWS::Lambda::EventInvokeConfig"):
            for case in resource.get("Qualifier").texts().cases:
                if case.data == (qualifier or LATEST):
                    yield resource.get("DestinationConfig", "OnFailure", "Destination")

    def _of(self, kind: str) -> list[Resource]:
        return self.graph.belonging(kind).get(self, [])
