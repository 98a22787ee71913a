"""Figures can be made again by the Makefile, and the tables of docs say what was recorded."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from benchmarks.results_file import FOLDER, Row, load
from benchmarks.sequence import NETWORKS
from benchmarks.zoo import ENTRIES, PROTOCOLS
from benchmarks.zoo_deals import COMPARED, SEEDS
from tests.conftest import PROJECT

HORIZONS = ("1 h", "6 h", "24 h")


@pytest.mark.parametrize("area", sorted(path.stem for path in FOLDER.glob("*.json")))
def test_every_figure_is_made_by_the_makefile_or_quoted(area: str) -> None:
    made = set(re.findall(r"python -m benchmarks\.\w+", (PROJECT / "Makefile").read_text("utf-8")))
    for row in load(area):
        module = " ".join(row["command"].split()[:3])
        assert module in made or (module, row["note"][:7]) == ("none", "quoted:"), row["name"]


def test_the_table_of_networks_on_gestures() -> None:
    found = recorded("recurrent")
    for data in PROTOCOLS:
        expected = [[entry.name, *gestures(found, f"{data} {entry.name}")] for entry in ENTRIES]
        assert table("models.md", data) == expected


def gestures(found: dict[str, Row], name: str) -> list[str]:
    """The cells of a network; the first are empty where it was not judged yet."""
    judged = found.get(f"{name} int8 accuracy")
    accuracy = ["", "", ""]
    if judged is not None:
        latency = found[f"{name} event latency"]["value"]
        accuracy = [f"{judged['value']:.3f}", told(judged, "event F1"), f"{latency:.2f} s"]
    costs = ("instructions a second", "flash bytes", "RAM bytes")
    return [*accuracy, *(f"{found[f'{name} {cost}']['value']:,}" for cost in costs)]


def test_the_table_of_deals() -> None:
    found = recorded("recurrent")
    assert table("models.md", "spells, dealt by seed") == [
        [name, *dealt(found, f"spells {name} int8 accuracy")] for name in COMPARED
    ]


def dealt(found: dict[str, Row], name: str) -> Iterator[str]:
    """Accuracies of the usual deal and of the others, then the mean of the others."""
    others = found[f"{name} over three other deals"]
    yield f"{found[name]['value']:.3f}"
    yield from (told(others, f"{seed}:") for seed in SEEDS)
    yield f"{others['value']:.3f}"


def test_the_table_of_networks_on_reviews() -> None:
    found = recorded("sequence")
    assert [cells[1:] for cells in table("text.md", "network")] == [
        [
            told(found[f"imdb {name} accuracy"], "the last"),
            f"{found[f'imdb {name} accuracy']['value']:.3f}",
            f"{found[f'imdb {name} minutes']['value']:.1f} min",
            f"{found[f'imdb {name} parameters']['value']:,}",
        ]
        for name in NETWORKS
    ]


def test_the_table_of_forecasts() -> None:
    found = recorded("sequence")
    expected = [[hours, *forecasts(found, hours)] for hours in HORIZONS]
    assert table("forecasting.md", "ahead") == expected


def forecasts(found: dict[str, Row], hours: str) -> Iterator[str]:
    """MAE and RMSE of both networks, then of what is had without one."""
    for network in ("weather", "temperature alone"):
        errors = [found[f"{network} {hours} {kind}"]["value"] for kind in ("MAE", "RMSE")]
        yield ", ".join(f"{error:.2f}" for error in errors)
    for guess in ("last value", "that hour of the day before"):
        notes = [told(found[f"weather {hours} {kind}"], guess) for kind in ("MAE", "RMSE")]
        yield ", ".join(f"{float(error):.2f}" for error in notes)


def recorded(area: str) -> dict[str, Row]:
    return {row["name"]: row for row in load(area)}


def told(row: Row, what: str) -> str:
    """The number after `what` in a row's note."""
    found = re.search(rf"{what} ([\d.]*\d)", row["note"])
    assert found is not None, f"{row['name']}: {row['note']}"
    return found[1]


def table(page: str, head: str) -> list[list[str]]:
    """The cells of the table of a page whose first column is headed so, without that line."""
    text = (PROJECT / "docs" / page).read_text("utf-8")
    found = re.search(rf"^\| {head} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", text, re.MULTILINE)
    assert found is not None, f"{page} has no table headed {head}"
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in found[1].splitlines()]
