"""Templates made to hurt: what grows without end inside them ends here in an unknown value, and is judged quickly.

Each of these once took minutes, gigabytes or a traceback. None asserts seconds: one that grows again does not end.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from constructs_lib.policy import judge
from constructs_lib.policy.edges.embedded import document
from constructs_lib.policy.graph import Graph
from constructs_lib.policy.template.template import parse
from constructs_lib.policy.values import System
from constructs_lib.policy.values.system import _matches
from constructs_lib.policy.values.text import CLOSE, OPEN, token

FUNCTION = {"Type": "AWS::Lambda::Function", "Properties": {"Timeout": 60}}


def _graph(resources: dict[str, Any], **sections: Any) -> Graph:
    data = {"Resources": {"Orders": FUNCTION, **resources}, **sections}
    graph = Graph(System([parse(json.dumps(data), "template.json")]))
    judge(graph)
    return graph


def _machine(definition: object) -> dict[str, Any]:
    return {"Flow": {"Type": "AWS::StepFunctions::StateMachine", "Properties": {"Definition": definition}}}


def _cell(key: str) -> dict[str, Any]:
    return {"Fn::FindInMap": ["Waits", "a", key]}


@pytest.mark.parametrize("name", ["a.json", "a.yaml"])
def test_escaped_mark_forges_no_token(name: str) -> None:
    """A token that a file writes out as escapes is ordinary text: it names no resource of another stack."""
    text = '{"Resources": {"F": {"Type": "AWS::Lambda::Url", "Properties": {"TargetFunctionArn": "\\ue000@9/X\\uE001"}}}}'
    template = parse(text, name)
    assert OPEN not in str(template.data)
    assert CLOSE not in str(template.data)
    judge(Graph(System([template])))


def test_escaped_mark_in_a_document_inside_forges_no_token() -> None:
    """Neither does a definition that a template holds as text, as JSON or as YAML."""
    assert document('{"States": "\\ue000@9/X\\ue001"}') == {"States": "\ufffd@9/X\ufffd"}
    assert document('States: "\\U0000E000@9/X\\ue001"') == {"States": "\ufffd@9/X\ufffd"}


def test_mapping_that_names_itself_ends() -> None:
    """A mapping that holds a lookup of its own entry does not recurse for ever."""
    _graph(_machine(_cell("b")), Mappings={"Waits": {"a": {"b": [_cell("b")]}}})


def test_mapping_that_multiplies_itself_ends() -> None:
    """Lookups of lookups, ten each on fourteen levels, are bounded as a whole."""
    cells = {"k0": ["x"], **{f"k{n}": [_cell(f"k{n - 1}")] * 10 for n in range(1, 15)}}
    _graph(_machine({"States": _cell("k14")}), Mappings={"Waits": {"a": cells}})


def test_names_that_multiply_themselves_end() -> None:
    """Aliases named by ten times the alias before, thirty levels deep, stay a text of bounded length."""
    graph = _graph(
        {
            f"Alias{level}": {
                "Type": "AWS::Lambda::Alias",
                "Properties": {
                    "Name": "live",
                    "FunctionName": {
                        "Fn::Join": ["", [{"Ref": f"Alias{level - 1}" if level else "Orders"}] * 10]
                    },
                },
            }
            for level in range(30)
        }
    )
    aliases = [resource for resource in graph.system.resources if resource.type == "AWS::Lambda::Alias"]
    texts = [case.data for alias in aliases for case in alias.get("FunctionName").texts().cases]
    assert max(map(len, texts)) <= 2_000_000


def test_texts_of_a_system_are_bounded_together() -> None:
    """Thousands of properties that each join a long text do not fill the memory."""
    named = {"Fn::Join": ["", [{"Ref": "Long"}, {"Ref": "Long"}]]}
    resources = {
        f"F{n}": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": named | {}}} for n in range(2_000)
    }
    graph = _graph(resources, Parameters={"Long": {"Type": "String", "Default": "x" * 900_000}})
    names = [resource.get("QueueName") for resource in graph.system.resources]
    assert names[1].unknown is None
    assert names[-1].unknown == "a text of more than 2,000,000 characters"


@pytest.mark.parametrize(
    ("prefix", "times"), [("${", 500_000), ("{{resolve:", 100_000), (":lambda:path//functions/", 100_000)]
)
def test_text_of_openings_is_read_in_one_pass(prefix: str, times: int) -> None:
    """A text that opens something a hundred thousand times and never closes it takes no quadratic time."""
    integration = {"Integration": {"Uri": {"Fn::Sub": prefix * times}}}
    _graph(
        {"Get": {"Type": "AWS::ApiGateway::Method", "Properties": integration}, **_machine(prefix * times)}
    )


def test_export_with_many_tokens_is_compared_in_one_pass() -> None:
    """An export's name full of placeholders is compared with an import without trying every split."""
    _graph(
        {"Jobs": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::ImportValue": "a" * 3_000}}}},
        Outputs={"O": {"Value": "x", "Export": {"Name": {"Fn::Sub": "${AWS::StackName}aaa" * 60}}}},
    )


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("@-queue", "prod-queue", True),
        ("@-queue", "-queue", False),
        ("orders-@-queue-@", "orders-a-queue-b", True),
        ("orders-@-queue-@", "orders-a-queue-", False),
        ("orders-@@-queue", "orders-a-queue", False),
        ("orders-@@-queue", "orders-ab-queue", True),
        ("@queue@queue", "aqueuebqueue", True),
        ("@queue@queue", "aqueue", False),
        ("orders", "orders", True),
        ("orders", "order", False),
        ("@-x", "a-x", False),
    ],
)
def test_name_with_tokens_fits(pattern: str, text: str, *, fits: bool) -> None:
    """A token stands for one character or more; a pattern that says too little fits nothing."""
    assert _matches(pattern.replace("@", token("%", "AWS::StackName")), text) is fits


