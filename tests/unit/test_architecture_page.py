"""docs/architecture.md names the folders of the firmware that there are, and no others."""

from __future__ import annotations

import re

import pytest

from tests.conftest import PROJECT

PAGE = (PROJECT / "docs" / "architecture.md").read_text("utf-8")


@pytest.mark.parametrize("place", ["lib", "boards"])
def test_every_folder_is_named(place: str) -> None:
    (purpose,) = re.findall(rf"^\| `{place}/` \| (.*) \|$", PAGE, re.MULTILINE)
    there = {path.name for path in (PROJECT / "firmware" / place).iterdir() if path.is_dir()}
    assert set(re.findall(r"`(\w+)`", purpose)) == there
