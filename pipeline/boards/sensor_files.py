"""Converts recordings and series to the memory of emulated sensors."""

from __future__ import annotations

import struct

import numpy as np

from pipeline.core.artifacts import ENVIRONMENT_CHANNELS, IMU_CHANNELS, Int64, Recording
from pipeline.core.errors import UsageError

IMU_MAGIC = 0x31554D49  # "IMU1"
VERSION = 1
FLAG_ENDED = 1
FLAG_LOOPS = 2
DROPPED = np.uint64(1 << 63)
PSRAM_BYTES = 16 << 20  # of the virtual board; the recording must fit
IMU_HEADER = struct.Struct("<8I")
IMU_RECORD = np.dtype([("t_us", "<u8"), ("value", "<i4", (len(IMU_CHANNELS),))])
MOST_SAMPLES = (PSRAM_BYTES - IMU_HEADER.size) // IMU_RECORD.itemsize


def imu_bytes(recording: Recording, loop: bool = False) -> bytes:
    """The memory of an emulated IMU that plays a recording; in a loop, again and again.

    Raises:
        PipelineError: USAGE for another recording, or one that is too long.
    """
    _check_imu(recording)
    place = _places(recording)
    count = int(place[-1]) + 1 if len(place) else 0
    _check_length(count)
    records = np.zeros(count, IMU_RECORD)
    # Missing samples keep their place, so that the board sees the same gap.
    after = np.searchsorted(place, np.arange(count))
    records["t_us"] = recording.t_us[after].astype(np.uint64) | DROPPED
    records["t_us"][place] = recording.t_us
    records["value"][place] = recording.thousandths
    period_us = round(1e6 / recording.rate_hz)
    rate_millihz = round(1000 * recording.rate_hz)
    flags = FLAG_ENDED | (FLAG_LOOPS if loop else 0)
    header = IMU_HEADER.pack(IMU_MAGIC, VERSION, count, period_us, flags, 0, rate_millihz, 0)
    return header + records.tobytes()


def _places(recording: Recording) -> Int64:
    """Each sample's place in the sensor's count, from 0: int64 [n], rising."""
    steps = np.maximum(np.diff(recording.seq), 1)
    return np.concatenate([np.zeros(min(len(recording), 1), np.int64), np.cumsum(steps)])


def _check_imu(recording: Recording) -> None:
    if tuple(recording.channels) != IMU_CHANNELS:
        raise UsageError(
            f"The recording has the channels {', '.join(recording.channels)}.",
            f"the emulated sensor has {', '.join(IMU_CHANNELS)}, in this order",
            "feed a recording with all six",
        )
    if not np.isfinite(recording.samples).all():
        raise UsageError(
            "The recording holds values that are not numbers.",
            "a cell of the file is empty or NaN",
            "import it again; import names such rows and leaves them out",
        )


def _check_length(samples: int) -> None:
    if samples > MOST_SAMPLES:
        raise UsageError(
            f"The recording has {samples} samples, missing ones too; the sensor's memory holds "
            f"{MOST_SAMPLES}.",
            f"the emulated board keeps the whole recording in {PSRAM_BYTES >> 20} MB",
            "cut the recording into parts",
        )


ENVIRONMENT_MAGIC = 0x31564E45  # "ENV1"


MEMORY_BYTES = 1 << 20  # of the virtual board; the series must fit
ENVIRONMENT_HEADER = struct.Struct("<4I16x")
ENVIRONMENT_RECORD = np.dtype(
    [("t_us", "<u8"), ("value", "<i4", (len(ENVIRONMENT_CHANNELS),)), ("unused", "V12")]
)
MOST_READINGS = (MEMORY_BYTES - ENVIRONMENT_HEADER.size) // ENVIRONMENT_RECORD.itemsize


def environment_bytes(series: Recording) -> bytes:
    """The memory of emulated environment sensors that play a series; raises as `imu_bytes`."""
    _check_environment(series)
    records = np.zeros(len(series), ENVIRONMENT_RECORD)
    records["t_us"], records["value"] = series.t_us, series.thousandths
    header = ENVIRONMENT_HEADER.pack(
        ENVIRONMENT_MAGIC, VERSION, len(series), round(1000 / series.rate_hz)
    )
    return header + records.tobytes()


def _check_environment(series: Recording) -> None:
    if tuple(series.channels) != ENVIRONMENT_CHANNELS:
        raise UsageError(
            f"The series has the channels {', '.join(series.channels)}.",
            f"the emulated sensors give {', '.join(ENVIRONMENT_CHANNELS)}, in this order",
            "feed a series with all three, as `gesture capture --sensor environment` leaves it",
        )
    if len(series) > MOST_READINGS:
        raise UsageError(
            f"The series has {len(series)} readings; the sensors' memory holds {MOST_READINGS}.",
            f"the emulated board keeps the whole series in {MEMORY_BYTES >> 20} MB",
            "cut the series into parts",
        )
