"""The learning curves of a run: from the recordings that it was trained on."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np

from pipeline.config.gesture_settings import load_gesture_config
from pipeline.core.artifacts import Int64, SequenceDataset, person_of
from pipeline.core.contract import Scaling
from pipeline.core.errors import PipelineError
from pipeline.core.progress import OnStep
from pipeline.core.run_folder import RunFolder
from pipeline.datasets.recordings import training_recordings
from pipeline.datasets.windows import make_middles_dataset
from pipeline.training.learning_curve import (
    LearningCurves,
    Takes,
    curve_by_people,
    curve_by_takes,
    saved_curves,
)
from pipeline.training.training_data import scale

SEEDS = 2
FOLDS = 5
FEWEST_PEOPLE = 3  # one to test, and two points
MOST_WINDOWS = 125  # of a gesture: a hundred to learn from
CHOICE_SEED = 1


def learning_curves(run: RunFolder, on_step: OnStep) -> LearningCurves | None:
    """The curves of a run: kept in it, or computed now and saved.

    Returns:
        None where the recordings are not those that the run was trained on, or not there.
    """
    kept = saved_curves(run)
    if kept is not None:
        return kept
    contract = run.contract()
    config = load_gesture_config(run.require(run.config_file, "train"))
    try:
        recordings = training_recordings(config)
        dataset = make_middles_dataset(recordings, config)
    except PipelineError as error:
        on_step(f"no learning curve: {error.what}")
        return None
    if dataset.fingerprint != contract.hashes.data:
        on_step("no learning curve: the recordings have changed since the training")
        return None
    takes = _some(dataset, contract.scaling)
    people = _complete(takes)
    curves = LearningCurves(
        contract.hashes.data,
        contract.hashes.config,
        curve_by_takes(takes, [_folds(takes, seed) for seed in range(SEEDS)], on_step),
        None if people is None else curve_by_people(people, SEEDS, on_step),
    )
    curves.save(run.learning_curve_file)
    return curves


def _some(dataset: SequenceDataset, scaling: Scaling) -> Takes:
    """At most MOST_WINDOWS of each label, by chance."""
    mixed = np.random.default_rng(CHOICE_SEED).permutation(len(dataset.targets))
    labels = sorted(set(dataset.targets.tolist()))
    chosen = [mixed[dataset.targets[mixed] == label][:MOST_WINDOWS] for label in labels]
    order = np.sort(np.concatenate(chosen))
    names = tuple(dataset.groups[index] for index in order)
    return Takes(
        scale(dataset.sequences(order), scaling),
        np.searchsorted(labels, dataset.targets[order]).astype(np.int32),
        names,
        tuple(map(person_of, names)),
    )


def _folds(takes: Takes, seed: int) -> Int64:
    """The fold of each window: each recording has one, and each label is spread evenly."""
    fold_of: dict[str, int] = {}
    placed: Counter[int] = Counter()
    for index in np.random.default_rng(seed).permutation(len(takes.names)):
        name, target = takes.names[index], int(takes.targets[index])
        if name not in fold_of:
            fold_of[name] = placed[target] % FOLDS
            placed[target] += 1
    return np.array([fold_of[name] for name in takes.names])


def _complete(takes: Takes) -> Takes | None:
    """The takes of people who made every gesture; None where they are too few for a curve."""
    made: dict[str, set[int]] = defaultdict(set)
    for person, target in zip(takes.people, takes.targets.tolist(), strict=True):
        made[person].add(target)
    everything = set(takes.targets.tolist())
    people = [person for person, own in made.items() if own == everything]
    if len(people) < FEWEST_PEOPLE:
        return None
    kept = np.flatnonzero(np.isin(takes.people, people))
    return Takes(
        takes.inputs[kept],
        takes.targets[kept],
        tuple(takes.names[index] for index in kept),
        tuple(takes.people[index] for index in kept),
    )
