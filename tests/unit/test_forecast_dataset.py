"""Windows and targets of a series: what may be seen when, and what guessing comes to."""

from __future__ import annotations

import datetime
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.config.forecast_settings import ForecastConfig
from pipeline.core.errors import ExitCode
from pipeline.core.forecasts import ForecastError, HeldOutSeries, SeriesDataset, forecast_scores
from pipeline.datasets.forecasting import make_forecast_dataset
from pipeline.datasets.tables.series import Series, read_series
from pipeline.training.fit import fit
from pipeline.training.forecast_task import error_figures, forecast_training_task
from pipeline.training.models import nearest_window
from pipeline.workflows.train import load_task_config
from tests.refusals import refuses
from tests.series_files import write_series

CONFIGS = Path(__file__).resolve().parent.parent.parent / "configs"
PARTS = ("train", "validation", "test")


def config_of(path: Path, **changes: Any) -> ForecastConfig:
    content: dict[str, Any] = {
        "task": "forecast",
        "data": {
            "path": path,
            "time": ["when"],
            "channels": ["temperature", "humidity"],
            "categories": ["wind"],
            "targets": ["humidity", "temperature"],
        },
        "window": {"length": 12, "horizons": [1, 6, 30], "season": 24},
        "model": {"kind": "gru", "downsample": 3, "units": [4]},
    }
    for section, values in changes.items():
        content[section] = {**content.get(section, {}), **values}
    return ForecastConfig.model_validate(content)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_series(tmp_path_factory.mktemp("series") / "series.csv", days=30)


@pytest.fixture(scope="module")
def series(file: Path) -> Series:
    return read_series(file, config_of(file).data)


@pytest.fixture(scope="module")
def dataset(file: Path, series: Series) -> SeriesDataset:
    return make_forecast_dataset(series, config_of(file))


def test_a_part_forecasts_only_its_own_rows_and_later_ones_than_the_part_before(
    dataset: SeriesDataset,
) -> None:
    nearest, furthest = 1, 30
    ends = [(int(dataset.origins[p][0]) + nearest, int(dataset.origins[p][-1])) for p in PARTS]
    for (_, last_origin), (first_target, _) in pairwise(ends):
        assert last_origin + furthest < first_target
    assert ends[-1][1] + furthest == len(dataset.rows) - 1
    assert dataset.training_rows == ends[1][0] == 720 - 144 - 115


def test_a_window_ends_with_its_origin(dataset: SeriesDataset) -> None:
    origins = dataset.origins["test"][[0, 5]]
    windows = dataset.windows(origins)
    assert windows.shape == (2, 12, 4)
    for origin, window in zip(origins, windows, strict=True):
        np.testing.assert_allclose(window, dataset.values[origin - 11 : origin + 1], rtol=1e-6)


def test_nothing_in_training_changes_with_what_is_held_out(
    file: Path, series: Series, dataset: SeriesDataset
) -> None:
    later = series.values.copy()
    later[dataset.training_rows :] += 1000
    words = tuple((*column[: dataset.training_rows], *["gale"] * 259) for column in series.words)
    other = make_forecast_dataset(replace(series, values=later, words=words), config_of(file))
    assert other.channels == dataset.channels
    one, two = (forecast_training_task(each, config_of(file)) for each in (dataset, other))
    assert (one.scaling, one.scales.tolist()) == (two.scaling, two.scales.tolist())
    np.testing.assert_array_equal(one.training.training.inputs, two.training.training.inputs)
    np.testing.assert_array_equal(one.training.training.targets, two.training.training.targets)


def test_guesses_are_the_last_value_and_that_hour_of_the_day_before(dataset: SeriesDataset) -> None:
    origin = dataset.origins["test"][:1]
    at, humidity, temperature = int(origin[0]), dataset.values[:, 1], dataset.values[:, 0]
    expected = [humidity[at + 1], humidity[at + 6], humidity[at + 30], temperature[at + 1]]
    assert dataset.truth(origin)[0, :4].tolist() == expected
    assert dataset.last(origin)[0].tolist() == [humidity[at]] * 3 + [temperature[at]] * 3
    seasonal = dataset.seasonal(origin)
    assert seasonal is not None
    assert seasonal[0, :3].tolist() == [humidity[at - 23], humidity[at - 18], humidity[at - 18]]


