"""Forecasts as a course: windows of a series, to what changes from its last row on.

A network learns differences from the last value, each over its usual size: an error of the network
is then small where little changes, and a value beyond all that training saw is still forecast
from itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from pipeline.artifacts import Figure, Float32
from pipeline.config_series import ForecastConfig
from pipeline.contract import Contract, Hashes, Horizon, Scaling
from pipeline.files import save_arrays, save_json
from pipeline.forecasts import Float64, HeldOutSeries, Judged, SeriesDataset, judge
from pipeline.run_folder import RunFolder
from pipeline.training.fit import Epoch, Fitted, fit
from pipeline.training.journal import Journal
from pipeline.training.lessons import Course, Lesson
from pipeline.training.models import Head, Source, build
from pipeline.training.run_files import (
    CALIBRATION_WINDOWS,
    Trained,
    finish,
    how_it_went,
    save_model,
    spread,
)
from pipeline.training.scaling import SMALLEST_STD, scale

REACH = 4.0  # standard deviations to either side of the mean that a network sees
GOLDEN_WINDOWS = 512  # of the test part, of which golden vectors are made


def train_forecast(
    dataset: SeriesDataset,
    config: ForecastConfig,
    run: RunFolder,
    on_epoch: Callable[[Epoch], None],
) -> Trained:
    """Fill the run folder. contract.json comes last: it makes the run count as trained."""
    lesson = course_of(dataset, config)
    journal = Journal(run, config, dataset.fingerprint)
    fitted = fit(lesson.course, config.fit, on_epoch, journal)
    held = dataset.held_out()
    test = held.origins["test"]
    contract = _contract(dataset, config, lesson)
    forecast = held.last(test) + changes_by(fitted.model, contract, held.windows(test))
    judged = judge(held, test, forecast)
    save_model(run, fitted)
    _save_windows(run, dataset, lesson.scaling)
    HeldOutSeries(held, forecast).save(run.series_file)
    _save_metrics(run, dataset, fitted, judged)
    finish(run, contract)
    return Trained(
        run=run.path,
        accuracy=None,
        test_windows=len(test),
        split_note=dataset.split_note,
        report=run.report_file,
        figures=figures(judged),
    )


def figures(judged: Sequence[Judged]) -> tuple[Figure, ...]:
    """Errors by horizon, each beside the best that can be had without a model."""
    return tuple(figure for one in judged for figure in _figures(one))


def _figures(one: Judged) -> tuple[Figure, Figure]:
    ahead, best = f"{one.channel} {one.steps} ahead", one.best_guess
    return (
        Figure(f"{ahead}, mean error", one.model.mae, one.unit),
        Figure(f"{ahead}, without a model at best", best.mae, one.unit),
    )


def changes_by(model: Any, contract: Contract, windows: Float32) -> Float64:
    """What the float network of a run says to windows in units, float32 [m, window, channels]:
    float64 [m, outputs], by how much each output differs from the last value."""
    scales = np.array([horizon.scale for horizon in contract.horizons])
    changes: Float64 = model.predict(_seen(windows, contract.scaling), verbose=0) * scales
    return changes


@dataclass(frozen=True)
class ForecastCourse:
    """scales: how much each output usually changes, in its unit: float64 [outputs]. All of it is
    of the training part, but what the course is stopped by."""

    course: Course
    scaling: Scaling
    scales: Float64


def course_of(dataset: SeriesDataset, config: ForecastConfig) -> ForecastCourse:
    scaling, scales = _scaling(dataset), _scales(dataset)
    source = Source(dataset.window, len(dataset.channels))
    head = Head(len(dataset.outputs), activation="linear")

    def lesson(part: str) -> Lesson:
        origins = dataset.origins[part]
        changes = (dataset.truth(origins) - dataset.last(origins)) / scales
        return Lesson(_seen(dataset.windows(origins), scaling), changes.astype(np.float32))

    course = Course(
        network=lambda: build(config.model, source, head),
        learned=lesson("train"),
        held=lesson("validation"),
        loss=_huber,
        accuracy=False,
    )
    return ForecastCourse(course, scaling, scales)


def _huber() -> Any:
    """Huber, Annals of Mathematical Statistics 35 (1964): a storm counts, but not its square."""
    from keras.losses import Huber

    return Huber()


def _scaling(dataset: SeriesDataset) -> Scaling:
    learned = dataset.values[: dataset.learned]
    std = np.maximum(learned.std(axis=0), SMALLEST_STD)
    return Scaling(mean=tuple(learned.mean(axis=0).tolist()), std=tuple(std.tolist()))


def _scales(dataset: SeriesDataset) -> Float64:
    train = dataset.origins["train"]
    changes = dataset.truth(train) - dataset.last(train)
    scales: Float64 = np.maximum(changes.std(axis=0), SMALLEST_STD)
    return scales


def _seen(windows: Float32, scaling: Scaling) -> Float32:
    """float32 [m, window, channels], in units and scaled: what is far out counts as REACH. Bytes
    have an end too, and one gale must not cost all other readings their resolution."""
    return np.clip(scale(windows, scaling), -REACH, REACH)


def _save_windows(run: RunFolder, dataset: SeriesDataset, scaling: Scaling) -> None:
    calibration = spread(dataset.origins["train"], CALIBRATION_WINDOWS)
    test = spread(dataset.origins["test"], GOLDEN_WINDOWS)
    save_arrays(
        run.windows_file,
        calibration=_seen(dataset.windows(calibration), scaling),
        test=_seen(dataset.windows(test), scaling),
    )


def _save_metrics(
    run: RunFolder, dataset: SeriesDataset, fitted: Fitted, judged: Sequence[Judged]
) -> None:
    content = how_it_went(fitted, dataset.split_note)
    save_json(run.metrics_file, content | {"forecasts": [asdict(one) for one in judged]})


def _contract(dataset: SeriesDataset, config: ForecastConfig, lesson: ForecastCourse) -> Contract:
    horizons = (
        Horizon(channel=dataset.channels[output.channel].name, steps=output.steps, scale=scale)
        for output, scale in zip(dataset.outputs, lesson.scales.tolist(), strict=True)
    )
    return Contract(
        task=config.task,
        channels=dataset.channels,
        rate_hz=1 / dataset.step_s,
        window=dataset.window,
        hop=1,
        labels=(),
        scaling=lesson.scaling,
        horizons=tuple(horizons),
        hashes=Hashes(data=dataset.fingerprint, config=config.hash()),
    )
