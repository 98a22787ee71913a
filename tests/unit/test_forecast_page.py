"""The page of a run that forecasts: what it says, and that a browser shows all of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.core.contract import Channel, Contract, Hashes, Horizon, Scaling
from pipeline.core.forecasts import Output, SeriesDataset, forecast_scores, span
from pipeline.reports.facts import ForecastFacts
from pipeline.reports.pages import render_forecast
from tests.fixtures.reported import DARK, LIGHT, look
from tests.fixtures.reported import facts as gesture_facts

CHANNELS = (Channel(name="temperature", unit="degC"), Channel(name="a very long name", unit=""))
OUTPUTS = tuple(Output(channel, steps) for channel in (0, 1) for steps in (1, 24))
WINDOW, ROWS = 24, 400
SECTIONS = ["headline", "errors", "drawn", "learning", "cost", "provenance"]


def series(season: int | None) -> SeriesDataset:
    hours = np.arange(ROWS)
    temperature = 15000 + 8000 * np.sin(2 * np.pi * hours / 24) + 10 * hours
    rows = np.stack([temperature, -temperature], axis=1).astype(np.int32)
    return SeriesDataset(
        rows=rows,
        channels=CHANNELS,
        outputs=OUTPUTS,
        window=WINDOW,
        season=season,
        origins={"test": np.arange(WINDOW, ROWS - 24)},
        training_rows=0,
        step_s=3600.0,
        fingerprint="0" * 64,
        split_note="by time, from 2014-01-01 00:00:00 on: 400 rows, 16.67 days",
    )


def contract_of(int8: bool) -> Contract:
    return Contract(
        task="forecast",
        channels=CHANNELS,
        rate_hz=1 / 3600,
        window=WINDOW,
        hop=1,
        labels=(),
        scaling=Scaling(mean=(0.0, 0.0), std=(1.0, 1.0)),
        horizons=tuple(
            Horizon(channel=CHANNELS[o.channel].name, steps=o.steps, scale=1.0) for o in OUTPUTS
        ),
        quantization=gesture_facts().contract.quantization if int8 else None,
        hashes=Hashes(data="0" * 64, config="1" * 64),
    )


def facts(season: int | None = 24, int8: bool = True, **changes: Any) -> ForecastFacts:
    held, contract, usual = series(season), contract_of(int8), gesture_facts()
    forecast = held.truth(held.origins["test"]) + 0.25
    given: dict[str, Any] = {
        "run": "runs/room",
        "name": "room",
        "dataset": "room.csv",
        "contract": contract,
        "contract_hash": contract.hash(),
        "settings": usual.settings,
        "metrics": {**usual.metrics, "split": held.split_note},
        "cost": usual.cost,
        "image": usual.image,
        "flatbuffer_bytes": 1000,
        "scores": forecast_scores(held, held.origins["test"], forecast),
        "held": held,
        "forecast": forecast,
    }
    return ForecastFacts(**{**given, **changes})


def test_the_errors_of_the_model_stand_beside_those_of_guessing() -> None:
    page = " ".join(render_forecast(facts()).split())
    assert '<p class="headline">0.25 degC</p>' in page
    assert "is the mean absolute error of temperature, forecast 24 h ahead" in page
    assert "<td>temperature</td><td>24 h</td><td>degC</td><td>0.25</td><td>0.25</td>" in page
    assert "instructions of one inference, for each row" in page
    assert "is off by <b>0.24 degC</b>" in page  # a day ago, of what rises by 0.01 an hour
    assert "the board&#39;s own C" in page or "the board's own C" in page


def test_a_series_without_a_season_and_a_run_not_converted_say_so() -> None:
    page = " ".join(render_forecast(facts(season=None, int8=False, cost=None, image=None)).split())
    assert "window.season is null" in page
    assert "<td>-</td><td>-</td>" in page
    assert "gesture convert runs/room" in page


def test_the_same_facts_give_the_same_page() -> None:
    assert render_forecast(facts()) == render_forecast(facts())


@pytest.mark.parametrize(
    ("length_s", "said"),
    [(0.5, "0.5 s"), (60, "1 min"), (3600, "1 h"), (86400, "24 h"), (259200, "3 days")],
)
def test_lengths_of_time_are_reported_as_people_do(length_s: float, said: str) -> None:
    assert span(length_s) == said


@pytest.mark.parametrize("theme", [DARK, LIGHT])
def test_a_browser_shows_all_of_it(chromium: str, tmp_path: Path, theme: int) -> None:
    views, console = look(chromium, render_forecast(facts()), theme, tmp_path)
    assert console == ""
    for view in views:
        assert [name for name, _ in view["sections"]] == SECTIONS
        assert (view["overflow"], view["broken"]) == (0, 0)
        assert (view["captions"], view["cutOff"]) == ([], [])
        assert len(view["pictures"]) == 2 + len(OUTPUTS) + 1
        assert all(length > 50 for length in view["lines"])
