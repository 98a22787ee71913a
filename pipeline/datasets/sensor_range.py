"""How far an inertial sensor measures: the ranges that parts have, and which one was reached."""

from __future__ import annotations

from pipeline.artifacts import IMU_CHANNELS

ACCELERATION = IMU_CHANNELS[:3]
ROTATION = IMU_CHANNELS[3:]
FULL_SCALES = {ACCELERATION: (2, 4, 8, 16), ROTATION: (125, 245, 250, 500, 1000, 2000)}
END_OF_RANGE = 0.998  # of the full scale


def reached_full_scale(axes: tuple[str, ...], peak: float) -> float | None:
    """The range at whose end `peak` stands, the largest reading of all on `axes`; None for none."""
    ends = (s for s in FULL_SCALES[axes] if END_OF_RANGE * s <= peak <= s / END_OF_RANGE)
    return next(ends, None)


def is_beyond_all(axes: tuple[str, ...], peak: float) -> bool:
    """No part measures as far: raw counts, or another unit."""
    return peak > max(FULL_SCALES[axes]) / END_OF_RANGE
