"""Recordings that a network can learn from: all alike, whole, and of what is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pipeline.artifacts import Recording
from pipeline.config_gestures import GestureConfig
from pipeline.errors import PipelineError

RATE_TOLERANCE = 0.02
SHORTEST_TAKE = 0.25  # of a window; shorter ones are cut off rather than quick


def usable_recordings(recordings: Sequence[Recording], config: GestureConfig) -> list[Recording]:
    """Those with the labels asked for, reduced to the channels asked for.

    Raises PipelineError where a rate differs, a channel is missing, a sample is not a number, or
    a take is too short or has a gap.
    """
    wanted = config.data.labels
    chosen = [
        recording
        for recording in (_unknown_as_background(recording, config) for recording in recordings)
        if wanted is None or recording.label in (*wanted, config.data.background)
    ]
    for recording in chosen:
        _check(recording, config)
        _check_length(recording, config)
    missing = sorted(set(wanted or ()) - {recording.label for recording in chosen})
    if missing:
        raise PipelineError(
            f"No recording is labelled {missing[0]}.",
            "data.labels names it, but the dataset has none",
            "mend data.labels in the config, or record that gesture",
        )
    return [_with_channels(recording, config.data.channels) for recording in chosen]


def _unknown_as_background(recording: Recording, config: GestureConfig) -> Recording:
    """What is told to be no gesture, as if it had been recorded as background."""
    unknown = config.unknown.labels
    if not unknown:
        return recording
    label = config.data.background if recording.label in unknown else recording.label
    known = tuple(interval for interval in recording.intervals if interval.label not in unknown)
    return replace(recording, label=label, intervals=known)


def recorded_only(recordings: Sequence[Recording]) -> list[Recording]:
    """Without what was pulled from a board: that trains, and never judges."""
    return [recording for recording in recordings if recording.pulled is None]


def _check(recording: Recording, config: GestureConfig) -> None:
    name = recording.name
    rate_hz = config.data.rate_hz
    if abs(recording.rate_hz - rate_hz) > RATE_TOLERANCE * rate_hz:
        raise PipelineError(
            f"{name} was sampled at {recording.rate_hz:g} Hz, the config asks for {rate_hz:g} Hz.",
            "it comes from another sensor, or was imported with another rate",
            f"set data.rate_hz to {recording.rate_hz:g}, or leave that recording out",
        )
    missing = [channel for channel in config.data.channels if channel not in recording.channels]
    if missing:
        raise PipelineError(
            f"{name} has no channel {missing[0]}; it has {', '.join(recording.channels)}.",
            "the sensor does not measure it, or the config misspells it",
            "set data.channels to channels that all recordings have",
        )
    if not np.isfinite(recording.samples).all():
        row = int(np.flatnonzero(~np.isfinite(recording.samples).all(axis=1))[0])
        raise PipelineError(
            f"{name} has a value that is not a number, in sample {row}.",
            "the file was damaged or edited",
            "delete that recording or import it again",
        )


def _check_length(recording: Recording, config: GestureConfig) -> None:
    shortest = round(SHORTEST_TAKE * config.window.length)
    if len(recording) < shortest:
        raise PipelineError(
            f"{recording.name} has {len(recording)} samples; a take needs at least {shortest}.",
            f"window.length is {config.window.length}, and shorter takes are mostly cut off",
            "delete that recording, or set window.length lower",
        )
    lost = int(recording.seq[-1] - recording.seq[0]) + 1 - len(recording)
    if lost and not is_continuous(recording, config):
        raise PipelineError(
            f"{recording.name} lost {lost} of its samples on the way from the board.",
            "the cable or the computer was too busy; what is left is not what the hand did",
            "delete that recording, and record it again",
        )


def _with_channels(recording: Recording, channels: tuple[str, ...]) -> Recording:
    columns = [recording.channels.index(channel) for channel in channels]
    return replace(recording, samples=recording.samples[:, columns], channels=channels)


def is_continuous(recording: Recording, config: GestureConfig) -> bool:
    """Whether it can stand as a stream of its own: it says what happens where, or is idle.

    What is idle for less than a window is no stream, but can be joined like any other take.
    """
    idle = recording.label == config.data.background and len(recording) >= config.window.length
    return bool(recording.intervals) or idle
