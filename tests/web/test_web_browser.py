"""The app in a real browser: a person's path, the keyboard, a narrow screen, accessibility, and no request outside."""

import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvicorn
from looked_at import STANDARD, street_store
from PIL import Image

import kolena_store as ks
from kolena_store.errors import StoreError
from kolena_store.plots import javascript_bundle
from kolena_store.web.application import create_application
from kolena_store.web.settings import WebSettings

playwright = pytest.importorskip("playwright.sync_api", reason="the browser tests need playwright")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]
TIMEOUT = 40_000
"""Milliseconds for anything that a person would wait a moment for, on a machine that is busy with other things."""

AXE = "axe-core@4.10.2"
SPAM = "dataset=spam&suite=everyday"
PAGES = {
    "overview": "/",
    "leaderboard": f"/leaderboard?{SPAM}",
    "compare": f"/compare?{SPAM}",
    "case": f"/case?{SPAM}&case=Short&field=length",
    "samples": f"/samples?{SPAM}&case=Short&model=new&model=old",
    "sample": f"/sample?{SPAM}&sample=3&at=3",
    "slices": f"/slices?{SPAM}&where=length+%3C+30",
    "runs": f"/runs?{SPAM}&case=Short",
    "attribution": f"/attribution?{SPAM}&run={{1}}&against={{0}}",
    "standards": f"/standards?{SPAM}",
    "problem": f"/samples?{SPAM}&where=lengthy+%3E+1",
}

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium; install it: apt-get install chromium")


@dataclass
class Visitor:
    """A page of the browser, with what it said on its console and asked of others."""

    page: "playwright.Page"
    base: str
    runs: Sequence[int] = ()
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        self.page.goto(self.base + path.format(*self.runs))
        self.page.wait_for_load_state("networkidle")

    def draw(self) -> None:
        """Let every plot be drawn."""
        for figure in self.page.query_selector_all("figure.plot"):
            figure.scroll_into_view_if_needed()
        self.page.wait_for_selector("figure.plot:not([data-drawn])", state="detached")


@contextmanager
def serving(root: Path, settings: WebSettings) -> Iterator[str]:
    """Serve the app over a store, and yield its address."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    application = create_application(root, settings)
    server = uvicorn.Server(uvicorn.Config(application, log_level="error", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=30)


@pytest.fixture(scope="module")
def served(spam_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of the app, and the file that it saves slices to."""
    try:
        javascript_bundle()
    except StoreError as error:
        pytest.skip(str(error))
    path = tmp_path_factory.mktemp("saved") / "slices.sql"
    standard = path.with_name("mail.standard.toml")
    standard.write_text(STANDARD, encoding="utf-8")
    with serving(spam_root, WebSettings(suite_path=path, standards=(standard,))) as base:
        yield base, path


@pytest.fixture(scope="module")
def browser() -> Iterator["playwright.Browser"]:
    with playwright.sync_playwright() as started:
        found = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()


