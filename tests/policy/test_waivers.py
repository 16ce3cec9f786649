"""Waivers: where they may be written, what they cover, and what becomes of those that cover nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from constructs_lib.policy import check, check_templates
from constructs_lib.policy.settings_file import load_settings
from constructs_lib.policy.template.template import Template, parse

if TYPE_CHECKING:
    from pathlib import Path

    from constructs_lib.policy import Report

QUEUE = """
TEMPLATE
Resources:
  Worker:
    Type: AWS::Lambda::Function
    Metadata: {WORKER}
    Properties: {Timeout: 10}
  Jobs:
    Type: AWS::SQS::Queue
    Metadata: {JOBS}
    Properties: {VisibilityTimeout: 100}
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {EventSourceArn: !GetAtt Jobs.Arn, FunctionName: !Ref Worker, FunctionResponseTypes: [ReportBatchItemFailures]}
"""
WAIVE = "constructs-lib: {waive: [{rule: Q304, reason: drained by hand}]}"


def _template(*, template: str = "", worker: str = "", jobs: str = "", file: str = "t.yaml") -> Template:
    text = QUEUE.replace("TEMPLATE", template).replace("WORKER", worker).replace("JOBS", jobs)
    return parse(text, file)


def _said(report: Report) -> list[tuple[str, str | None]]:
    return [
        (finding.rule, finding.waived) for finding in report.findings if finding.rule[0] == "V" or finding.rule == "Q304"
    ]  # fmt: skip


def _settings(folder: Path, **waiver: str) -> Any:
    lines = [f'{key} = "{value}"' for key, value in {"rule": "Q304", "reason": "by hand", **waiver}.items()]
    file = folder / "constructs_lib.toml"
    file.write_text("# ours\n\n[[waivers]]\n" + "\n".join(lines), encoding="utf-8")
    return load_settings(file=str(file))


def test_without_a_waiver_the_finding_counts() -> None:
    """The queue of these tests has one finding of Q304."""
    assert _said(check_templates([_template()])) == [("Q304", None)]


@pytest.mark.parametrize("where", ["jobs", "worker", "template"])
def test_metadata_waives(where: str) -> None:
    """A waiver in the Metadata of either end, or of the template, accepts the finding with its reason."""
    written = f"Metadata: {{{WAIVE}}}" if where == "template" else WAIVE
    report = check_templates([_template(**{where: written})])
    assert _said(report) == [("Q304", "drained by hand")]
    waiver = report.findings[0].waived_by
    assert waiver is not None
    assert (waiver.rule, waiver.scope) == ("Q304", "t.yaml" if where == "template" else where.capitalize())


def test_waiver_of_another_resource_accepts_nothing() -> None:
    """A waiver covers its own resource's findings, not those of its neighbours, and says that it is of no use."""
    other = f"Metadata: {{{WAIVE}}}"
    report = check_templates([_template(), _template(template=other, file="other.yaml")])
    assert sorted(_said(report), key=str) == [("Q304", "drained by hand"), ("Q304", None)]
    lonely = parse(f"Resources: {{Topic: {{Type: AWS::SNS::Topic, Metadata: {{{WAIVE}}}}}}}", "lonely.yaml")
    assert _said(check_templates([_template(), lonely])) == [("Q304", None), ("V003", None)]


def test_waiver_keeps_the_budget_beside_it() -> None:
    """Waivers and declared budgets share one key of the Metadata without losing each other."""
    both = "constructs-lib: {init: 4, waive: [{rule: Q304, reason: drained by hand}]}"
    assert _said(check_templates([_template(worker=both)])) == [("Q304", "drained by hand")]


def test_expired_waiver_is_a_finding_and_waives_no_longer() -> None:
    """After its last day the finding counts again, and the waiver itself is reported."""
    expired = "constructs-lib: {waive: [{rule: Q304, reason: drained by hand, expires: 2020-02-29}]}"
    report = check_templates([_template(jobs=expired)])
    assert _said(report) == [("Q304", None), ("V001", None)]
    assert report.findings[-1].message == (
        "The waiver of Q304 for Jobs held until 2020-02-29: its findings count again (drained by hand)."
    )
    assert report.findings[-1].place.locate()[0] == 10


@pytest.mark.parametrize(
    ("scope", "covers"),
    [
        ("Jobs", True),
        ("Job?", True),
        ("Worker", True),
        ("Mapping", True),
        ("jobs", False),
        ("Other*", False),
        ("*/t.yaml", True),
        ("t.yaml", True),
        ("*.json", False),
        ("t.yaml::Jobs", True),
        ("t.yaml::Other", False),
        ("u.yaml::Jobs", False),
        ("Shop/Jobs", True),
        ("Shop/J*", True),
        ("*/Jobs", True),
        ("Shop/Job", False),
        ("Shop/Queue", False),
    ],
)
def test_scopes_of_settings(tmp_path: Path, scope: str, covers: bool) -> None:
    """A scope is a logical id, a construct path, a file, or a file and a logical id; wildcards match inside."""
    template = _template(jobs="aws:cdk:path: Shop/Jobs/Resource", file=str(tmp_path / "t.yaml"))
    report = check_templates([template], _settings(tmp_path, scope=scope))
    assert _said(report) == ([("Q304", "by hand")] if covers else [("Q304", None), ("V003", None)])


