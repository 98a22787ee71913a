"""Everyday motion: recordings of what a hand does all day, all of it background.

They have a folder of their own, because they are split by themselves: whose motion tests the model
has not taught it, however the gestures are split.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pipeline.config.gesture_settings import GestureConfig
from pipeline.core.artifacts import Recording
from pipeline.datasets.recordings import load_recordings

FOLDS = 5  # one tests, one validates
FEWEST_GROUPS = 3


def training_recordings(config: GestureConfig) -> list[Recording]:
    """The recordings of `data.path`, and those of `data.everyday` as background."""
    recordings = load_recordings(config.data.path)
    if config.data.everyday is None:
        return recordings
    return recordings + [
        replace(
            recording,
            label=config.data.background,
            intervals=(),
            name=f"everyday/{recording.name}",
            everyday=True,
        )
        for recording in load_recordings(config.data.everyday)
    ]


def split_everyday(
    usable: Sequence[Recording], config: GestureConfig
) -> dict[str, list[Recording]]:
    """The everyday recordings in `train`, `validation` and `test`, split by person.

    By recording, where they are of fewer than three persons. All are trained on, where they are
    fewer than three.
    """
    recordings = [recording for recording in usable if recording.everyday]
    groups = [recording.person for recording in recordings]
    if len(set(groups)) < FEWEST_GROUPS:
        groups = [recording.name for recording in recordings]
    names = sorted(set(groups))
    order = np.random.default_rng(config.split.seed).permutation(len(names))
    part_of = {names[index]: _part(place, config) for place, index in enumerate(order)}
    parts: dict[str, list[Recording]] = {"train": [], "validation": [], "test": []}
    for recording, group in zip(recordings, groups, strict=True):
        parts[part_of[group] if len(names) >= FEWEST_GROUPS else "train"].append(recording)
    return parts


def _part(place: int, config: GestureConfig) -> str:
    fold = (place - config.split.fold) % FOLDS
    if fold == 0:
        return "test"
    return "validation" if fold == 1 and config.split.validation else "train"
