"""When each row of a series is: the columns of the time are named, found, or not there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.config.forecast_settings import SeriesConfig
from pipeline.core.errors import PipelineError
from pipeline.datasets.recording_file import bad_file
from pipeline.datasets.tables.table import Table
from pipeline.datasets.tables.time_columns import time_columns
from pipeline.datasets.tables.times import Times, read_times


def row_times(table: Table, config: SeriesConfig) -> tuple[Times, tuple[str, ...]]:
    """The times of all rows, and how they were found where the config does not say it."""
    if config.period_s is not None:
        return _row_numbers(len(table), config.period_s), ()
    if config.time and all(name in table.columns for name in config.time):
        return read_times(table, config.time, config), ()
    found = time_columns(table, {*config.channels, *config.categories})
    if config.time and len(found) != 1:
        missing = next(name for name in config.time if name not in table.columns)
        raise no_column(table, missing, "time")
    if len(found) > 1:
        raise _several_times(table, found)
    if not found:
        note = "no column has the time: a row counts as a second; data.period_s says how long it is"
        return _row_numbers(len(table), 1.0), (note,)
    instead = f", not in {', '.join(config.time)}" if config.time else ""
    note = f"the time is in {', '.join(found[0])}{instead}"
    return read_times(table, found[0], config), (note,)


def _row_numbers(rows: int, period_s: float) -> Times:
    return Times(np.rint(np.arange(rows) * (period_s * 1e6)).astype(np.int64), dated=False)


def _several_times(table: Table, found: Sequence[tuple[str, ...]]) -> PipelineError:
    choices = " or ".join(f"`data.time: [{', '.join(names)}]`" for names in found[:4])
    return bad_file(
        table.place,
        f"the time may be in {' or in '.join(', '.join(names) for names in found)}",
        "several columns look like one",
        f"name the one that rises with the rows: {choices}",
        line=int(table.lines[0]) - 1,
    )


def no_column(table: Table, name: str, key: str) -> PipelineError:
    """The error for a column that is not there, or there twice; key: of the config."""
    names = ", ".join(repr(column) for column in table.columns)
    return bad_file(
        table.place,
        f"there {'are two columns' if name in table.columns else 'is no column'} {name!r}, only "
        f"{names}",
        "the config names a column that this file does not have",
        f"use a name of the header, as it is written there, in data.{key}",
        line=int(table.lines[0]) - 1,
    )
