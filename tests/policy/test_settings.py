"""Settings: where they are found, what they may hold, and what a mistake says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from constructs_lib.errors import SettingsError
from constructs_lib.policy import check
from constructs_lib.policy.settings import Settings
from constructs_lib.policy.settings_file import load_settings

if TYPE_CHECKING:
    from pathlib import Path

ALL_KEYS = """
account_concurrency = 3000
rest_wait = 60
cloudfront_read = 180
margin = 1
queue_factor = {value = 2, reason = "handlers end in a second and are never throttled"}
[parameters]
Stage = "prod"
Alarms = true
Zones = ["a", "b"]
[severities]
T101 = "off"
[connection_limits]
orders-db = 90
[[waivers]]
rule = "Q304"
scope = "Jobs"
reason = "drained by hand"
expires = 2999-12-31
"""

QUEUE = """
Resources:
  Worker: {Type: AWS::Lambda::Function, Properties: {Timeout: 10}}
  Jobs: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: 30}}
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {EventSourceArn: !GetAtt Jobs.Arn, FunctionName: !Ref Worker}
"""


def _write(folder: Path, name: str, text: str) -> str:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return str(file)


def test_every_key_is_read(tmp_path: Path) -> None:
    """A settings file sets every setting there is."""
    settings = load_settings(file=_write(tmp_path, "constructs_lib.toml", ALL_KEYS))
    assert (settings.account_concurrency, settings.rest_wait, settings.cloudfront_read) == (3000, 60, 180)
    assert (settings.margin, settings.queue_factor) == (1, 2)
    assert settings.parameters == {"Stage": "prod", "Alarms": "true", "Zones": "a,b"}
    assert settings.severities == {"T101": "off"}
    assert settings.connection_limits == {"orders-db": 90}
    assert [(waiver.rule, waiver.scope, waiver.expires) for waiver in settings.waivers] == [
        ("Q304", "Jobs", "2999-12-31")
    ]


def test_settings_stand_in_pyproject_under_their_table(tmp_path: Path) -> None:
    """The same keys are read from [tool.constructs_lib] of a pyproject.toml."""
    file = _write(tmp_path, "pyproject.toml", "[tool.constructs_lib]\nmargin = 2\n")
    assert load_settings(file=file).margin == 2


def test_nearest_file_above_the_first_path_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders are searched from the first checked path upwards; a pyproject.toml without our table is passed by."""
    monkeypatch.chdir(tmp_path)
    outer = _write(tmp_path, "app/constructs_lib.toml", "margin = 3\n")
    _write(tmp_path, "app/service/pyproject.toml", "[project]\nname = 'x'\n")
    template = _write(tmp_path, "app/service/templates/t.yaml", QUEUE)
    settings = load_settings([template])
    assert (settings.margin, settings.file) == (3, outer)


def test_own_file_goes_before_pyproject(tmp_path: Path) -> None:
    """In one folder constructs_lib.toml counts and pyproject.toml does not."""
    _write(tmp_path, "pyproject.toml", "[tool.constructs_lib]\nmargin = 1\n")
    _write(tmp_path, "constructs_lib.toml", "margin = 2\n")
    assert load_settings([str(tmp_path)]).margin == 2


