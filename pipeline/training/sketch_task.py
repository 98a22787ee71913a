"""The task of sketches: a network learns to draw what people drew."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from pipeline.config.sketch_settings import SketchConfig, SketchModelConfig
from pipeline.core.artifacts import Figure, Float32
from pipeline.core.contract import Channel, Contract, Hashes, Scaling
from pipeline.core.files import save_arrays, save_json
from pipeline.core.run_folder import RunFolder
from pipeline.core.sketches import (
    DOWN,
    ENDED,
    STEP_NAMES,
    SketchDataset,
    as_steps,
    steps_before,
    until_ended,
)
from pipeline.training.checkpoints import Checkpointing
from pipeline.training.fit import Epoch, Fitted, fit
from pipeline.training.mixture_density import sketch_loss, step_nats
from pipeline.training.run_files import (
    CALIBRATION_WINDOWS,
    Trained,
    evenly_spaced,
    finish,
    save_model,
    training_record,
)
from pipeline.training.sketch_rnn import Sketcher, build
from pipeline.training.training_data import FitData, TrainingTask

AT_ONCE = 100  # drawings that are judged together
TEMPERATURES = (0.2, 0.5, 1.0)  # of the drawings in the report
SAMPLES = 8  # of each


def train_sketch(
    dataset: SketchDataset,
    config: SketchConfig,
    run: RunFolder,
    on_epoch: Callable[[Epoch], None],
) -> Trained:
    """Train a network that draws, and leave the run folder complete.

    contract.json is written last: a run with a contract counts as trained.
    """
    checkpointing = Checkpointing(run, config, dataset.fingerprint)
    fitted = fit(_task(dataset, config), config.fit, on_epoch, checkpointing)
    nats = nats_a_point(fitted.model, dataset, config.model)
    simple = nats_of_one_normal(dataset)
    save_model(run, fitted)
    _save_windows(run, dataset)
    save_json(run.metrics_file, _metrics(dataset, config, fitted, nats, simple))
    finish(run, _contract(dataset, config))
    return Trained(
        run.path,
        None,
        len(dataset.drawings["test"]),
        dataset.split_note,
        run.report_file,
        figures=(
            Figure("negative log-likelihood", nats, "nats a point"),
            Figure("one normal distribution", simple, "nats a point"),
        ),
        fitted=dataset.note,
    )


def _task(dataset: SketchDataset, config: SketchConfig) -> TrainingTask:
    """The test part is not in it."""
    training = [*dataset.drawings["train"], *dataset.augmented]
    return TrainingTask(
        build_model=lambda: build(config.model, _length(dataset)),
        training=_fit_data(training, dataset, config.model),
        validation=_fit_data(dataset.drawings["validation"], dataset, config.model),
        loss=lambda: sketch_loss(config.model),
        accuracy=False,
    )


def _length(dataset: SketchDataset) -> int:
    return dataset.longest + 1  # the end is a step too


def _fit_data(
    drawings: Sequence[Float32], dataset: SketchDataset, network: SketchModelConfig
) -> FitData:
    """Weights let the mean over all steps of the loss be one a point."""
    steps = as_steps(drawings, dataset.scale, _length(dataset))
    weights = np.full(steps.shape[:2], 1 / np.mean(steps[..., ENDED] == 0), np.float32)
    return FitData(_inputs(steps, network), steps, weights)


def _inputs(steps: Float32, network: SketchModelConfig) -> Float32 | tuple[Float32, Float32]:
    """What the network of training is given: with an encoder also the whole drawing."""
    before = steps_before(steps)
    if not network.latent:
        return before
    return before, steps * (steps[..., ENDED:] == 0)


def nats_a_point(model: Any, dataset: SketchDataset, network: SketchModelConfig) -> float:
    """How unlikely the drawings of the test part are, with their ends, over their points.

    Of dx and dy divided by the scale. A network with an encoder is given the whole drawing.
    """
    batches = (
        (steps, model.predict_on_batch(_inputs(steps, network))) for steps in _batches(dataset)
    )
    return nats_of_outputs(batches, network.mixtures)


def nats_of_outputs(batches: Iterable[tuple[Float32, Any]], mixtures: int) -> float:
    """As `nats_a_point`, of steps [n, T, 5] and the outputs for them, [n, T, 6 * mixtures + 3]."""
    total, points = 0.0, 0
    for steps, outputs in batches:
        nats = np.asarray(step_nats(steps, outputs, mixtures))
        total += float(nats[_counts(steps)].sum())
        points += int((steps[..., ENDED] == 0).sum())
    return total / points


def _batches(dataset: SketchDataset) -> Iterator[Float32]:
    drawings = dataset.drawings["test"]
    for start in range(0, len(drawings), AT_ONCE):
        yield as_steps(drawings[start : start + AT_ONCE], dataset.scale, _length(dataset))


def _counts(steps: Float32) -> Any:
    """Which steps are before the end or the end itself: bool [n, T]."""
    return steps_before(steps)[..., ENDED] == 0


def nats_of_one_normal(dataset: SketchDataset) -> float:
    """As `nats_a_point`, of a guess that knows only how moves and pens are on average.

    A normal distribution of dx and dy, and the shares of the states, both of training.
    """
    steps = as_steps(dataset.drawings["train"], dataset.scale, _length(dataset))
    moved = steps[steps[..., ENDED] == 0]
    mean, covariance = moved[:, :DOWN].mean(axis=0), np.cov(moved[:, :DOWN].T)
    logs = np.log(np.maximum(steps[_counts(steps)][:, DOWN:].mean(axis=0), 1e-9))
    test = as_steps(dataset.drawings["test"], dataset.scale, _length(dataset))
    pen = -(test[_counts(test)][:, DOWN:] * logs).sum()
    away = test[test[..., ENDED] == 0][:, :DOWN] - mean
    exponents = (away @ np.linalg.pinv(covariance) * away).sum(axis=1) / 2
    norm = np.log(2 * np.pi) + np.log(max(np.linalg.det(covariance), 1e-9)) / 2
    return float((pen + (exponents + norm).sum()) / len(away))


def _save_windows(run: RunFolder, dataset: SketchDataset) -> None:
    """Write windows.npz for conversion: inputs of drawings of training, and steps of the test part.

    Both are float32 [n, T, 5]. A drawing of training begins again where it ends: a board's network
    never goes on after an end.
    """
    length = _length(dataset)
    training = dataset.drawings["train"]
    places = evenly_spaced(np.arange(len(training)), CALIBRATION_WINDOWS)
    drawings = [training[place] for place in places]
    before = steps_before(as_steps(drawings, dataset.scale, length))
    rows = zip(before, drawings, strict=True)
    calibration = [np.resize(row[: len(drawing) + 1], row.shape) for row, drawing in rows]
    test = as_steps(dataset.drawings["test"], dataset.scale, length)
    save_arrays(run.windows_file, calibration=np.stack(calibration), test=test)


def _metrics(
    dataset: SketchDataset, config: SketchConfig, fitted: Fitted, nats: float, simple: float
) -> dict[str, Any]:
    """The content of metrics.json."""
    return {
        **training_record(fitted, dataset.split_note),
        "nats_a_point": nats,
        "one_normal_nats": simple,
        "drawings": len(dataset.drawings["test"]),
        "size": dataset.size,
        "samples": {
            str(temperature): _samples(fitted.model, dataset, config, temperature)
            for temperature in TEMPERATURES
        },
        "weakness": _no_better_than_one_normal(nats, simple),
    }


def _samples(
    model: Any, dataset: SketchDataset, config: SketchConfig, temperature: float
) -> list[list[list[float]]]:
    """Drawings [moves, 3] in the unit of the file."""
    most = min(config.data.max_points, dataset.longest)
    steps = Sketcher(model, config.model).draw(SAMPLES, most, temperature, seed=1)
    drawings = (until_ended(row, dataset.scale) for row in steps)
    return [np.round(drawing.astype(np.float64), 1).tolist() for drawing in drawings]


def _no_better_than_one_normal(nats: float, simple: float) -> str:
    """A sentence if the network knows no more than averages; else empty."""
    if nats < simple:
        return ""
    return (
        "The model is no better than none: one normal distribution of all moves has "
        f"{simple:.2f} nats a point, the network {nats:.2f}."
    )


def _contract(dataset: SketchDataset, config: SketchConfig) -> Contract:
    """The inputs of the network are a step and, with an encoder, the latent values."""
    latent = config.model.latent
    names = [*STEP_NAMES, *(f"z{at}" for at in range(latent))]
    return Contract(
        task=config.task,
        channels=tuple(Channel(name=name, unit="") for name in names),
        rate_hz=0.0,
        window=_length(dataset),
        hop=1,
        mode="streaming",
        labels=(),
        scaling=Scaling(
            mean=(0.0,) * len(names),
            std=(dataset.scale, dataset.scale, *(1.0,) * (len(names) - DOWN)),
        ),
        hashes=Hashes(data=dataset.fingerprint, config=config.hash()),
    )
