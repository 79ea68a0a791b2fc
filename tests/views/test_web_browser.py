"""The page in a real browser: what it shows, live; that it is safe, reachable by keyboard, wide and narrow, light and dark."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.views.planted import Served, append, events_of_the_demo, plant, served
from tests.views.test_panels import workshop  # noqa: F401 - a fixture
from tests.views.test_web import EVIL, another

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)
SIZES = [(1600, 1000), (390, 844)]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.nightly,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: `apt install chromium`"),
    pytest.mark.filterwarnings("ignore"),  # whatever the driver warns of
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, driven by Playwright, which is in an environment of its own, beside that of the tests."""
    lock = ROOT / "requirements-browser.lock"
    variables = os.environ | {"XDG_CACHE_HOME": str(Path(sys.prefix).parents[1])}
    done = subprocess.run([ROOT / "bin/autotune", "--environment", lock], env=variables, stdout=subprocess.PIPE, text=True, check=True)
    (packages,) = Path(done.stdout.strip()).parents[1].glob("lib/python*/site-packages")
    sys.path.append(str(packages))
    from playwright.sync_api import sync_playwright  # type: ignore[import-not-found, unused-ignore]

    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()
    sys.path.remove(str(packages))


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real session in which everything that a benchmark or an agent can say tries to be more than text."""
    top = tmp_path_factory.mktemp("evil") / "project"
    top.mkdir()
    (top / "size.txt").write_text(f"1000\n# {EVIL}\n")
    (top / "autotune.sh").write_text(
        f"echo '{EVIL}'\nhead -n 1 size.txt | grep -q broken && {{ echo '{EVIL}' >&2; exit 3; }}\n"
        f"echo \"METRIC size=$(head -n 1 size.txt)\"\necho 'METRIC {EVIL}=1'\n"
    )
    for words in (("init", "-q", "-b", "main"), ("add", "size.txt"), ("commit", "-qm", "start")):
        subprocess.run(["git", *words], cwd=top, check=True)
    said(top, "init", "--name", "evil", "--metric", "size", "--scope", "size.txt")
    (top / "size.txt").write_text(f"900\n# {EVIL} again\n")
    said(top, "try", "-d", f"smaller {EVIL}")
    (top / "size.txt").write_text("broken\n")
    said(top, "try", "-d", f"broken {EVIL}", "--asi", f'{{"why": "{EVIL.replace(chr(34), "")}"}}')
    said(top, "note", EVIL)
    said(top, "idea", EVIL)
    return top


def said(top: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-I", ROOT / "lib/autotune/__main__.py", *words], cwd=top, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


class Page:
    """A page of a browser that came in by a link, and what went wrong in it."""

    def __init__(self, browser: Any, here: Served, name: str | None, width: int = 1600, theme: str = "light", **more: Any) -> None:  # noqa: ANN401
        height = dict(SIZES).get(width, 900)
        self.context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme, **more)
        self.page = self.context.new_page()
        self.wrong: list[str] = []
        self.asked: set[str] = set()
        self.page.on("console", lambda one: self.wrong.append(one.text) if one.type == "error" else None)
        self.page.on("pageerror", lambda one: self.wrong.append(str(one)))
        self.page.on("request", lambda one: self.asked.add(one.url))
        self.page.goto(here.place.link(name))

    def __enter__(self) -> Any:  # noqa: ANN401
        return self.page

    def __exit__(self, *_: object) -> None:
        self.context.close()


def row(page: Any, number: int) -> Any:  # noqa: ANN401
    return page.locator(f"tbody tr:has(a:text-is('{number}'))")


def test_a_link_lets_the_browser_in_and_nothing_of_it_stays_in_the_address(browser: Any, tmp_path: Path) -> None:  # noqa: ANN401
    plant(tmp_path / "project", events_of_the_demo())
    with served(tmp_path / "project") as here:
        opened = Page(browser, here, "demo-1")
        with opened as page:
            row(page, 8).wait_for()
            assert page.url == f"{here.gate.origin}/#/s/demo-1"
            assert page.locator("h1").inner_text().startswith("demo-1: make")
            assert page.locator("tbody tr").count() == 8
            assert page.evaluate("document.cookie") == ""
            page.reload()
            row(page, 8).wait_for()
            assert opened.wrong == []
            assert {url.split("/")[2] for url in opened.asked} == {here.gate.host}


def test_without_a_link_or_with_a_wrong_one_nothing_is_shown(browser: Any, tmp_path: Path) -> None:  # noqa: ANN401
    plant(tmp_path / "project", events_of_the_demo())
    with served(tmp_path / "project") as here:
        context = browser.new_context()
        for tail in ("", "#enter=wrong&session=demo-1", "#/s/demo-1"):
            page = context.new_page()
            page.goto(f"{here.gate.origin}/{tail}")
            page.locator(".problem").wait_for()
            assert "autotune dashboard --web" in page.locator(".problem").inner_text()
            assert page.locator("tbody tr").count() == 0
            page.close()
        context.close()


def test_another_page_gets_nothing(browser: Any, tmp_path: Path) -> None:  # noqa: ANN401
    plant(tmp_path / "project", events_of_the_demo())
    plant(tmp_path / "other", events_of_the_demo())
    with served(tmp_path / "project") as here, served(tmp_path / "other") as other, Page(browser, here, "demo-1") as page:
        row(page, 8).wait_for()
        page.goto(other.gate.origin)  # of the same name, at another port
        ask = f"fetch('{here.gate.origin}/api/sessions', {{credentials: 'include'}}).then(() => 'got it', () => 'refused')"
        assert page.evaluate(ask) == "refused"


def test_what_happens_is_on_the_page_within_a_second(browser: Any, tmp_path: Path) -> None:  # noqa: ANN401
    path = plant(tmp_path / "project", events_of_the_demo())
    with served(tmp_path / "project") as here, Page(browser, here, "demo-1") as page:
        row(page, 8).wait_for()
        page.evaluate("window.same = true")
        took = []
        for number in (9, 10, 11, 12):  # others may use the machine meanwhile
            begun = time.monotonic()
            append(path, another(number))
            row(page, number).wait_for(timeout=5000)
            took.append(time.monotonic() - begun)
        assert min(took) < 1.0
        assert page.evaluate("window.same")


def test_a_running_session_is_followed_from_its_candidate_to_its_result(browser: Any, evil: Path) -> None:  # noqa: ANN401
    with served(evil) as here, Page(browser, here, None) as page:
        page.locator(".card a").first.click()
        row(page, 2).wait_for()
        (evil / "size.txt").write_text("800\n")
        said(evil, "try", "-d", "smaller still")
        row(page, 3).wait_for(timeout=5000)
        assert "kept" in row(page, 3).inner_text()


def test_the_page_comes_back_when_the_server_does(browser: Any, tmp_path: Path) -> None:  # noqa: ANN401
    path = plant(tmp_path / "project", events_of_the_demo())
    with served(tmp_path / "project") as here:
        opened = Page(browser, here, "demo-1")
        row(opened.page, 8).wait_for()
    page = opened.page
    page.locator("#line.bad").wait_for()
    assert page.locator("tbody tr").count() == 8  # what was known stays
    append(path, another(9))
    with served(tmp_path / "project"):
        row(page, 9).wait_for(timeout=20_000)
        page.locator("#line.good").wait_for()
    opened.context.close()


def test_a_log_that_cannot_be_read_has_its_problem_on_the_page(browser: Any, tmp_path: Path) -> None:  # noqa: ANN401
    path = plant(tmp_path / "project", events_of_the_demo())
    whole = path.read_bytes()
    with served(tmp_path / "project") as here, Page(browser, here, "demo-1") as page:
        row(page, 8).wait_for()
        path.write_bytes(whole + b"{}\n")
        page.locator(".problem").wait_for()
        assert f"Line {len(whole.splitlines()) + 1}" in page.locator(".problem").inner_text()
        assert page.locator("tbody tr").count() == 8
        path.write_bytes(whole)
        page.locator(".problem").wait_for(state="detached", timeout=20_000)
    with served(tmp_path / "project") as here:
        path.write_bytes(b"nothing\n")
        for name in ("demo-1", None):
            with Page(browser, here, name) as page:
                page.locator(".problem").wait_for()


def test_what_came_from_a_benchmark_or_an_agent_is_text(browser: Any, evil: Path) -> None:  # noqa: ANN401
    with served(evil) as here:
        opened = Page(browser, here, None)
        with opened as page:
            page.on("dialog", lambda one: opened.wrong.append(one.message))
            page.locator(".card a").first.click()
            row(page, 2).wait_for()
            for summary in page.locator(".tells details:not([hidden]) > summary").all()[1:]:
                summary.click()
            assert EVIL in page.locator(".experiments").inner_text()
            assert EVIL in page.locator(".tells").inner_text()
            for number in (1, 2):
                row(page, number).locator("a").click()
                page.locator("dialog[open] pre").first.wait_for()
                shown = page.locator("dialog").inner_text()
                assert shown.count(EVIL) >= 2  # description and change, output
                page.keyboard.press("Escape")
                page.locator("dialog[open]").wait_for(state="detached")
            assert page.locator("main script, main img, dialog script, dialog img").count() == 0
            assert opened.wrong == []


def test_everything_is_reached_by_keyboard(browser: Any, tmp_path: Path) -> None:  # noqa: ANN401
    plant(tmp_path / "project", events_of_the_demo())
    with served(tmp_path / "project") as here, Page(browser, here, "demo-1") as page:
        row(page, 8).wait_for()
        reached = set()
        for _ in range(60):
            page.keyboard.press("Tab")
            focused = page.evaluate("(([one]) => `${one.tagName} ${one.textContent.slice(0, 20)}`)([document.activeElement])")
            reached.add(focused)
            if focused == "A 8":
                break
        assert {"A autotune", "INPUT ", "A 8"} <= reached
        page.keyboard.press("Enter")
        page.locator("dialog[open]").wait_for()
        assert page.evaluate("document.querySelector('dialog').contains(document.activeElement)")
        page.keyboard.press("Escape")
        page.locator("dialog[open]").wait_for(state="detached")
        assert page.evaluate("document.activeElement.textContent") == "8"


def test_the_table_is_filtered_and_sorted(browser: Any, tmp_path: Path) -> None:  # noqa: ANN401
    plant(tmp_path / "project", events_of_the_demo())
    with served(tmp_path / "project") as here, Page(browser, here, "demo-1") as page:
        row(page, 8).wait_for()
        numbers = "[...document.querySelectorAll('tbody td.number')].map((one) => Number(one.textContent))"
        page.get_by_label("Which experiments").select_option("kept")
        assert page.evaluate(numbers) == [8, 7, 4, 1]
        page.get_by_role("button", name="effect").click()
        assert page.evaluate(numbers) == [4, 8, 1, 7]
        page.get_by_label("Which experiments").select_option("failed")
        assert page.evaluate(numbers) == [5, 6]
        page.get_by_label("Which experiments").select_option("")
        page.get_by_label("Filter experiments by their words").fill("no such words")
        page.locator("tbody tr").first.wait_for(state="detached")
        assert page.locator(".count").inner_text() == "0 of 8"


def test_two_sessions_stand_side_by_side(browser: Any, tmp_path: Path) -> None:  # noqa: ANN401
    plant(tmp_path / "project", events_of_the_demo())
    plant(tmp_path / "project", events_of_the_demo(), name="demo-2")
    with served(tmp_path / "project") as here, Page(browser, here, "demo-1") as page:
        row(page, 8).wait_for()
        page.get_by_label("next to").select_option("demo-2")
        page.locator(".pane").nth(1).locator("tbody tr").first.wait_for()
        first, second = (page.locator(".pane").nth(place).bounding_box() for place in (0, 1))
        assert first["y"] == second["y"]
        assert first["x"] + first["width"] <= second["x"]
        page.locator(".pane").nth(1).locator("tbody a", has_text="4").click()
        page.locator("dialog[open]").wait_for()
        assert page.url.endswith("#/s/demo-1/with/demo-2/second/4")


def test_what_is_open_is_drawn_again_where_the_window_gets_narrow(browser: Any, tmp_path: Path) -> None:  # noqa: ANN401
    plant(tmp_path / "project", events_of_the_demo())
    with served(tmp_path / "project") as here, Page(browser, here, "demo-1", 1100) as page:
        row(page, 1).locator("a").click()
        page.locator("dialog canvas").wait_for()
        page.set_viewport_size({"width": 390, "height": 844})
        page.wait_for_timeout(1000)
        assert page.locator("dialog canvas").bounding_box()["width"] < 390


@pytest.mark.parametrize("width", [1024, 1100, 1200, 1280, 1366, 1440, 1920])
def test_a_change_has_room_to_be_read_on_screens_of_any_width(browser: Any, tmp_path: Path, width: int) -> None:  # noqa: ANN401
    plant(tmp_path / "project", events_of_the_demo())
    with served(tmp_path / "project") as here, Page(browser, here, "demo-1", width) as page:
        row(page, 8).wait_for()
        assert page.locator("td.description").first.bounding_box()["width"] > 200
        for cell in page.locator("tbody td:visible").all():
            assert cell.evaluate("cell => cell.scrollWidth - cell.clientWidth") <= 0, cell.inner_text()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [width for width, _ in SIZES])
def test_it_fits_a_phone_and_a_large_screen_light_and_dark(browser: Any, tmp_path: Path, width: int, theme: str) -> None:  # noqa: ANN401
    plant(tmp_path / "project", events_of_the_demo())
    with served(tmp_path / "project") as here, Page(browser, here, "demo-1", width, theme) as page:
        row(page, 8).wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert min(box["height"] for box in (one.bounding_box() for one in page.locator("tbody tr").all())) > 15
        assert page.locator(".effects canvas").bounding_box()["width"] > width / 2
        row(page, 4).locator("a").click()
        page.locator("dialog[open] canvas").wait_for()
        assert page.evaluate("document.querySelector('dialog').scrollWidth <= document.querySelector('dialog').clientWidth")
        assert page.locator("dialog ins").count() == 0  # git has nothing of this session
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (ground == "rgb(255, 255, 255)") == (theme == "light")


@pytest.mark.parametrize(("width", "theme"), [(1600, "light"), (390, "dark")])
def test_the_packs_of_a_workshop_stand_beside_its_sessions(browser: Any, workshop: Path, width: int, theme: str) -> None:  # noqa: ANN401, F811
    plant(workshop, events_of_the_demo())
    with served(workshop) as here, Page(browser, here, None, width, theme) as page:
        page.wait_for_selector(".panel .interval")
        assert page.locator(".panel h3").all_inner_texts() == ["response-quality"]
        assert "0.625" in page.locator(".panel .interval").inner_text()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.locator(".cards a").first.click()
        page.wait_for_selector(".pane")
        assert page.locator(".panel").count() == 0
        page.locator(".brand").click()
        page.wait_for_selector(".panel .interval")
