"""Mends of MiniStack's Step Functions: batches and results of distributed maps, retries, routes that wait for a workflow.

Executed by MiniStack's own interpreter, as ``serve.py`` is, which loads this file from beside itself: standard library
only, and MiniStack's modules are loaded by name.
"""

# ruff: noqa: SLF001 - what is mended here are MiniStack's insides

from __future__ import annotations

import asyncio
import copy
import json
import random
import re
import threading
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_READ_AND_SHAPED_HERE = ("ItemReader", "ItemsPath", "ItemSelector", "Parameters", "ItemBatcher")
_UNNAMED, _DIED = "Runtime.HandlerError", "Worker process died"  # what MiniStack says
_DIRECTIVE = re.compile(r"#(if|elseif|else|end)\b(?:\(([^()]*)\))?\n?")
_OVERRIDE = re.compile(r"#set\(\$context\.responseOverride\.status = (\d{3})\)")
_RESULT = ("ResultSelector", "ResultPath", "OutputPath")


def batch_items_and_write_results() -> None:
    """A distributed map's ItemBatcher and ResultWriter take effect: children get batches, and S3 their results."""
    service: Any = import_module("ministack.services.stepfunctions")
    run_map = service._run_distributed_map

    def run_whole_map(  # noqa: PLR0917 - as it is called
        state: dict[str, Any], raw: Any, effective: Any, iterator: Any, execution: Any, context: Any
    ) -> Any:
        inputs = list(_child_inputs(service, state, effective, context))
        writes = "ResultWriter" in state
        dropped = {*_READ_AND_SHAPED_HERE, *(_RESULT if writes else ())}
        plain = {key: value for key, value in state.items() if key not in dropped}
        output, following = run_map(plain, raw, inputs, iterator, execution, context)
        if not writes or execution["status"] != "RUNNING":
            return output, following
        result = _write_results(service, state["ResultWriter"], effective, execution, context)
        result = service._apply_result_selector(state, result)
        result = service._apply_result_path(state, raw, result)
        return service._apply_output_path(state, result, context), following

    service._run_distributed_map = run_whole_map


def _child_inputs(service: Any, state: dict[str, Any], effective: Any, context: Any) -> Iterator[Any]:
    if "ItemReader" in state:
        items = service._read_map_items(state["ItemReader"], effective, context)
    else:
        items = service._resolve_path_or_ctx(state.get("ItemsPath", "$"), effective, context)
    selector = state.get("ItemSelector") or state.get("Parameters")
    selected = []
    for index, item in enumerate(items):
        here = {**context, "Map": {"Item": {"Index": index, "Value": item}}}
        selected.append(service._resolve_params_obj(selector, effective, here) if selector else item)
    batcher = state.get("ItemBatcher")
    if batcher is None:
        yield from selected
        return
    size = batcher.get("MaxItemsPerBatch")
    if "MaxItemsPerBatchPath" in batcher:
        size = service._resolve_path_or_ctx(batcher["MaxItemsPerBatchPath"], effective, context)
    shared = service._resolve_params_obj(batcher.get("BatchInput") or {}, effective, context)
    for start in range(0, len(selected), int(size)):
        batch = {"Items": selected[start : start + int(size)]}
        yield {**batch, "BatchInput": copy.deepcopy(shared)} if shared else batch


def _write_results(service: Any, writer: Any, effective: Any, execution: Any, context: Any) -> dict[str, Any]:
    storage: Any = import_module("ministack.services.s3")
    place = service._resolve_params_obj(writer["Parameters"], effective, context)
    runs = service._map_runs.values()
    (*_, arn) = (run["mapRunArn"] for run in runs if run["executionArn"] == execution["executionArn"])
    folder = f"{place['Prefix']}/{arn.rpartition(':')[2]}"
    files: dict[str, list[dict[str, str]]] = {}
    for status in ("SUCCEEDED", "FAILED"):
        children = [
            {"ExecutionArn": child["executionArn"], "Input": child["input"], "Output": child["output"]}
            | {key.title(): child[key] for key in ("status", "error", "cause") if key in child}
            for child in service._executions.values()
            if child.get("mapRunArn") == arn and child["status"] == status
        ]
        files[status] = []
        if children:
            key = f"{folder}/{status}_0.json"
            storage._put_object(place["Bucket"], key, json.dumps(children).encode(), {})
            files[status] = [{"Key": key}]
    manifest = {"DestinationBucket": place["Bucket"], "MapRunArn": arn, "ResultFiles": files}
    key = f"{folder}/manifest.json"
    storage._put_object(place["Bucket"], key, json.dumps(manifest).encode(), {})
    return {"MapRunArn": arn, "ResultWriterDetails": {"Bucket": place["Bucket"], "Key": key}}


