"""What a window shows, which windows judge, and all that there is to be told apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.artifacts import Recording
from pipeline.config_gestures import GestureConfig
from pipeline.datasets.usable import is_continuous


def window_label(stream: Recording, start: int, config: GestureConfig) -> str | None:
    """By how much of a gesture is in view; None where it is neither that nor background.

    The share is of the gesture, or of the window where the gesture is longer than it.
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


def is_whole(stream: Recording, start: int, length: int) -> bool:
    """Whether the stream has all of the window's samples, with none missing between them."""
    seq = stream.seq[start : start + length]
    return len(seq) == length and bool(seq[-1] - seq[0] == length - 1)


def aligned_windows(recording: Recording, config: GestureConfig) -> Iterator[tuple[int, str]]:
    """Where the windows begin by which a continuous recording judges, and what they show.

    All background that does not overlap; and as many as fit into each gesture, at least one, in
    its middle.
    """
    length = config.window.length
    last = len(recording) - length
    for start in range(0, last + 1, length):
        if window_label(recording, start, config) == config.data.background:
            yield start, config.data.background
    for interval in recording.intervals:
        count = max(1, (interval.stop - interval.start) // length)
        first = (interval.start + interval.stop - count * length) // 2
        for wished in range(first, first + count * length, length):
            yield max(0, min(wished, last)), interval.label


def labels_of(usable: Sequence[Recording], config: GestureConfig) -> tuple[str, ...]:
    """The same in every fold: gestures by name, then the background if there is any."""
    background = config.data.background
    gestures = sorted(set().union(*map(_labels_in, usable)) - {background})
    resting = any(_has_background(recording, config) for recording in usable)
    return (*gestures, background) if resting else tuple(gestures)


def _labels_in(recording: Recording) -> set[str]:
    return {interval.label for interval in recording.intervals} or {recording.label}


def _has_background(recording: Recording, config: GestureConfig) -> bool:
    if not is_continuous(recording, config) or not recording.intervals:
        return True
    starts = range(0, len(recording) - config.window.length + 1, config.window.hop)
    return any(window_label(recording, start, config) == config.data.background for start in starts)
