"""The page in a real browser; run by `nox -s page`, which has one. Its name is none that pytest collects by itself.

`MAILFLOW_BROWSER` is the program (Debian: `apt-get install chromium`), `MAILFLOW_REPORTS` names folders of reports of
whole runs, between colons, of which pages are looked at as well; `MAILFLOW_SCREENSHOTS` is a folder for pictures.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from hand_made_run import in_order, page_of, telling
from playwright.sync_api import Browser, Page, sync_playwright

from conformance.html.page import page as page_from
from conformance.html.told import rows_in

HOSTILE = (
    "</script><img src=https://x.test/a.png onerror=document.title='hacked'>"
    "<script>document.title='hacked'</script><style>@import 'https://x.test/a.css'</style>\x1b[2J\u202e"
    "\"' onfocus=document.title='hacked' autofocus <base href=https://x.test/>"
)
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 375, "height": 812}
MOST_OCTETS, MOST_SECONDS = 5_000_000, 3.0
# Milliseconds; a page of everything, all of it opened, keeps a busy machine at work for a while.
_PATIENCE = 600_000
REPORTS = {
    f"report-{number}-{Path(each).name}": Path(each)
    for number, each in enumerate(filter(None, os.environ.get("MAILFLOW_REPORTS", "").split(":")), 1)
}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Pages, by what they are of."""
    folder = tmp_path_factory.mktemp("pages")
    texts = {"hostile": page_of(telling(HOSTILE)), "green": page_of(in_order())}
    for name, report in REPORTS.items():
        rows = rows_in(report)
        began = time.process_time()
        texts[name] = page_from(rows)
        took, octets = time.process_time() - began, len(texts[name].encode())
        print(f"{report}: {octets} octets, built in {took:.2f} s")
        assert octets <= MOST_OCTETS
        assert took <= MOST_SECONDS
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in texts}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The browser."""
    with sync_playwright() as playwright:
        # as root, as which a container of CI runs, it does without its own sandbox
        browser = playwright.chromium.launch(
            executable_path=os.environ["MAILFLOW_BROWSER"], chromium_sandbox=os.geteuid() != 0
        )
        yield browser
        browser.close()


ALL = ["hostile", "green", *REPORTS]


@pytest.fixture(params=ALL)
def name(request: pytest.FixtureRequest) -> str:
    """What a page is of."""
    return str(request.param)


def opened(browser: Browser, path: Path, anchor: str = "", **context: object) -> Page:
    """Open a page; whatever it complains of or asks for is kept on it."""
    tab = browser.new_context(**{"viewport": WIDE, **context}).new_page()  # type: ignore[arg-type]
    tab.set_default_timeout(_PATIENCE)
    tab.asked = []  # type: ignore[attr-defined]
    tab.said = []  # type: ignore[attr-defined]
    tab.on("request", lambda request: tab.asked.append(request.url))  # type: ignore[attr-defined]
    tab.on("console", lambda message: tab.said.append(message.text))  # type: ignore[attr-defined]
    tab.on("pageerror", lambda error: tab.said.append(str(error)))  # type: ignore[attr-defined]
    tab.goto(path.as_uri() + anchor)
    return tab


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_nothing_is_fetched_and_nothing_runs(
    browser: Browser, pages: dict[str, Path], name: str, scheme: str, size: dict[str, int]
) -> None:
    tab = opened(browser, pages[name], color_scheme=scheme, viewport=size)
    tab.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    tab.wait_for_timeout(200)
    assert tab.asked == [pages[name].as_uri()]  # type: ignore[attr-defined]
    assert tab.said == []  # type: ignore[attr-defined]
    assert "hacked" not in tab.title()
    assert tab.evaluate("document.documentElement.scrollWidth") <= size["width"], "nobody scrolls sideways"
    _picture(tab, f"{name}-{scheme}-{size['width']}")
    tab.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_checker_of_accessibility_finds_nothing(
    browser: Browser, pages: dict[str, Path], scheme: str
) -> None:
    for name in ("hostile", "green"):
        tab = opened(browser, pages[name], color_scheme=scheme, bypass_csp=True)
        tab.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        found = Axe().run(tab)
        assert found.violations_count == 0, found.generate_report()
        tab.context.close()


def test_all_of_it_is_there_without_a_script(browser: Browser, pages: dict[str, Path]) -> None:
    tab = opened(browser, pages["hostile"], java_script_enabled=False)
    assert tab.locator("#mend table").is_visible()
    assert tab.locator(".grid").first.is_visible()
    assert not tab.locator("#filter").is_visible()
    tab.locator("details.s summary").first.click()
    assert tab.locator("details.s pre").first.is_visible()
    tab.context.close()


def test_a_keyboard_is_enough(browser: Browser, pages: dict[str, Path]) -> None:
    tab = opened(browser, pages["hostile"])
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skip"
    assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "main"
    for _ in range(60):
        tab.keyboard.press("Tab")
        if tab.evaluate("document.activeElement.closest('details.s summary') !== null"):
            break
    tab.keyboard.press("Enter")
    assert tab.locator("details.s pre").first.is_visible()
    tab.context.close()


def test_a_link_opens_what_it_leads_to(browser: Browser, pages: dict[str, Path]) -> None:
    tab = opened(browser, pages["hostile"])
    assert not tab.locator("#s1").is_visible()
    tab.locator("#mend tbody td a").first.click()
    assert tab.locator("#s1").is_visible()
    tab.locator("#s1 h4 a").first.click()
    assert tab.locator("table.standings").is_visible()
    tab.context.close()
    direct = opened(browser, pages["hostile"], anchor="#s1")
    assert direct.locator("#s1").is_visible()
    direct.context.close()


def test_the_filter_keeps_what_is_asked_for(browser: Browser, pages: dict[str, Path]) -> None:
    tab = opened(browser, pages["hostile"])
    every = tab.locator("details.s").count()
    tab.locator("#words").fill("greeting_554")
    assert tab.locator("details.s:visible").count() == 1 < every
    assert tab.locator("#found").text_content() == f"1 of {every} scenarios"
    tab.locator("#words").fill("")
    tab.locator("#verdict").select_option("error")
    assert tab.locator("details.s:visible").count() == 1
    tab.locator("#verdict").select_option("")
    assert tab.locator("#found").text_content() == ""
    tab.context.close()


def test_print_has_what_matters(browser: Browser, pages: dict[str, Path], name: str) -> None:
    tab = opened(browser, pages[name], color_scheme="dark")
    tab.emulate_media(media="print")
    assert not tab.locator("nav").is_visible()
    assert tab.locator("#mend-h").is_visible()
    ground = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(255, 255, 255)", "paper is white in the dark as well"
    text = tab.evaluate("getComputedStyle(document.body).color")
    assert max(map(int, text[4:-1].split(", "))) < 80
    folder = os.environ.get("MAILFLOW_SCREENSHOTS")
    octets = tab.pdf(format="A4", path=Path(folder) / f"{name}.pdf" if folder else None)
    assert octets.startswith(b"%PDF")
    tab.context.close()


def _picture(tab: Page, name: str) -> None:
    folder = os.environ.get("MAILFLOW_SCREENSHOTS")
    if folder:
        tab.evaluate("window.scrollTo(0, 0)")
        tab.screenshot(path=Path(folder) / f"{name}.png")
