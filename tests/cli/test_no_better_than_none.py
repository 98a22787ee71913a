"""A model that is no better than none says so: after its training, and above its report."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline.training.metrics import no_better_than_one_answer
from tests.cli.commands import gesture
from tests.texts import GENERATION, write_rhymes

pytestmark = pytest.mark.slow

FORECAST = """
task: forecast
data: {path: data/room.csv, time: [when], channels: [temperature], targets: [temperature]}
window: {length: 24, horizons: [1], season: 24}
model: {kind: gru, units: [4]}
"""
NOTHING = ("--set", "fit.epochs=1", "--set", "fit.learning_rate=0.00000001")


def make_generation(folder: Path) -> str:
    write_rhymes(folder / "data" / "rhymes.txt", 3000)
    return GENERATION


def make_forecast(folder: Path) -> str:
    """A random walk: nothing is better than the last value."""
    walk = np.cumsum(np.random.default_rng(1).normal(0, 1, 480))
    begin = datetime.datetime(2020, 1, 1)
    rows = [f"{begin + datetime.timedelta(hours=at)},{value:.2f}" for at, value in enumerate(walk)]
    (folder / "data").mkdir()
    (folder / "data" / "room.csv").write_text("\n".join(["when,temperature", *rows, ""]), "utf-8")
    return FORECAST


@pytest.mark.parametrize(
    ("make", "better"),
    [(make_generation, "the frequency of each character"), (make_forecast, "the last value")],
)
def test_a_training_that_came_to_nothing_says_so(
    tmp_path: Path, make: Callable[[Path], str], better: str
) -> None:
    (tmp_path / "it.yaml").write_text(make(tmp_path), "utf-8")
    ended = gesture("train", "it.yaml", *NOTHING, "--run", "run", cwd=tmp_path)
    (line,) = (line for line in ended.out.splitlines() if "no better than none" in line)
    assert better in line
    page = (tmp_path / "run" / "report.html").read_text("utf-8")
    headline = page[page.index('<section id="headline">') :]
    assert better in headline[: headline.index("</section>")]


def test_one_answer_to_everything_is_the_measure_of_a_classifier() -> None:
    targets = np.array([0, 1, 1, 1], np.int32)
    assert "`flex` as the answer to everything would be right 75.0%" in no_better_than_one_answer(
        targets, 0.75, ("punch", "flex")
    )
    assert no_better_than_one_answer(targets, 0.76, ("punch", "flex")) == ""
