"""Arrays of numpy: rows or takes, with labels, people, a clock and a rate beside them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.core.imu_columns import Role, read_column
from pipeline.core.plurals import counted
from pipeline.datasets.recording_file import Noted
from pipeline.datasets.tables.frames import (
    LABEL,
    PERSON,
    TIME,
    UNNAMED,
    Part,
    facts_of,
    tables_of_parts,
    unnamed,
)
from pipeline.datasets.tables.sources import Source
from pipeline.datasets.tables.table import Table

ROWS, TAKES = 2, 3  # dimensions of an array of samples
NAMES = ("columns", "channels", "names", "features", "axes")

Array = NDArray[Any]


def npz_tables(source: Source) -> list[Table | Noted]:
    """The tables of an archive of arrays.

    Raises:
        ValueError: it has none.
    """
    packed = io.BytesIO(bytes(source.content()))
    if not zipfile.is_zipfile(packed):
        raise ValueError("is no archive of numpy, or damaged")
    with np.load(packed, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    return tables_of_parts(source.place, _parts(arrays))


def npy_tables(source: Source) -> list[Table | Noted]:
    """The table of an array; labels may be in a file beside it: `y_train.npy` of `X_train.npy`.

    Raises:
        ValueError: it has none.
    """
    array = np.load(io.BytesIO(bytes(source.content())), allow_pickle=False)
    if array.ndim == 1 and _sibling(source, "y", "X") is not None:
        return []  # the labels of another file
    arrays: dict[str, Array] = {"X": array}
    labels = _sibling(source, "X", "y")
    if labels is not None:
        arrays["y"] = np.load(labels, allow_pickle=False)
    return tables_of_parts(source.place, _parts(arrays))


def _sibling(source: Source, letter: str, other: str) -> Path | None:
    """The file with another first letter, of any case: X_train.npy and y_train.npy."""
    name = source.path.name
    if source.member or name[:1].lower() != letter.lower():
        return None
    rest = name[1:]
    if rest[:1].isalpha():  # a word such as xylophone.npy
        return None
    near = (source.path.with_name(first + rest) for first in (other.lower(), other.upper()))
    return next((path for path in near if path.is_file()), None)


def _parts(arrays: Mapping[str, Array]) -> list[Part]:
    samples = {name: array for name, array in arrays.items() if array.ndim in (ROWS, TAKES)}
    samples = {name: array for name, array in samples.items() if array.dtype.kind in "iuf"}
    others = {name: array for name, array in arrays.items() if name not in samples}
    if not samples:
        columns = {name: a for name, a in others.items() if a.ndim == 1 and len(a) > 1}
        return [_of_columns(columns)]
    facts = facts_of({name: array.item() for name, array in others.items() if array.size == 1})
    names = next((others[name] for name in NAMES if name in others), None)
    labels = _words(others, Role.LABEL, LABEL)
    people = _words(others, Role.PERSON, PERSON)
    joined, noted, columns_of = _joined(samples, None if names is None else list(map(str, names)))
    if joined.ndim == ROWS:
        words = {**_each_row(labels, joined, LABEL), **_each_row(people, joined, PERSON)}
        return [Part(_frame(joined, columns_of, {**_clock(others, joined), **words}), facts, noted)]
    known = {LABEL: labels, PERSON: people}
    return [
        Part(_frame(take, columns_of, {}), {**facts, **_of_take(known, at, len(joined))}, noted)
        for at, take in enumerate(joined)
    ]


def _joined(
    samples: Mapping[str, Array], names: list[str] | None
) -> tuple[Array, tuple[str, ...], tuple[str, ...]]:
    """All samples side by side, what is noted about them, and the names of their columns."""
    noted: tuple[str, ...] = ()
    turned = {name: _last_axis_is_columns(array, names) for name, array in samples.items()}
    if any(turned[name].shape != samples[name].shape for name in samples):
        noted = ("its axes were exchanged, so that channels come last",)
    if len(turned) == 1:
        (array,) = turned.values()
        if names is not None and len(names) == array.shape[-1]:
            return array, noted, tuple(names)
        columns, words = unnamed(array.shape[-1])
        return array, (*noted, *words), columns
    if len({array.shape[:-1] for array in turned.values()}) > 1:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in samples.items())
        raise ValueError(f"has arrays of different shapes: {shapes}")
    columns = tuple(f"{name} {axis}" for name, a in turned.items() for axis in _axes(a.shape[-1]))
    return np.concatenate(list(turned.values()), axis=-1), noted, columns


def _axes(width: int) -> list[str]:
    return list("xyz") if width == len("xyz") else [str(at) for at in range(width)]


def _last_axis_is_columns(array: Array, names: list[str] | None) -> Array:
    """[takes, 6, n] and [6, n] become [takes, n, 6] and [n, 6]."""
    widths = {*UNNAMED, *([len(names)] if names else [])}
    if array.shape[-1] not in widths and array.shape[-2] in widths:
        return np.swapaxes(array, -1, -2)
    return array


def _words(others: Mapping[str, Array], role: Role, usual: str) -> list[str] | None:
    """Labels or people, one each row or take."""
    for name, array in others.items():
        is_it = read_column(name).role is role or (usual == LABEL and name.lower() in ("y", "t_y"))
        if is_it and array.ndim == 1 and array.size > 1:
            return [str(int(v) if array.dtype.kind == "f" and v == int(v) else v) for v in array]
    return None


def _each_row(words: list[str] | None, samples: Array, name: str) -> dict[str, list[str]]:
    if words is None:
        return {}
    if len(words) != len(samples):
        raise ValueError(f"has {counted(len(samples), 'row')} and {len(words)} of {name}")
    return {name: words}


def _of_take(known: Mapping[str, list[str] | None], at: int, takes: int) -> dict[str, str]:
    for name, words in known.items():
        if words is not None and len(words) != takes:
            raise ValueError(f"has {counted(takes, 'take')} and {len(words)} of {name}")
    return {name: words[at] for name, words in known.items() if words is not None}


def _clock(others: Mapping[str, Array], samples: Array) -> dict[str, Array]:
    for name, array in others.items():
        if array.shape == samples.shape[:1] and read_column(name).role is Role.CLOCK:
            return {name if name != "t" else TIME: array}
    return {}


def _frame(samples: Array, columns: tuple[str, ...], others: Mapping[str, Any]) -> Any:
    import pandas as pd

    return pd.DataFrame({**dict(zip(columns, samples.T, strict=True)), **others})


def _of_columns(columns: Mapping[str, Array]) -> Part:
    """An archive of columns: ax, ay, az, ..."""
    import pandas as pd

    if len(columns) < len("xyz") or len({len(array) for array in columns.values()}) > 1:
        raise ValueError("has no array of rows or takes")
    return Part(pd.DataFrame(dict(columns)))