def stop_children_too() -> None:
    """When an execution ends, what its maps have started begins no further task."""
    service: Any = import_module("ministack.services.stepfunctions")
    execute = service._execute_task

    def execute_unless_stopped(state: Any, raw: Any, execution: dict[str, Any], context: Any) -> Any:
        if "mapRunArn" in execution:
            run = service._map_runs[execution["mapRunArn"]]
            if service._executions[run["executionArn"]]["status"] != "RUNNING":
                raise service._ExecutionError("States.Aborted", "its parent has ended")
        return execute(state, raw, execution, context)

    service._execute_task = execute_unless_stopped


def name_errors() -> None:
    """A function's error has the name that Lambda gives it, which Retry and Catch go by: its class, or what ended it."""
    service: Any = import_module("ministack.services.lambda_svc")
    execute = service._execute_function_with_config_scope

    def execute_and_name(*function: Any, **named: Any) -> Any:
        result = execute(*function, **named)
        error = result.get("body")
        if result.get("error") and isinstance(error, dict) and error.get("errorType") == _UNNAMED:
            error["errorType"] = _error_name(error.get("errorMessage", ""), result.get("log") or "")
        return result

    service._execute_function_with_config_scope = execute_and_name


def _error_name(message: str, log: str) -> str:
    if message == _DIED:
        return "Runtime.ExitError"
    # A traceback ends with the error's class and its message, which may have lines of its own.
    raised = re.findall(rf"^([\w.]+)(?:: {re.escape(message)})?\s*$", log, re.MULTILINE)
    return raised[-1].rpartition(".")[2] if raised else _UNNAMED


def pause_as_told() -> None:
    """MaxDelaySeconds and JitterStrategy of a retrier take effect."""
    service: Any = import_module("ministack.services.stepfunctions")
    find, sleep = service._find_matching_retrier, service._scaled_sleep
    found = threading.local()  # an execution, and each of a map's children, has a thread of its own

    def find_and_remember(retriers: Any, error: str, counts: Any) -> Any:
        found.retrier, index = find(retriers, error, counts)
        return found.retrier, index

    def sleep_as_told(seconds: float) -> None:
        retrier, found.retrier = getattr(found, "retrier", None), None
        if retrier is not None:
            seconds = min(seconds, retrier.get("MaxDelaySeconds", seconds))
            if retrier.get("JitterStrategy") == "FULL":
                seconds = random.uniform(0, seconds)  # noqa: S311 - no secret
        sleep(seconds)

    service._find_matching_retrier = find_and_remember
    service._scaled_sleep = sleep_as_told


def wait_for_workflows() -> None:
    """A route with StartSyncExecution runs the workflow and answers by its response template; 504 when it gives up."""
    gateway: Any = import_module("ministack.services.apigateway_v1")
    map_request = import_module("__main__").map_request  # of serve.py, which is what runs
    invoke = gateway._invoke_lambda_custom_v1

    async def invoke_or_start(integration: dict[str, Any], *request: Any, **named: Any) -> Any:
        if not integration.get("uri", "").endswith(":states:action/StartSyncExecution"):
            return await invoke(integration, *request, **named)
        text = map_request(gateway, integration, request, named.get("authorizer_context"))
        start = asyncio.to_thread(_start, gateway, json.loads(text), named)
        try:
            ended = await asyncio.wait_for(start, integration.get("timeoutInMillis", 29_000) / 1000)
        except TimeoutError:
            return gateway._gw_error("INTEGRATION_TIMEOUT", "Endpoint request timed out")
        return _answer(gateway, integration, *ended)

    gateway._invoke_lambda_custom_v1 = invoke_or_start


def _start(gateway: Any, request: dict[str, Any], named: dict[str, Any]) -> tuple[int, str]:
    service: Any = import_module("ministack.services.stepfunctions")
    with gateway.request_scope(named["owner_account_id"], named["owner_region"]):
        status, _, body = service._start_sync_execution(request)
    return status, body.decode() if isinstance(body, bytes) else body


def _answer(gateway: Any, integration: dict[str, Any], status: int, body: str) -> Any:
    chosen = copy.deepcopy(gateway._select_service_integration_response(integration, status))
    render = gateway._render_request_template_v1
    template = _branch(
        chosen["responseTemplates"]["application/json"], lambda text: render(text, body, {}, {})
    )
    override = _OVERRIDE.search(template)
    chosen["responseTemplates"]["application/json"] = _OVERRIDE.sub("", template).strip()
    if override:
        chosen["statusCode"] = override[1]
    chosen.pop("selectionPattern", None)
    only = {"integrationResponses": {"default": chosen}}
    return gateway._service_integration_response(only, status, body, "application/json", {})


def _branch(template: str, render: Callable[[str], str]) -> str:
    """Keep the branch of a mapping template's ``#if`` whose comparison with a text holds."""
    before, *parts = _DIRECTIVE.split(template)
    for directive, condition, text in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        if directive == "else":
            return before + text
        left, _, right = (condition or "").partition(" == ")
        if directive != "end" and render(before + left).strip() == right.strip('"'):
            return before + text
    return before


MENDS = (batch_items_and_write_results, stop_children_too, name_errors, pause_as_told, wait_for_workflows)
