"""Every recorded figure can be made again with the Makefile."""

from __future__ import annotations

import re

import pytest

from benchmarks.results_file import FOLDER, load
from tests.conftest import PROJECT


@pytest.mark.parametrize("area", sorted(path.stem for path in FOLDER.glob("*.json")))
def test_every_figure_is_made_by_the_makefile_quoted_or_by_hand(area: str) -> None:
    made = set(re.findall(r"python -m benchmarks\.\w+", (PROJECT / "Makefile").read_text("utf-8")))
    for row in load(area):
        module = " ".join(row["command"].split()[:3])
        by_hand = module == "none" and row["note"].startswith(("quoted:", "by hand:"))
        assert module in made or by_hand, row["name"]