def test_unused_waiver_of_settings_points_at_its_line(tmp_path: Path) -> None:
    """What is reported about a waiver in the settings points into the settings file."""
    report = check_templates([_template()], _settings(tmp_path, scope="Other"))
    finding = report.findings[-1].as_dict()
    assert (finding["rule"], finding["file"]) == ("V003", str(tmp_path / "constructs_lib.toml"))
    assert (finding["line"], finding["logical_id"], finding["property"]) == (3, "Other", "waivers[0]")


def test_settings_waiver_is_judged_once_for_many_systems(tmp_path: Path) -> None:
    """With every file a system of its own, a waiver that one of them needs is not unused in the others."""
    for name, text in (("a.yaml", QUEUE), ("b.yaml", QUEUE.replace("Jobs", "Mails"))):
        (tmp_path / name).write_text(text.replace("TEMPLATE", "").replace("WORKER", "").replace("JOBS", ""))
    settings = _settings(tmp_path, scope="Jobs")
    report = check([str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml")], settings, each=True)
    assert _said(report) == [("Q304", "by hand"), ("Q304", None)]
    unused = check([str(tmp_path / "b.yaml")] * 2, _settings(tmp_path, scope="Jobs"), each=True)
    assert [rule for rule, _ in _said(unused)] == ["Q304", "Q304", "V003"]


def test_expired_waiver_of_settings(tmp_path: Path) -> None:
    """A last day counts in settings as it does in templates."""
    report = check_templates([_template()], _settings(tmp_path, scope="Jobs", expires="2020-02-29"))
    assert _said(report) == [("Q304", None), ("V001", None)]


def _assembly(folder: Path, acknowledged: dict[str, dict[str, str]]) -> str:
    """Write a cloud assembly as CDK does: template, manifest, and the constructs' notes in a file of their own."""
    text = QUEUE.replace("TEMPLATE", "").replace("WORKER", "").replace("JOBS", "")
    (folder / "Shop.template.json").write_text(json.dumps(parse(text, "t.yaml").data), encoding="utf-8")
    notes: dict[str, list[dict[str, Any]]] = {
        f"/Shop/{name}/Resource": [{"type": "aws:cdk:logicalId", "data": name}]
        for name in ("Jobs", "Worker", "Mapping")
    }
    for path, rules in acknowledged.items():
        notes.setdefault(path, []).append({"type": "aws:cdk:acknowledged-rules", "data": rules})
    (folder / "Shop.metadata.json").write_text(json.dumps(notes), encoding="utf-8")
    stack = {
        "type": "aws:cloudformation:stack",
        "properties": {"templateFile": "Shop.template.json"},
        "additionalMetadataFile": "Shop.metadata.json",
    }
    manifest = {"version": "55.0.0", "artifacts": {"Shop": stack}}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return str(folder)


@pytest.mark.parametrize(
    ("path", "covers"),
    [("/Shop", True), ("/Shop/Jobs", True), ("/Shop/Worker", True), ("/Shop/Job", False), ("/Other", False)],
)
def test_acknowledgement_in_the_assembly(tmp_path: Path, path: str, covers: bool) -> None:
    """What CDK code acknowledged is found in cdk.out, scoped to the construct on which it was said."""
    folder = _assembly(tmp_path, {path: {"constructs-lib::Q304": "drained by hand"}})
    assert _said(check([folder])) == (
        [("Q304", "drained by hand")] if covers else [("Q304", None), ("V003", None)]
    )


def test_acknowledgement_of_another_tool_is_left_alone(tmp_path: Path) -> None:
    """Acknowledged rules of other plugins are none of ours."""
    folder = _assembly(
        tmp_path, {"/Shop": {"AwsSolutions::AwsSolutions-SQS3": "x", "Annotation::SomeRule": "y"}}
    )
    assert _said(check([folder])) == [("Q304", None)]


@pytest.mark.parametrize("said", ["Annotation::Q304", "constructs_lib::Q304"])
def test_acknowledgement_without_the_right_prefix_is_refused(tmp_path: Path, said: str) -> None:
    """A bare id, which CDK silently connects with nothing, is pointed out with the id to write."""
    report = check([_assembly(tmp_path, {"/Shop/Jobs": {said: "drained by hand"}})])
    assert _said(report) == [("Q304", None), ("V002", None)]
    assert report.findings[-1].fix == "Acknowledge constructs-lib::Q304."


def test_acknowledgement_without_a_reason_is_refused(tmp_path: Path) -> None:
    """CDK takes an empty reason; we do not."""
    report = check([_assembly(tmp_path, {"/Shop/Jobs": {"constructs-lib::Q304": ""}})])
    assert [rule for rule, _ in _said(report)] == ["Q304", "V002"]


def test_switched_off_rules_about_waivers_say_nothing(tmp_path: Path) -> None:
    """The rules about waivers are rules: their severity can be set."""
    settings = _settings(tmp_path, scope="Other")
    settings.severities["V003"] = "off"
    assert _said(check_templates([_template()], settings)) == [("Q304", None)]
