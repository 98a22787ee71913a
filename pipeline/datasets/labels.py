"""Which labels a dataset has, and which of them a window gets.

A window is a gesture if it shows enough of it, background if it shows almost nothing of one, and
has no label in between.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.config.gesture_settings import GestureConfig
from pipeline.core.artifacts import Recording


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
    starts = range(0, len(recording) - config.window.length + 1, config.window.hop)
    return any(window_label(recording, start, config) == config.data.background for start in starts)


def window_label(stream: Recording, start: int, config: GestureConfig) -> str | None:
    """The label of a window, by how much of a gesture it shows; None where it is not clear.

    The share is of the gesture, or of the window if the gesture is longer.
    """
    length = config.window.length
    share, label = 0.0, config.data.background
    for interval in stream.intervals:
        common = min(interval.stop, start + length) - max(interval.start, start)
        here = common / min(interval.stop - interval.start, length)
        if here > share:
            share, label = here, interval.label
    if share >= config.window.seen:
        return label
    return config.data.background if share <= config.window.unseen else None


def is_continuous(recording: Recording, config: GestureConfig) -> bool:
    """Whether a recording is a stream: it has intervals, or is background of at least a window.

    Shorter background is joined like other takes.
    """
    idle = recording.label == config.data.background and len(recording) >= config.window.length
    return bool(recording.intervals) or idle
