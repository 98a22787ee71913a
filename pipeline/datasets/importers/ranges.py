"""Readings at the end of a sensor's range, and beyond all ranges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from pipeline.core.artifacts import IMU_UNITS, Float32
from pipeline.core.plurals import counted
from pipeline.datasets.importers.takes import Take
from pipeline.datasets.lint import END_OF_RANGE, FULL_SCALES, is_beyond_all, reached_full_scale
from pipeline.datasets.recording_file import Noted

LONE_END_OF_RANGE = 0.9999  # a single reading counts as clipped only from here on


@dataclass
class _Peak:
    """The largest reading of a sensor in a file, and rows near the ends of its ranges.

    Args:
        ends: by full scale, the line of the first row at it, and how many there are.
    """

    value: float = 0.0
    axis: str = ""
    line: int = 0
    ends: dict[float, tuple[int, int]] = field(default_factory=dict)


class Peaks:
    """The largest readings of each file, take by take."""

    def __init__(self) -> None:
        """No take yet."""
        self._peaks: dict[tuple[Path, tuple[str, ...]], _Peak] = {}

    def add(self, take: Take, samples: Float32) -> None:
        """Look at a take."""
        channels = take.file.motion.channels
        for axes in FULL_SCALES:
            if set(axes) <= set(channels):
                readings = np.abs(samples[:, [channels.index(axis) for axis in axes]])
                peak = self._peaks.setdefault((take.file.motion.place, axes), _Peak())
                _add(peak, axes, take, readings)

    def noted(self) -> Iterator[Noted]:
        """What is at the end of a range, or beyond all, file by file."""
        for (place, axes), peak in self._peaks.items():
            unit = IMU_UNITS[axes[0]]
            full_scale = reached_full_scale(axes, peak.value)
            if is_beyond_all(axes, peak.value):
                what = (
                    f"{peak.axis} reaches {peak.value:g} {unit}, farther than any sensor measures"
                )
                yield Noted(place, peak.line, f"{what}: raw counts, or another unit")
            elif full_scale is not None:
                line, rows = peak.ends[full_scale]
                if rows > 1 or peak.value >= LONE_END_OF_RANGE * full_scale:
                    end = f"the end of the sensor's range, {full_scale:g} {unit}"
                    what = f"{counted(rows, 'row')} at {end}, from this one on: cut off"
                    yield Noted(place, line, what)


def _add(peak: _Peak, axes: tuple[str, ...], take: Take, readings: Float32) -> None:
    """readings: float32 [n, 3], absolute values."""
    lines = take.file.motion.lines[take.piece.rows()]
    largest = readings.max(axis=1)  # [n]
    at = int(largest.argmax())
    if largest[at] > peak.value:
        axis = axes[int(readings[at].argmax())]
        peak.value, peak.axis, peak.line = float(largest[at]), axis, int(lines[at])
    for full_scale in FULL_SCALES[axes]:
        if largest[at] >= END_OF_RANGE * full_scale:
            cut_off = largest >= END_OF_RANGE * full_scale
            line, rows = peak.ends.get(full_scale, (int(lines[int(cut_off.argmax())]), 0))
            peak.ends[full_scale] = (line, rows + int(cut_off.sum()))
