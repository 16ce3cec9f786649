"""Baselines: what they accept, what they survive, and that they only ever shrink."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from constructs_lib.errors import SettingsError
from constructs_lib.policy import check_templates
from constructs_lib.policy.baseline import Baseline
from constructs_lib.policy.template.template import parse

if TYPE_CHECKING:
    from pathlib import Path

    from constructs_lib.policy.rule import Finding

QUEUE = """
Resources:
  Worker:
    Type: AWS::Lambda::Function
    Properties: {Timeout: 10}
  Jobs:
    Type: AWS::SQS::Queue
    Properties: {VisibilityTimeout: 5}
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {EventSourceArn: !GetAtt Jobs.Arn, FunctionName: !Ref Worker}
"""
SECRET = QUEUE.replace(
    "{Timeout: 10}", "{Timeout: 10, Environment: {Variables: {DB_PASSWORD: horse-battery}}}"
)


def _findings(text: str, file: str = "t.yaml") -> list[Finding]:
    return check_templates([parse(text, file)]).findings


def _open(findings: list[Finding]) -> list[str]:
    return [finding.rule for finding in findings if finding.waived is None]


def _baseline(file: Path, text: str = QUEUE, template: str = "t.yaml") -> Path:
    """Make a baseline of a template's findings."""
    baseline = Baseline(str(file), update=True)
    baseline.accept(_findings(text, template))
    baseline.finish()
    return file


def _checked(
    file: Path, text: str, *, update: bool = False, template: str = "t.yaml"
) -> tuple[list[str], str]:
    """Check a template against a baseline: the rules of the findings that are new, and the summary."""
    baseline, findings = Baseline(str(file), update=update), _findings(text, template)
    baseline.accept(findings)
    return _open(findings), baseline.finish()


def test_new_baseline_accepts_todays_findings(tmp_path: Path) -> None:
    """Making a baseline accepts everything that is found, and the next run has nothing to say."""
    file = tmp_path / "baseline.json"
    baseline, findings = Baseline(str(file), update=True), _findings(QUEUE)
    assert "Q301" in _open(findings)
    baseline.accept(findings)
    assert _open(findings) == []
    assert baseline.finish() == f"{file}: new baseline, {len(findings)} findings accepted"
    assert _checked(file, QUEUE) == ([], "")


def test_entries_can_be_reviewed(tmp_path: Path) -> None:
    """An entry says the rule, the place relative to the baseline, the property, and both ends."""
    file = _baseline(tmp_path / "baseline.json", template=str(tmp_path / "old" / "t.yaml"))
    entries = json.loads(file.read_text(encoding="utf-8"))["findings"]
    assert {
        "rule": "Q301",
        "at": "old/t.yaml::Jobs",
        "property": "VisibilityTimeout",
        "between": ["Jobs", "Worker"],
    } in entries


def test_moved_lines_and_worse_numbers_stay_accepted(tmp_path: Path) -> None:
    """Neither lines nor numbers make a known finding a new one."""
    file = _baseline(tmp_path / "baseline.json")
    text = "Description: more\n\n\n" + QUEUE.replace("Timeout: 10", "Timeout: 20")
    assert _checked(file, text) == ([], "")


def test_new_findings_fail(tmp_path: Path) -> None:
    """A finding that is not in the baseline counts."""
    file = _baseline(tmp_path / "baseline.json")
    assert _checked(file, SECRET) == (["S801"], "")


def test_same_finding_in_another_file_is_new(tmp_path: Path) -> None:
    """The file is part of what is accepted."""
    file = _baseline(tmp_path / "baseline.json")
    assert "Q301" in _checked(file, QUEUE, template="other.yaml")[0]


def test_construct_path_names_a_finding_wherever_the_assembly_lies(tmp_path: Path) -> None:
    """CDK resources are known by their construct, so that another output folder or a new logical id changes nothing."""
    path = "Metadata: {'aws:cdk:path': Shop/NAME/Resource}\n    Properties:"
    text = QUEUE
    for name in ("Worker", "Jobs", "Mapping"):
        before, _, after = text.partition(f"  {name}:")
        text = f"{before}  {name}:" + after.replace("Properties:", path.replace("NAME", name), 1)
    file = _baseline(tmp_path / "baseline.json", text, "cdk.out/Shop.template.json")
    renamed = text.replace("  Jobs:", "  JobsABCD1234:").replace("Jobs.Arn", "JobsABCD1234.Arn")
    assert _checked(file, renamed, template="elsewhere/Shop.template.json") == ([], "")


