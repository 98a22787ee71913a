"""Exports for other tools: the CSV of the Arduino tutorial, the JSON of Edge Impulse, and Parquet.

The first two cannot say that samples are missing, so takes with gaps are left out and reported.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.core.artifacts import IMU_CHANNELS, Recording
from pipeline.core.errors import PipelineError, UsageError
from pipeline.core.locks import whole_folder
from pipeline.core.original_names import load_names
from pipeline.core.unit_names import STANDARD_GRAVITY
from pipeline.datasets.export_parquet import parquet_files, write_parquet
from pipeline.datasets.importers.columns import TUTORIAL_COLUMNS
from pipeline.datasets.importers.pieces import NEAR
from pipeline.datasets.intervals import single_takes
from pipeline.datasets.names import as_written
from pipeline.datasets.recording_file import Noted
from pipeline.datasets.recordings import load_from_dataset, recording_paths
from pipeline.datasets.tables.json_layouts import LABELS_FILE

FORMATS = ("tutorial", "edge-impulse", "parquet")
NO_SIGNATURE = "0" * 64
_EI_SENSORS = {
    **{f"a{axis}": (f"acc{axis.upper()}", "m/s2", STANDARD_GRAVITY) for axis in "xyz"},
    **{f"g{axis}": (f"gyr{axis.upper()}", "dps", 1.0) for axis in "xyz"},
}


Writers = dict[Path, Callable[[Path], None]]


@dataclass(frozen=True)
class ExportReport:
    """What was exported; read_back: commands that import it again."""

    files: tuple[Path, ...]
    takes: int
    left_out: tuple[Noted, ...]
    read_back: tuple[str, ...] = ()


def export_dataset(dataset: Path, folder: Path, form: str) -> ExportReport:
    """Export all takes of a dataset into a new or empty folder.

    Raises:
        PipelineError: the format is unknown or the folder in use (USAGE), a recording cannot be
            read, or nothing could be exported (LEFT_OUT).
    """
    if form not in FORMATS:
        raise UsageError(
            f"{form!r} is no export format.",
            "it is misspelt, or not supported",
            f"choose from: {', '.join(FORMATS)}",
        )
    takes, left_out = _exportable(dataset, form)
    _check_target(folder)
    if not takes:
        raise PipelineError(
            f"Nothing was exported from {dataset}: {left_out[0]}",
            "no take fits the format",
            "run `gesture data lint`, then correct the takes or record them again",
        )
    if form == "tutorial":
        return _export_tutorial(takes, folder, left_out)
    files = _parquet(takes, folder) if form == "parquet" else _edge_impulse(takes, folder)
    _write_all(folder, files)
    command = f"gesture data import {folder} --dataset NAME"
    return ExportReport(tuple(files), len(takes), tuple(left_out), (command,))


def _parquet(takes: Sequence[Recording], folder: Path) -> Writers:
    files = parquet_files(takes, folder)
    return {path: partial(write_parquet, some) for path, some in files.items()}


def _edge_impulse(takes: Sequence[Recording], folder: Path) -> Writers:
    """A file for each recording, and one with the labels inside them, if there are any."""
    files: Writers = {
        _edge_impulse_path(take, folder): partial(_write_edge_impulse, take) for take in takes
    }
    if any(take.intervals for take in takes):
        files[folder / LABELS_FILE] = partial(_write_labels, takes)
    return files


def _write_all(folder: Path, files: Mapping[Path, Callable[[Path], None]]) -> None:
    """Write all files or none: half an export looks like a whole one."""
    with whole_folder(folder, "data export") as whole:
        for path, write in files.items():
            place = whole / path.relative_to(folder)
            place.parent.mkdir(parents=True, exist_ok=True)
            write(place)


def _check_target(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(
            f"{folder} is there already and not empty.",
            "an export never overwrites or mixes with other files",
            "name a folder that does not exist yet",
        )


def _exportable(dataset: Path, form: str) -> tuple[list[Recording], list[Noted]]:
    takes: list[Recording] = []
    left_out: dict[Noted, None] = {}
    names = load_names(dataset)
    for path in recording_paths(dataset):
        recording = as_written(load_from_dataset(path), names, _is_file_name)
        for take in single_takes([recording]) if form == "tutorial" else [recording]:
            fault = _fault(take, form)
            if fault is None:
                takes.append(take)
            else:
                left_out[Noted(path, None, fault)] = None
    return takes, list(left_out)


def _fault(take: Recording, form: str) -> str | None:
    """Why a take cannot be exported."""
    if take.gaps and form != "parquet":
        return "has gaps, which the format cannot express"
    if form == "tutorial" and not set(IMU_CHANNELS) <= set(take.channels):
        return f"has not all of {', '.join(IMU_CHANNELS)}"
    return None


def _is_file_name(text: str) -> bool:
    """Whether a text can be a part of a file's name up to a dot, on every system."""
    return not set(text) & set('./\\:*?"<>|')


