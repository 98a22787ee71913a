"""Recording in a real browser: what goes wrong, and how it is taken back."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from pipeline.datasets.recordings import takes_in
from tests.fixtures.newcomer import go, open_page
from tests.fixtures.studio import RunningStudio

pytestmark = pytest.mark.usefixtures("host_compiler")


def begin(page: Page, way: str, gestures: str, dataset: str) -> None:
    go(page, "Record")
    page.get_by_label("Way", exact=True).select_option(way)
    page.get_by_label("Gestures", exact=True).fill(gestures)
    page.get_by_label("Data set", exact=True).fill(dataset)
    page.get_by_role("button", name="Record", exact=True).click()


def test_a_board_that_starts_elsewhere_is_used(page: Page) -> None:
    page.get_by_role("button", name="Start the virtual board").click()
    go(page, "Record")
    expect(page.locator("[data-test=board]")).to_contain_text("Board: ", timeout=60_000)


def test_a_field_that_is_wrong_is_marked_at_once(page: Page) -> None:
    begin(page, "guided", " , ", "wrong")
    expect(page.get_by_label("Gestures", exact=True)).to_be_focused()
    begin(page, "motion", "punch, flex", "wrong")
    expect(page.get_by_label("Gestures", exact=True)).to_be_focused()
    assert "One gesture" in page.evaluate("document.activeElement.validationMessage")
    expect(page.get_by_text("the recording:")).to_have_count(0)


def test_a_name_that_leads_out_of_the_project_is_refused_in_words(
    page: Page, project: Path
) -> None:
    begin(page, "motion", "punch", "../evil")
    expect(page.get_by_role("alert")).to_contain_text("'../evil' cannot be used", timeout=60_000)
    assert not (project / "evil").exists()


def test_a_take_that_was_discarded_by_key_comes_back(page: Page, project: Path) -> None:
    begin(page, "motion", "punch", "back")
    page.get_by_role("button", name="Open punch").nth(1).wait_for()
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("d")
    page.get_by_text("punch was discarded.").wait_for()
    page.get_by_role("button", name="End", exact=True).click()
    page.get_by_text("the recording: done").wait_for()
    there = len(takes_in(project / "data/back"))
    page.reload()
    go(page, "Record")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Open punch")).to_have_count(there + 1)
    assert len(takes_in(project / "data/back")) == there + 1


def test_the_keyboard_stays_among_the_takes(page: Page) -> None:
    page.get_by_role("button", name="Open punch").first.press("Enter")
    page.get_by_role("button", name="Discard the take").press("Enter")
    page.get_by_text("punch was discarded.").wait_for()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    expect(page.get_by_role("button", name="Open punch").first).to_be_focused()


def test_what_is_wrong_with_an_open_take_is_shown_in_front_of_it(
    studio: RunningStudio, browser: Browser
) -> None:
    with open_page(browser, studio.address, is_refused=True) as page:
        go(page, "Data")
        page.get_by_role("button", name="Open punch").first.click()
        page.get_by_label("Label", exact=True).fill("")
        page.get_by_role("button", name="Give it this label").click()
        said = page.get_by_role("alert")
        expect(said).to_contain_text("cannot be used as a label")
        said.get_by_role("button", name="Close").click()
        expect(said).to_be_empty()


def test_the_keyboard_goes_on_in_the_content(page: Page) -> None:
    go(page, "Data")
    page.get_by_role("link", name="Record").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Record takes")
    expect(page.locator("main")).to_be_focused()
    page.get_by_role("link", name="Skip to the content").press("Enter")
    expect(page.locator("main")).to_be_focused()
    expect(page.get_by_role("heading", level=1)).to_have_text("Record takes")


def test_watching_in_another_tab_does_not_end_a_recording(
    page: Page, studio: RunningStudio, browser: Browser
) -> None:
    begin(page, "continuous", "day", "day")
    page.get_by_text("pictures a second").wait_for()
    with open_page(browser, studio.address, is_refused=True) as other:
        go(other, "Try")
        other.get_by_role("button", name="Watch the board").click()
        other.get_by_text("The board is used by the recording that runs.").wait_for()
    page.get_by_text("the recording: running").wait_for()
    page.get_by_role("button", name="End", exact=True).click()
    page.get_by_text("the recording: done").wait_for()
