"""Faults that one take shows by itself: lost samples, clipping, an axis that is stuck."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import IMU_CHANNELS, Float32
from pipeline.datasets.lint_findings import Finding, TakeFile
from pipeline.datasets.sensor_range import (
    ACCELERATION,
    END_OF_RANGE,
    FULL_SCALES,
    ROTATION,
    reached_full_scale,
)

RATE_TOLERANCE = 0.02  # as training has it
SLOW_STEP = 2.5  # sampling periods between two samples that the running number calls neighbours
PLATEAU_ROWS = 3
ABRUPT = 0.02  # of the extreme; a slow turn of the hand has a round top
PLATEAU_FROM = {ACCELERATION: 1.5, ROTATION: 100.0}  # a lower plateau is a board at rest
STUCK_ROWS = 10
STUCK_SHARE = 0.5  # of a take
FROZEN_ROWS = 5  # all axes at once: noise alone never leaves them equal that long


def check_take(take: TakeFile, full_scales: dict[tuple[str, ...], float | None]) -> list[Finding]:
    """full_scales: for each kind of axes, the end of the range that the dataset reaches."""
    findings = [*_gaps(take), *_slow_clock(take), *_measured_rate(take)]
    if take.has_imu:
        findings += [*_clipping(take, full_scales), *_stuck(take)]
    return findings


def reached_full_scales(takes: Sequence[TakeFile]) -> dict[tuple[str, ...], float | None]:
    """The sensor's range where the largest reading of all stands at its end."""
    found: dict[tuple[str, ...], float | None] = {}
    for kind in FULL_SCALES:
        peak = max((np.abs(_axes(take, kind)).max() for take in takes if take.has_imu), default=0)
        found[kind] = reached_full_scale(kind, float(peak))
    return found


def _axes(take: TakeFile, kind: tuple[str, ...]) -> Float32:
    return take.imu[:, :3] if kind == ACCELERATION else take.imu[:, 3:]


def _gaps(take: TakeFile) -> list[Finding]:
    gaps = take.recording.gaps
    if not gaps:
        return []
    missing = sum(gap.missing for gap in gaps)
    places = "one place" if len(gaps) == 1 else f"{len(gaps)} places"
    return [
        Finding(
            "gap",
            take.path,
            take.line_of_row(gaps[0].index),
            f"{missing} samples are missing in {places}, the first before this line",
            "record the take again, or keep the part without a gap: "
            "`gesture data trim FILE --start S --stop S`",
        )
    ]


def _slow_clock(take: TakeFile) -> list[Finding]:
    recording = take.recording
    period_us = 1e6 / recording.rate_hz
    lag = np.diff(recording.t_us) - np.diff(recording.seq) * period_us
    late = np.flatnonzero(lag > (SLOW_STEP - 1) * period_us) + 1
    if not len(late):
        return []
    return [
        Finding(
            "gap",
            take.path,
            take.line_of_row(int(late[0])),
            f"the board's clock jumps by {lag[late[0] - 1] / 1000:.0f} ms although no number is "
            f"missing, in {len(late)} places",
            "the sensor was read too late: record the take again",
        )
    ]


def _measured_rate(take: TakeFile) -> list[Finding]:
    rate_hz, measured_hz = take.recording.rate_hz, take.recording.measured_rate_hz
    if abs(measured_hz - rate_hz) <= RATE_TOLERANCE * rate_hz:
        return []
    return [
        Finding(
            "rate",
            take.path,
            take.line_of_key("rate_hz"),
            f"says {rate_hz:g} Hz, but its clock counts {measured_hz:.1f} Hz",
            "write the true rate into the `# rate_hz:` line if the clock is right; "
            "otherwise record again",
        )
    ]


def _clipping(take: TakeFile, full_scales: dict[tuple[str, ...], float | None]) -> list[Finding]:
    """Readings at the end of the sensor's range, or a flat top wherever that end may be."""
    clipped = np.zeros(take.imu.shape, dtype=bool)
    for kind, first in ((ACCELERATION, 0), (ROTATION, 3)):
        full_scale = full_scales[kind]
        for column in range(first, first + 3):
            values = np.abs(take.imu[:, column])
            clipped[:, column] = _flat_top(values, PLATEAU_FROM[kind])
            if full_scale is not None:
                clipped[:, column] |= values >= END_OF_RANGE * full_scale
    rows = np.flatnonzero(clipped.any(axis=1))
    if not len(rows):
        return []
    columns = np.flatnonzero(clipped.any(axis=0))
    peaks = ", ".join(f"{IMU_CHANNELS[at]} at {_peak(take.imu[:, at]):g}" for at in columns)
    return [
        Finding(
            "clipping",
            take.path,
            take.line_of_row(int(rows[0])),
            f"{len(rows)} of {len(take.imu)} samples stand at the end of the range: {peaks}",
            "set the sensor to a larger range and record again, or move less hard; what is cut "
            "off cannot be brought back",
        )
    ]


def _peak(values: Float32) -> float:
    return float(values[np.argmax(np.abs(values))])


def _flat_top(values: Float32, lowest: float) -> NDArray[np.bool_]:
    """bool [n]: in a run of equal readings at the take's extreme that begins or ends abruptly."""
    top = float(values.max())
    cut = np.zeros(len(values), dtype=bool)
    if top >= lowest:
        for start, stop in _runs(np.equal(values, top)):
            beside = values[max(0, start - 1) : stop + 1].min()
            if stop - start >= PLATEAU_ROWS and top - beside >= ABRUPT * top:
                cut[start:stop] = True
    return cut


def _stuck(take: TakeFile) -> list[Finding]:
    rows = len(take.imu)
    if rows < STUCK_ROWS:
        return []
    same = take.imu[1:] == take.imu[:-1]
    frozen = same.all(axis=1)
    if longest_run(frozen) + 1 >= FROZEN_ROWS:
        return [_stuck_finding(take, "all axes repeat", frozen)]
    findings = []
    for column, name in enumerate(IMU_CHANNELS):
        alike = same[:, column]
        if longest_run(alike) + 1 >= max(STUCK_ROWS, STUCK_SHARE * rows):
            what = f"{name} keeps the value {take.imu[_run_start(alike), column]:g}"
            findings.append(_stuck_finding(take, what, alike))
    return findings


def _stuck_finding(take: TakeFile, what: str, same: NDArray[np.bool_]) -> Finding:
    return Finding(
        "stuck-axis",
        take.path,
        take.line_of_row(_run_start(same)),
        f"{what} for {longest_run(same) + 1} of {len(take.imu)} samples from this line on",
        "the sensor gave nothing new: restart the board, and record the take again",
    )


def longest_run(flags: NDArray[np.bool_]) -> int:
    """Length of the longest stretch of True."""
    return max((stop - start for start, stop in _runs(flags)), default=0)


def _run_start(flags: NDArray[np.bool_]) -> int:
    return max(_runs(flags), key=lambda run: run[1] - run[0])[0]


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flags.astype(np.int8), [0]))))
    return [(int(start), int(stop)) for start, stop in zip(edges[::2], edges[1::2], strict=True)]