def _export_tutorial(
    takes: Sequence[Recording], folder: Path, left_out: Sequence[Noted]
) -> ExportReport:
    """Write `PERSON/LABEL.csv`, in a folder for each session, rate and length if they differ.

    Takes inside recordings are takes of their own here. The file has neither rate nor length of a
    take, so takes that differ cannot share a folder.
    """
    kinds = _kinds(takes)
    several_sessions = len({take.session for take in takes}) > 1
    files: dict[Path, list[Recording]] = defaultdict(list)
    commands = []
    for (rate_hz, rows), members in kinds.items():
        top = folder / f"{rows}-rows-{rate_hz:g}-Hz" if len(kinds) > 1 else folder
        for take in members:
            place = top / f"session-{take.session}" if several_sessions else top
            files[place / take.person / f"{take.label}.csv"].append(take)
        how = f"--rate-hz {rate_hz:.10g} --take-rows {rows}"
        commands.append(f"gesture data import {top} --dataset NAME {how}")
    writers = {path: partial(_write_tutorial_file, some) for path, some in files.items()}
    _write_all(folder, writers)
    return ExportReport(tuple(files), len(takes), tuple(left_out), tuple(commands))


def _kinds(takes: Iterable[Recording]) -> dict[tuple[float, int], list[Recording]]:
    """Takes by rate and length; the importer accepts small differences of length."""
    kinds: dict[tuple[float, int], list[Recording]] = {}
    for take in sorted(takes, key=lambda take: (take.rate_hz, len(take))):
        rate_hz, rows = next(reversed(kinds), (0.0, 0))
        if take.rate_hz != rate_hz or len(take) - rows > NEAR * rows:
            rate_hz, rows = take.rate_hz, len(take)
        kinds.setdefault((rate_hz, rows), []).append(take)
    return {kind: sorted(members, key=lambda take: take.name) for kind, members in kinds.items()}


def _write_tutorial_file(takes: Sequence[Recording], path: Path) -> None:
    row = ",".join(["%.3f"] * len(TUTORIAL_COLUMNS)) + "\n"
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        stream.write(",".join(TUTORIAL_COLUMNS) + "\n")
        for take in takes:
            columns = [take.channels.index(name) for name in IMU_CHANNELS]
            values = (take.thousandths[:, columns] / 1000).tolist()
            stream.writelines(row % tuple(sample) for sample in values)
            stream.write("\n")


def _edge_impulse_path(take: Recording, folder: Path) -> Path:
    """`LABEL.PERSON-SESSION-N.json`: for the uploader, the label is the name up to the dot."""
    return folder / f"{take.label}.{Path(take.name).name}.json"


def _write_edge_impulse(take: Recording, path: Path) -> None:
    path.write_text(json.dumps(edge_impulse_document(take)) + "\n", encoding="utf-8")


def _write_labels(takes: Sequence[Recording], path: Path) -> None:
    """The labels of all files, as `edge-impulse-uploader --info-file` reads them."""
    files = [
        {
            "path": _edge_impulse_path(take, Path()).name,
            "name": take.label,
            "category": "training",
            "label": _label_entry(take),
        }
        for take in takes
    ]
    path.write_text(json.dumps({"version": 1, "files": files}) + "\n", encoding="utf-8")


def _label_entry(take: Recording) -> dict[str, Any]:
    if not take.intervals:
        return {"type": "label", "label": take.label}
    parts = [
        {"label": part.label, "startIndex": part.start, "endIndex": part.stop - 1}
        for part in take.intervals
    ]
    return {"type": "multi-label", "labels": parts}


def edge_impulse_document(take: Recording) -> dict[str, Any]:
    """A take in the data acquisition format, version 1, unsigned.

    https://docs.edgeimpulse.com/reference/data-acquisition-format
    """
    sensors = [_EI_SENSORS.get(name, (name, "N/A", 1.0)) for name in take.channels]
    factors = np.array([factor for _, _, factor in sensors])
    values = np.round(take.thousandths / 1000 * factors, 6)
    return {
        "protected": {"ver": "v1", "alg": "none"},
        "signature": NO_SIGNATURE,
        "payload": {
            "device_type": take.board,
            "interval_ms": round(1000 / take.rate_hz, 9),
            "sensors": [{"name": name, "units": units} for name, units, _ in sensors],
            "values": values.tolist(),
        },
    }
