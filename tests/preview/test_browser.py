"""The pages in a real browser that has no network: drawn, hovered, zoomed, opened, and safe from hostile texts."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from asynq_mon_codegen.preview.browser import find_browser
from tests.preview.conftest import Command
from tests.preview.samples import HOSTILE, every_kind, hostile

pytestmark = pytest.mark.browser

Boards = Callable[..., Path]
QUEUES = ["critical", "default", "emails", "newsletter", "reports"]
RANGES = """preview.panels.filter((p) => p.chart?.zoom).map((p) => p.chart.box.layout.xaxis.range.map(
  (at) => typeof at === "number" ? at : Date.parse(`${at.replace(" ", "T")}Z`)))"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
        yield opened
        opened.close()


class Opened:
    """A page, and what it complained of and asked for."""

    def __init__(self, browser: Browser, path: Path, **settings: Any) -> None:
        context = browser.new_context(offline=True, viewport={"width": 1600, "height": 1000}, **settings)
        self.page: Page = context.new_page()
        self.page.set_default_timeout(20_000)
        self.errors: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda m: self.errors.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.resolve().as_uri())
        self.drawn()
        self.own = path.resolve().as_uri()

    def drawn(self) -> None:
        """Wait until the page says that it is."""
        self.page.wait_for_selector("html[data-drawn=true]", state="attached")

    def panel(self, title: str) -> Locator:
        return self.page.locator(".panel", has=self.page.get_by_role("heading", name=title, exact=True)).first

    def ranges(self) -> list[list[float]]:
        found: list[list[float]] = self.page.evaluate(RANGES)
        return found

    def clean(self) -> bool:
        return self.errors == [] and [url for url in self.requests if not url.startswith(("data:", "blob:"))] == [
            self.own
        ]


@pytest.fixture(scope="module")
def pages(command: Command, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The default declaration's pages."""
    folder = tmp_path_factory.mktemp("pages")
    assert command("-o", folder).exit_code == 0
    return folder


@pytest.fixture
def kinds(command: Command, boards: Boards, browser: Browser, tmp_path: Path) -> Iterator[Opened]:
    """The dashboard with every kind of panel."""
    assert command("--dashboards", boards(a=every_kind()), "-o", tmp_path).exit_code == 0
    opened = Opened(browser, tmp_path / "every-kind.html")
    yield opened
    opened.page.context.close()


UNDRAWN = """() => [...document.querySelectorAll(".panel")].filter((panel) => !panel.closest("details:not([open])") &&
  !panel.querySelector(".main-svg, .stat .number, td, .bar, .markdown, .nothing")).map((panel) => panel.innerText)"""


@pytest.mark.parametrize("uid", ["health", "overview", "queue", "redis", "slo", "tasks", "workers"])
def test_every_page_is_drawn_without_a_network(uid: str, pages: Path, browser: Browser) -> None:
    opened = Opened(browser, pages / f"asynq-{uid}.html")
    page = opened.page

    page.evaluate("preview.openRows(true)")
    opened.drawn()

    assert page.evaluate(UNDRAWN) == []
    assert page.locator(".nothing").count() == 0
    assert page.get_by_text("preview by asynq-mon, not Grafana's own picture").is_visible()
    assert page.locator(".panel").count() == page.evaluate("preview.panels.length")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert opened.clean(), (opened.errors, opened.requests)
    page.context.close()


def test_hovering_shows_the_values_and_a_crosshair_everywhere(kinds: Opened) -> None:
    plot = kinds.panel("Lines").locator(".plot")
    box = plot.bounding_box()
    assert box

    kinds.page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + box["height"] * 0.5)

    tip = kinds.page.locator("#tooltip")
    tip.wait_for(state="visible")
    text = tip.inner_text()
    assert "2026-01-15 19:" in text
    assert "emails" in text
    assert " mins" in text
    assert "warning" not in text  # a threshold's line is left out, as the panel says
    across = kinds.page.evaluate(
        "[...document.querySelectorAll('.crosshair')].filter((c) => c.style.display === 'block').length"
    )
    assert across == len(kinds.ranges()) == 5


def test_zooming_one_graph_zooms_all(kinds: Opened) -> None:
    before = kinds.ranges()
    box = kinds.panel("Stack").locator(".plot .nsewdrag").first.bounding_box()
    assert box
    y = box["y"] + box["height"] / 2

    kinds.page.mouse.move(box["x"] + box["width"] * 0.25, y)
    kinds.page.mouse.down()
    kinds.page.mouse.move(box["x"] + box["width"] * 0.5, y, steps=4)
    kinds.page.mouse.up()
    kinds.page.wait_for_function("!document.getElementById('unzoom').hidden")

    after = kinds.ranges()
    assert len({tuple(range_) for range_ in before}) == 1
    assert len({tuple(map(round, range_)) for range_ in after}) == 1
    whole, part = before[0], after[0]
    assert part[1] - part[0] == pytest.approx((whole[1] - whole[0]) / 4, rel=0.05)
    assert part[0] == pytest.approx(whole[0] + (whole[1] - whole[0]) / 4, rel=0.001)
    kinds.page.get_by_role("button", name="Whole range").click()
    assert kinds.ranges() == before
    assert kinds.clean(), kinds.errors


