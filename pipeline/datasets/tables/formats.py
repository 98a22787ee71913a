"""Tables from files of any format that people have, or what a file is that has none."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping

from pipeline.datasets.recording_file import Noted
from pipeline.datasets.tables.arrays import npy_tables, npz_tables
from pipeline.datasets.tables.json_layouts import json_tables
from pipeline.datasets.tables.parquet import parquet_tables
from pipeline.datasets.tables.sensiml import with_labels_beside
from pipeline.datasets.tables.sources import GZIP, Source
from pipeline.datasets.tables.table import Table, read_table
from pipeline.datasets.tables.text_layouts import with_known_layout

Tables = list[Table | Noted]
READERS: Mapping[str, Callable[[Source], Tables]] = {
    ".json": json_tables,
    ".jsonl": json_tables,
    ".ndjson": json_tables,
    ".npy": npy_tables,
    ".npz": npz_tables,
    ".parquet": parquet_tables,
}
AS_CSV = "open it in its program and save it as CSV"
REFUSED: Mapping[str, str] = {
    ".xlsx": f"is an Excel workbook: {AS_CSV}; apps such as phyphox can export CSV themselves",
    ".xls": f"is an Excel workbook: {AS_CSV}; apps such as phyphox can export CSV themselves",
    ".ods": f"is a spreadsheet: {AS_CSV}",
    ".cbor": "is CBOR: export the dataset of Edge Impulse as JSON or CSV",
    ".mat": "is a file of MATLAB: save it as CSV, or with numpy as .npz",
    ".h5": "is an HDF5 file: save its arrays with numpy as .npz, or as CSV",
    ".hdf5": "is an HDF5 file: save its arrays with numpy as .npz, or as CSV",
    ".pkl": "is a pickle, which could run any program: save it as CSV, Parquet or .npz",
    ".pickle": "is a pickle, which could run any program: save it as CSV, Parquet or .npz",
    ".arff": "is a file of Weka: save it as CSV there",
    ".feather": "is a Feather file: save it as Parquet or CSV",
    ".wav": "is sound; only motion can be imported",
    ".bin": "is binary data without names: save it as CSV, or with numpy as .npz",
}
TEXTS = (".csv", ".tsv", ".txt", ".dat", ".log")
SUFFIXES = (*TEXTS, *READERS, *REFUSED)
# Columns of tables about a recording, which phyphox and Sensor Logger write beside it.
ABOUT_RECORDINGS = (
    {"property", "value"},
    {"event", "experiment time", "system time"},
    {"device name", "recording time"},
    {"device name", "recording epoch time"},
)
# How files begin that have no ending, or another one.
_STARTS: Mapping[bytes, str] = {
    b"\x93NUMPY": ".npy",
    b"PAR1": ".parquet",
    b"\x89HDF": ".h5",
    b"\xd0\xcf\x11\xe0": ".xls",
    b"RIFF": ".wav",
    b"MATLAB": ".mat",
}


def tables_of(source: Source, separator: str | None = None) -> Tables:
    """The tables of a file, or why it has none.

    Args:
        separator: of the cells of a text; None finds it.
    """
    try:
        kind = _kind_of(source)
        if kind in REFUSED:
            return [Noted(source.place, None, REFUSED[kind])]
        if kind in READERS:
            return READERS[kind](source)
        table = read_table(source, separator)
        if isinstance(table, Noted):
            return [table]
        if any(names <= set(map(str.lower, table.columns)) for names in ABOUT_RECORDINGS):
            return []
        return [with_labels_beside(with_known_layout(table), source)]
    except (zipfile.BadZipFile, EOFError):
        return [Noted(source.place, None, "is damaged: it ends too early, or bytes are wrong")]
    except OSError as error:
        return [Noted(source.place, None, f"cannot be read: {error.strerror or error}")]
    except (ValueError, OverflowError, MemoryError, RecursionError) as error:
        return [Noted(source.place, None, _words(error))]


def _words(error: BaseException) -> str:
    if "allow_pickle" in str(error):
        return "holds Python objects, which could run any program: save numbers alone"
    return str(error)[:200] or "cannot be read"


def _kind_of(source: Source) -> str:
    """The ending that fits: by the first bytes where they show it, else by the name."""
    suffix = source.name.suffix.lower()
    is_packed = bool(source.member) or source.path.suffix.lower() == GZIP
    if is_packed and suffix in SUFFIXES:
        return suffix  # looking inside would unpack it twice
    start = bytes(source.content()[:16])
    by_start = next((kind for mark, kind in _STARTS.items() if start.startswith(mark)), None)
    if by_start:
        return by_start
    is_json = start.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")
    if suffix in TEXTS:
        return ".json" if is_json and start.lstrip()[:2] in (b'{"', b"[{") else suffix
    return ".json" if is_json and suffix not in READERS and suffix not in REFUSED else suffix
