"""Two sensors in files of their own, as apps for phones write them, joined on time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePath

import numpy as np

from pipeline.core.artifacts import Float64
from pipeline.core.imu_columns import Role, sensor_of
from pipeline.datasets.importers.columns import Layout
from pipeline.datasets.importers.motion import Motion
from pipeline.datasets.recording_file import Noted

_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_OF_SENSORS = {"total", "linear", "user", "uncalibrated", "calibrated", "raw", "sensor", "data"}


def joined(motions: Sequence[Motion], noted: list[Noted]) -> list[Motion]:
    """Join each acceleration with the turning of the same recording, by interpolation.

    Args:
        noted: gets a note for each pair.
    """
    pairs: dict[tuple[PurePath, str], list[Motion]] = {}
    for motion in motions:
        pairs.setdefault(_key(motion), []).append(motion)
    together: list[Motion] = []
    for some in pairs.values():
        accelerations = _of(some, Role.ACCELERATION)
        turnings = _of(some, Role.TURNING)
        rest = [motion for motion in some if motion not in (*accelerations, *turnings)]
        together += rest
        if not accelerations or not turnings:
            together += accelerations + turnings
            continue
        chosen, turning = _best(accelerations), _best(turnings)
        for other in (*accelerations, *turnings):
            if other not in (chosen, turning):
                noted.append(Noted(other.place, None, f"left out: {chosen.place.name} is used"))
        together.append(_joined(chosen, turning, noted))
    return together


def _of(motions: Sequence[Motion], role: Role) -> list[Motion]:
    """Those of one sensor alone, with a clock."""
    return [
        motion
        for motion in motions
        if [sensor.role for sensor in motion.layout.sensors] == [role] and motion.clock is not None
    ]


def _key(motion: Motion) -> tuple[PurePath, str]:
    """The folder and the name without the words of the sensor."""
    words = [word.lower() for word in _WORDS.findall(motion.name.stem)]
    rest = [word for word in words if sensor_of(word) is None and word not in _OF_SENSORS]
    return motion.name.parent, " ".join(rest)


def _best(motions: Sequence[Motion]) -> Motion:
    """With gravity rather than without, and calibrated."""

    def worse(motion: Motion) -> tuple[bool, bool]:
        words = motion.name.stem.lower()
        without = motion.layout.sensors[0].columns[0].without_gravity
        return without or "total" not in words, "uncalibrated" in words

    return min(motions, key=worse)


def _joined(acceleration: Motion, turning: Motion, noted: list[Noted]) -> Motion:
    """The turning at the times of the acceleration, where both were recorded."""
    assert acceleration.clock is not None
    assert turning.clock is not None
    t, t_turning = _absolute(acceleration), _absolute(turning)
    usable = np.isfinite(t_turning) & np.isfinite(turning.samples).all(axis=1)
    order = np.argsort(t_turning[usable], kind="stable")
    times, values = t_turning[usable][order], turning.samples[usable][order]
    both = (t >= times[0]) & (t <= times[-1]) & np.isfinite(acceleration.samples).all(axis=1)
    rows = np.flatnonzero(both)
    resampled = np.column_stack([np.interp(t[rows], times, column) for column in values.T])
    what = f"joined on time with {turning.place.name}, by interpolation"
    left = len(t) - len(rows)
    noted.append(
        Noted(acceleration.place, None, what + (f"; {left} rows of one alone" if left else ""))
    )
    layout = _both(acceleration.layout, turning.layout)
    clock = replace(acceleration.clock, seconds=acceleration.clock.seconds[rows])
    return replace(
        acceleration,
        layout=layout,
        channels=(*acceleration.channels, *turning.channels),
        samples=np.hstack([acceleration.samples[rows], resampled]),
        places=(*acceleration.places, *acceleration.places),
        lines=acceleration.lines[rows],
        breaks=np.zeros(0, np.int64),
        ragged={},
        clock=clock,
        words={role: (codes[rows], words) for role, (codes, words) in acceleration.words.items()},
    )


def _absolute(motion: Motion) -> Float64:
    """Seconds on the common clock of both files."""
    assert motion.clock is not None
    return motion.clock.seconds + motion.clock.begin_s


def _both(acceleration: Layout, turning: Layout) -> Layout:
    return replace(
        acceleration,
        sensors=(*acceleration.sensors, *turning.sensors),
        others=(*acceleration.others, *turning.others),
    )
