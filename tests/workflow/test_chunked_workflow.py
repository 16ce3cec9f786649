"""ChunkedWorkflow: what it makes, what it promises, what it refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_lambda as lambda_
from aws_cdk.aws_stepfunctions import LogLevel, StateMachineType

from constructs_lib import RefusedError, TimeoutBudget, TimeoutHierarchyError, assert_policy
from constructs_lib.timeouts.workflow import longest_path
from constructs_lib.workflow import ChunkedWorkflow, TaskRetries
from constructs_lib.workflow.batch import rounds_within_history
from constructs_lib.workflow.retries import DIED, TRANSIENT
from tests.snapshots import resources
from tests.synth import new_stack, of_type, only, synthesize
from tests.workflow.workflows import BUDGET, chunked, function

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syrupy.assertion import SnapshotAssertion

MACHINE = "AWS::StepFunctions::StateMachine"
FINISHING = TimeoutBudget(gateway=None, init=1, work=5)


@pytest.fixture(scope="module")
def stack() -> cdk.Stack:
    """Give a stack with a workflow that has all three functions."""
    stack = new_stack()
    chunked(stack, finalize=function(stack, "Finish", FINISHING), batch_size=25, max_concurrency=40)
    return stack


@pytest.fixture(scope="module")
def template(stack: cdk.Stack) -> dict[str, Any]:
    """Synthesize it once."""
    return synthesize(stack)


@pytest.fixture(scope="module")
def definition(template: dict[str, Any]) -> dict[str, Any]:
    """Read the definition that is in the template."""
    parsed: dict[str, Any] = json.loads(only(template, MACHINE)["Properties"]["DefinitionString"])
    return parsed


def tasks(workflow: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """List all tasks of a workflow, those of its map included."""
    for name, state in workflow["States"].items():
        if state["Type"] == "Task":
            yield name, state
        if state["Type"] == "Map":
            yield from tasks(state["ItemProcessor"])


def refusal(**arguments: Any) -> RefusedError:
    """Make a workflow that is refused, and see that nothing of it was made."""
    stack = new_stack()
    worker = arguments.pop("worker", None) or function(stack, "Worker")
    made = function(stack, "List")
    with pytest.raises(RefusedError) as refused:
        ChunkedWorkflow(stack, "Nightly", **{"list_items": made, "worker": worker, **arguments})
    assert stack.node.try_find_child("Nightly") is None
    return refused.value


def outline(workflow: dict[str, Any]) -> dict[str, Any]:
    """Give what follows on what: of each state its kind or what it calls, and where each way leads."""
    shown: dict[str, Any] = {}
    for name, state in workflow["States"].items():
        ways = [
            state.get("Next"),
            *(choice["Next"] for choice in state.get("Choices", ())),
            state.get("Default"),
        ]
        caught = sorted({f"else {catcher['Next']}" for catcher in state.get("Catch", ())})
        what = state.get("Resource", state["Type"]).removeprefix("arn:aws:states:::")
        shown[name] = " -> ".join([what, ", ".join([*filter(None, ways), *caught]) or "end"])
        if "ItemProcessor" in state:
            shown[f"{name}: each batch"] = outline(state["ItemProcessor"])
    return shown


def test_the_definition(definition: dict[str, Any], snapshot: SnapshotAssertion) -> None:
    """What follows on what, as it runs."""
    assert list(outline(definition).items()) == snapshot


def test_each_state_has_a_name_of_its_own(definition: dict[str, Any]) -> None:
    """Step Functions wants names unique in a whole state machine, batches included."""
    inner = definition["States"]["Batches"]["ItemProcessor"]["States"]
    assert not inner.keys() & definition["States"].keys()


def test_what_comes_with_it(template: dict[str, Any], snapshot: SnapshotAssertion) -> None:
    """Role, logs, progress, bucket, failure queue and alarm, and nothing that nobody asked for."""
    own = {name: each for name, each in template["Resources"].items() if name.startswith("Nightly")}
    own = {name: each for name, each in own.items() if not name.startswith(("NightlyList", "NightlyWorker"))}
    shown = json.loads(json.dumps(own))
    for each in shown.values():
        each["Properties"].pop("DefinitionString", None)
    assert resources({"Resources": shown}) == snapshot


def test_the_policy_finds_nothing(stack: cdk.Stack) -> None:
    """Not even a warning."""
    assert_policy(stack, strict=True)


@pytest.mark.parametrize(
    ("wrong", "right", "rule"),
    [
        ('"TimeoutSeconds": 26,', '"TimeoutSeconds": 23,', "W402"),
        ('"TimeoutSeconds": 26,', '"Comment": "none",', "W401"),
        ('"Lambda.TooManyRequestsException", ', "", "W404"),
    ],
)
def test_the_policy_finds_what_is_broken_in_it(
    template: dict[str, Any], wrong: str, right: str, rule: str
) -> None:
    """The same template with one number or name less is found: the rules read this definition."""
    broken = json.loads(json.dumps(template))
    properties = only(broken, MACHINE)["Properties"]
    assert wrong in properties["DefinitionString"]
    properties["DefinitionString"] = properties["DefinitionString"].replace(wrong, right)
    with pytest.raises(AssertionError, match=rule):
        assert_policy(broken, strict=True)


def test_every_task_outlasts_a_cold_invocation(definition: dict[str, Any]) -> None:
    """H7: tasks wait longer than init and function timeout together."""
    seconds = {name: state["TimeoutSeconds"] for name, state in tasks(definition)}
    assert seconds["List"] == seconds["Work"] == BUDGET.task > BUDGET.init + BUDGET.function
    assert seconds["Finalize"] == FINISHING.task


def test_every_task_has_a_timeout_retries_and_a_way_out(definition: dict[str, Any]) -> None:
    """Nothing waits for ever, fails at a hiccup, or leaves the run taken; what only reports needs no way out."""
    reporting = {"Report", "Mark as failed", "Stop"}
    for name, state in tasks(definition):
        assert state["TimeoutSeconds"]
        assert state["Retry"]
        assert ("Catch" in state) != (name in reporting)


def test_transient_errors_and_dead_workers_are_tried_again(definition: dict[str, Any]) -> None:
    """With back-off, a longest pause and full jitter; what the handler raises is not among them."""
    for name in ("List", "Finalize"):
        first, second = definition["States"][name]["Retry"]
        assert (first["ErrorEquals"], second["ErrorEquals"]) == (list(TRANSIENT), list(DIED))
        for retrier in (first, second):
            assert (retrier["BackoffRate"], retrier["MaxDelaySeconds"]) == (2, 60)
            assert retrier["JitterStrategy"] == "FULL"


def test_only_aliases_are_invoked(template: dict[str, Any]) -> None:
    """By the definition, and by the rights of the role."""
    aliases = set(of_type(template, "AWS::Lambda::Alias"))
    properties = only(template, MACHINE)["Properties"]
    invoked = {
        properties["DefinitionSubstitutions"][name]["Ref"] for name in ("Lister", "Worker", "Finalizer")
    }
    assert invoked <= aliases
    (invoking,) = [
        statement
        for policy in of_type(template, "AWS::IAM::Policy").values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement["Action"] == "lambda:InvokeFunction"
    ]
    assert {resource["Ref"] for resource in invoking["Resource"]} == invoked


def rights(template: dict[str, Any], function: str) -> set[str]:
    """List what a function's role may do, but for logs and traces, which each may write."""
    (policy,) = [
        policy["Properties"]["PolicyDocument"]
        for name, policy in of_type(template, "AWS::IAM::Policy").items()
        if name.startswith(f"{function}Role")
    ]
    listed = [statement["Action"] for statement in policy["Statement"]]
    actions = {each for action in listed for each in ([action] if isinstance(action, str) else action)}
    return {action for action in actions if not action.startswith(("logs:", "xray:"))}


