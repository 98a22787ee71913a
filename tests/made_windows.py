"""Windows of takes whose every sample is known, and which of them a window shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from pipeline.core.artifacts import Float32, Recording, SequenceDataset
from pipeline.datasets.windows import make_dataset
from tests.takes import config, take, takes

LENGTH, HOP = 40, 8  # of tests.takes.config
GESTURES = ("flex", "punch")
TAKES = takes(GESTURES)


def made(recordings: Sequence[Recording], **sections: dict[str, Any]) -> SequenceDataset:
    return make_dataset(recordings, config(**sections))


def labelled(dataset: SequenceDataset, part: str) -> list[tuple[Float32, str, str]]:
    """Window, label and name of its take."""
    windows, targets = dataset.part(part)
    names = (dataset.groups[index] for index in dataset.splits[part])
    return [
        (window, dataset.labels[target], name)
        for window, target, name in zip(windows, targets, names, strict=True)
    ]


def all_windows(dataset: SequenceDataset) -> Float32:
    """float32 [n, T, channels]."""
    return dataset.sequences(np.arange(len(dataset.starts)))


def ruled(label: str, number: int, n: int = 400) -> Recording:
    """A recording whose ax is the sample's place in it, in thousandths."""
    recording = take(label, number, n=n)
    samples = recording.samples.copy()
    samples[:, 0] = np.arange(n, dtype=np.float32) / np.float32(1000)
    return replace(recording, samples=samples)


def start_of(window: Float32) -> int:
    return round(float(window[0, 0]) * 1000)
