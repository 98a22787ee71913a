"""Training in a real browser: one at a time, and stopped without a word of failure."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.fixtures.newcomer import LONG_MS, go


def test_a_training_that_is_stopped_has_not_failed(page: Page) -> None:
    go(page, "Train")
    train = page.get_by_role("button", name="Train", exact=True)
    train.click()
    page.get_by_text("Epoch 1 of").wait_for(timeout=LONG_MS)
    go(page, "Data")
    go(page, "Train")
    expect(page.get_by_text("the training: running")).to_be_visible()
    expect(train).to_be_disabled()
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_text("the training: stopped").wait_for()
    expect(page.get_by_text("The training was stopped")).to_be_visible()
    expect(page.get_by_role("alert")).to_be_empty()
    expect(train).to_be_enabled()


def test_a_training_that_was_stopped_goes_on(page: Page, project: Path) -> None:
    go(page, "Train")
    page.get_by_label("Network", exact=True).select_option("gesture_conv1d")  # it has epochs
    page.get_by_role("button", name="Train", exact=True).click()
    page.get_by_text("Epoch 3 of").wait_for(timeout=LONG_MS)
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_text("the training: stopped").wait_for()
    runs = set((project / "runs").iterdir())
    page.reload()
    go(page, "Train")
    page.get_by_role("button", name="Go on").last.click()
    page.get_by_text("Epoch 4 of").wait_for(timeout=LONG_MS)
    assert set((project / "runs").iterdir()) == runs, "the same run goes on"
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_text("the training: stopped").wait_for()
