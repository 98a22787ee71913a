"""Recorded figures: a worse one is never written over a better one unless it is accepted."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import results_file
from benchmarks.results_file import load, record, record_unless_worse, row


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results_file, "FOLDER", tmp_path)
    record("area", [figure("cost", 1000), figure("gain", 3.0, ">= 2.5"), figure("ratio", 4.0)])


def figure(name: str, value: float, bound: str = "") -> results_file.Row:
    return row(name, value, "times" if name == "ratio" else "bytes", "command", bound=bound)


def recorded() -> dict[str, float]:
    return {item["name"]: item["value"] for item in load("area")}


@pytest.mark.parametrize(
    ("name", "value", "kept", "fails"),
    [
        ("cost", 900, 900, False),
        ("cost", 1000, 1000, False),
        ("cost", 1019, 1000, False),
        ("cost", 1021, 1000, True),
        ("gain", 3.5, 3.5, False),
        ("gain", 2.9, 3.0, True),
        ("ratio", 3.0, 4.0, True),
        ("new", 7, 7, False),
    ],
)
def test_only_what_is_as_good_is_recorded(name, value, kept, fails) -> None:
    bound = ">= 2.5" if name == "gain" else ""
    worse = record_unless_worse("area", [figure(name, value, bound)], accept=False)
    assert recorded()[name] == kept
    assert [item["name"] for item in worse] == [name] * fails


def test_what_is_accepted_is_recorded() -> None:
    assert not record_unless_worse("area", [figure("cost", 2000)], accept=True)
    assert recorded()["cost"] == 2000
