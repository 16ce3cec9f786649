"""The whole way: the demo deploys the reference app with the real CDK CLI to the local AWS, and drives it over HTTP."""

from __future__ import annotations

import os
import re
import signal
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.demo.running_demo import Demo

pytestmark = pytest.mark.local


@pytest.fixture
def said(finished: tuple[Demo, int]) -> str:
    """Give what a run said that went well."""
    demo, code = finished
    assert code == 0, demo.said
    return demo.said


def test_it_ends_well_and_leaves_nothing(finished: tuple[Demo, int]) -> None:
    """Exit code 0; no process and no file is left."""
    demo, code = finished
    assert (code, demo.left()) == (0, []), demo.said


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param(r"POST /orders +201 +\d+ +cold", id="a cold start"),
        pytest.param(r"GET /orders +200 +\d+ +warm", id="a warm call"),
        pytest.param(r"GET /orders +forged token +403", id="a forged token"),
        pytest.param(r"POST /orders +no lines +400", id="a body that does not match its schema"),
        pytest.param(r"\n429 +\d+", id="throttled requests"),
        pytest.param(r"Retry-After: 1 s\nThe same request after 1 s: 200", id="the way out of a 429"),
        pytest.param(r"error +acme has no order 404", id="a dead letter with its error"),
        pytest.param(r"placed +12 *\n", id="orders on a queue"),
        pytest.param(r"fulfilled +12 *\n", id="each worked off"),
        pytest.param(r"fulfilled again, because a message came twice +0", id="a message that comes twice"),
        pytest.param(r"in the dead-letter queue +1 *\n", id="one dead letter"),
        pytest.param(r"log +OrderNotFoundError: acme has no order never-placed", id="a poison message"),
        pytest.param(r"invoiced, each by its OrderFulfilled event +12 *\n", id="an event target"),
        pytest.param(r"invoiced again, by an event that came twice +0", id="an event that comes twice"),
        pytest.param(r"POST /reports +202 +\d+ +accepted", id="a job that is accepted"),
        pytest.param(r"GET /reports/\{job_id\} +200 +\d+ +done +\{'orders': 13", id="its result"),
        pytest.param(r"first +4 +3 +1 +\d+ *\nresumed +4 +4 +0 +40 *\n", id="a workflow that is resumed"),
        pytest.param(r"error +UnreadableOrderError", id="a failed batch with its error"),
        pytest.param(
            r"GET /diagnostics/hang +503 +\d+ +-\s+GET /diagnostics/work +200 +\d+ +warm",
            id="a deadline kept",
        ),
        pytest.param(
            r"GET /unguarded/hang +502 +\d+ +-\s+GET /unguarded/work +200 +\d+ +cold", id="a doom loop"
        ),
        pytest.param(r"crash +502 +\d+ +-\s+GET /diagnostics/work +200 +\d+ +cold", id="life after a crash"),
        pytest.param(r"it is\s+in none of them", id="a secret that stays secret"),
        pytest.param(r"cdk synth: exit code 1\nTimeoutHierarchyError: .*H1, H2", id="a refused hierarchy"),
        pytest.param(r"response cache of a stage", id="what is not enforced"),
        pytest.param(r"all processes of it have ended", id="the summary"),
    ],
)
def test_it_shows(said: str, shown: str) -> None:
    """Each promise of the demo is on the screen."""
    assert re.search(shown, said), said


def test_it_fits_80_columns(said: str) -> None:
    """No line is longer than a small terminal is wide."""
    assert [line for line in said.splitlines() if len(line.rstrip()) > 80] == []


def test_an_interruption_leaves_nothing(demo: Demo) -> None:
    """Interrupted while the CDK CLI deploys, it stops everything that it has started, without a traceback."""
    demo.until("Orders-dev: 1 of")
    assert any("cdk deploy" in command for command in demo.processes().values())
    demo.signal(signal.SIGINT)
    assert (demo.end(), demo.left()) == (130, []), demo.said
    assert "Traceback" not in demo.said


def test_a_termination_leaves_nothing(demo: Demo) -> None:
    """Terminated while the app is synthesized, it takes along even what jsii had unpacked."""
    demo.until("synthesizing")
    demo.until_file("jsii-kernel-*")
    demo.signal(signal.SIGTERM)
    assert (demo.end(), demo.left()) == (143, []), demo.said
    assert "Traceback" not in demo.said


def test_a_failure_in_the_middle_is_said_clearly(demo: Demo) -> None:
    """When the local AWS dies under it, it says what it missed, without a traceback, and leaves nothing."""
    demo.until("Every route")
    (service,) = (pid for pid, command in demo.processes().items() if "local/serve.py" in command)
    os.kill(service, signal.SIGKILL)
    assert (demo.end(), demo.left()) == (1, []), demo.said
    assert "demo: something unexpected: POST /orders: got no answer" in demo.said
    assert "Traceback" not in demo.said
