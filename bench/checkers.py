"""What each checker says about a folder of templates: ours, and the peers, each in its own process.

Every function gives the findings by the name of the file, as (rule, resource); what a finding says is not compared.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

Findings = dict[str, set[tuple[str, str]]]
ROOT = Path(__file__).resolve().parent.parent
OURS = [str(ROOT / ".venv" / "bin" / "constructs-lib"), "check"]
CFN_LINT = [str(ROOT / ".venv" / "bin" / "cfn-lint")]
CHECKOV = [
    str(ROOT / ".venv-checkov" / "bin" / "checkov"),
    *("--framework=cloudformation", "--skip-download", "--compact", "--quiet"),
]
_SERVERLESS = str(ROOT / ".venv-serverless-rules" / "bin" / "cfn-lint")


def constructs_lib(systems: Iterable[Path]) -> Findings:
    """Run ours on folders, each of them one system; the name of the folder stands for its files."""
    found: Findings = {}
    for system in systems:
        report = json.loads(_output([*OURS, str(system), "--format", "json"]))
        if report["coverage"]["unreadable"]:
            raise SystemExit(f"could not read {system.name}: {report['coverage']['unreadable']}")
        found[system.name] = {(each["rule"], each["logical_id"]) for each in report["findings"]}
    return found


def cfn_lint(folder: Path) -> tuple[Findings, Findings]:
    """Run cfn-lint with everything on, informational rules too; gives its own findings and those of serverless-rules."""
    command = [_SERVERLESS, "--append-rules", "cfn_lint_serverless.rules", "--include-checks", "I"]
    said = json.loads(_output([*command, "--format", "json", "--template", *_files(folder)]))
    own, serverless = _rows(), _rows()
    for each in said:
        rule = each["Rule"]["Id"]
        path = each["Location"]["Path"] or []
        kind = serverless if re.match("ES|WS", rule) else own
        kind[Path(each["Filename"]).stem].add((rule, "/".join(map(str, path[:2]))))
    return own, serverless


def checkov(folder: Path) -> Findings:
    """Run checkov's CloudFormation rules."""
    said = json.loads(_output([*CHECKOV, "--soft-fail", "--output=json", "--directory", str(folder)]))
    if said["summary"]["parsing_errors"]:
        raise SystemExit(f"checkov could not read {said['summary']['parsing_errors']} templates")
    found = _rows()
    for each in said["results"]["failed_checks"]:
        found[Path(each["file_path"]).stem].add((each["check_id"], each["resource"]))
    return found


def synth_checkers(folder: Path) -> tuple[Findings, Findings]:
    """Run what runs inside CDK's synth: cdk-nag's AwsSolutions and Serverless packs, and CDK's own validation."""
    environment = {name: value for name, value in os.environ.items() if name != "CDK_VALIDATION"}
    environment["JSII_NODE"] = str(ROOT / ".venv" / "bin" / "node")
    said = json.loads(_output([sys.executable, "-m", "bench.synth_checkers", str(folder)], environment))
    return _from_synth(said["cdk-nag"]), _from_synth(said["CDK"])


def _from_synth(said: dict[str, Any]) -> Findings:
    return defaultdict(set, {stack: {(rule, path) for rule, path in rows} for stack, rows in said.items()})


def _files(folder: Path) -> list[str]:
    return sorted(str(file) for file in folder.glob("*.json"))


def _rows() -> Findings:
    return defaultdict(set)


def _output(command: list[str], environment: dict[str, str] | None = None) -> str:
    """Give what a checker prints; they exit with 1 and more when they have findings, and 0 means nothing either."""
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if not done.stdout.strip():
        raise SystemExit(f"{Path(command[0]).name} printed nothing: {done.stderr[-2000:]}")
    return done.stdout
