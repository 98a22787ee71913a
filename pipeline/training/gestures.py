"""Gestures: windows or streams of samples, to the probability of each label.

A run of them is fitted, judged on what was held out, and leaves everything the next stage needs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np

from pipeline.artifacts import IMU_UNITS, Float32, SequenceDataset
from pipeline.config_gestures import GestureConfig
from pipeline.contract import Channel, Contract, Hashes, Scaling
from pipeline.files import atomic_write, save_arrays, save_json
from pipeline.run_folder import RunFolder
from pipeline.training.confusion_picture import confusion_picture
from pipeline.training.evaluate import Metrics, measure
from pipeline.training.fit import Epoch, Fitted, fit
from pipeline.training.journal import Journal
from pipeline.training.judging import Judged, judge
from pipeline.training.lessons import Course, Lesson, itself, labelled, smoothed_cross_entropy
from pipeline.training.models import Head, Source, build, history
from pipeline.training.policy import usual_policy
from pipeline.training.run_files import (
    CALIBRATION_STRETCH,
    CALIBRATION_STRETCHES,
    CALIBRATION_WINDOWS,
    Trained,
    finish,
    how_it_went,
    save_model,
    spread,
)
from pipeline.training.scaling import measure_scaling, scale
from pipeline.training.streams import Flags, Lanes, keeping_state, runs_of


def train_gestures(
    dataset: SequenceDataset,
    config: GestureConfig,
    run: RunFolder,
    on_epoch: Callable[[Epoch], None],
) -> Trained:
    """Fill the run folder. contract.json comes last: it makes the run count as trained."""
    journal = Journal(run, config, dataset.fingerprint)
    fitted, scaling = fit_gestures(dataset, config, on_epoch, journal)
    judged = judge(fitted.model, scaling, dataset, config)
    metrics = measure(judged.targets, np.argmax(judged.scores, axis=1), dataset.labels)
    save_model(run, fitted)
    _save_splits(run, dataset)
    _save_windows(run, dataset, scaling, judged)
    _save_metrics(run, dataset, metrics, fitted)
    _save_confusion_picture(run, dataset, metrics)
    finish(run, _contract(dataset, config, scaling))
    return Trained(
        run.path, metrics.accuracy, len(judged.targets), dataset.split_note, run.report_file
    )


def _save_splits(run: RunFolder, dataset: SequenceDataset) -> None:
    parts = {
        part: sorted({dataset.groups[index] for index in indices})
        for part, indices in dataset.splits.items()
    }
    save_json(run.splits_file, {**parts, "fingerprint": dataset.fingerprint})


def _save_windows(
    run: RunFolder, dataset: SequenceDataset, scaling: Scaling, judged: Judged
) -> None:
    stream = {} if judged.stream is None else asdict(judged.stream)
    save_arrays(
        run.windows_file,
        calibration=_calibration(dataset, scaling),
        test=judged.windows,
        test_targets=judged.targets,
        test_names=np.array(judged.names),
        test_scores=judged.scores,
        **{f"stream_{name}": values for name, values in stream.items()},
    )


def _calibration(dataset: SequenceDataset, scaling: Scaling) -> Float32:
    """Scaled windows of the training part; of streams stretches of several windows, for a state
    that is carried on grows further."""
    inputs, _ = dataset.part("train")
    if dataset.begins is None:
        inputs = spread(inputs, CALIBRATION_WINDOWS)
    else:
        begins = dataset.begins[dataset.splits["train"]]
        inputs = runs_of(begins, inputs, CALIBRATION_STRETCH, CALIBRATION_STRETCHES)
    return scale(inputs, scaling)


def _save_metrics(
    run: RunFolder, dataset: SequenceDataset, metrics: Metrics, fitted: Fitted
) -> None:
    content = asdict(metrics) | how_it_went(fitted, dataset.split_note)
    content["confusion"] = metrics.confusion.tolist()
    content["labels"] = list(dataset.labels)
    save_json(run.metrics_file, content)


def _save_confusion_picture(run: RunFolder, dataset: SequenceDataset, metrics: Metrics) -> None:
    with atomic_write(run.path / "confusion_matrix.png") as unfinished:
        unfinished.write_bytes(confusion_picture(metrics.confusion, dataset.labels))


def _contract(dataset: SequenceDataset, config: GestureConfig, scaling: Scaling) -> Contract:
    return Contract(
        task=config.task,
        channels=tuple(Channel(name=name, unit=IMU_UNITS[name]) for name in config.data.channels),
        rate_hz=config.data.rate_hz,
        window=config.window.length,
        hop=config.window.hop,
        mode=config.window.mode,
        labels=dataset.labels,
        scaling=scaling,
        decision=usual_policy(config, dataset.labels),
        hashes=Hashes(data=dataset.fingerprint, config=config.hash()),
    )


def fit_gestures(
    dataset: SequenceDataset,
    config: GestureConfig,
    on_epoch: Callable[[Epoch], None],
    journal: Journal | None = None,
) -> tuple[Fitted, Scaling]:
    inputs, _ = dataset.part("train")
    scaling = measure_scaling(inputs, config.data.channels)
    return fit(_course(dataset, scaling, config), config.fit, on_epoch, journal), scaling


def _course(dataset: SequenceDataset, scaling: Scaling, config: GestureConfig) -> Course:
    """The test part is in none of it."""
    source = Source(config.window.length, len(config.data.channels))
    head = Head(len(dataset.labels))

    def on_streams(model: Any) -> Any:
        samples, lanes = dataset.inputs.shape[1], config.fit.batch_size
        return keeping_state(model, config.model, samples, config.window.hop, lanes)

    return Course(
        network=lambda: build(config.model, source, head),
        learned=lesson(dataset, "train", scaling, config),
        held=lesson(dataset, "validation", scaling, config) if config.split.validation else None,
        loss=lambda: smoothed_cross_entropy(config.fit.label_smoothing),
        learner=on_streams if dataset.begins is not None else itself,
    )


def lesson(dataset: SequenceDataset, part: str, scaling: Scaling, config: GestureConfig) -> Lesson:
    """Training weighs rare classes more; validation all alike."""
    inputs, told = dataset.part(part)
    weighed = part == "train" and config.fit.class_weights
    targets, weights = labelled(told, len(dataset.labels), weighed)
    scaled = scale(inputs, scaling)
    if dataset.begins is None:
        return Lesson(scaled, targets, weights)
    return _in_lanes(scaled, targets, weights, dataset.begins[dataset.splits[part]], config)


def _in_lanes(
    inputs: Float32, targets: Float32, weights: Float32, begins: Flags, config: GestureConfig
) -> Lesson:
    lanes = Lanes.of(begins, config.fit.batch_size)
    unseen = config.window.length // config.window.hop - 1
    weights[lanes.cut(begins), :unseen] = 0
    return Lesson(
        lanes.inputs(inputs, history(config.model)),
        lanes.each(targets),
        lanes.each(weights / weights.mean()),
        lanes.begins,
    )
