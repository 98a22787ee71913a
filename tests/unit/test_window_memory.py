"""What training holds in memory grows with the samples, not with the windows that share them."""

from __future__ import annotations

import tracemalloc
import weakref
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from pipeline.config.gesture_settings import GestureConfig
from pipeline.core.artifacts import Recording, SequenceDataset
from pipeline.datasets import windows
from pipeline.datasets.windows import LabelledWindows, make_dataset, make_whole_dataset
from pipeline.training.gesture_task import fit_data
from pipeline.training.training_data import measure_scaling
from tests.takes import config, take

SAMPLES = 4000  # of a recording
LENGTH = 128
WINDOW_BYTES = LENGTH * 6 * np.dtype(np.float32).itemsize  # of a copy
MOST = 6  # times the samples: while they are augmented and joined
Make = Callable[[Sequence[Recording], GestureConfig], SequenceDataset]


def recordings(background: bool) -> list[Recording]:
    labels = ("flex", "punch", "idle") if background else ("flex", "punch")
    return [take(label, number, n=SAMPLES) for label in labels for number in range(1, 9)]


def at_hop(hop: int) -> GestureConfig:
    window = {"length": LENGTH, "hop": hop}
    return config(window=window, augment={"passes": 3}, unknown={"share": 0.0})


def peak_bytes(make: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        make()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("make", [make_dataset, make_whole_dataset])
@pytest.mark.parametrize("background", [False, True])
def test_windows_that_share_samples_share_memory(make: Make, background: bool) -> None:
    takes = recordings(background)
    few, many = make(takes, at_hop(64)), make(takes, at_hop(4))
    more = len(many.starts) - len(few.starts)
    peak, least = (peak_bytes(lambda hop=hop: make(takes, at_hop(hop))) for hop in (4, 64))  # type: ignore[misc]
    assert peak - least < more * WINDOW_BYTES / 10
    assert peak < MOST * many.samples.nbytes


def test_data_to_fit_on_have_no_copies_of_windows() -> None:
    content = at_hop(4)
    dataset = make_dataset(recordings(background=True), content)
    stacked = len(dataset.starts) * WINDOW_BYTES
    scaling = measure_scaling(dataset, content.data.channels)
    assert peak_bytes(lambda: measure_scaling(dataset, content.data.channels)) < stacked / 10
    assert peak_bytes(lambda: fit_data(dataset, "train", scaling, content)) < stacked / 10


def test_recordings_with_the_channels_of_a_config_are_not_copied() -> None:
    (recording,) = recordings(background=False)[:1]
    (usable,) = windows.usable_recordings([recording], config())
    assert np.shares_memory(usable.samples, recording.samples)


def test_streams_are_let_go_while_they_are_laid_end_to_end() -> None:
    """The parts of a split live on meanwhile, but hold no stream."""
    stream = np.zeros((SAMPLES, 6), np.float32)
    held = weakref.ref(stream)
    part = LabelledWindows([stream], [np.zeros(1, np.int64)], ["flex"], ["flex/anna-1-001"])
    everything = LabelledWindows()
    everything.add(part)
    del stream
    assert everything.samples == SAMPLES
    windows._end_to_end(everything.streams, 6)
    assert held() is None


def test_negatives_of_a_large_dataset_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    takes = recordings(background=False)
    content = config(unknown={"share": 1.0})
    step = content.window.length // windows.NEGATIVES_OVERLAP
    all_of_them = len(make_whole_dataset(takes, content).starts)
    monkeypatch.setattr(windows, "MOST_NEGATIVES_S", 100 * step / content.data.rate_hz)
    limited = len(make_whole_dataset(takes, content).starts)
    assert limited - 100 == pytest.approx(all_of_them / 2, abs=1)
