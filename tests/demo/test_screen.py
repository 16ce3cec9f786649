"""What the demo shows, on a terminal and elsewhere."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from demo.screen import Screen

EVENTS = [f"Orders-dev: {done}/68 CREATE_COMPLETE AWS::Lambda::Function A/Function" for done in range(1, 69)]


@pytest.fixture
def paper() -> io.StringIO:
    """Give what is written on."""
    return io.StringIO()


def test_elsewhere_a_deployment_is_told_by_quarters(paper: io.StringIO) -> None:
    """A log gets a line for each quarter of the resources, and every other step."""
    with Screen(Console(file=paper, width=80)).working("cdk deploy") as tell:
        for event in ["synthesizing the app", *EVENTS]:
            tell(event)
    assert paper.getvalue().splitlines() == [
        "cdk deploy ...",
        "  synthesizing the app",
        "  Orders-dev: 1 of 68 resources",
        "  Orders-dev: 17 of 68 resources",
        "  Orders-dev: 34 of 68 resources",
        "  Orders-dev: 51 of 68 resources",
        "  Orders-dev: 68 of 68 resources",
    ]


def test_on_a_terminal_every_step_is_shown_in_one_line(paper: io.StringIO) -> None:
    """The line with the spinner names the step, and is cut rather than wrapped."""
    console = Console(file=paper, width=60, force_terminal=True)
    with Screen(console).working("cdk deploy") as tell:
        tell(EVENTS[7])
        console.print("between")  # makes the spinner draw itself anew
    assert "cdk deploy: Orders-dev: 8/68 CREATE_COMPLETE AWS::L" in paper.getvalue()
    assert "A/Function" not in paper.getvalue()


@pytest.mark.parametrize(("terminal", "shown"), [(60, 60), (80, 80), (200, 100)])
def test_lines_fit_the_terminal_and_a_reader(paper: io.StringIO, terminal: int, shown: int) -> None:
    """Nothing is wider than the terminal, or than 100 columns."""
    screen = Screen(Console(file=paper, width=terminal))
    screen.heading("A heading")
    screen.table(("feature", "what happens"), [("a cache", "nothing is kept " * 20)])
    assert max(len(line) for line in paper.getvalue().splitlines()) == shown


def test_text_is_not_markup(paper: io.StringIO) -> None:
    """Brackets in what is shown stay as they are."""
    Screen(Console(file=paper, width=80)).say("a [bold]name[/bold]")
    assert paper.getvalue() == "a [bold]name[/bold]\n"
