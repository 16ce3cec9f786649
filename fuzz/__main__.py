"""Feed the reader, the resolver and every rule with mutated templates, guided by coverage.

Usage: ``make fuzz``, or ``python -m fuzz [CORPUS] [libFuzzer options]`` where atheris is installed. It starts from the
examples of the rules, stops at the first input that breaks something, and leaves that input beside the corpus.
"""

from __future__ import annotations

import copy
import json
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import atheris

with atheris.instrument_imports(include=["constructs_lib"]):
    from constructs_lib.errors import TemplateError
    from constructs_lib.policy import edges, judge, services, values
    from constructs_lib.policy import template as template_package
    from constructs_lib.policy.examples import graph_of
    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.rules import ALL
    from constructs_lib.policy.template.template import parse
    from constructs_lib.policy.values import System

    for package in (edges, services, template_package, values):
        for module in iter_modules(package.__path__, f"{package.__name__}."):
            import_module(module.name)

LIMITS = ["-timeout=20", "-rss_limit_mb=2048", "-max_len=8192"]  # a hang and a glut are finds too
# An input whose first byte is below TREE mutates an example; from JSON on the rest is JSON text, else YAML.
TREE, JSON = 0x40, 0x80
EXAMPLES = [
    stack.template.data
    for rule in ALL
    for example in (*rule.bad.values(), *rule.good.values())
    for stack in graph_of(example).system.stacks
]
NAMES = [
    "Ref",
    "Condition",
    "Fn::GetAtt",
    "Fn::Sub",
    "Fn::Join",
    "Fn::Select",
    "Fn::Split",
    "Fn::FindInMap",
    "Fn::If",
]
NAMES += [
    "Fn::ImportValue",
    "Fn::Length",
    "Fn::ToJsonString",
    "Fn::Transform",
    "Fn::ForEach::X",
    "Fn::Equals",
    "Fn::Not",
]


def check(data: bytes) -> None:
    """Check one input; anything but a TemplateError is a defect."""
    kind = data[0] if data else 0
    text = mutated(data[1:]) if kind < TREE else data[1:].decode("utf-8", "replace")
    try:
        template = parse(text, "fuzz.json" if kind >= JSON else "fuzz.yaml")
    except TemplateError:
        return
    graph = Graph(System([template]))
    for finding in judge(graph):
        finding.as_dict()
    for gap in (*graph.coverage.missed, *graph.coverage.unknowns):
        gap.place.locate()


def mutated(data: bytes) -> str:
    """Put something else into a few places of an example."""
    choices = atheris.FuzzedDataProvider(data)
    whole = copy.deepcopy(choices.PickValueInList(EXAMPLES))
    for _ in range(choices.ConsumeIntInRange(1, 4)):
        above, node = whole, whole["Resources"]
        key: Any = "Resources"
        while children := keys_of(node):
            if above is not whole and not choices.ConsumeIntInRange(0, 3):
                break
            key, above = choices.PickValueInList(children), node
            node = node[key]
        above[key] = anything(choices, node, 3)
    return json.dumps(whole)


def keys_of(node: object) -> list[Any]:
    """List the keys of a mapping, or the indexes of a list."""
    return list(node) if isinstance(node, dict) else list(range(len(node))) if isinstance(node, list) else []


def anything(choices: atheris.FuzzedDataProvider, node: object, depth: int) -> object:
    """Make a value: a scalar, a part of another example, or a function of further values."""
    kind = choices.ConsumeIntInRange(0, 7 if depth else 3)
    if kind == 0:
        return choices.PickValueInList(
            [None, True, -1, 0, 1e300, "", "x", "*", "${A}", [], {}, "arn:aws:sqs:::x"]
        )
    if kind == 1:
        return choices.ConsumeUnicodeNoSurrogates(12)
    if kind == 2:  # noqa: PLR2004 - kinds are numbers, for the fuzzer to choose
        return node
    if kind == 3:  # noqa: PLR2004 - kinds are numbers, for the fuzzer to choose
        found: object = choices.PickValueInList(EXAMPLES)["Resources"]
        while (children := keys_of(found)) and choices.ConsumeBool():
            found = found[choices.PickValueInList(children)]  # type: ignore[index]
        return copy.deepcopy(found)
    inner = [anything(choices, node, depth - 1) for _ in range(choices.ConsumeIntInRange(0, 3))]
    argument = inner if kind < 7 else {"a": inner}  # noqa: PLR2004 - kinds are numbers, for the fuzzer to choose
    return argument if kind == 4 else {choices.PickValueInList(NAMES): argument}  # noqa: PLR2004 - kinds are numbers, for the fuzzer to choose


def seeds(folder: Path) -> None:
    """Write the examples of all rules, as JSON and as the YAML that they are, and choices that mutate them."""
    for number in range(64):
        (folder / f"tree-{number}").write_bytes(bytes([number]) + bytes(range(number, number + 96)))
    for rule in ALL:
        for kind in ("bad", "good", "undecided"):
            for number, example in enumerate(getattr(rule, kind).values()):
                for stack in graph_of(example).system.stacks:
                    name = f"{rule.id}-{kind}-{number}-{stack.index}"
                    written = json.dumps(stack.template.data).encode()
                    (folder / f"{name}.json").write_bytes(b"\xff" + written)
                    (folder / f"{name}.yaml").write_bytes(b"\x50" + stack.template.text.encode())


def words(file: Path) -> None:
    """Write the dictionary: functions, sections and property names that occur in the examples."""
    found = {
        "Fn::Sub",
        "Fn::If",
        "Fn::ForEach::X",
        "!Ref ",
        "!If ",
        "!Sub ",
        "${",
        "&a ",
        "*a",
        "<<: ",
        "AWS::NoValue",
    }
    for rule in ALL:
        for example in (*rule.bad.values(), *rule.good.values()):
            found |= {word.strip("{},[]\"':!") for word in example.split() if word.isascii()}
    escaped = (word.replace("\\", "\\\\").replace('"', '\\"') for word in sorted(found) if word)
    file.write_text("".join(f'"{word}"\n' for word in escaped), encoding="utf-8")


def main() -> None:
    """Prepare what libFuzzer starts from, and start it."""
    options = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        examples, dictionary = Path(folder) / "examples", Path(folder) / "words.txt"
        examples.mkdir()
        seeds(examples)
        words(dictionary)
        atheris.Setup([sys.argv[0], *LIMITS, f"-dict={dictionary}", *options, str(examples)], check)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
