"""What the emulated environment sensors read: a series, as the bytes both emulated boards know.

Little endian. A header of 32 bytes: magic, version, count, period_ms, 16 bytes 0; then a record
of 32 bytes a reading: t_us (u64), then three i32 in thousandths of degC, hPa and %, 12 bytes 0.
"""

from __future__ import annotations

import struct

import numpy as np

from pipeline.artifacts import ENVIRONMENT_CHANNELS, Recording
from pipeline.errors import ExitCode, PipelineError

MAGIC = 0x31564E45  # "ENV1"
VERSION = 1
MEMORY_BYTES = 1 << 20  # of the virtual board, for this; the series has to fit
HEADER = struct.Struct("<4I16x")
RECORD = np.dtype(
    [("t_us", "<u8"), ("value", "<i4", (len(ENVIRONMENT_CHANNELS),)), ("unused", "V12")]
)
MOST_READINGS = (MEMORY_BYTES - HEADER.size) // RECORD.itemsize


def environment_bytes(series: Recording) -> bytes:
    """The series as the emulated sensors' memory.

    Raises PipelineError for a series of other channels, or too long a one.
    """
    _check(series)
    records = np.zeros(len(series), RECORD)
    records["t_us"], records["value"] = series.t_us, series.thousandths
    header = HEADER.pack(MAGIC, VERSION, len(series), round(1000 / series.rate_hz))
    return header + records.tobytes()


def _check(series: Recording) -> None:
    if tuple(series.channels) != ENVIRONMENT_CHANNELS:
        raise PipelineError(
            f"The series has the channels {', '.join(series.channels)}.",
            f"the emulated sensors give {', '.join(ENVIRONMENT_CHANNELS)}, in this order",
            "feed a series with all three, as `gesture capture --sensor environment` leaves it",
            ExitCode.USAGE,
        )
    if len(series) > MOST_READINGS:
        raise PipelineError(
            f"The series has {len(series)} readings; the sensors' memory holds {MOST_READINGS}.",
            f"the emulated board keeps the whole series in {MEMORY_BYTES >> 20} MB",
            "cut the series into parts",
            ExitCode.USAGE,
        )
