"""The README's table and picture, from recorded figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import mlperf_tiny
from benchmarks.results_file import Row, row


def figures(name: str, ours: float) -> list[Row]:
    said = f"-O2; 1,000 of 2,656,768; compact 2.00, CMSIS-NN {3 * ours:.2f}; all byte-equal"
    sizes = "fast, -O2; compact 2,048, CMSIS-NN 4,096"
    return [
        row(f"{name} instructions a multiplication", ours, "", "c", said),
        row(f"{name} against CMSIS-NN", 3.0, "times", "c"),
        row(f"{name} flash", 1024, "bytes", "c", sizes),
        row(f"{name} RAM", 512, "bytes", "c", sizes),
    ]


@pytest.fixture(autouse=True)
def recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [each for name in mlperf_tiny.NETWORKS for each in figures(name, 1.2)]
    found = {each["name"]: each for each in rows}
    monkeypatch.setattr(mlperf_tiny, "recorded", lambda _: found)


def test_the_table_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Before\n\n{mlperf_tiny.START}\nold\n{mlperf_tiny.END}\n\nAfter.\n", "utf-8")
    mlperf_tiny.fill(page)
    once = page.read_text("utf-8")
    assert once.startswith("# Before")
    assert once.endswith("After.\n")
    assert "old" not in once
    row = "| keyword spotting | 2,656,768 | 1.20 | 3.60 | 3.00 | 1.0 / 2.0 / 4.0 KB"
    assert row in once
    mlperf_tiny.fill(page)
    assert page.read_text("utf-8") == once


def test_bars_are_as_long_as_what_they_show(tmp_path: Path) -> None:
    mlperf_tiny.draw(tmp_path / "picture.svg")
    picture = (tmp_path / "picture.svg").read_text("utf-8")
    assert picture.count('width="440"') == len(mlperf_tiny.NETWORKS)
    assert picture.count('width="147"') == len(mlperf_tiny.NETWORKS)
    assert picture.count(">3.60</text>") == len(mlperf_tiny.NETWORKS)
