"""The policy inside other tools: cfn-lint, pre-commit and GitHub Actions."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from constructs_lib.policy.rules import ALL

ROOT = Path(__file__).parents[2]
QUEUE = """
Resources:
  Worker:
    Type: AWS::Lambda::Function
    Properties:
      Timeout: 60
      Handler: index.handler
      Runtime: python3.13
      Role: arn:aws:iam::111111111111:role/worker
      Code: {ZipFile: "def handler(event, context): pass"}
  Live:
    Type: AWS::Lambda::Alias
    Properties: {Name: live, FunctionName: !Ref Worker, FunctionVersion: "1"}
  Jobs:
    Type: AWS::SQS::Queue
    Properties: {VisibilityTimeout: 30}
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {EventSourceArn: !GetAtt Jobs.Arn, FunctionName: !Ref Live}
"""


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """Give a folder's template.yaml with one error, through an alias, and some warnings."""
    file = tmp_path / "template.yaml"
    file.write_text(QUEUE, encoding="utf-8")
    return file


def _run(words: list[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        words,
        cwd=folder,
        env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_cfn_lint_finds_what_it_does_not_find_alone(template: Path) -> None:
    """With the adapter cfn-lint sees through the alias; without it, it says nothing about these two resources."""
    command = ["cfn-lint", "--format", "json", str(template)]
    alone = json.loads(_run(command, template.parent).stdout or "[]")
    found = json.loads(_run([*command, "-a", "constructs_lib.policy.cfn_lint"], template.parent).stdout)
    assert not any("visibility" in match["Message"].lower() for match in alone)
    (match,) = [match for match in found if match["Rule"]["Id"] == "EQ301"]
    assert match["Level"] == "Error"
    assert match["Message"].startswith("queue Jobs hands a message out again after 30 s")
    assert match["Location"]["Path"] == ["Resources", "Jobs", "Properties", "VisibilityTimeout"]
    assert match["Location"]["Start"]["LineNumber"] == 16
    assert {"WQ304", "WK904"} <= {match["Rule"]["Id"] for match in found}


def test_cfn_lint_knows_every_rule(tmp_path: Path) -> None:
    """Each rule about the system is listed under its own id, and a waiver in the template counts."""
    listed = _run(["cfn-lint", "-l", "-a", "constructs_lib.policy.cfn_lint"], tmp_path).stdout
    ids = set(re.findall(r"^([EWI][A-Z]\d{3}): ", listed, re.MULTILINE))
    assert {each[1:] for each in ids} == {rule.id for rule in ALL if not rule.id.startswith("V")}
    waived = QUEUE.replace(
        "Type: AWS::SQS::Queue",
        "Type: AWS::SQS::Queue\n    Metadata: {constructs-lib: {waive: [{rule: Q301, reason: idempotent}]}}",
    )
    (tmp_path / "template.yaml").write_text(waived, encoding="utf-8")
    command = ["cfn-lint", "template.yaml", "-a", "constructs_lib.policy.cfn_lint"]
    said = _run(command, tmp_path).stdout
    assert "EQ301" not in said
    assert "WQ304" in said


def _hooks() -> dict[str, dict[str, Any]]:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    return {hook["id"]: hook for hook in hooks}


def test_pre_commit_hook_checks_the_files_it_is_given(template: Path) -> None:
    """The hook's command fails on a broken template, and its pattern takes templates and leaves other files alone."""
    hook = _hooks()["constructs-lib"]
    done = _run([*hook["entry"].split(), template.name], template.parent)
    assert (done.returncode, "Q301" in done.stdout) == (1, True), done.stderr
    taken = ["template.yaml", "service/template.yml", "a.template.json", "old.template"]
    left = ["package.json", "docker-compose.yaml", "templates.yaml", "template.py"]
    assert [name for name in (*taken, *left) if re.search(hook["files"], name)] == taken


def test_pre_commit_hook_for_cdk_takes_the_assembly() -> None:
    """The hook for CDK apps reads cdk.out as a whole, whatever files are committed."""
    hook = _hooks()["constructs-lib-cdk"]
    assert hook["entry"].split()[-2:] == ["check", "cdk.out"]
    assert hook["pass_filenames"] is False


def _action() -> dict[str, Any]:
    action: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    return action


@pytest.mark.parametrize(
    ("inputs", "exit_code"),
    [
        ({"PATHS": "template.yaml"}, 1),
        ({"PATHS": "template.yaml\n\n", "SETTINGS": "off.toml"}, 0),
        ({"PATHS": "template.yaml", "SETTINGS": "off.toml", "STRICT": "true"}, 1),
        ({"PATHS": "template.yaml", "EACH": "true"}, 1),
        ({"PATHS": "template.yaml", "BASELINE": "known.json"}, 0),
        ({"PATHS": "no such template.yaml"}, 2),
        ({"PATHS": "$(touch taken).yaml"}, 2),
    ],
)
def test_github_action_runs_its_script(template: Path, inputs: dict[str, str], exit_code: int) -> None:
    """The action's own script, run as a runner would, gives the exit code, annotations and SARIF."""
    folder = template.parent
    (folder / "off.toml").write_text('[severities]\nQ301 = "warning"\n', encoding="utf-8")
    _run(
        ["constructs-lib", "check", "template.yaml", "--baseline", "known.json", "--update-baseline"], folder
    )
    step = _action()["runs"]["steps"][1]
    defaults = dict.fromkeys(step["env"], "") | {"SARIF": "out.sarif"}
    done = _run(["bash", "-e", "-o", "pipefail", "-c", step["run"]], folder, **(defaults | inputs))
    assert done.returncode == exit_code, done.stderr
    assert not (folder / "taken").exists()
    if exit_code == 1:
        assert "::error " in done.stdout or "::warning " in done.stdout
        sarif = json.loads((folder / "out.sarif").read_text(encoding="utf-8"))
        assert "Q301" in {result["ruleId"] for result in sarif["runs"][0]["results"]}


def test_github_action_passes_inputs_as_data() -> None:
    """No input is written into a script, where its text would be run."""
    action = _action()
    for step in action["runs"]["steps"]:
        assert "${{" not in step["run"]
    used = {value for step in action["runs"]["steps"] for value in step["env"].values()}
    assert {f"${{{{ inputs.{name} }}}}" for name in action["inputs"]} <= used
