"""Gestures as a course: windows or streams of samples, to the probability of each label."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipeline.artifacts import Float32, SequenceDataset
from pipeline.config import TrainConfig
from pipeline.contract import Scaling
from pipeline.training.fit import Epoch, Fitted, fit
from pipeline.training.journal import Journal
from pipeline.training.lessons import Course, Lesson, itself, labelled, smoothed_cross_entropy
from pipeline.training.models import Head, Source, build, history
from pipeline.training.scaling import measure_scaling, scale
from pipeline.training.streams import Flags, Lanes, keeping_state


def fit_gestures(
    dataset: SequenceDataset,
    config: TrainConfig,
    on_epoch: Callable[[Epoch], None],
    journal: Journal | None = None,
) -> tuple[Fitted, Scaling]:
    inputs, _ = dataset.part("train")
    scaling = measure_scaling(inputs, config.data.channels)
    return fit(_course(dataset, scaling, config), config.fit, on_epoch, journal), scaling


def _course(dataset: SequenceDataset, scaling: Scaling, config: TrainConfig) -> Course:
    """The test part is in none of it."""
    source = Source(config.window.length, len(config.data.channels))
    head = Head(len(dataset.labels))

    def on_streams(model: Any) -> Any:
        samples, lanes = dataset.inputs.shape[1], config.fit.batch_size
        return keeping_state(model, config.model, samples, config.window.hop, lanes)

    return Course(
        network=lambda: build(config.model, source, head),
        learned=lesson(dataset, "train", scaling, config),
        held=lesson(dataset, "validation", scaling, config),
        loss=lambda: smoothed_cross_entropy(config.fit.label_smoothing),
        learner=on_streams if dataset.begins is not None else itself,
    )


def lesson(dataset: SequenceDataset, part: str, scaling: Scaling, config: TrainConfig) -> Lesson:
    """Training weighs rare classes more; validation all alike."""
    inputs, told = dataset.part(part)
    weighed = part == "train" and config.fit.class_weights
    targets, weights = labelled(told, len(dataset.labels), weighed)
    scaled = scale(inputs, scaling)
    if dataset.begins is None:
        return Lesson(scaled, targets, weights)
    return _in_lanes(scaled, targets, weights, dataset.begins[dataset.splits[part]], config)


def _in_lanes(
    inputs: Float32, targets: Float32, weights: Float32, begins: Flags, config: TrainConfig
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
