"""Signals drawn in a terminal: a line a channel, a column a few samples."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from pipeline.artifacts import ENVIRONMENT_UNITS, IMU_UNITS

COLUMNS = 60
SAMPLES_A_COLUMN = 8
SHOWN_SAMPLES = COLUMNS * SAMPLES_A_COLUMN
BLOCKS = "▁▂▃▄▅▆▇█"
UNITS = IMU_UNITS | ENVIRONMENT_UNITS
# So that noise at rest does not fill the trace.
LEAST_SPAN = {"g": 0.5, "deg/s": 60.0, "degC": 1.0, "hPa": 1.0, "%": 5.0}


def traces(channels: Sequence[str], rows: Sequence[Sequence[int]]) -> list[RenderableType]:
    """rows: the newest samples, in thousandths of the channels' units, oldest first."""
    if not rows:
        return []
    lines: list[RenderableType] = []
    width = max(map(len, channels))
    for name, values in zip(channels, zip(*rows, strict=True), strict=True):
        unit = UNITS[name]
        trace = _trace(values, LEAST_SPAN[unit])
        lines.append(Text(f"{name:<{width}} {trace:<{COLUMNS}} {values[-1] / 1000:9.3f} {unit}"))
    return lines


def _trace(values: Sequence[int], least_span: float) -> str:
    """A column a few samples: their mean, between the least and the greatest of `values`."""
    span = max(least_span * 1000, max(values) - min(values))
    bottom = (max(values) + min(values) - span) / 2
    columns = []
    for at in range(0, len(values), SAMPLES_A_COLUMN):
        part = values[at : at + SAMPLES_A_COLUMN]
        share = (sum(part) / len(part) - bottom) / span
        columns.append(BLOCKS[min(len(BLOCKS) - 1, int(share * len(BLOCKS)))])
    return "".join(columns)
