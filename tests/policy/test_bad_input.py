"""Bad input, as a user meets it: one message for each file, the others are checked, exit code 2, and nothing hangs."""

from __future__ import annotations

import json
import os
import socket
from typing import TYPE_CHECKING, Any

import pytest

from constructs_lib.cli import main
from constructs_lib.policy import check, judge
from constructs_lib.policy.rule import Finding, Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from constructs_lib.policy.graph import Graph

GOOD = """\
Resources:
  Jobs: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: 30}}
  Worker: {Type: AWS::Lambda::Function, Properties: {Timeout: 60}}
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {EventSourceArn: !GetAtt Jobs.Arn, FunctionName: !Ref Worker}
"""
NOBODY = 65534


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with one good template, which has an error to find."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.yaml").write_text(GOOD, encoding="utf-8")
    return tmp_path


@pytest.fixture
def without_rights() -> Iterator[Callable[[], None]]:
    """Give up the rights of root when called, if the tests have them: root may read everything."""
    before = os.geteuid()
    yield lambda: os.seteuid(NOBODY) if before == 0 else None
    os.seteuid(before)


def _run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    code = main(["check", "--no-progress", "--format", "json", *words])
    output = capsys.readouterr()
    assert "Traceback" not in output.err
    return code, json.loads(output.out)


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(path.name)


def _loop(path: Path) -> None:
    path.symlink_to(path)


def _dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def _large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(40_000_000)  # a file with a hole: large, and quick to make


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (_pipe, "bad.yaml: is a pipe; name a regular file, or - for standard input"),
        (_device, "bad.yaml: is a device; name a regular file, or - for standard input"),
        (_socket, "bad.yaml: is a socket; name a regular file, or - for standard input"),
        (_loop, "bad.yaml: cannot be read: Too many levels of symbolic links"),
        (_dangling, "bad.yaml: there is no such file"),
        (_large, "bad.yaml: more than 32,000,000 bytes; a template has at most 8,000,000 characters"),
    ],
)
@pytest.mark.parametrize("words", [("bad.yaml", "good.yaml"), ("*.yaml",), ("**/*.yaml",), (".",)])
def test_what_is_no_file_is_named_and_the_rest_checked(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    make: Callable[[Path], None],
    message: str,
    words: tuple[str, ...],
) -> None:
    """A pipe, device, socket, broken link or giant is one message, by name, glob or folder; nothing waits for it."""
    make(folder / "bad.yaml")
    code, document = _run(capsys, *words)
    if message.startswith("bad.yaml: more") and words == (
        ".",
    ):  # a folder's files without Resources are left alone
        assert (code, document["coverage"]["unreadable"]) == (1, [])
        return
    assert code == 2
    assert [text.removeprefix("./") for text in document["coverage"]["unreadable"]] == [message]
    assert "Q301" in {finding["rule"] for finding in document["findings"]}


def test_file_and_folder_without_permission_are_named(
    folder: Path, without_rights: Callable[[], None]
) -> None:
    """What the user may not read is said, and the rest is checked."""
    for above in (folder, *folder.parents[:2]):
        above.chmod(0o755)
    (folder / "secret.yaml").write_text(GOOD, encoding="utf-8")
    (folder / "inner").mkdir()
    (folder / "inner").chmod(0)
    (folder / "secret.yaml").chmod(0)
    check(["good.yaml"])  # loads what is loaded late, while it may be read
    without_rights()
    report = check(["."])
    assert sorted(map(str, report.unreadable)) == [
        "./inner: cannot be read: Permission denied",
        "./secret.yaml: cannot be read: Permission denied",
    ]
    assert report.templates == 1


def test_links_in_a_circle_of_folders_are_not_walked(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Folders that link to themselves are walked once, by folder and by glob."""
    for name in ("one", "two", "three"):
        (folder / name).symlink_to(folder)
    for words in (".", "**/*.yaml"):
        code, document = _run(capsys, words)
        assert (code, document["coverage"]["templates"]) == (1, 1)


def test_stage_that_is_its_own_assembly_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A manifest that names itself, or a stack without a file, is said; the other stacks are checked."""
    stack = {"type": "aws:cloudformation:stack", "properties": {"templateFile": "good.yaml"}}
    artifacts = {
        "Good": stack,
        "Empty": {"type": "aws:cloudformation:stack", "properties": {}},
        "Self": {"type": "cdk:cloud-assembly", "properties": {"directoryName": "."}},
    }
    (folder / "manifest.json").write_text(json.dumps({"artifacts": artifacts}), encoding="utf-8")
    code, document = _run(capsys, ".")
    assert code == 2
    assert document["coverage"]["unreadable"] == [
        "./manifest.json: Empty names no templateFile; synthesize again",
        "./manifest.json: Self is an assembly that is read already; synthesize again",
    ]
    assert document["findings"]


def test_broken_manifest_of_an_assembly_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that CDK wrote is not taken for a folder of loose templates when its manifest is broken."""
    (folder / "cdk.out").write_text('{"version": "55.0.0"}', encoding="utf-8")
    (folder / "manifest.json").write_text('{"artifacts": {', encoding="utf-8")
    code, document = _run(capsys, ".")
    (message,) = document["coverage"]["unreadable"]
    assert (code, message.startswith("./manifest.json: broken JSON: ")) == (2, True)


def test_lost_metadata_of_a_stack_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Waivers stand in the metadata: when it cannot be read, that is said, and the stack is checked without."""
    stack = {
        "type": "aws:cloudformation:stack",
        "properties": {"templateFile": "good.yaml"},
        "additionalMetadataFile": "gone.json",
    }
    (folder / "manifest.json").write_text(json.dumps({"artifacts": {"S": stack}}), encoding="utf-8")
    code, document = _run(capsys, ".")
    assert (code, document["coverage"]["unreadable"]) == (2, ["./gone.json: there is no such file"])
    assert document["findings"]


def test_template_on_a_closed_standard_input_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without standard input there is a message, not a traceback."""
    monkeypatch.setattr("sys.stdin", None)
    code, document = _run(capsys, "-")
    unreadable = ["<stdin>: is closed; pipe a template into it, or name a file"]
    assert (code, document["coverage"]["unreadable"]) == (2, unreadable)


class Failing(Rule):
    """A rule that fails on every system."""

    id, name, severity = "X999", "failing", "error"

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Fail."""
        yield from ()
        raise ZeroDivisionError(len(graph.functions))


def test_a_rule_that_fails_hides_nothing(tmp_path: Path) -> None:
    """It is named as the defect it is, the check cannot be clean, and the other rules' findings stand."""
    template = tmp_path / "template.yaml"
    template.write_text("Resources: {Dead: {Type: AWS::SQS::Queue}}")
    report = check([str(template)], rules=[Failing()])
    assert [str(error) for error in report.unreadable] == [
        f"{template}: rule X999 failed with ZeroDivisionError: 0; this is a defect of constructs-lib, please report it"
    ]
    with pytest.raises(ZeroDivisionError):
        judge(report.graphs[0], [Failing()])
