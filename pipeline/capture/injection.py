"""Samples from here in place of a board's own sensor: what a real board says to a recording."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from pipeline.artifacts import IMU_CHANNELS, Recording
from pipeline.capture.client import LOAD_BYTES, BoardClient

SAMPLE_RECORD = np.dtype([("t_us", "<u8"), ("value", "<i4", (len(IMU_CHANNELS),))])
SAMPLES_A_LINE = LOAD_BYTES // SAMPLE_RECORD.itemsize
LINES_AT_ONCE = 8  # on their way, so that the line is not idle while an answer comes back


@contextmanager
def injecting(client: BoardClient, rate_hz: float) -> Iterator[None]:
    """The board takes samples from here, at this rate, for as long as the block lasts."""
    client.command(f"inject {round(rate_hz * 1000)}")
    try:
        yield
    finally:
        client.command("inject 0")


def send(client: BoardClient, recording: Recording) -> None:
    """The recording's samples, a few a line; what they cause is among the client's items."""
    records = np.zeros(len(recording), SAMPLE_RECORD)
    records["t_us"], records["value"] = recording.t_us, recording.thousandths
    lines = [
        f"sample {records[start : start + SAMPLES_A_LINE].tobytes().hex().upper()}"
        for start in range(0, len(records), SAMPLES_A_LINE)
    ]
    for start in range(0, len(lines), LINES_AT_ONCE):
        client.commands(lines[start : start + LINES_AT_ONCE])
