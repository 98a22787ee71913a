"""Where in a take the hand moves: a take often ends in quiet, and quiet is no gesture.

Recorded by a threshold and of a fixed length, a quick gesture fills a fifth of its take. If a
window counts by how much of the take is in view, one that shows the whole motion at its end is
called rest, and a network learns where in a window a motion is rather than which one it is.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.artifacts import IMU_UNITS, Float32, Interval, Recording

SCALE = {"g": 0.25, "deg/s": 60.0}  # of each kind of sensor, that count as the same motion


def in_motion(stream: Recording, share: float) -> Recording:
    """With intervals that hold the middle `share` of the motion in each; all of it where 1."""
    if share == 1:
        return stream
    narrowed = (_narrowed(interval, stream, share) for interval in stream.intervals)
    return replace(stream, intervals=tuple(narrowed))


def _narrowed(interval: Interval, stream: Recording, share: float) -> Interval:
    motion = np.cumsum(_motion(stream.samples[interval.start : interval.stop], stream.channels))
    if motion[-1] == 0:
        return interval
    aside = (1 - share) / 2 * motion[-1]
    first, last = np.searchsorted(motion, (aside, motion[-1] - aside))
    return Interval(interval.start + int(first), interval.start + int(last) + 1, interval.label)


def _motion(samples: Float32, channels: tuple[str, ...]) -> Float32:
    """[n]: how far acceleration is from its usual length, and rotation from none."""
    found = np.zeros(len(samples), dtype=np.float32)
    for unit, scale in SCALE.items():
        columns = [i for i, name in enumerate(channels) if IMU_UNITS.get(name) == unit]
        length = np.linalg.norm(samples[:, columns], axis=1)
        if unit == "g":
            length -= np.median(length)
        found += np.square(length / scale)
    return np.sqrt(found)