def test_working_directory_counts_for_templates_from_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A template without settings above it, and standard input, are checked with those of the working directory."""
    template = _write(tmp_path, "elsewhere/t.yaml", QUEUE)
    here = tmp_path / "here"
    _write(here, "constructs_lib.toml", "margin = 4\n")
    monkeypatch.chdir(here)
    assert load_settings([template]).margin == 4
    assert load_settings(["-"]).margin == 4


def test_defaults_without_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any file AWS's own numbers hold."""
    monkeypatch.chdir(tmp_path)
    settings = load_settings()
    assert (settings.file, settings.queue_factor, settings.account_concurrency) == (None, 6, 1000)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("queue-factor = 6", "did you mean queue_factor?"),
        ("colour = 1", "colour: there is no such setting; allowed: account_concurrency"),
        ('margin = "1"', "margin: got '1'; allowed: 0 to 900 s; fix: e.g. margin = 0.5"),
        ("margin = true", "margin: got True; allowed: 0 to 900 s"),
        ("margin = nan", "margin: got nan"),
        ("margin = -1", "margin: got -1"),
        ("account_concurrency = inf", "account_concurrency: got inf"),
        ("rest_wait = 20", "rest_wait: got 20; allowed: 29 to 900 s, as Service Quotas shows it"),
        ("queue_factor = 2", "queue_factor: got 2 without a reason; allowed: 6 or more, as AWS advises"),
        ('queue_factor = {value = 2, reason = " "}', "queue_factor: got 2 without a reason"),
        ('queue_factor = {value = 0.5, reason = "x"}', "queue_factor: got 0.5"),
        ('queue_factor = {times = 2, reason = "x"}', "queue_factor.times: there is no such setting"),
        ("severities = 3", "severities: got 3; allowed: a table of names and values"),
        ('[severities]\nT10l = "off"', "severities: got 'T10l'; allowed: the id of a rule, e.g. T101; fix: did you mean T1"),
        ('[severities]\ngateway-gives-up-first = "off"', "did you mean T101 (gateway-gives-up-first)?"),
        ('[severities]\nT101 = "fatal"', "severities.T101: got 'fatal'; allowed: error, warning, note, off"),
        ("[severities]\nT101 = {a = 1}", "severities.T101: got a table"),
        ("[parameters]\nStage = {a = 1}", "parameters.Stage: got a table; allowed: text, a number"),
        ("[connection_limits]\ndb = 0", "connection_limits.db: got 0; allowed: a number of 1 or more connections"),
        ("waivers = 1", "waivers: got no list; allowed: [[waivers]] tables"),
        ('[[waivers]]\nrule = "Q304"\nscope = "Jobs"', "waivers[0].reason: got none; allowed: text; fix: say why"),
        ('[[waivers]]\nrule = "Q304"\nreason = "x"', "waivers[0].scope: got none"),
        ('[[waivers]]\nrule = "Q3O4"\nscope = "Jobs"\nreason = "x"', "did you mean Q304 (source-queue-without-dlq)?"),
        ('[[waivers]]\nrule = "Q304"\nscope = "*"\nreason = "x"', 'severities.Q304 = "off"'),
        ('[[waivers]]\nrule = "V001"\nscope = "Jobs"\nreason = "x"', "mend that waiver itself"),
        ('[[waivers]]\nrule = "Q304"\nscope = "J"\nreason = "x"\nexpires = "soon"', "write it as 2027-03-31"),
        ('[[waivers]]\nrule = "Q304"\nscopes = "J"', "waivers[0].scopes: there is no such setting; allowed:"),
        ("margin = ", "is no TOML: "),
    ],
)  # fmt: skip
def test_mistake_names_key_value_and_fix(tmp_path: Path, text: str, expected: str) -> None:
    """What is not accepted is an error that names the file, the key, what is allowed, and what to write."""
    file = _write(tmp_path, "constructs_lib.toml", text)
    with pytest.raises(SettingsError) as refused:
        load_settings(file=file)
    assert str(refused.value).startswith(f"{file}: ")
    assert expected in str(refused.value)


def test_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A settings file that somebody names has to exist; a folder is none."""
    with pytest.raises(SettingsError, match="there is no such file"):
        load_settings(file=str(tmp_path / "no.toml"))
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(file=str(tmp_path))


def test_tool_table_of_another_kind_is_refused(tmp_path: Path) -> None:
    """A tool.constructs_lib that is no table says so."""
    file = _write(tmp_path, "pyproject.toml", "[tool]\nconstructs_lib = 3\n")
    with pytest.raises(SettingsError, match=r"allowed: a table \[tool.constructs_lib\]"):
        load_settings(file=file)


def test_settings_made_in_python_are_checked_too() -> None:
    """Code that makes settings gets the same refusals as a file."""
    with pytest.raises(SettingsError, match="did you mean T101"):
        Settings(severities={"gateway-gives-up-first": "off"})


def test_severity_and_factor_reach_the_findings(tmp_path: Path) -> None:
    """A lower queue factor silences Q302, and another severity shows on the finding."""
    template = _write(tmp_path, "t.yaml", QUEUE)
    plain = {finding.rule: finding.severity for finding in check([template], Settings()).findings}
    assert (plain["Q302"], plain["Q304"]) == ("warning", "warning")
    settings = Settings(queue_factor=3, severities={"Q304": "note"})
    found = {finding.rule: finding.severity for finding in check([template], settings).findings}
    assert "Q302" not in found
    assert found["Q304"] == "note"