@pytest.fixture
def visitor(
    request: pytest.FixtureRequest, browser: "playwright.Browser", served: tuple[str, Path], spam_root: Path
) -> Iterator[Visitor]:
    """A visitor whose every complaint fails the test: errors on the console, and requests to other places."""
    options = {"viewport": {"width": 1280, "height": 900}, **getattr(request, "param", {})}
    context = browser.new_context(**options)
    context.set_default_timeout(TIMEOUT)
    runs = [run.run_id for run in ks.Store(spam_root).test_runs()]
    found = Visitor(page=context.new_page(), base=served[0], runs=runs)
    is_error = ("error",)
    found.page.on("console", lambda said: found.complaints.append(said.text) if said.type in is_error else None)
    found.page.on("pageerror", lambda error: found.complaints.append(str(error)))
    found.page.on(
        "request",
        lambda asked: None if asked.url.startswith((found.base, "data:")) else found.complaints.append(asked.url),
    )
    yield found
    context.close()
    assert [one for one in found.complaints if "status of 422" not in one] == []


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The script of axe-core, from npm."""
    folder = tmp_path_factory.mktemp("axe")
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed, so accessibility is not checked")
    done = subprocess.run(["npm", "pack", "--silent", AXE], cwd=folder, capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        pytest.skip(f"npm has no {AXE} here: {done.stderr[-200:]}")
    shutil.unpack_archive(folder / done.stdout.strip().splitlines()[-1], folder)
    return (folder / "package" / "axe.min.js").read_text(encoding="utf-8")


def test_a_path_from_the_overview_to_a_saved_test_case(visitor: Visitor, served: tuple[str, Path]) -> None:
    page = visitor.page
    visitor.open("/")
    page.get_by_role("link", name="everyday").first.click()
    assert "worse on 1 test case: Short" in page.locator(".finding").inner_text()
    page.get_by_role("link", name="Compare", exact=True).click()
    visitor.draw()
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name="Short", exact=True))
    assert "regressed" in row.inner_text()
    row.get_by_role("link").last.click()
    page.wait_for_url("**/samples?*answers=worse*")
    found = page.locator(".found").inner_text()
    n_worse = int(found.split()[0])
    assert page.locator("tbody tr").count() == min(60, n_worse)
    page.locator("tbody tr a").first.click()
    page.wait_for_url("**/sample?*")
    page.go_back()
    assert page.locator(".found").inner_text() == found
    page.get_by_role("link", name="Slices").click()
    page.locator("textarea[name=where]").fill("length < 20")
    page.locator("#measured .found").filter(has_text=" of 400").wait_for()
    page.wait_for_selector("#measured form.save")
    assert "where=length" in page.url
    page.get_by_label("Name").fill("Very short")
    page.get_by_role("button", name="Add to slices.sql").click()
    assert "Very short" in page.locator(".done").inner_text()
    assert 'CREATE VIEW "Very short"' in served[1].read_text(encoding="utf-8")


def test_the_keyboard_alone_goes_from_row_to_row_and_page_to_page(visitor: Visitor) -> None:
    page = visitor.page
    visitor.open(PAGES["leaderboard"])
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.textContent") == "Short"
    page.keyboard.press("Enter")
    page.wait_for_url("**/case?*case=Short*")
    page.keyboard.press("g")
    page.keyboard.press("s")
    page.wait_for_url("**/samples?*")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "where"
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert page.get_by_role("dialog").is_visible()


@pytest.mark.parametrize("visitor", [{"viewport": {"width": 360, "height": 740}}], indirect=True)
def test_pages_fit_a_narrow_screen(visitor: Visitor) -> None:
    for path in PAGES.values():
        visitor.open(path)
        assert visitor.page.evaluate("document.documentElement.scrollWidth") <= 360, path


RULES = {"light": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"], "dark": ["color-contrast"]}
IN_THE_DARK = ("leaderboard", "compare", "case", "samples", "standards")
"""In the dark nothing but the colours is another, and these pages have all of them."""


@pytest.mark.parametrize(
    ("visitor", "scheme"), [({"color_scheme": one}, one) for one in RULES], indirect=["visitor"], ids=list(RULES)
)
def test_pages_are_accessible(visitor: Visitor, scheme: str, axe: str) -> None:
    found = {}
    for name in PAGES if scheme == "light" else IN_THE_DARK:
        visitor.open(PAGES[name])
        visitor.draw()
        visitor.page.evaluate(axe)
        result = visitor.page.evaluate(
            "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", RULES[scheme]
        )
        problems = [
            f"{one['id']}: {one['nodes'][0]['html'][:160]} {one['nodes'][0].get('failureSummary', '')[:200]}"
            for one in result["violations"]
        ]
        if problems:
            found[name] = problems
    assert found == {}, json.dumps(found, indent=1)


def test_plots_are_drawn_and_answer_to_the_pointer(visitor: Visitor) -> None:
    visitor.open(PAGES["compare"])
    visitor.draw()
    figure = visitor.page.locator("figure.plot").first
    assert figure.get_attribute("data-drawn") == "yes"
    visitor.page.locator("figure.plot path[aria-roledescription='point']").last.hover(force=True)
    visitor.page.wait_for_selector("#vg-tooltip-element.visible")


def test_the_leaderboard_is_painted_soon(visitor: Visitor) -> None:
    visitor.open(PAGES["leaderboard"])
    visitor.open(PAGES["leaderboard"])
    painted = visitor.page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    assert painted < 10_000  # a busy machine; benchmarks/web_pages.py measures it


# --- objects ---


@pytest.fixture
def street(visitor: Visitor, tmp_path: Path) -> Iterator[Visitor]:
    """A visitor of an app over images with objects."""
    for number in range(6):
        Image.new("RGB", (100, 80), (90, 120, 20 * number)).save(tmp_path / f"{number}.png")
    root = street_store(ks.Store(tmp_path / "street.store")).path
    with serving(root, WebSettings(image_roots=(tmp_path,))) as base:
        visitor.base = base
        yield visitor
        visitor.page.close()


def test_objects_are_chosen_at_once_and_in_the_address(street: Visitor, axe: str) -> None:
    page = street.page
    street.open("/samples?dataset=street&suite=weather&model=poor&model=good&sort=@value")
    shown = page.locator(".shape.missed:not(.off)")
    assert shown.count() == 6
    page.get_by_label("objects that are missed").uncheck()
    assert shown.count() == 0
    assert "show=missed" not in page.url
    page.locator(".gallery a").first.click()
    page.wait_for_url("**/sample?*")
    assert page.locator(".scene").count() == 2
    assert shown.count() == 0
    page.get_by_label("objects that are missed").check()
    page.reload()
    assert shown.count() == 1
    page.evaluate(axe)
    result = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES["light"])
    assert [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in result["violations"]] == []
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
