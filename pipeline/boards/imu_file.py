"""What the emulated IMU reads: a recording, as the bytes both emulated boards understand.

Little endian. A header of 32 bytes: magic, version, count, period_us, flags (bit 0: ended),
three reserved words; then a record of 32 bytes a sample: t_us (u64), then six i32 in
thousandths of g and deg/s.
"""

from __future__ import annotations

import struct

import numpy as np

from pipeline.artifacts import IMU_CHANNELS, Recording
from pipeline.errors import ExitCode, PipelineError

MAGIC = 0x31554D49  # "IMU1"
VERSION = 1
FLAG_ENDED = 1
PSRAM_BYTES = 16 << 20  # of the virtual board; the recording has to fit
HEADER = struct.Struct("<8I")
RECORD = np.dtype([("t_us", "<u8"), ("value", "<i4", (len(IMU_CHANNELS),))])
MOST_SAMPLES = (PSRAM_BYTES - HEADER.size) // RECORD.itemsize


def imu_bytes(recording: Recording) -> bytes:
    """The recording as the emulated IMU's memory, marked as ended after its last sample.

    Raises PipelineError for a recording that is not six axes of finite numbers, or too long.
    """
    _check(recording)
    records = np.zeros(len(recording), RECORD)
    records["t_us"] = recording.t_us
    records["value"] = recording.thousandths
    period_us = round(1e6 / recording.rate_hz)
    header = HEADER.pack(MAGIC, VERSION, len(recording), period_us, FLAG_ENDED, 0, 0, 0)
    return header + records.tobytes()


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
    if len(recording) > MOST_SAMPLES:
        raise PipelineError(
            f"The recording has {len(recording)} samples; the sensor's memory holds "
            f"{MOST_SAMPLES}.",
            f"the emulated board keeps the whole recording in {PSRAM_BYTES >> 20} MB",
            "cut the recording into parts",
            ExitCode.USAGE,
        )
