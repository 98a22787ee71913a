"""`gesture train`: from a config and its data to a run with a fitted model."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from pipeline.config.caption_settings import CaptionConfig, QuestionConfig
from pipeline.config.file import parsed_as, read_settings
from pipeline.config.forecast_settings import ForecastConfig
from pipeline.config.gesture_settings import GestureConfig
from pipeline.config.reference import TASKS
from pipeline.config.sections import TaskConfig
from pipeline.config.text_settings import SentimentConfig
from pipeline.core.artifacts import Recording
from pipeline.core.errors import ExitCode, MismatchError, PipelineError, UsageError
from pipeline.core.files import load_json, require_room
from pipeline.core.locks import Lock
from pipeline.core.run_folder import RunFolder
from pipeline.datasets.captions import caption_dataset
from pipeline.datasets.characters import generation_dataset
from pipeline.datasets.forecasting import make_forecast_dataset
from pipeline.datasets.held_out_recordings import held_out
from pipeline.datasets.questions import question_dataset
from pipeline.datasets.recordings import training_recordings
from pipeline.datasets.resampling import resampling_note
from pipeline.datasets.sentiment import sentiment_dataset
from pipeline.datasets.sketches import sketch_dataset
from pipeline.datasets.tables.series import read_series
from pipeline.datasets.translation import translation_dataset
from pipeline.datasets.windows import LEAKY, make_dataset, make_whole_dataset
from pipeline.training.caption_task import train_captions
from pipeline.training.checkpoints import epochs_kept
from pipeline.training.fit import Epoch
from pipeline.training.forecast_task import train_forecast
from pipeline.training.gesture_task import train_gestures, train_on_all
from pipeline.training.models import check_hop, check_window, nearest_window
from pipeline.training.question_task import train_questions
from pipeline.training.run_files import Trained
from pipeline.training.sketch_task import train_sketch
from pipeline.training.text_task import train_generation, train_sentiment
from pipeline.training.translation_task import train_translation
from pipeline.workflows.report import write_report
from pipeline.workflows.resolved_config import (
    in_samples,
    keep_names,
    keep_snapshot,
    with_dataset,
    with_names,
)
from pipeline.workflows.run_facts import background_note, load_metrics
from pipeline.workflows.runs import RUNS, begun_run, find_run, point_latest_at


def train(
    config_file: Path, settings: Sequence[str], run: Path | None, on_epoch: Callable[[Epoch], None]
) -> Trained:
    """Train a model of any task; run: its folder, None for a new one in runs/."""
    config, said = with_dataset(load_task_config(config_file, settings))
    fitted = ""
    if isinstance(config, GestureConfig):
        config, fitted = in_samples(with_names(config))
    require_room(run or RUNS)
    with begun_run(run, config_file.stem) as folder:
        version = keep_snapshot(config, folder)
        config.save(folder.config_file)  # now, so that a run that is killed can be resumed
        trained = _trained(config, folder, on_epoch)
    return replace(trained, fitted=" ".join(filter(None, (said, fitted, version, trained.fitted))))


def resume(path: Path, on_epoch: Callable[[Epoch], None]) -> Trained:
    """Resume an unfinished training, after its last whole epoch."""
    run = find_run(path)
    with Lock(run.path, "train"):
        require_room(run.path)
        if run.contract_file.exists():
            raise UsageError(
                f"{run.path} is trained already.",
                "its training is complete",
                f"`gesture convert {run.path}` is next; train a new run for other settings",
            )
        config = load_task_config(run.require(run.config_file, "train"))
        return _trained(config, run, on_epoch)


def load_task_config(path: Path, overrides: Iterable[str] = ()) -> TaskConfig:
    """Read a config of any task."""
    overrides = tuple(overrides)
    content = read_settings(path, overrides)
    task = content.get("task", "gesture")
    if not isinstance(task, str) or task not in TASKS:
        raise UsageError(
            f"{path}: there is no task `{task}`.",
            f"the tasks are {', '.join(TASKS)}",
            "write one of them after `task:`",
        )
    return parsed_as(TASKS[task], path, content, overrides)


def _trained(config: TaskConfig, run: RunFolder, on_epoch: Callable[[Epoch], None]) -> Trained:
    try:
        trained = TRAIN_OF[config.task](config, run, on_epoch)
    except KeyboardInterrupt:
        raise _interrupted(config, run) from None
    page = write_report(run)
    point_latest_at(run)
    metrics = load_metrics(run)
    return replace(
        trained,
        ended=_how_it_ended(config, metrics),
        weakness=metrics["weakness"],
        task=config.task,
        headline=() if page.headline is None else page.headline.sentences,
    )


def _how_it_ended(config: TaskConfig, metrics: Mapping[str, Any]) -> str:
    if isinstance(config, GestureConfig) and config.model.kind == "rocket":
        return "solved at once, without epochs"
    epochs, most = len(metrics["epochs"]), config.fit.epochs
    if epochs == most:
        return f"after all {most} epochs" if most > 1 else "after its one epoch"
    no_better = f"no better for {config.fit.patience}"
    return f"stopped after {epochs} of at most {most} epochs: {no_better}"


def _interrupted(config: TaskConfig, run: RunFolder) -> PipelineError:
    epochs = epochs_kept(run) or epochs_kept(run.held_out)
    if run.held_out.contract_file.exists():
        what = "The training on all recordings was stopped; the test before it is kept."
    elif epochs:
        most = config.fit.epochs
        what = f"The training was stopped, and {epochs} of at most {most} epochs are kept."
    else:
        what = "The training was stopped before its first epoch was kept."
    return PipelineError(
        what,
        "Ctrl-C was pressed",
        f"resume it: `gesture train --resume {shlex.quote(str(run.path))}`"
        if run.is_resumable
        else "nothing is lost: type the same command again",
        ExitCode.INTERRUPTED,
    )


def _train_gestures(
    config: GestureConfig, folder: RunFolder, on_epoch: Callable[[Epoch], None]
) -> Trained:
    recordings = training_recordings(config)
    if config.split.hold_out or config.split.by == LEAKY:
        trained = train_on(recordings, config, folder, on_epoch)
    else:
        trained = _train_on_all(recordings, config, folder, on_epoch)
    resampled = resampling_note(recordings, config.data.rate_hz)
    return replace(trained, note=background_note(folder), fitted=resampled)


def _train_on_all(
    recordings: Sequence[Recording],
    config: GestureConfig,
    folder: RunFolder,
    on_epoch: Callable[[Epoch], None],
) -> Trained:
    """Train and test with a part held out; then train again, on all recordings."""
    tested = folder.held_out
    if not tested.contract_file.exists():
        train_on(recordings, config, tested, on_epoch, for_board=False)
    metrics = load_json(tested.metrics_file, "train")
    epochs = _best_epoch(metrics["epochs"])
    dataset = make_whole_dataset(recordings, config)
    _require_as_tested(tested, dataset.fingerprint, config)
    keep_names(config, folder)
    train_on_all(dataset, config, epochs, folder, on_epoch)
    return Trained(
        folder.path,
        metrics["accuracy"],
        sum(map(sum, metrics["confusion"])),
        metrics["split"],
        folder.report_file,
        deployed=f"after the test, {_as_long(config, epochs)} all "
        f"{len(dataset.recordings_in('train'))} recordings",
    )


def _as_long(config: GestureConfig, epochs: int) -> str:
    return "solved on" if config.model.kind == "rocket" else f"{epochs} epochs on"


def _require_as_tested(tested: RunFolder, fingerprint: str, config: GestureConfig) -> None:
    """A training is resumed only with the data and settings of the test."""
    hashes = tested.contract().hashes
    if (hashes.data, hashes.config) != (fingerprint, config.hash()):
        raise MismatchError(
            f"{tested.path.parent} cannot be resumed: its data or settings have changed.",
            "the test part was of the old ones, and its figures would not hold for the new model",
            "train a new run, or restore them",
        )


def _best_epoch(epochs: Sequence[Mapping[str, Any]]) -> int:
    """The number of the epoch with the lowest validation loss; without one, of the last."""
    losses = [epoch["validation_loss"] for epoch in epochs]
    return len(losses) if None in losses else losses.index(min(losses)) + 1


def train_on(
    recordings: Sequence[Recording],
    config: GestureConfig,
    folder: RunFolder,
    on_epoch: Callable[[Epoch], None],
    for_board: bool = True,
) -> Trained:
    """Train on recordings, and leave the run folder complete for conversion, without a report.

    Args:
        for_board: see train_gestures.
    """
    check_window(config.model, config.window.length)
    check_hop(config.model, config.window.hop)
    dataset = make_dataset(recordings, config)
    config.save(folder.config_file)
    keep_names(config, folder)
    held_out(recordings, config).save(folder.recordings_file)
    return train_gestures(dataset, config, folder, on_epoch, for_board)


def _train_forecasts(
    config: ForecastConfig, folder: RunFolder, on_epoch: Callable[[Epoch], None]
) -> Trained:
    series = read_series(config.data.path, config.data)
    trained = train_forecast(make_forecast_dataset(series, config), config, folder, on_epoch)
    return replace(trained, fitted=series.note)


def _train_sentiment(
    config: SentimentConfig, folder: RunFolder, on_epoch: Callable[[Epoch], None]
) -> Trained:
    dataset = sentiment_dataset(config)
    if dataset.names.texts:
        dataset.names.save(folder.path)
    trained = train_sentiment(dataset, config, folder, on_epoch)
    return replace(trained, fitted=dataset.note)


def _train_captions(
    config: CaptionConfig, folder: RunFolder, on_epoch: Callable[[Epoch], None]
) -> Trained:
    dataset = caption_dataset(config, partial(nearest_window, config.model.encoder))
    return train_captions(dataset, config, folder, on_epoch)


def _train_questions(
    config: QuestionConfig, folder: RunFolder, on_epoch: Callable[[Epoch], None]
) -> Trained:
    dataset = question_dataset(config, partial(nearest_window, config.model))
    return train_questions(dataset, config, folder, on_epoch)


# By task; each function takes the config of its task.
TRAIN_OF: Mapping[str, Callable[[Any, RunFolder, Callable[[Epoch], None]], Trained]] = {
    "gesture": _train_gestures,
    "sentiment": _train_sentiment,
    "generation": lambda config, *rest: train_generation(generation_dataset(config), config, *rest),
    "forecast": _train_forecasts,
    "translation": lambda config, *rest: train_translation(
        translation_dataset(config), config, *rest
    ),
    "caption": _train_captions,
    "sketch": lambda config, *rest: train_sketch(sketch_dataset(config), config, *rest),
    "question": _train_questions,
}
