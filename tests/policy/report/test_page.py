"""The HTML page: self-contained, escaped, laid out without overlaps, and used in a real browser."""

from __future__ import annotations

import itertools
import re
import shutil
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import sync_playwright

from constructs_lib.policy.report.page import render
from constructs_lib.policy.report.page.layout import layers, places
from constructs_lib.policy.report.page.markup import el
from tests.policy.report.systems import CLEAN, NASTY, SHOP, document_of, nasty, wide

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.xdist_group("browser")  # one Chromium, however many workers

# Without a browser -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [SHOP, CLEAN, nasty(), wide(5)])
def test_nothing_is_loaded_from_anywhere(text: str) -> None:
    """The file names no address, and its policy forbids all but its own style and script."""
    page = "".join(render(document_of(text))).replace(NASTY, "")
    assert re.findall(r'(?:src|href)="(?!#)[^"]*"', page) == []
    assert "url(http" not in page
    assert "default-src &#x27;none&#x27;" in page


class Elements(HTMLParser):
    """Counts elements."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, _: object) -> None:
        """Note one."""
        self.tags.append(tag)


def test_names_cannot_become_markup() -> None:
    """A template full of tags adds no script and no image to the page."""
    tags = Elements("".join(render(document_of(nasty())))).tags
    assert tags.count("script") == 1
    assert tags.count("title") >= 1
    assert "img" not in tags


@given(st.text())
def test_markup_shows_any_text_as_it_is(text: str) -> None:
    """Whatever stands in a template is text, in elements and in attributes."""
    made = el("p", text, title=text)
    assert Elements(made).tags == ["p"]


LINKS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=40)


@given(LINKS)
def test_layout_places_every_box_once_and_none_over_another(links: list[tuple[int, int]]) -> None:
    """Whoever calls whom, in circles too: every box has its place, and the drawing comes to an end."""
    named = [(f"n{source}", f"n{target}") for source, target in links]
    nodes = list(dict.fromkeys(end for link in named for end in link))
    columns = layers(nodes, named)
    assert sorted(node for column in columns for node in column if "\0" not in node) == sorted(nodes)
    tops = places(columns, dict.fromkeys(nodes, 40), dict.fromkeys(named, 20), 10)
    for column in columns:
        boxes = [node for node in column if "\0" not in node]
        for above, below in itertools.pairwise(boxes):
            assert tops[below] >= tops[above] + 50


@given(LINKS)
def test_callers_stand_left_of_those_they_call(links: list[tuple[int, int]]) -> None:
    """Without circles every line goes from left to right."""
    named = [(f"n{min(link)}", f"n{max(link)}") for link in links if link[0] != link[1]]
    nodes = list(dict.fromkeys(end for link in named for end in link))
    column_of = {node: number for number, column in enumerate(layers(nodes, named)) for node in column}
    assert all(column_of[source] < column_of[target] for source, target in named)


# In a browser -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start headless Chromium."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.fail(
            "found no Chromium; needed to look at the HTML report; run `make setup` as root, or install chromium"
        )
    quiet = [
        "--disable-quic",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-gpu", *quiet]
        )
        yield browser
        browser.close()


class Opened:
    """A page in the browser, with everything that it complained about or asked the network for."""

    def __init__(self, browser: Browser, folder: Path, text: str, scheme: str = "light") -> None:
        self.context = browser.new_context(
            color_scheme="dark" if scheme == "dark" else "light", viewport={"width": 1280, "height": 900}
        )
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        file = folder / "report.html"
        file.write_text("".join(render(document_of(text))), "utf-8")
        self.page.goto(file.as_uri())


@pytest.fixture
def shop(browser: Browser, tmp_path: Path) -> Iterator[Opened]:
    """Open the report on the shop."""
    opened = Opened(browser, tmp_path, SHOP)
    yield opened
    opened.context.close()


def test_the_page_runs_under_its_own_policy_and_asks_the_network_for_nothing(shop: Opened) -> None:
    """No complaint of the browser, no request but the file itself."""
    assert shop.complaints == []
    assert [url for url in shop.requests if not url.startswith("file:")] == []
    assert len(shop.requests) == 1


def test_the_map_and_the_bars_are_drawn(shop: Opened) -> None:
    """Boxes, lines and bars have a size, and every bar starts inside its drawing."""
    for kind in (".box.caller", ".box.function", ".link.sync", ".link.async", ".link.poll", ".bar.over"):
        box = shop.page.locator(kind).first.bounding_box()
        assert box is not None
        assert box["width"] > 0
    widths = {
        kind: shop.page.locator(f"article:has-text('GET /orders') .bar.{kind}").first.bounding_box()
        for kind in ("caller", "init", "function")
    }
    caller, init, function = (box["width"] if box else 0 for box in widths.values())
    assert round(init / caller, 2) == 0.4  # 4 s of 10 s
    assert round(function / caller, 2) == 1.4  # 14 s of 10 s


def test_the_filter_hides_and_says_so(shop: Opened) -> None:
    """Each kind of finding can be taken away by keyboard, and the page says how many are left."""
    errors = shop.page.locator(".finding.error")
    total = shop.page.locator(".finding").count()
    assert errors.first.is_visible()
    shop.page.focus("#show-error")
    shop.page.keyboard.press("Space")
    assert not errors.first.is_visible()
    left = total - errors.count()
    assert shop.page.locator("#shown").inner_text() == f"{left} of {total} findings shown"
    assert shop.page.locator(".badge.error").first.is_hidden()
    shop.page.keyboard.press("Space")
    assert errors.first.is_visible()


def test_the_keyboard_reaches_everything_in_order(shop: Opened) -> None:
    """The first stop skips to the findings, then come the filters, then the pictures and tables as they stand."""
    stops = []
    for _ in range(8):
        shop.page.keyboard.press("Tab")
        stops.append(
            shop.page.evaluate(
                "document.activeElement.id || document.activeElement.getAttribute('class') || document.activeElement.tagName"
            )
        )
    assert stops[0] == "skip"
    assert stops[1:5] == ["show-error", "show-warning", "show-note", "show-waived"]
    assert "scroll" in stops[5:]


def test_a_screen_reader_finds_landmarks_headings_and_an_alternative_to_each_picture(shop: Opened) -> None:
    """Landmarks, one h1, no skipped heading level, a name for each picture, a table beside it."""
    page = shop.page
    assert [page.locator(each).count() for each in ("header", "main", "footer", "h1")] == [1, 1, 1, 1]
    levels = page.evaluate(
        "[...document.querySelectorAll('h1,h2,h3,h4')].map((each) => Number(each.tagName[1]))"
    )
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    pictures = page.locator("svg[role=img]")
    names = [pictures.nth(index).get_attribute("aria-label") for index in range(pictures.count())]
    assert all(names)
    assert page.locator("details table").count() == len(names)
    assert page.locator("svg:not([role=img]):not([aria-hidden=true])").count() == 0
    assert page.evaluate("document.documentElement.lang") == "en"


CONTRAST = """(kinds) => {
  const light = (colour) => colour.match(/[0-9.]+/g).slice(0, 3).map((v) => v / 255)
    .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (each) => { while (each) { const c = getComputedStyle(each).backgroundColor;
    if (!/^rgba.*, 0\\)$/.test(c)) return c; each = each.parentElement; } return "rgb(255,255,255)"; };
  return kinds.map((kind) => { const each = document.querySelector(kind); if (!each) return [kind, 99];
    const [a, b] = [light(getComputedStyle(each).color), light(behind(each))];
    return [kind, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)]; });
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_light_and_in_dark(browser: Browser, tmp_path: Path, scheme: str) -> None:
    """Text has the contrast that WCAG AA asks for, and dark is dark."""
    opened = Opened(browser, tmp_path, SHOP, scheme)
    kinds = [
        "h1",
        ".verdict",
        ".files",
        ".pill.error",
        ".pill.warning",
        ".pill.note",
        ".pill.waived",
        ".number.error",
    ]
    kinds += [".number.warning", "summary", ".place", ".legend", ".finding p", "footer"]
    found = opened.page.evaluate(CONTRAST, kinds)
    assert [(kind, ratio) for kind, ratio in found if ratio < 4.5] == []
    ground = opened.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (max(int(part) for part in re.findall(r"\d+", ground)) < 60) == (scheme == "dark")
    opened.context.close()


