"""Which labels a dataset has, and which of them a window gets.

A window is a gesture if it shows enough of it, background if it shows almost nothing of one, and
has no label in between.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.config.gesture_settings import GestureConfig
from pipeline.core.artifacts import Int64, Recording


def labels_of(usable: Sequence[Recording], config: GestureConfig) -> tuple[str, ...]:
    """The labels of a dataset: gestures by name, then the background if there is any."""
    background = config.data.background
    found = ({part.label for part in take.intervals} or {take.label} for take in usable)
    gestures = sorted(set().union(*found) - {background})
    resting = any(_has_background(recording, config) for recording in usable)
    return (*gestures, background) if resting else tuple(gestures)


def _has_background(recording: Recording, config: GestureConfig) -> bool:
    if not is_continuous(recording, config) or not recording.intervals:
        return True
    starts = np.arange(0, len(recording) - config.window.length + 1, config.window.hop)
    return config.data.background in window_labels(recording, starts, config)


def window_labels(stream: Recording, starts: Int64, config: GestureConfig) -> list[str | None]:
    """The labels of windows, by how much of a gesture each shows; None where it is not clear.

    The share is of the gesture, or of the window if the gesture is longer.

    Args:
        stream: with intervals.
        starts: int64 [n], the first sample of each window, rising.
        config: settings.
    """
    length = config.window.length
    shares, shown = np.zeros(len(starts)), np.full(len(starts), len(stream.intervals))
    for number, interval in enumerate(stream.intervals):
        first, last = np.searchsorted(starts, (interval.start - length + 1, interval.stop))
        near = starts[first:last]
        common = np.minimum(interval.stop, near + length) - np.maximum(interval.start, near)
        share = common / min(interval.stop - interval.start, length)
        more = first + np.flatnonzero(share > shares[first:last])
        shares[more], shown[more] = share[more - first], number
    background = config.data.background
    labels = [*(interval.label for interval in stream.intervals), background]
    seen, unseen = config.window.seen, config.window.unseen
    return [
        labels[number] if share >= seen else background if share <= unseen else None
        for share, number in zip(shares.tolist(), shown.tolist(), strict=True)
    ]


def is_continuous(recording: Recording, config: GestureConfig) -> bool:
    """Whether a recording is a stream: it has intervals, or is background of at least a window.

    Shorter background is joined like other takes.
    """
    idle = recording.label == config.data.background and len(recording) >= config.window.length
    return bool(recording.intervals) or idle