def test_a_row_that_is_opened_is_drawn_zoomed(kinds: Opened) -> None:
    row = kinds.page.locator("details.row", has=kinds.page.locator("summary", has_text="Queue reports"))
    assert row.locator(".main-svg").count() == 0
    kinds.page.evaluate("preview.zoom([preview.whole[0] + 3600000, preview.whole[1]])")

    row.locator("summary").first.click()
    row.locator(".main-svg").first.wait_for()
    kinds.drawn()

    assert len({tuple(range_) for range_ in kinds.ranges()}) == 1
    assert len(kinds.ranges()) == 6
    texts = kinds.page.locator("details.row", has=kinds.page.locator("summary", has_text="Texts"))
    texts.locator("summary").first.click()
    kinds.drawn()
    assert texts.locator("strong").inner_text() == "All"
    assert "logs are not previewed" in texts.inner_text()


def test_the_theme_follows_the_system_and_the_button(kinds: Opened) -> None:
    def colours() -> tuple[str, str]:
        background = kinds.page.evaluate("getComputedStyle(document.body).backgroundColor")
        line = kinds.page.evaluate("document.querySelector('.panel .js-line').style.stroke")
        return background, line

    dark = colours()
    kinds.page.emulate_media(color_scheme="light")
    kinds.page.wait_for_selector("html[data-theme=light]", state="attached")
    kinds.drawn()
    light = colours()
    kinds.page.get_by_role("button", name="Dark").click()
    kinds.drawn()

    # playwright emulates a light system unless told otherwise
    assert {dark, light} == {light}
    assert colours() != light
    assert all(a != b for a, b in zip(colours(), light, strict=True))


def test_the_page_is_dark_where_the_system_is(pages: Path, browser: Browser) -> None:
    opened = Opened(browser, pages / "asynq-slo.html", color_scheme="dark")

    assert opened.page.get_attribute("html", "data-theme") == "dark"
    opened.page.context.close()


def test_annotations_and_thresholds_are_drawn(kinds: Opened) -> None:
    lines = kinds.panel("Lines")

    lines.locator(".mark").last.hover()

    assert "AsynqDependencyOutage critical emails" in kinds.page.locator("#tooltip").inner_text()
    assert lines.locator(".shapelayer path").count() >= 4  # two lines; tints below them and above


def test_a_click_in_the_legend_shows_one_series(kinds: Opened) -> None:
    lines = kinds.panel("Lines")
    assert lines.locator(".js-line").count() == 6

    lines.locator(".legend [role=button]", has_text="emails").click()
    assert lines.locator(".js-line").count() == 1
    lines.locator(".legend [role=button]", has_text="emails").click()

    assert lines.locator(".js-line").count() == 6
    assert lines.locator(".legend .head").inner_text().split() == ["Name", "Mean", "Max", "Last", "*"]
    edges = lines.locator(".legend .calc:last-child").evaluate_all(
        "(all) => all.map((e) => e.getBoundingClientRect().right)"
    )
    assert max(edges) - min(edges) < 1  # its columns are columns


COLOURED = """async () => {
  const image = document.querySelector(".panel[data-type=heatmap] image");
  const bitmap = await createImageBitmap(await (async () => {
    const bytes = Uint8Array.from(atob(image.href.baseVal.split(",")[1]), (letter) => letter.charCodeAt(0));
    return new Blob([bytes], {type: "image/png"});
  })());
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
  context.drawImage(bitmap, 0, 0);
  const {data} = context.getImageData(0, 0, bitmap.width, bitmap.height);
  return data.filter((_, i) => i % 4 === 3).filter((alpha) => alpha > 0).length / (data.length / 4);
}"""
"""The share of a heatmap's points that are not transparent."""


def test_each_kind_shows_its_values(kinds: Opened) -> None:
    assert kinds.page.evaluate(COLOURED) > 0.3
    assert kinds.panel("States").locator(".bars path").count() > 5
    assert kinds.panel("Bar chart").locator(".bars path").count() == 5
    assert "40 K" in kinds.panel("Bar chart").locator(".ytick").all_text_contents()
    assert kinds.panel("Bar gauge").locator(".fill").count() == 5
    assert kinds.panel("Gauge").locator(".arc .main-svg").count() >= 1
    assert kinds.panel("Gauge").locator(".number").inner_text().endswith("mins")
    rows = kinds.panel("Table").locator("tbody tr")
    assert rows.first.inner_text().split()[0] == "emails"  # most are pending there
    kinds.panel("Table").get_by_role("button", name="Queue").click()
    assert [row.split()[0] for row in rows.all_inner_texts()] == QUEUES
    kinds.panel("Table").get_by_role("button", name="Queue").click()
    assert [row.split()[0] for row in rows.all_inner_texts()] == QUEUES[::-1]


