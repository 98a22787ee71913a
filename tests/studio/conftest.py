"""A studio in a folder of its own, and a browser that has opened it: for each file of tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.fixtures.newcomer import a_browser, open_page
from tests.fixtures.studio import RunningStudio, running_studio


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("studio")


@pytest.fixture(scope="module")
def studio(project: Path) -> Iterator[RunningStudio]:
    with running_studio(project) as running:
        yield running


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with a_browser(chromium) as opened:
        yield opened


@pytest.fixture(scope="module")
def page(studio: RunningStudio, browser: Browser) -> Iterator[Page]:
    with open_page(browser, studio.address) as opened:
        yield opened
