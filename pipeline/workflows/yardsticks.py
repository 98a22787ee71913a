"""`gesture evaluate --compare`: is the network better than classifiers that train in seconds?

All of them have the same folds, for several split seeds, and the same test windows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.config.gesture_settings import GestureConfig
from pipeline.core.artifacts import Recording
from pipeline.core.files import load_arrays, save_json
from pipeline.core.run_folder import RunFolder
from pipeline.datasets.protocols import check_comparable, honest_protocol, protocol_folds
from pipeline.datasets.recordings import training_recordings
from pipeline.datasets.windows import make_takes_dataset
from pipeline.training.held_out_scores import HeldOutScores
from pipeline.training.paired import Difference, Unit, by_unit, paired_difference, units
from pipeline.training.training_data import scale
from pipeline.training.yardsticks import YARDSTICKS, require_scikit_learn
from pipeline.workflows.evaluate import EVALUATIONS, Evaluation, config_of, evaluate
from pipeline.workflows.jobs.progress import JobStep, OnJobStep

Right = NDArray[np.bool_]
SEEDS = 3


@dataclass(frozen=True)
class Against:
    """A yardstick: its accuracy, and how far the network is ahead of it."""

    name: str
    accuracy: float
    lead: Difference


@dataclass(frozen=True)
class Comparison:
    """The network and the yardsticks by one protocol.

    Args:
        seeds: of the splits.
        windows: tested, over all seeds.
        units: how many the bootstrap resamples.
        resampled: what they are.
        network: its kind.
        network_accuracy: int8, of the compiled C.
    """

    protocol: str
    seeds: tuple[int, ...]
    windows: int
    units: int
    resampled: Unit
    network: str
    network_accuracy: float
    yardsticks: tuple[Against, ...]


@dataclass(frozen=True)
class Compared(Evaluation):
    """The evaluation with the first split seed, and a comparison for each protocol."""

    comparisons: tuple[Comparison, ...]


@dataclass(frozen=True)
class Answers:
    """Which windows each classifier has right, with one split seed.

    Args:
        names: of the recording of each window.
        network: bool [n].
        yardsticks: bool [n] by name.
    """

    names: tuple[str, ...]
    network: Right
    yardsticks: dict[str, Right]


def evaluate_against_yardsticks(
    config_or_run: Path,
    settings: Sequence[str],
    protocols: Sequence[str],
    seeds: int,
    on_step: OnJobStep,
    folder: Path = EVALUATIONS,
    scheduler: str | None = None,
) -> Compared:
    """Evaluate with several split seeds, and the yardsticks on the same folds.

    Args:
        config_or_run: as in evaluate, like the other arguments.
        seeds: how many; the first is that of the config, the others follow it.

    Raises:
        PipelineError: as in evaluate; or scikit-learn is missing.
    """
    require_scikit_learn()
    config, _, _ = config_of(config_or_run, settings)
    recordings = training_recordings(config)
    chosen = list(dict.fromkeys(protocols)) or [honest_protocol(recordings, config)]
    check_comparable(chosen, "--compare")
    evaluations, answers = [], []
    for number in range(seeds):
        split = config.split.model_copy(update={"seed": config.split.seed + number})
        own = [f"split.seed={split.seed}"] if number else []  # a run keeps what its own seed gives
        saying = _with_seed(on_step, split.seed)
        what = (config_or_run, [*settings, *own], chosen)
        evaluation = evaluate(*what, saying, folder, scheduler)
        evaluations.append(evaluation)
        seeded = config.model_copy(update={"split": split})
        answers.append(_answers(evaluation, seeded, recordings, saying))
    comparisons = tuple(
        _compared(protocol, config, [of_seed[protocol] for of_seed in answers], recordings)
        for protocol in chosen
    )
    compared = Compared(**vars(evaluations[0]), comparisons=comparisons)
    content = {"comparisons": [asdict(comparison) for comparison in comparisons]}
    save_json(compared.folder / "comparison.json", content)
    return compared


def _with_seed(on_step: OnJobStep, seed: int) -> OnJobStep:
    return lambda step: on_step(replace(step, job=f"split seed {seed}, {step.job}"))


def _answers(
    evaluation: Evaluation,
    config: GestureConfig,
    recordings: Sequence[Recording],
    on_step: OnJobStep,
) -> dict[str, Answers]:
    """By protocol; an evaluation has them in the order that they were asked for."""
    found = {}
    for score in evaluation.protocols:
        parts = []
        folds = protocol_folds(recordings, config, score.protocol)
        for number, (fold, result) in enumerate(zip(folds, score.folds, strict=True), start=1):
            on_step(JobStep(f"{score.protocol}, fold {number} of {len(folds)}", "comparing"))
            parts.append(_fold_answers(RunFolder(result.run), fold, recordings))
        found[score.protocol] = Answers(
            names=tuple(name for part in parts for name in part.names),
            network=np.concatenate([part.network for part in parts]),
            yardsticks={
                name: np.concatenate([part.yardsticks[name] for part in parts])
                for name in YARDSTICKS
            },
        )
    return found


def _fold_answers(
    run: RunFolder, config: GestureConfig, recordings: Sequence[Recording]
) -> Answers:
    """The test windows are those that the run has kept, scaled as for its network."""
    scores = HeldOutScores.load(run.scores_file)
    test = load_arrays(run.windows_file, "train", {"test"})["test"]
    inputs, targets = make_takes_dataset(recordings, config).part("train")
    train = scale(inputs, run.contract().scaling)
    return Answers(
        names=scores.names,
        network=scores.int8_scores.argmax(axis=1) == scores.targets,
        yardsticks={
            name: ask(train, targets, test, config.split.seed) == scores.targets
            for name, ask in YARDSTICKS.items()
        },
    )


def _compared(
    protocol: str,
    config: GestureConfig,
    answers: Sequence[Answers],
    recordings: Sequence[Recording],
) -> Comparison:
    person_of = {recording.name: recording.person for recording in recordings}
    names = [name for one in answers for name in one.names]
    resampled, unit_of = units(names, [person_of[name] for name in names])
    ends = np.cumsum([len(one.names) for one in answers])[:-1]
    of_seeds = np.split(np.array(unit_of), ends)
    network = [one.network for one in answers]
    against = []
    for name in YARDSTICKS:
        own = [one.yardsticks[name] for one in answers]
        lead = [first.astype(int) - second for first, second in zip(network, own, strict=True)]
        difference = paired_difference(*by_unit(of_seeds, lead))
        against.append(Against(name, float(np.concatenate(own).mean()), difference))
    return Comparison(
        protocol=protocol,
        seeds=tuple(range(config.split.seed, config.split.seed + len(answers))),
        windows=sum(map(len, network)),
        units=len(set(unit_of)),
        resampled=resampled,
        network=config.model.kind,
        network_accuracy=float(np.concatenate(network).mean()),
        yardsticks=tuple(against),
    )
