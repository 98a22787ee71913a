"""What moves a hand that makes no gesture: rests that were recorded, without how it was held."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.artifacts import Float32, Recording

LEAST_S = 0.5  # shorter rests are the ends of gestures


def rests_in(recordings: Sequence[Recording], background: str) -> list[Float32]:
    """float32 [n, channels] each, around 0: a mean taken off leaves neither gravity nor bias."""
    return [
        rest - rest.mean(axis=0)
        for recording in recordings
        for rest in _stretches(recording, background)
        if len(rest) >= LEAST_S * recording.rate_hz
    ]


def _stretches(recording: Recording, background: str) -> Iterator[Float32]:
    if recording.label == background and not recording.intervals:
        yield recording.samples
        return
    end = 0
    for interval in recording.intervals:
        yield recording.samples[end : interval.start]
        if interval.label == background:
            yield recording.samples[interval.start : interval.stop]
        end = interval.stop
    if recording.intervals:
        yield recording.samples[end:]
