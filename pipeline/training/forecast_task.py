"""The forecast task: windows of a series, to the changes from its last row on.

The network learns the difference from the last value, over its usual size. So its error is small
where little changes, and it can forecast values beyond the range of the training data.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from pipeline.config.forecast_settings import ForecastConfig
from pipeline.core.artifacts import Figure, Float32
from pipeline.core.contract import Contract, Hashes, Horizon, Scaling
from pipeline.core.files import save_arrays, save_json
from pipeline.core.forecasts import (
    Float64,
    ForecastScore,
    HeldOutSeries,
    SeriesDataset,
    forecast_scores,
)
from pipeline.core.run_folder import RunFolder
from pipeline.training.checkpoints import Checkpointing
from pipeline.training.fit import Epoch, Fitted, fit
from pipeline.training.models import Head, Source, build
from pipeline.training.run_files import (
    CALIBRATION_WINDOWS,
    Trained,
    evenly_spaced,
    finish,
    save_model,
    training_record,
)
from pipeline.training.training_data import SMALLEST_STD, FitData, TrainingTask, scale

CLIP_STD = 4.0  # inputs are clipped at so many standard deviations from the mean
GOLDEN_WINDOWS = 512  # of the test part, for golden vectors


def train_forecast(
    dataset: SeriesDataset,
    config: ForecastConfig,
    run: RunFolder,
    on_epoch: Callable[[Epoch], None],
) -> Trained:
    """Train a network on a series, and leave the run folder complete for conversion.

    contract.json is written last: a run with a contract counts as trained.
    """
    task = forecast_training_task(dataset, config)
    checkpointing = Checkpointing(run, config, dataset.fingerprint)
    fitted = fit(task.training, config.fit, on_epoch, checkpointing)
    held_out = dataset.held_out()
    test = held_out.origins["test"]
    contract = _contract(dataset, config, task)
    changes = predict_changes(fitted.model, contract, held_out.windows(test))
    forecast = held_out.last(test) + changes
    scores = forecast_scores(held_out, test, forecast)
    save_model(run, fitted)
    _save_windows(run, dataset, task.scaling)
    HeldOutSeries(held_out, forecast).save(run.series_file)
    _save_metrics(run, dataset, fitted, scores)
    finish(run, contract)
    return Trained(
        run=run.path,
        accuracy=None,
        test_windows=len(test),
        split_note=dataset.split_note,
        report=run.report_file,
        figures=error_figures(scores),
    )


def error_figures(scores: Sequence[ForecastScore]) -> tuple[Figure, ...]:
    """The error at each horizon, with that of the best guess without a model."""
    return tuple(figure for score in scores for figure in _figures(score))


def _figures(score: ForecastScore) -> tuple[Figure, Figure]:
    ahead, best = f"{score.channel} {score.steps} ahead", score.best_guess
    return (
        Figure(f"{ahead}, mean error", score.model.mae, score.unit),
        Figure(f"{ahead}, without a model at best", best.mae, score.unit),
    )


def predict_changes(model: Any, contract: Contract, windows: Float32) -> Float64:
    """What the float network forecasts.

    Args:
        model: the Keras model.
        contract: of the run.
        windows: float32 [m, window, channels], in the units of the channels.

    Returns:
        float64 [m, outputs], the difference of each output from the last value.
    """
    scales = np.array([horizon.scale for horizon in contract.horizons])
    changes: Float64 = model.predict(_inputs(windows, contract.scaling), verbose=0) * scales
    return changes


@dataclass(frozen=True)
class ForecastTask:
    """A training task with its scaling, both from the training part.

    Args:
        training: what is fitted.
        scaling: of the inputs.
        scales: float64 [outputs], the usual change of each output, in its unit.
    """

    training: TrainingTask
    scaling: Scaling
    scales: Float64


def forecast_training_task(dataset: SeriesDataset, config: ForecastConfig) -> ForecastTask:
    """The training task of a series; the test part is not in it."""
    scaling, scales = _scaling(dataset), _scales(dataset)
    source = Source(dataset.window, len(dataset.channels))
    head = Head(len(dataset.outputs), activation="linear")

    def fit_data(part: str) -> FitData:
        origins = dataset.origins[part]
        changes = (dataset.truth(origins) - dataset.last(origins)) / scales
        return FitData(_inputs(dataset.windows(origins), scaling), changes.astype(np.float32))

    training = TrainingTask(
        build_model=lambda: build(config.model, source, head),
        training=fit_data("train"),
        validation=fit_data("validation"),
        loss=_huber,
        accuracy=False,
    )
    return ForecastTask(training, scaling, scales)


def _huber() -> Any:
    """Huber's loss (Annals of Mathematical Statistics 35, 1964): outliers do not count squared."""
    from keras.losses import Huber

    return Huber()


def _scaling(dataset: SeriesDataset) -> Scaling:
    values = dataset.values[: dataset.training_rows]
    std = np.maximum(values.std(axis=0), SMALLEST_STD)
    return Scaling(mean=tuple(values.mean(axis=0).tolist()), std=tuple(std.tolist()))


def _scales(dataset: SeriesDataset) -> Float64:
    train = dataset.origins["train"]
    changes = dataset.truth(train) - dataset.last(train)
    scales: Float64 = np.maximum(changes.std(axis=0), SMALLEST_STD)
    return scales


def _inputs(windows: Float32, scaling: Scaling) -> Float32:
    """Scale windows, float32 [m, window, channels], and clip them.

    int8 has a limited range: one extreme value must not cost all others their resolution.
    """
    return np.clip(scale(windows, scaling), -CLIP_STD, CLIP_STD)


def _save_windows(run: RunFolder, dataset: SeriesDataset, scaling: Scaling) -> None:
    calibration = evenly_spaced(dataset.origins["train"], CALIBRATION_WINDOWS)
    test = evenly_spaced(dataset.origins["test"], GOLDEN_WINDOWS)
    save_arrays(
        run.windows_file,
        calibration=_inputs(dataset.windows(calibration), scaling),
        test=_inputs(dataset.windows(test), scaling),
    )


def _save_metrics(
    run: RunFolder, dataset: SeriesDataset, fitted: Fitted, scores: Sequence[ForecastScore]
) -> None:
    content = training_record(fitted, dataset.split_note)
    content |= {"forecasts": [asdict(score) for score in scores], "weakness": _weakness(scores)}
    save_json(run.metrics_file, content)


def _weakness(scores: Sequence[ForecastScore]) -> str:
    """A sentence that names the outputs for which a guess is better; empty where there are none."""
    worse = [
        f"{score.channel} in {score.steps} steps"
        for score in scores
        if score.model.mae >= score.best_guess.mae
    ]
    if not worse:
        return ""
    return (
        "The model is no better than none: the last value, or that of a season ago, is as good a "
        f"forecast of {', '.join(worse)}."
    )


def _contract(dataset: SeriesDataset, config: ForecastConfig, task: ForecastTask) -> Contract:
    horizons = (
        Horizon(channel=dataset.channels[output.channel].name, steps=output.steps, scale=scale)
        for output, scale in zip(dataset.outputs, task.scales.tolist(), strict=True)
    )
    return Contract(
        task=config.task,
        channels=dataset.channels,
        rate_hz=1 / dataset.step_s,
        window=dataset.window,
        hop=1,
        labels=(),
        scaling=task.scaling,
        horizons=tuple(horizons),
        hashes=Hashes(data=dataset.fingerprint, config=config.hash()),
    )
