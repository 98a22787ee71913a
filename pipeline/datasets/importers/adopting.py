"""Recordings of this tool, and the archives of UHH-IMU: they say everything themselves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from pipeline.core.artifacts import Recording
from pipeline.core.errors import PipelineError
from pipeline.datasets.editing import relabelled
from pipeline.datasets.recording_file import Noted
from pipeline.datasets.recordings import add_recording, load_recording
from pipeline.datasets.uhh_imu import read_archive


def adopt(
    file: Path, dataset: Path, label: str | None, person: str | None
) -> tuple[tuple[str, str], list[Noted]] | Noted:
    """Copy a recording, unless the same one is there.

    Returns:
        Its label and person, and what was unusual; or why it cannot be read.
    """
    try:
        recording, noted = (
            read_archive(file) if file.suffix == ".npz" else (load_recording(file), [])
        )
    except PipelineError as error:
        return Noted(file, None, error.what.removeprefix(f"{file} "))
    names = (label or recording.label, person or recording.person)
    recording = replace(relabelled(recording, names[0]), person=names[1])
    present = (dataset / names[0]).glob(f"{names[1]}-{recording.session}-*.csv")
    if not any(_same(load_recording(path), recording) for path in present):
        add_recording(recording, dataset)
    return names, noted


def _same(one: Recording, other: Recording) -> bool:
    arrays = ((one.thousandths, other.thousandths), (one.seq, other.seq), (one.t_us, other.t_us))
    return one.intervals == other.intervals and all(np.array_equal(*pair) for pair in arrays)