def test_update_takes_out_what_is_mended_and_adds_nothing(tmp_path: Path) -> None:
    """The ratchet: mended entries go, new findings stay new, and a finding that comes back is new."""
    file = _baseline(tmp_path / "baseline.json")
    mended = SECRET.replace("VisibilityTimeout: 5", "VisibilityTimeout: 500")
    rules, said = _checked(file, mended, update=False)
    assert rules == ["S801"]
    assert said == f"{file}: 1 mended, take them out with --update-baseline"
    rules, said = _checked(file, mended, update=True)
    assert rules == ["S801"]
    assert said.endswith("1 mended, 1 new not added")
    assert _checked(file, SECRET)[0] == ["Q301", "S801"]


def test_nothing_is_written_unless_asked_or_if_a_template_was_not_read(tmp_path: Path) -> None:
    """A plain run leaves the file alone, and so does an update that did not see everything."""
    file = _baseline(tmp_path / "baseline.json")
    before = file.read_bytes()
    _checked(file, "Resources: {}")
    baseline = Baseline(str(file), update=True)
    assert baseline.finish(complete=False).endswith("not updated, because something could not be read")
    assert file.read_bytes() == before
    new = Baseline(str(tmp_path / "new.json"), update=True)
    new.finish(complete=False)
    assert not (tmp_path / "new.json").exists()


def test_same_finding_twice_needs_two_entries(tmp_path: Path) -> None:
    """Entries are counted: a second finding of the same name is new."""
    file = _baseline(tmp_path / "baseline.json")
    baseline = Baseline(str(file))
    first, second = _findings(QUEUE), _findings(QUEUE)
    baseline.accept(first)
    baseline.accept(second)
    assert _open(first) == []
    assert "Q301" in _open(second)


def test_waived_findings_are_not_put_into_the_baseline(tmp_path: Path) -> None:
    """What a waiver accepts needs no entry, so the entry does not outlive the waiver."""
    waived = QUEUE.replace(
        "Type: AWS::SQS::Queue",
        "Type: AWS::SQS::Queue\n    Metadata: {constructs-lib: {waive: [{rule: Q301, reason: idempotent}]}}",
    )
    file = _baseline(tmp_path / "baseline.json", waived)
    assert "Q301" in _checked(file, QUEUE)[0]


def test_waivers_that_went_bad_are_never_accepted(tmp_path: Path) -> None:
    """A baseline cannot hide an expired waiver."""
    expired = QUEUE.replace(
        "Type: AWS::SQS::Queue",
        "Type: AWS::SQS::Queue\n    Metadata: {constructs-lib: {waive: [{rule: Q301, reason: x, expires: 2020-01-31}]}}",
    )
    file = _baseline(tmp_path / "baseline.json", expired)
    assert _checked(file, expired)[0] == ["V001"]


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"version": 2, "findings": []}', '{"version": 1}', '{"version": 1, "findings": [3]}',
     '{"version": 1, "findings": [{"rule": "Q301", "at": "x", "property": "", "between": [1]}]}'],
)  # fmt: skip
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    """A file that is no baseline is an error that names it, and is left as it is."""
    file = tmp_path / "baseline.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"baseline\.json"):
        Baseline(str(file), update=True)
    assert file.read_text(encoding="utf-8") == text


def test_missing_baseline_says_how_to_make_one(tmp_path: Path) -> None:
    """Without the file and without the wish to make it, the message says how."""
    with pytest.raises(SettingsError, match="make it with --update-baseline"):
        Baseline(str(tmp_path / "baseline.json"))


def test_folder_that_is_not_there_leaves_nothing_behind(tmp_path: Path) -> None:
    """A baseline that cannot be written is an error, and no partial file stays."""
    baseline = Baseline(str(tmp_path / "no" / "baseline.json"), update=True)
    with pytest.raises(SettingsError, match="cannot be written"):
        baseline.finish()
    assert list(tmp_path.iterdir()) == []


def test_permissions_are_kept(tmp_path: Path) -> None:
    """Replacing the file keeps who may read it; a new one is as open as any new file."""
    file = _baseline(tmp_path / "baseline.json")
    plain = tmp_path / "plain"
    plain.touch()
    assert file.stat().st_mode == plain.stat().st_mode
    file.chmod(0o600)
    _checked(file, "Resources: {}", update=True)
    assert file.stat().st_mode & 0o777 == 0o600
