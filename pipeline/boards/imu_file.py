"""What the emulated IMU reads: a recording, as the bytes both emulated boards understand.

Little endian. A header of 32 bytes: magic, version, count, period_us, flags (bit 0: ended),
0, the rate in mHz, 0; then a record of 32 bytes a sample: t_us (u64), then six i32 in
thousandths of g and deg/s. Bit 63 of t_us: the sensor dropped this sample.
"""

from __future__ import annotations

import struct

import numpy as np

from pipeline.artifacts import IMU_CHANNELS, Int64, Recording
from pipeline.errors import ExitCode, PipelineError

MAGIC = 0x31554D49  # "IMU1"
VERSION = 1
FLAG_ENDED = 1
DROPPED = np.uint64(1 << 63)
PSRAM_BYTES = 16 << 20  # of the virtual board; the recording has to fit
HEADER = struct.Struct("<8I")
RECORD = np.dtype([("t_us", "<u8"), ("value", "<i4", (len(IMU_CHANNELS),))])
MOST_SAMPLES = (PSRAM_BYTES - HEADER.size) // RECORD.itemsize


def imu_bytes(recording: Recording) -> bytes:
    """The recording as the emulated IMU's memory, marked as ended after its last sample.

    Raises PipelineError for a recording that is not six axes of finite numbers, or too long.
    """
    _check(recording)
    place = _places(recording)
    count = int(place[-1]) + 1 if len(place) else 0
    _check_length(count)
    records = np.zeros(count, RECORD)
    # What is missing keeps its place, so that the board sees the same hole.
    after = np.searchsorted(place, np.arange(count))
    records["t_us"] = recording.t_us[after].astype(np.uint64) | DROPPED
    records["t_us"][place] = recording.t_us
    records["value"][place] = recording.thousandths
    period_us = round(1e6 / recording.rate_hz)
    rate_mhz = round(1000 * recording.rate_hz)
    header = HEADER.pack(MAGIC, VERSION, count, period_us, FLAG_ENDED, 0, rate_mhz, 0)
    return header + records.tobytes()


def _places(recording: Recording) -> Int64:
    """Each sample's place in the sensor's count, from 0: int64 [n], rising."""
    steps = np.maximum(np.diff(recording.seq), 1)
    return np.concatenate([np.zeros(min(len(recording), 1), np.int64), np.cumsum(steps)])


def _check(recording: Recording) -> None:
    if tuple(recording.channels) != IMU_CHANNELS:
        raise PipelineError(
            f"The recording has the channels {', '.join(recording.channels)}.",
            f"the emulated sensor has {', '.join(IMU_CHANNELS)}, in this order",
            "feed a recording with all six",
            ExitCode.USAGE,
        )
    if not np.isfinite(recording.samples).all():
        raise PipelineError(
            "The recording holds values that are not numbers.",
            "a cell of the file is empty or NaN",
            "import it again; import names such rows and leaves them out",
            ExitCode.USAGE,
        )


def _check_length(samples: int) -> None:
    if samples > MOST_SAMPLES:
        raise PipelineError(
            f"The recording has {samples} samples, missing ones too; the sensor's memory holds "
            f"{MOST_SAMPLES}.",
            f"the emulated board keeps the whole recording in {PSRAM_BYTES >> 20} MB",
            "cut the recording into parts",
            ExitCode.USAGE,
        )
