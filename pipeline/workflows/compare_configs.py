"""`gesture runs compare --train`: configs are trained and tested on the same folds."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline import __version__
from pipeline.config.gesture_settings import GestureConfig
from pipeline.core.artifacts import Recording, person_of
from pipeline.core.costs import NetworkCost
from pipeline.core.errors import UsageError
from pipeline.core.files import require_room, save_json
from pipeline.core.json_values import plain
from pipeline.core.locks import Lock
from pipeline.core.run_folder import RunFolder
from pipeline.datasets.protocols import check_comparable, honest_protocol, protocol_folds
from pipeline.datasets.splits import split_parts
from pipeline.datasets.windows import recorded_only, usable_recordings
from pipeline.training.held_out_scores import HeldOutScores
from pipeline.training.paired import (
    Difference,
    Float64,
    Unit,
    bootstrap,
    by_unit,
    paired_difference,
    units,
)
from pipeline.workflows.decision import Events, outcome
from pipeline.workflows.evaluate import (
    EVALUATIONS,
    PATIENCE_S,
    FoldScore,
    config_of,
    interruptible,
    train_folds,
)
from pipeline.workflows.fold import GestureData
from pipeline.workflows.jobs.kept import JOBS
from pipeline.workflows.jobs.progress import JobProgress, OnJobStep


@dataclass(frozen=True)
class ConfigScore:
    """A config over all folds and split seeds.

    Args:
        config: as it was named.
        model: the kind of its network.
        accuracy: int8, of the compiled C; like the following results.
        interval: its 95 % bootstrap interval.
        lead: over the first config; None for the first one itself.
        takes: gestures that event_f1 is of.
        second_instructions: the most of all folds, like the bytes.
        runs: the run folder of each fold.
    """

    config: str
    model: str
    windows: int
    accuracy: float
    interval: tuple[float, float]
    lead: Difference | None
    event_f1: float
    takes: int
    second_instructions: float
    flash_bytes: int
    ram_bytes: int
    runs: tuple[Path, ...]


@dataclass(frozen=True)
class TrainedComparison:
    """Configs on the same folds.

    Args:
        seeds: of the splits.
        units: how many the bootstrap resamples.
        resampled: what they are.
    """

    folder: Path
    protocol: str
    seeds: tuple[int, ...]
    units: int
    resampled: Unit
    configs: tuple[ConfigScore, ...]


def train_and_compare(
    configs: Sequence[Path],
    settings: Sequence[str],
    protocol: str | None,
    seeds: int,
    on_step: OnJobStep,
    folder: Path = EVALUATIONS,
    scheduler: str | None = None,
) -> TrainedComparison:
    """Train configs on the same folds, side by side. Folds that are done are not repeated.

    Args:
        configs: config files or run folders, two or more.
        settings: that replace those of each config.
        protocol: its name; None for the honest one that fits the data.
        seeds: how many split seeds; the first is that of the first config.
        scheduler: where the folds are trained, as in run_jobs; None for this machine.

    Raises:
        PipelineError: the configs have other data or other folds (before any training); or Ctrl-C
            (INTERRUPTED).
    """
    named = _named(configs, settings)
    first = next(iter(named.values()))
    data = GestureData.load(first)
    chosen = protocol or honest_protocol(data.recordings, first)
    check_comparable([chosen], "--train")
    folds = {name: _folds(config, data, chosen, seeds) for name, config in named.items()}
    _require_same_tests(folds, data.recordings)
    place = folder / f"compare-{_hash(folds, data)}"
    for written in (place, JOBS):
        require_room(written)
    parts = {_part(name, seed): own for name in folds for seed, own in folds[name].items()}
    progress = JobProgress(sum(map(len, parts.values())), on_step)
    with interruptible(progress):
        done = train_folds(parts, data, scheduler, progress)
    scores = {name: [done[_part(name, seed)] for seed in folds[name]] for name in folds}
    compared = _compared(place, chosen, named, folds, scores)
    with Lock(place, "runs compare", PATIENCE_S):
        save_json(place / "comparison.json", plain(compared))
    return compared


def _named(configs: Sequence[Path], settings: Sequence[str]) -> dict[str, GestureConfig]:
    """The configs by what they were called; all of them have the same data."""
    named = {str(config): config_of(config, settings)[0] for config in configs}
    if len(named) < 2:
        raise UsageError(
            "There is only one config to compare.",
            "a comparison needs two or more",
            "name another one behind it, for example gesture_rocket",
        )
    places = {name: (config.data.path, config.data.everyday) for name, config in named.items()}
    (first, place), *others = places.items()
    for name, other in others:
        if other != place:
            raise UsageError(
                f"{name} has the data {other[0]}, and {first} has {place[0]}.",
                "figures on different data cannot be compared",
                "give all of them the same: --set data.path=FOLDER",
            )
    return named


def _part(name: str, seed: int) -> str:
    return f"{name}, split seed {seed}"


def _folds(
    config: GestureConfig, data: GestureData, protocol: str, seeds: int
) -> dict[int, list[GestureConfig]]:
    """The configs of all folds, by split seed."""
    folds = {}
    for seed in range(config.split.seed, config.split.seed + seeds):
        split = config.split.model_copy(update={"seed": seed})
        seeded = config.model_copy(update={"split": split})
        folds[seed] = protocol_folds(data.recordings, seeded, protocol)
    return folds


def _require_same_tests(
    folds: Mapping[str, Mapping[int, Sequence[GestureConfig]]], recordings: Sequence[Recording]
) -> None:
    tested = {
        name: [_tested(recordings, fold) for of_seed in own.values() for fold in of_seed]
        for name, own in folds.items()
    }
    (first, wanted), *others = tested.items()
    for name, found in others:
        if found != wanted:
            raise UsageError(
                f"{name} would be tested on other recordings than {first}.",
                "their settings of `split`, `data.labels` or `data.background` differ, or a long "
                "recording is cut otherwise because `window.length` differs",
                "give all of them the same with --set, for example --set split.folds=5",
            )


def _tested(recordings: Sequence[Recording], fold: GestureConfig) -> list[str]:
    usable = recorded_only(usable_recordings(recordings, fold))
    _, parts = split_parts(usable, fold)
    return sorted(recording.name for recording in parts["test"])


def _hash(folds: Mapping[str, Mapping[int, Sequence[GestureConfig]]], data: GestureData) -> str:
    hashes = [fold.hash() for own in folds.values() for one in own.values() for fold in one]
    decisive = f"{hashes} {data.fingerprint()} {__version__}"
    return hashlib.sha256(decisive.encode()).hexdigest()[:8]


@dataclass(frozen=True)
class _Answers:
    """Which windows a config has right, by split seed and unit.

    Args:
        right: float64 [seeds, units], how many.
        windows: float64 [seeds, units], of how many.
    """

    right: Float64
    windows: Float64
    resampled: Unit

    @classmethod
    def of(cls, folds_by_seed: Sequence[Sequence[FoldScore]]) -> _Answers:
        """From the scores that the runs of the folds have kept."""
        seeds = [[_scores_of(fold) for fold in folds] for folds in folds_by_seed]
        names = [[name for fold in folds for name in fold.names] for folds in seeds]
        flat = [name for of_seed in names for name in of_seed]
        resampled, unit_of = units(flat, [person_of(name) for name in flat])
        ends = np.cumsum([len(of_seed) for of_seed in names])[:-1]
        right = [np.concatenate([_right(fold) for fold in folds]) for folds in seeds]
        return cls(*by_unit(np.split(np.array(unit_of), ends), right), resampled)

    def lead_over(self, other: _Answers) -> Difference:
        """Each unit counts as the other's windows: of a long recording they may be others."""
        own = self.right / np.maximum(self.windows, 1)
        return paired_difference(own * other.windows - other.right, other.windows)


