"""``check`` as its users run it: exit codes, several formats at once, bad input, speed's preconditions."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.policy.report.systems import CLEAN, SHOP

BROKEN = "Resources: {A: [}\n"
WARNED = """\
Resources:
  Worker: {Type: AWS::Lambda::Function, Properties: {Timeout: !Ref Time}}
  Flow:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      Definition:
        StartAt: A
        States:
          A:
            Type: Task
            Resource: !GetAtt Worker.Arn
            End: true
            Retry: [{ErrorEquals: [States.ALL]}]
Parameters: {Time: {Type: Number, Default: 10}}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with a template of each kind."""
    for name, text in {"shop": SHOP, "clean": CLEAN, "broken": BROKEN, "warned": WARNED}.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run the real command in a process of its own."""
    command = [sys.executable, "-m", "constructs_lib.cli", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, input=stdin)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["clean.yaml"], 0),
        (["warned.yaml"], 0),
        (["warned.yaml", "--strict"], 1),
        (["shop.yaml"], 1),
        (["broken.yaml"], 2),
        (["broken.yaml", "shop.yaml"], 2),
        (["absent.yaml"], 2),
        (["nothing-*.yaml"], 2),
        (["clean.yaml", "--baseline", "absent.json"], 2),
        (["clean.yaml", "--update-baseline"], 2),
    ],
)
def test_exit_codes(words: list[str], code: int) -> None:
    """0 is clean, 1 has errors or with --strict warnings, 2 could not see everything."""
    done = run("check", *words)
    assert done.returncode == code
    assert "Traceback" not in done.stderr


def test_a_file_that_cannot_be_read_does_not_hide_the_others() -> None:
    """Both are reported: the file by name, the findings of the rest."""
    done = run("check", "broken.yaml", "shop.yaml")
    assert "broken.yaml:1:" in done.stdout
    assert "error T101" in done.stdout


def test_standard_input_is_a_template_too() -> None:
    """`-` reads what another command prints."""
    done = run("check", "-", stdin=SHOP)
    assert done.returncode == 1
    assert "<stdin>:14:" in done.stdout


def test_several_formats_at_once() -> None:
    """One goes to the screen, the others to their files."""
    words = [
        "--format",
        "json",
        "--format",
        "sarif:out.sarif",
        "--format",
        "html:out.html",
        "--format",
        "junit:out.xml",
    ]
    done = run("check", "shop.yaml", *words)
    assert done.returncode == 1
    assert len(json.loads(done.stdout)["findings"]) == len(
        json.loads(Path("out.sarif").read_text())["runs"][0]["results"]
    )
    assert Path("out.html").read_text().startswith("<!doctype html>")
    assert Path("out.xml").read_text().startswith("<?xml")
    assert list(Path().glob("*.part")) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["--format", "yaml"],
            "--format: got yaml; allowed: text, json, sarif, junit, github, markdown, html",
        ),
        (["--format", "json", "--format", "text"], "allowed: one format on standard output"),
        (["--format", "sarif:no/such/folder/x"], "found no folder no/such/folder"),
        (["--format", "sarif:."], "found a folder"),
        (["--parameter", "Stage"], "--parameter: got Stage; allowed: NAME=VALUE"),
        (["--parameters", "absent.json"], "absent.json: cannot be read"),
        (["--parameters", "clean.yaml"], "clean.yaml: is no JSON"),
        (["--settings", "absent.toml"], "absent.toml"),
    ],
)
def test_options_that_cannot_be_used(words: list[str], said: str) -> None:
    """The message says what was found and what is allowed, nothing is checked, nothing written."""
    done = run("check", "shop.yaml", *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stdout == ""


def test_each_file_is_a_system_of_its_own() -> None:
    """Together an import meets its export; with --each it does not, and there is still one document."""
    producer = 'Resources: {}\nOutputs: {T: {Value: "70", Export: {Name: report-timeout}}}\n'
    Path("producer.yaml").write_text(producer)
    found = {}
    for words in ([], ["--each"]):
        done = run("check", "shop.yaml", "producer.yaml", "--format", "json", *words)
        found[bool(words)] = json.loads(done.stdout)["coverage"]
    assert (found[False]["systems"], found[True]["systems"]) == (1, 2)
    assert (found[False]["templates"], found[True]["templates"]) == (2, 2)
    assert len(found[True]["undecided"]) > len(found[False]["undecided"])


@pytest.mark.parametrize(
    "content",
    [
        '[{"ParameterKey": "Time", "ParameterValue": "3600"}]',
        '["Time=3600"]',
        '{"Parameters": {"Time": "3600"}}',
        '{"Time": 3600}',
    ],
)
def test_parameters_come_from_files_of_every_form(content: str) -> None:
    """A finding's arithmetic uses the value given, not the default; the option beats the file."""
    Path("parameters.json").write_text(content)
    done = run("check", "warned.yaml", "--parameters", "parameters.json")
    assert "3600" in done.stdout
    done = run("check", "warned.yaml", "--parameters", "parameters.json", "--parameter", "Time=55")
    assert "3600" not in done.stdout
    assert "55" in done.stdout


def test_without_paths_it_takes_this_folder() -> None:
    """A newcomer's first command does something."""
    Path("broken.yaml").unlink()
    done = run("check")
    assert done.returncode == 1
    assert "3 templates" in done.stdout


def test_a_pipe_gets_plain_text_and_a_terminal_colours() -> None:
    """Colours are for eyes: not in files, not where NO_COLOR asks."""
    assert "\033" not in run("check", "shop.yaml").stdout
    assert "\033[1;31m" in _on_a_terminal({})
    assert "\033" not in _on_a_terminal({"NO_COLOR": "1"})


def _on_a_terminal(environment: dict[str, str]) -> str:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "constructs_lib.cli", "check", "shop.yaml"]
    variables = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    with subprocess.Popen(
        command, stdout=theirs, stderr=theirs, env={**variables, "TERM": "xterm", **environment}
    ):
        os.close(theirs)
        said = b""
        while True:
            try:
                said += (part := os.read(ours, 4096))
            except OSError:  # how a pty says that the other end is closed
                break
            if not part:
                break
    os.close(ours)
    return said.decode()