def test_errors_are_those_of_model_and_guesses(dataset: SeriesDataset) -> None:
    origins = dataset.origins["test"]
    scores = forecast_scores(dataset, origins, dataset.truth(origins) + 2.0)
    assert [(one.channel, one.steps) for one in scores][:4] == [
        ("humidity", 1),
        ("humidity", 6),
        ("humidity", 30),
        ("temperature", 1),
    ]
    for one in scores:
        assert one.model.mae == pytest.approx(2.0)
        assert one.model.rmse == pytest.approx(2.0)
    assert scores[3].best_guess == scores[3].last
    names = [figure.name for figure in error_figures(scores)]
    assert names[:2] == [
        "humidity 1 ahead, mean error",
        "humidity 1 ahead, without a model at best",
    ]
    assert len(set(names)) == len(names) == 2 * len(scores)
    assert ForecastError.of(np.array([0.0, 0.0]), np.array([3.0, -1.0])).rmse == 5**0.5


def test_the_held_out_part_survives_saving(dataset: SeriesDataset, tmp_path: Path) -> None:
    held = dataset.held_out()
    forecast = held.last(held.origins["test"])
    HeldOutSeries(held, forecast).save(tmp_path / "series.npz")
    loaded = HeldOutSeries.load(tmp_path / "series.npz")
    np.testing.assert_array_equal(loaded.forecast, forecast)
    np.testing.assert_array_equal(
        loaded.dataset.truth(loaded.dataset.origins["test"]),
        dataset.truth(dataset.origins["test"]),
    )
    found, whole = (d.seasonal(d.origins["test"]) for d in (loaded.dataset, dataset))
    assert found is not None
    assert whole is not None
    np.testing.assert_array_equal(found, whole)


def test_a_date_cuts_where_its_day_begins(file: Path, series: Series) -> None:
    config = config_of(file, split={"test": "2020-01-25"})
    assert config.split.test == datetime.date(2020, 1, 25)
    found = make_forecast_dataset(series, config)
    assert int(found.origins["test"][0]) + 1 == 24 * 24
    assert found.split_note == "by time, from 2020-01-25 00:00:00 on: 144 rows, 6 days"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"split": {"test": "2021-01-01"}},
            "cannot be split at 2021-01-01: it goes from 2020-01-01",
        ),
        ({"window": {"length": 600}}, "is too short: its train part has 461 rows, and two windows"),
        ({"split": {"test": 0.03}}, "is too short: its test part has 22 rows"),
        (
            {"split": {"test": 30 / 720}},
            "its test part has 30 rows, and two windows with their targets need 31.",
        ),
    ],
)
def test_a_series_that_does_not_do_is_refused(
    file: Path, series: Series, changes: Any, said: str
) -> None:
    with refuses(r"series\.csv", ExitCode.USAGE, what=said):
        make_forecast_dataset(series, config_of(file, **changes))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("data: {path: x.csv, channels: [a], targets: [b]}", "data.targets: b is not in data.ch"),
        ("data: {path: x.csv, channels: [a, a], targets: [a]}", "a is named twice"),
        ("window: {horizons: [6, 1]}", "window.horizons: must rise"),
        ("split: {test: 0.7}", "split.test: must be a share above 0 and up to 0.5, or a date"),
        ("split: {test: soon}", "split.test: must be a share above 0 and up to 0.5, or a date"),
        (
            "data: {path: x.csv, channels: [TEMP], targets: [TEMP], units: {TMEP: K}}",
            "data.units: TMEP is not in data.channels",
        ),
        ("model: {kind: gru, stateful: true}", "text.stateful for generation"),
        ("unknown: {share: 1}", "unknown: unknown key"),
        ("window: {hop: 8}", "window.hop: unknown key"),
    ],
)
def test_a_config_that_mixes_things_up_is_refused_by_key(
    tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "c.yaml").write_text(f"task: forecast\n{text}\n")
    with refuses(what=said):
        load_task_config(tmp_path / "c.yaml")


@pytest.mark.parametrize("name", ["weather", "temperature", "room"])
def test_a_shipped_config_fits_its_network(name: str) -> None:
    config = shipped(name)
    assert nearest_window(config.model, config.window.length) == config.window.length


@pytest.mark.xdist_group("tensorflow")
@pytest.mark.parametrize(("name", "channels"), [("weather", 8), ("temperature", 1)])
def test_a_shipped_config_learns_a_step(name: str, channels: int, shared_data: Path) -> None:
    config = shipped(name)
    file = shared_data / "text" / "weather" / config.data.path.name
    dataset = make_forecast_dataset(read_series(file, config.data), config)
    few = {part: origins[:128] for part, origins in dataset.origins.items()}
    task = forecast_training_task(replace(dataset, origins=few), config).training
    fitted = fit(task, config.fit.model_copy(update={"epochs": 1}), lambda _: None)
    assert fitted.model.input_shape == (None, 72, channels)
    assert fitted.model.output_shape == (None, 3)
    assert np.isfinite(fitted.epochs[0].loss)


def shipped(name: str) -> ForecastConfig:
    config = load_task_config(CONFIGS / f"forecast_{name}.yaml")
    assert isinstance(config, ForecastConfig)
    return config
