"""The gesture task: windows or streams of samples, to the probability of each label.

Training leaves in the run all that conversion needs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np

from pipeline.config.gesture_settings import GestureConfig
from pipeline.config.sections import RocketConfig
from pipeline.core.artifacts import IMU_UNITS, Float32, SequenceDataset
from pipeline.core.contract import Channel, Contract, Hashes, Scaling
from pipeline.core.files import atomic_write, save_arrays, save_json
from pipeline.core.original_names import can_be_drawn, load_names
from pipeline.core.run_folder import RunFolder
from pipeline.training.checkpoints import Checkpointing
from pipeline.training.embedding import embed_gestures
from pipeline.training.fit import Epoch, Fitted, fit
from pipeline.training.metrics import (
    Metrics,
    TestScores,
    classification_metrics,
    no_better_than_one_answer,
    score_test_part,
)
from pipeline.training.models import Head, Source, build, history
from pipeline.training.rocket import fit_rocket
from pipeline.training.run_files import (
    CALIBRATION_STRETCH,
    CALIBRATION_STRETCHES,
    CALIBRATION_WINDOWS,
    Trained,
    confusion_picture,
    evenly_spaced,
    finish,
    save_model,
    training_record,
)
from pipeline.training.stateful import Flags, StatefulBatches, stateful_copy, stream_stretches
from pipeline.training.training_data import (
    FitData,
    TrainingTask,
    measure_scaling,
    on_views,
    one_hot_targets,
    scale,
    smoothed_cross_entropy,
)


def train_gestures(
    dataset: SequenceDataset,
    config: GestureConfig,
    run: RunFolder,
    on_epoch: Callable[[Epoch], None],
    for_board: bool = True,
) -> Trained:
    """Train a network on gestures, and leave the run folder complete for conversion.

    contract.json is written last: a run with a contract counts as trained.

    Args:
        for_board: the run goes on a board, which can learn people and gestures.
    """
    checkpointing = Checkpointing(run, config, dataset.fingerprint)
    fitted, scaling = fit_gestures(dataset, config, on_epoch, checkpointing)
    tested = score_test_part(fitted.model, scaling, dataset, config)
    metrics = classification_metrics(
        tested.targets, np.argmax(tested.scores, axis=1), dataset.labels
    )
    save_model(run, fitted)
    if for_board:
        _save_embedding(run, dataset, config, fitted, scaling)
    _save_splits(run, dataset)
    _save_windows(run, dataset, scaling, tested)
    _save_metrics(run, dataset, metrics, fitted, tested)
    _save_confusion_picture(run, dataset, metrics)
    finish(run, _contract(dataset, config, scaling))
    return Trained(
        run.path,
        metrics.accuracy,
        len(tested.targets),
        dataset.split_note,
        run.report_file,
    )


def train_on_all(
    dataset: SequenceDataset,
    config: GestureConfig,
    epochs: int,
    run: RunFolder,
    on_epoch: Callable[[Epoch], None],
) -> None:
    """Train the network that goes on the board, and leave the run complete for conversion.

    Args:
        dataset: all recordings, as make_whole_dataset cuts them.
        epochs: as many as were best for the network that was tested.
    """
    checkpointing = Checkpointing(run, config, dataset.fingerprint)
    fit_config = config.fit.model_copy(update={"epochs": epochs})
    fitting = config.model_copy(update={"fit": fit_config})
    fitted, scaling = fit_gestures(dataset, fitting, on_epoch, checkpointing)
    save_model(run, fitted)
    _save_embedding(run, dataset, config, fitted, scaling)
    _save_splits(run, dataset)
    save_arrays(run.windows_file, calibration=_calibration(dataset, scaling))
    save_json(run.metrics_file, training_record(fitted, dataset.split_note))
    contract = _contract(dataset, config, scaling)
    finish(run, contract.model_copy(update={"trained_on": "all recordings"}))


def _save_embedding(
    run: RunFolder,
    dataset: SequenceDataset,
    config: GestureConfig,
    fitted: Fitted,
    scaling: Scaling,
) -> None:
    """Of windows; where a state is carried on, a window has more than its own samples in it."""
    if dataset.begins is None:
        embedding = embed_gestures(fitted.model, dataset, scaling, config.data.background)
        if embedding is not None:
            embedding.save(run.embedding_features_file)


def _save_splits(run: RunFolder, dataset: SequenceDataset) -> None:
    parts = {part: dataset.recordings_in(part) for part in dataset.splits}
    save_json(run.splits_file, {**parts, "fingerprint": dataset.fingerprint})


def _save_windows(
    run: RunFolder, dataset: SequenceDataset, scaling: Scaling, tested: TestScores
) -> None:
    stream = {} if tested.stream is None else asdict(tested.stream)
    save_arrays(
        run.windows_file,
        calibration=_calibration(dataset, scaling),
        test=tested.windows,
        test_targets=tested.targets,
        test_names=np.array(tested.names),
        test_scores=tested.scores,
        **{f"stream_{name}": values for name, values in stream.items()},
    )


def _calibration(dataset: SequenceDataset, scaling: Scaling) -> Float32:
    """Scaled windows of the training part.

    Of streams they are several windows long: a state that is carried on becomes larger.
    """
    chosen = dataset.splits["train"]
    if dataset.begins is None:
        inputs = dataset.sequences(evenly_spaced(chosen, CALIBRATION_WINDOWS))
    else:
        inputs, _ = dataset.part("train")
        begins = dataset.begins[chosen]
        inputs = stream_stretches(begins, inputs, CALIBRATION_STRETCH, CALIBRATION_STRETCHES)
    return scale(inputs, scaling)


def _save_metrics(
    run: RunFolder, dataset: SequenceDataset, metrics: Metrics, fitted: Fitted, tested: TestScores
) -> None:
    content = asdict(metrics) | training_record(fitted, dataset.split_note)
    content["confusion"] = metrics.confusion.tolist()
    content["labels"] = list(dataset.labels)
    content["weakness"] = no_better_than_one_answer(
        tested.targets, metrics.accuracy, dataset.labels
    )
    save_json(run.metrics_file, content)


def _save_confusion_picture(run: RunFolder, dataset: SequenceDataset, metrics: Metrics) -> None:
    with atomic_write(run.path / "confusion_matrix.png") as unfinished:
        names = load_names(run.path, "train")
        labels = [names.shown("label", label, can_be_drawn) for label in dataset.labels]
        unfinished.write_bytes(confusion_picture(metrics.confusion, labels))


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
        decision=config.default_policy(dataset.labels),
        hashes=Hashes(data=dataset.fingerprint, config=config.hash()),
    )


def fit_gestures(
    dataset: SequenceDataset,
    config: GestureConfig,
    on_epoch: Callable[[Epoch], None],
    checkpointing: Checkpointing | None = None,
) -> tuple[Fitted, Scaling]:
    """Fit a network on the training part of a dataset.

    Returns:
        The fitted model, and the scaling of its inputs.
    """
    scaling = measure_scaling(dataset, config.data.channels)
    if isinstance(config.model, RocketConfig):
        return fit_rocket(dataset, config, scaling, on_epoch), scaling
    task = _training_task(dataset, scaling, config)
    return fit(task, config.fit, on_epoch, checkpointing), scaling


def _training_task(
    dataset: SequenceDataset, scaling: Scaling, config: GestureConfig
) -> TrainingTask:
    """The test part is not in it."""
    source = Source(config.window.length, len(config.data.channels))
    head = Head(len(dataset.labels))

    def training_model(model: Any) -> Any:
        length, rows = dataset.length, config.fit.batch_size
        if dataset.begins is None:
            return on_views(model, dataset.samples, length, scaling)
        return stateful_copy(model, config.model, length, config.window.hop, rows)

    return TrainingTask(
        build_model=lambda: build(config.model, source, head),
        training=fit_data(dataset, "train", scaling, config),
        validation=fit_data(dataset, "validation", scaling, config)
        if len(dataset.splits["validation"])
        else None,
        loss=lambda: smoothed_cross_entropy(config.fit.label_smoothing),
        training_model=training_model,
    )


def fit_data(
    dataset: SequenceDataset, part: str, scaling: Scaling, config: GestureConfig
) -> FitData:
    """The starts of a part, or scaled chunks, with one-hot targets.

    Only training weighs rare classes more.
    """
    chosen = dataset.splits[part]
    weighted = part == "train" and config.fit.class_weights
    targets, weights = one_hot_targets(dataset.targets[chosen], len(dataset.labels), weighted)
    if dataset.begins is None:
        return FitData(dataset.starts[chosen], targets, weights)
    scaled = scale(dataset.sequences(chosen), scaling)
    return _stateful(scaled, targets, weights, dataset.begins[chosen], config)


def _stateful(
    inputs: Float32, targets: Float32, weights: Float32, begins: Flags, config: GestureConfig
) -> FitData:
    batches = StatefulBatches.of(begins, config.fit.batch_size)
    # After a cut the network has no state, so the first windows do not count.
    incomplete = config.window.length // config.window.hop - 1
    weights[batches.cut(begins), :incomplete] = 0
    return FitData(
        batches.inputs(inputs, history(config.model)),
        batches.arrange(targets),
        batches.arrange(weights / weights.mean()),
        batches.begins,
    )