def test_the_way_to_an_answer_loads_nothing_slow() -> None:
    """What costs more than it gives stays unloaded: the start is most of the time that a check takes."""
    Path("clean.json").write_text('{"Resources": {"A": {"Type": "AWS::Lambda::Function"}}}')
    script = (
        "import sys; from constructs_lib.cli import main; main(['check', 'clean.json']); "
        "print(*sorted(sys.modules), sep='\\n')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines())
    slow = {
        "typing",
        "dataclasses",
        "rich",
        "yaml",
        "jsonschema",
        "pathlib",
        "inspect",
        "importlib.metadata",
        "aws_cdk",
        "tomllib",
    }
    assert loaded & slow == set()


# The other commands -----------------------------------------------------------------------------------------------


def test_explain_takes_id_and_name() -> None:
    """Findings show the id, documentation the name; CDK users know it with the plugin's name before it."""
    said = {
        run("explain", word).stdout
        for word in ("T101", "t101", "gateway-gives-up-first", "constructs-lib::T101")
    }
    assert len(said) == 1
    assert "Why is this bad?" in said.pop()


def test_explain_suggests_on_a_typo() -> None:
    """Whoever mistypes learns what there is."""
    done = run("explain", "gateway-give-up-frist")
    assert done.returncode == 2
    assert "did you mean T101 gateway-gives-up-first" in done.stderr


def test_rules_lists_all_for_people_and_for_programs() -> None:
    """Both forms have the same rules."""
    listed = [line.split()[0] for line in run("rules").stdout.splitlines()]
    assert listed == [row["id"] for row in json.loads(run("rules", "--format", "json").stdout)]


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("text", "GET /orders ──10 s──▶ alias live ──▶ Orders (14 s)"),
        ("mermaid", '-->|"GET /orders 10 s"|'),
        ("dot", 'label="GET /orders 10 s", style=solid'),
        ("json", '"label": "GET /orders"'),
    ],
)
def test_graph_in_every_form(form: str, said: str) -> None:
    """Who invokes whom and how long each waits, for people and for tools."""
    done = run("graph", "shop.yaml", "--format", form)
    assert done.returncode == 0
    assert said in done.stdout


def test_graph_says_what_it_could_not_read() -> None:
    """The rest is drawn, and the exit code is 2."""
    done = run("graph", "shop.yaml", "broken.yaml")
    assert done.returncode == 2
    assert "GET /orders" in done.stdout
    assert "broken.yaml" in done.stderr