def test_wide_mapping_under_an_unknown_key_is_unknown() -> None:
    """A lookup whose row is not known does not try a hundred thousand rows for each of hundreds of functions."""
    timeout = {"Fn::FindInMap": ["Waits", {"Ref": "Stage"}, "c"]}
    resources = {
        f"F{n}": {"Type": "AWS::Lambda::Function", "Properties": {"Timeout": timeout | {}}}
        for n in range(500)
    }
    graph = _graph(
        resources,
        Parameters={"Stage": {"Type": "String"}},
        Mappings={"Waits": {f"r{n}": {"c": n} for n in range(100_000)}},
    )
    assert all(function.timeout.unknown for function in graph.functions.values() if function.id != "Orders")


@pytest.mark.parametrize(
    ("items", "body", "reason"),
    [
        (
            [str(n) for n in range(2_000)],
            {f"V{n}": "${X}" for n in range(2_000)},
            "makes more than 2,000 entries",
        ),
        (["y" * 100_000] * 20, {"V": "${X}" * 1_000}, "longer than a logical id"),
        ({"Ref": "Stage"}, {}, "runs over no known list: parameter Stage has no default"),
        ({"Fn::Split": [",", {"Ref": "Orders"}]}, {}, "runs over no known list"),
        ({"Fn::GetAtt": ["Orders", "Arn"]}, {}, "runs over no known list"),
    ],
)
def test_loop_that_cannot_be_written_out_is_said(items: object, body: dict[str, str], reason: str) -> None:
    """What a loop would make and nobody can know, or hold, is in the coverage; nothing is silently absent."""
    made = {"Type": "AWS::SQS::Queue", "Metadata": body}
    graph = _graph(
        {"Fn::ForEach::Queues": ["X", items, {"Queue${X}": made}]},
        Transform="AWS::LanguageExtensions",
        Parameters={"Stage": {"Type": "String"}},
    )
    (gap,) = graph.coverage.missed
    assert gap.place.resource.id == "Fn::ForEach::Queues"
    assert reason in gap.reason


def test_macro_is_in_the_coverage() -> None:
    """A macro may change everything in deployment: that is said, and nothing is run."""
    graph = _graph({"Fn::Transform": {"Name": "AWS::Include"}}, Transform=["AWS::LanguageExtensions", "Mine"])
    assert [gap.reason for gap in graph.coverage.missed] == [
        "the macro Mine may add or change resources in deployment",
        "the macro AWS::Include may add or change resources in deployment",
    ]