def test_a_panel_that_cannot_be_drawn_stops_no_other(kinds: Opened) -> None:
    kinds.page.evaluate("preview.panels[0].data.styles = []; preview.drawVisible(true)")
    kinds.drawn()

    assert "could not be drawn" in kinds.panel("Lines").inner_text()
    assert kinds.panel("Stack").locator(".js-line").count() == 5


def test_hostile_texts_stay_texts(command: Command, boards: Boards, browser: Browser, tmp_path: Path) -> None:
    done = command("--dashboards", boards(a=hostile()), "-o", tmp_path)
    assert done.exit_code == 0, done.output

    opened = Opened(browser, tmp_path / "hostile.html")
    page = opened.page
    for button in page.locator(".info").all():
        button.hover()
    for mark in page.locator(".mark").all()[:3]:
        mark.hover()
    box = page.locator(".plot").first.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    assert page.evaluate("window.hacked") is None
    assert page.locator("img").count() == 0
    assert page.evaluate("[...document.querySelectorAll('[onerror]')].length") == 0
    assert page.locator("h1").inner_text() == HOSTILE
    assert HOSTILE in page.locator(".panel[data-type=stat]").inner_text()
    assert HOSTILE in page.locator(".panel[data-type=timeseries] .legend").inner_text()
    assert opened.clean(), (opened.errors, opened.requests)
    page.context.close()


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "text"),
    [
        (0.4231, "percentunit", None, "42.3%"),
        (0.4231, "percentunit", 0, "42%"),
        (1, "percentunit", None, "100%"),
        (30_800, "short", None, "30.8 K"),
        (5, "short", None, "5"),
        (0.00012, "s", None, "120 µs"),
        (90, "s", None, "1.50 mins"),
        (3600, "s", None, "1 hour"),
        (7200, "s", None, "2 hours"),
        (3 * 2**20, "bytes", None, "3 MiB"),
        (2_500_000, "Bps", None, "2.50 MB/s"),
        (1500, "ops", None, "1.50 K ops/s"),
        (2610, "dtdurations", None, "43 minutes, 30 seconds"),
        (1234567, "locale", None, "1,234,567"),
        (1, "bool_yes_no", None, "Yes"),
        (12, "furlong", None, "12 furlong"),
    ],
)
def test_values_are_written_with_their_unit(
    kinds_once: Opened, value: float, unit: str, decimals: int | None, text: str
) -> None:
    asked = "([value, unit, decimals]) => preview.formatValue(value, unit, decimals)"
    assert kinds_once.page.evaluate(asked, [value, unit, decimals]) == text


@pytest.fixture(scope="module")
def kinds_once(pages: Path, browser: Browser) -> Iterator[Opened]:
    """A page for what changes nothing on it."""
    opened = Opened(browser, pages / "asynq-slo.html")
    yield opened
    opened.page.context.close()


@pytest.mark.parametrize(
    ("settings", "value", "text"),
    [
        ({"mappings": [{"type": "value", "options": {"1": {"text": "up"}}}]}, 1, "up"),
        ({"mappings": [{"type": "range", "options": {"from": 2, "to": None, "result": {"text": "many"}}}]}, 7, "many"),
        (
            {"mappings": [{"type": "special", "options": {"match": "null+nan", "result": {"text": "idle"}}}]},
            None,
            "idle",
        ),
        ({"noValue": "none"}, None, "none"),
        ({"unit": "s", "decimals": 1}, 2, "2.0 s"),
        ({}, "word", "word"),
    ],
)
def test_what_is_shown_for_a_value(kinds_once: Opened, settings: dict[str, Any], value: Any, text: str) -> None:
    found = kinds_once.page.evaluate("([settings, value]) => preview.shown(settings, value).text", [settings, value])

    assert found == text


def test_pictures_are_as_high_as_the_page(command: Command, tmp_path: Path) -> None:
    done = command("--dashboard", "asynq-queue", "--png", "--theme", "both", "--width", "900", "-o", tmp_path)

    assert done.exit_code == 0, done.output
    for theme in ("dark", "light"):
        picture = (tmp_path / f"asynq-queue.{theme}.png").read_bytes()
        assert picture[:8] == b"\x89PNG\r\n\x1a\n"
        width, height = struct.unpack(">II", picture[16:24])
        assert width == 900
        assert height > 2300  # with the rows that are collapsed on the page
    assert len({(tmp_path / f"asynq-queue.{theme}.png").read_bytes() for theme in ("dark", "light")}) == 2


def test_a_browser_that_is_none_is_told(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMIUM", "true")

    done = command("--dashboard", "asynq-slo", "--png", "-o", tmp_path)

    assert done.exit_code == 2
    assert "the browser ended by itself" in done.stderr