def test_an_attack_in_a_template_does_nothing(browser: Browser, tmp_path: Path) -> None:
    """Names that are scripts are shown, not run."""
    opened = Opened(browser, tmp_path, nasty())
    opened.page.wait_for_timeout(100)
    assert opened.complaints == []
    assert opened.page.title().startswith("Waits: ")
    assert opened.page.locator("img").count() == 0
    assert "<script>" in opened.page.locator("main").inner_text()
    opened.context.close()


@pytest.mark.parametrize("functions", [60, 300])
def test_large_systems_stay_usable(browser: Browser, tmp_path: Path, functions: int) -> None:
    """Sixty routes are all drawn; of three hundred those with findings, and the table has all of them."""
    opened = Opened(browser, tmp_path, wide(functions))
    boxes = opened.page.locator(".map [role=img] .box").count()
    assert boxes == functions + 1 if functions == 60 else 0 < boxes <= 120
    assert opened.page.locator(".map table tbody tr").count() == functions
    opened.context.close()


def test_the_page_fits_a_telephone(browser: Browser, tmp_path: Path) -> None:
    """Wide pictures scroll in themselves; the page does not."""
    opened = Opened(browser, tmp_path, SHOP)
    opened.page.set_viewport_size({"width": 390, "height": 800})
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 390
    opened.context.close()


def test_a_finding_about_a_function_stands_on_its_bar(browser: Browser, tmp_path: Path) -> None:
    """The calls take longer than the function may run: the number is on the function, beside the hatched end."""
    opened = Opened(browser, tmp_path, SHOP.replace("attempts: 2", "attempts: 20"))
    article = opened.page.locator("article:has(svg):has-text('GET /orders')").first
    assert "T110" in article.locator(".findings").inner_text()
    assert article.locator("g:has(> .bar.function) .badge.error").count() >= 1
    assert article.locator("g:has(> .bar.call) .bar.over").count() == 1
    opened.context.close()