def test_functions_may_do_what_their_part_needs(template: dict[str, Any]) -> None:
    """The lister writes manifests, finalize queries the progress, and the worker gets no right from the workflow."""
    assert {action.partition(":")[0] for action in rights(template, "NightlyListItems")} == {"s3"}
    assert not any("Get" in action or "Delete" in action for action in rights(template, "NightlyListItems"))
    assert rights(template, "Finish") == {"dynamodb:Query"}
    assert rights(template, "NightlyWorker") == set()


def test_batches_run_in_executions_of_their_own(definition: dict[str, Any]) -> None:
    """Neither the history of one execution nor its 256 KB of state grows with the number of items."""
    batches = definition["States"]["Batches"]
    assert batches["ItemProcessor"]["ProcessorConfig"] == {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    assert batches["ItemReader"]["ReaderConfig"] == {"InputType": "JSONL"}
    assert batches["ResultWriter"]["Parameters"]["Prefix.$"] == "States.Format('{}/results', $.run)"
    assert batches["MaxConcurrency"] == 40


def test_a_run_keeps_the_batch_size_it_began_with(definition: dict[str, Any]) -> None:
    """Else a batch of the same place could hold other items, and some would be skipped."""
    take = definition["States"]["Take the run"]["Parameters"]
    assert "batch_size = if_not_exists(batch_size, :size)" in take["UpdateExpression"]
    assert take["ExpressionAttributeValues"][":size"] == {"S": "25"}
    assert definition["States"]["Batches"]["ItemBatcher"]["MaxItemsPerBatchPath"] == "$.record.batch_size"


def test_rounds_end_before_the_history_is_full() -> None:
    """A worker that answers checkpoints for ever is stopped, and sooner where each round may have more retries."""
    many, few = rounds_within_history(TaskRetries(transient=20)), rounds_within_history(TaskRetries())
    assert 0 < many < few < 25_000 / 30


def test_logs_have_a_group_of_their_own_and_no_data(template: dict[str, Any]) -> None:
    """Under the prefix that needs no resource policy, all events, without what passes through."""
    logging = only(template, MACHINE)["Properties"]["LoggingConfiguration"]
    assert (logging["Level"], logging["IncludeExecutionData"]) == ("ALL", False)
    (name,) = [
        group["Properties"]["LogGroupName"]["Fn::Join"][1][0]
        for logical_id, group in of_type(template, "AWS::Logs::LogGroup").items()
        if logical_id.startswith("NightlyLogs")
    ]
    assert name.startswith("/aws/vendedlogs/states/")


def test_it_takes_a_workers_reserve() -> None:
    """Without a number, as many batches at once as the worker reserves."""
    stack = new_stack()
    workflow = chunked(stack, worker=function(stack, "Work", reserved_concurrent_executions=7))
    assert workflow.definition["States"]["Batches"]["MaxConcurrency"] == 7


def test_a_reserve_that_is_a_token_is_left_to_lambda() -> None:
    """What is known only at deploy time is neither compared nor taken for nothing."""
    stack = new_stack()
    reserve = cdk.CfnParameter(stack, "Reserve", type="Number").value_as_number
    worker = function(stack, "Work", reserved_concurrent_executions=reserve)
    assert chunked(stack, worker=worker).definition["States"]["Batches"]["MaxConcurrency"] == 100


def test_without_finalize_the_run_closes_after_the_batches() -> None:
    """No task, no right, no substitution for a function that is not there."""
    stack = new_stack()
    states = chunked(stack).definition["States"]
    assert "Finalize" not in states
    assert states["Count"]["Next"] == "All done?"


def test_express_batches_never_go_back() -> None:
    """They have one invocation, so their longest way is known, and it ends within five minutes."""
    stack = new_stack()
    worker = function(stack, "Work", TimeoutBudget(gateway=None, init=1, work=3))
    workflow = chunked(
        stack, worker=worker, execution_type=StateMachineType.EXPRESS, log_level=LogLevel.ERROR
    )
    batch = workflow.definition["States"]["Batches"]["ItemProcessor"]
    assert batch["ProcessorConfig"]["ExecutionType"] == "EXPRESS"
    assert batch["States"]["Save checkpoint"]["Next"] == "Too many rounds"
    assert longest_path(batch).seconds <= 300
    assert_policy(stack, strict=True)


def test_express_batches_that_take_too_long_are_refused() -> None:
    """The message is the sum, and what to change."""
    stack = new_stack()
    with pytest.raises(TimeoutHierarchyError) as refused:
        chunked(stack, execution_type=StateMachineType.EXPRESS)
    assert str(refused.value) == (
        "ChunkedWorkflow 'Nightly': an express execution is stopped after 300 s wherever it stands, and a batch may take "
        "27 s for Open + 362 s for Work + 27 s for Save checkpoint + 27 s for Report + 27 s for Mark as failed = 470 s; "
        "fix: execution_type=StateMachineType.STANDARD, fewer or shorter retries, or a worker that needs 170 s less in "
        "all its attempts"
    )
    assert stack.node.try_find_child("Nightly") is None


def test_a_timeout_shorter_than_all_attempts_is_refused() -> None:
    """The state machine's own timeout has to hold all attempts and pauses of a list and of one batch."""
    stack = new_stack()
    with pytest.raises(TimeoutHierarchyError, match=r"stopped after 600 s, .*362 s for List .*fix: timeout="):
        chunked(stack, timeout=cdk.Duration.minutes(10))
    assert stack.node.try_find_child("Nightly") is None


def test_more_batches_than_the_worker_reserves_are_refused() -> None:
    """What exceeds a reserve is throttled, and in the end fails."""
    stack = new_stack()
    with pytest.raises(RefusedError) as refused:
        chunked(stack, worker=function(stack, "Work", reserved_concurrent_executions=5), max_concurrency=6)
    assert str(refused.value) == (
        "ChunkedWorkflow 'Nightly': max_concurrency: got 6 on a worker that reserves 5; allowed: 1 to 5: what exceeds "
        "the reserve is throttled, retried and then fails; fix: max_concurrency=5, or raise the worker's "
        "reserved_concurrent_executions"
    )


def test_a_worker_that_is_stopped_is_refused() -> None:
    """A reserve of 0 lets no batch run."""
    stack = new_stack()
    with pytest.raises(RefusedError, match=r"worker: got .Work., which reserves 0"):
        chunked(stack, worker=function(stack, "Work", reserved_concurrent_executions=0))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"batch_size": 0}, "batch_size: got 0"),
        ({"batch_size": 2.5}, "batch_size: got 2.5"),
        ({"batch_size": cdk.Token.as_number({"Ref": "Size"})}, "batch_size: got a token"),
        ({"max_concurrency": 0}, "max_concurrency: got 0"),
        ({"max_concurrency": 10_001}, "max_concurrency: got 10001"),
        ({"max_concurrency": cdk.Token.as_number({"Ref": "Most"})}, "max_concurrency: got a token"),
        ({"tolerated_failure_percentage": 101}, "tolerated_failure_percentage: got 101"),
        ({"tolerated_failure_percentage": -1}, "tolerated_failure_percentage: got -1"),
        ({"execution_type": "EXPRESS"}, "execution_type: got 'EXPRESS'"),
        ({"timeout": 0}, "timeout: got 0 s"),
        ({"timeout": 31_536_001}, "timeout: got 3.1536e+07 s"),
        ({"finalize": "Finish"}, "finalize: got str"),
    ],
)
def test_numbers_out_of_range_are_refused(arguments: dict[str, Any], words: str) -> None:
    """Each names the argument and what was found, and nothing is made."""
    assert words in str(refusal(**arguments))


def test_a_plain_function_is_refused() -> None:
    """It has neither a budget nor an alias that everything goes through."""
    stack = new_stack()
    plain = lambda_.Function(
        stack,
        "Plain",
        code=lambda_.Code.from_inline("def handler(event, context): ..."),
        handler="index.handler",
        runtime=lambda_.Runtime.PYTHON_3_13,
    )
    assert "worker: got Function; allowed: a HardenedFunction" in str(refusal(worker=plain))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"transient": 0}, "transient: got 0"),
        ({"died": -1}, "died: got -1"),
        ({"interval": 0}, "interval: got 0"),
        ({"rate": 0.5}, "rate: got 0.5"),
        ({"interval": 5, "longest": 5}, "longest: got 5"),
        ({"transient": True}, "transient: got True"),
    ],
)
def test_retries_out_of_range_are_refused(arguments: dict[str, Any], words: str) -> None:
    """Each names the argument and what was found."""
    with pytest.raises(RefusedError) as refused:
        TaskRetries(**arguments)
    assert words in str(refused.value)
