"""A newcomer's way in a real browser: record, look, train, convert, deploy, see gestures called."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from pipeline.datasets.recordings import load_recordings, takes_in
from tests.fixtures import newcomer
from tests.fixtures.newcomer import PAGES, go, open_page
from tests.fixtures.studio import RunningStudio, running_studio
from tests.takes import save_all, takes

pytestmark = pytest.mark.usefixtures("host_compiler")


def test_from_a_moving_hand_to_a_called_gesture(page: Page, project: Path) -> None:
    newcomer.start_board(page)
    newcomer.record(page, "motion", "punch", 2)
    assert [take.label for take in load_recordings(project / "data/mine")] == ["punch", "punch"]
    page.get_by_role("button", name="Open punch").nth(1).wait_for()
    newcomer.train(page, "gesture_rocket", "sample")
    newcomer.deploy(page, "native")
    newcomer.stop_board(page)
    newcomer.start_board(page, run="runs/gesture_rocket")
    newcomer.watch(page, calls=2)
    assert "idle" in newcomer.mark_wrong(page)
    page.get_by_role("button", name="End", exact=True).click()
    assert any(take.pulled for take in load_recordings(project / "data/mine"))


def test_another_tab_sees_the_same_and_a_reload_loses_nothing(
    page: Page, studio: RunningStudio, browser: Browser
) -> None:
    with open_page(browser, studio.address) as other:
        for tab in (other, page):
            tab.reload()
            go(tab, "Connect")
            tab.get_by_text("runs at").first.wait_for()


def test_a_take_is_trimmed_by_dragging(page: Page, project: Path) -> None:
    save_all(project / "data" / "drag", takes(["wave"], each=1, n=119))
    go(page, "Record")
    page.get_by_label("Data set", exact=True).fill("drag")
    page.get_by_label("Data set", exact=True).press("Tab")
    page.get_by_role("button", name="Open wave").click()
    over = page.locator("dialog .u-over").first
    box = over.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 50, steps=5)
    page.mouse.up()
    page.get_by_role("button", name="Keep this part only").click()
    page.locator("dialog").wait_for(state="hidden")
    [take] = load_recordings(project / "data" / "drag")
    assert 40 < len(take) < 80


def test_files_of_the_tutorial_are_dropped(page: Page, project: Path) -> None:
    files = [make_tutorial_file(project, name) for name in ("punch", "flex")]
    go(page, "Data")
    page.get_by_label("Files to import").set_input_files(files)
    page.get_by_text("6 takes of 119 rows in 2 files").wait_for()
    page.get_by_label("Into the data set").fill("tutorial")
    page.get_by_role("button", name="Save 6 takes").click()
    page.get_by_text("6 takes saved in tutorial").wait_for()
    assert len(takes_in(project / "data/tutorial")) == 6
    page.get_by_role("heading", name="punch (3)").wait_for()


def make_tutorial_file(folder: Path, label: str) -> Path:
    file = folder / f"{label}.csv"
    samples = (row for take in takes([label], each=3, n=119) for row in take.samples)
    rows = [",".join(f"{value:.3f}" for value in row) for row in samples]
    file.write_text("\n".join(["aX,aY,aZ,gX,gY,gZ", *rows]) + "\n")
    return file


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_pages_can_be_read_by_all(page: Page, scheme: str, width: int) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": width, "height": 900})
    for name in PAGES:
        go(page, name)
        page.wait_for_load_state("networkidle")
        found = Axe().run(page).response["violations"]
        serious = [one["id"] for one in found if one["impact"] in ("serious", "critical")]
        assert serious == [], name
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        heads = page.get_by_role("columnheader").evaluate_all("all => all.map(h => h.clientHeight)")
        assert max(heads, default=0) < 150, name  # not one letter a line


def test_a_killed_studio_loses_no_take(tmp_path: Path, browser: Browser) -> None:
    with running_studio(tmp_path) as studio:
        page = browser.new_page()  # it will complain that nobody answers
        page.goto(studio.address)
        page.get_by_role("heading", level=1).wait_for()
        newcomer.start_board(page)
        go(page, "Record")
        page.get_by_label("Way", exact=True).select_option("continuous")
        page.get_by_label("Gestures", exact=True).fill("day")
        page.get_by_label("Seconds", exact=True).fill("600")
        page.get_by_role("button", name="Record", exact=True).click()
        page.get_by_text("pictures a second").wait_for()
        time.sleep(2)
        studio.process.send_signal(signal.SIGKILL)
        studio.process.wait()
        deadline = time.monotonic() + 30
        while not takes_in(tmp_path / "data/mine") and time.monotonic() < deadline:
            time.sleep(0.1)
        page.close()
    [take] = load_recordings(tmp_path / "data" / "mine")
    assert take.seconds > 1
    assert take.gaps == ()
