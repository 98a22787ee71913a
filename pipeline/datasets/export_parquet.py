"""Exports to Parquet: all rows in one table, for pandas, polars, R or a database.

A table has one rate and one kind of takes, because what reads it should not have to tell them
apart: `recordings.parquet`, or several files where a dataset has more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.core.artifacts import IMU_UNITS, Recording
from pipeline.core.errors import UsageError
from pipeline.datasets.tables.parquet import with_facts

if TYPE_CHECKING:
    import pandas as pd

NAME = "recordings"


def parquet_files(takes: Sequence[Recording], folder: Path) -> dict[Path, list[Recording]]:
    """The files of an export, and the recordings of each.

    Raises:
        UsageError: pyarrow is not installed.
    """
    _check_installed()
    kinds: dict[tuple[float, tuple[str, ...], bool], list[Recording]] = defaultdict(list)
    for take in takes:
        kinds[take.rate_hz, take.channels, bool(take.intervals)].append(take)
    if len(kinds) == 1:
        return {folder / f"{NAME}.parquet": list(takes)}
    return {
        folder / f"{NAME}-{number}-{rate_hz:g}-Hz.parquet": some
        for number, ((rate_hz, _, _), some) in enumerate(sorted(kinds.items()), 1)
    }


def write_parquet(takes: Sequence[Recording], path: Path) -> None:
    """Write recordings of one rate as one table."""
    import pandas as pd
    from pyarrow import Table, parquet

    frame = pd.concat([_frame(take) for take in takes], ignore_index=True)
    table = Table.from_pandas(frame, preserve_index=False)
    parquet.write_table(with_facts(table, {"rate_hz": takes[0].rate_hz}), path)


def _frame(take: Recording) -> pd.DataFrame:
    """A row for each sample; the labels of rows where parts of a recording are marked."""
    import pandas as pd

    labels = [take.label] * len(take)
    if take.intervals:
        labels = [""] * len(take)
        for part in take.intervals:
            labels[part.start : part.stop] = [part.label] * (part.stop - part.start)
    columns = {
        "take": take.name,
        "label": labels,
        "person": take.person,
        "session": take.session,
        "seq": take.seq,
        "t_us": take.t_us,
    }
    values = take.thousandths / 1000
    named = {
        f"{name} ({IMU_UNITS[name]})" if name in IMU_UNITS else name: values[:, at]
        for at, name in enumerate(take.channels)
    }
    return pd.DataFrame({**columns, **named})


def _check_installed() -> None:
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        raise UsageError(
            "Parquet files cannot be written here.",
            "pyarrow is not installed; it is large, so it is not part of every installation",
            "pip install 'gesture-pipeline[parquet]'",
        ) from None