def _scores_of(fold: FoldScore) -> HeldOutScores:
    return HeldOutScores.load(RunFolder(fold.run).scores_file)


def _right(scores: HeldOutScores) -> NDArray[np.int_]:
    right: NDArray[np.int_] = (scores.int8_scores.argmax(axis=1) == scores.targets).astype(int)
    return right


def _compared(
    place: Path,
    protocol: str,
    configs: Mapping[str, GestureConfig],
    folds: Mapping[str, Mapping[int, Sequence[GestureConfig]]],
    scores: Mapping[str, Sequence[Sequence[FoldScore]]],
) -> TrainedComparison:
    answers = {name: _Answers.of(own) for name, own in scores.items()}
    first = next(iter(configs))
    return TrainedComparison(
        folder=place,
        protocol=protocol,
        seeds=tuple(folds[first]),
        units=answers[first].windows.shape[1],
        resampled=answers[first].resampled,
        configs=tuple(
            _score(
                name,
                config,
                [fold for of_seed in scores[name] for fold in of_seed],
                answers[name],
                None if name == first else answers[name].lead_over(answers[first]),
            )
            for name, config in configs.items()
        ),
    )


def _score(
    name: str,
    config: GestureConfig,
    folds: Sequence[FoldScore],
    answers: _Answers,
    lead: Difference | None,
) -> ConfigScore:
    runs = [RunFolder(fold.run) for fold in folds]
    costs = [NetworkCost.load(run.cost_file) for run in runs]
    gestures = outcome([Events.load(run.events_file) for run in runs]).gestures
    accuracy, interval = bootstrap(answers.right, answers.windows)
    hops_a_second = config.data.rate_hz / config.window.hop
    return ConfigScore(
        config=name,
        model=config.model.kind,
        windows=int(answers.windows.sum()),
        accuracy=accuracy,
        interval=interval,
        lead=lead,
        event_f1=gestures.f1,
        takes=gestures.takes,
        second_instructions=round(max(cost.instructions for cost in costs) * hops_a_second),
        flash_bytes=max(cost.flash_bytes for cost in costs),
        ram_bytes=max(cost.ram_bytes for cost in costs),
        runs=tuple(fold.run for fold in folds),
    )
