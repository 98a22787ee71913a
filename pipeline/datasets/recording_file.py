"""The file of one recording: written and read here, nowhere else."""

from __future__ import annotations

from pathlib import Path

from pipeline.artifacts import Recording
from pipeline.datasets.recording_faults import bad_file, gaps_in
from pipeline.datasets.recording_header import (
    clock_in,
    faults_in,
    intervals_in,
    name_in,
    pulled_in,
    rate_in,
    recording_header,
    take_in,
)
from pipeline.datasets.recording_table import read_table, write_table
from pipeline.errors import PipelineError


def save_recording(recording: Recording, path: Path) -> None:
    """Write `recording` to `path`, all of it or nothing. Samples are rounded to 0.001.

    Raises PipelineError for samples that are not numbers a sensor can give, and for `seq` or
    `t_us` that run backwards: such a file could not be loaded again.
    """
    write_table(recording, recording_header(recording), path)


def load_recording(path: Path) -> Recording:
    """The recording in `path`; gaps are read off `seq`, the header's are for people.

    Raises PipelineError that names the file and the line of the first fault.
    """
    header, columns, seq, t_us, samples = read_table(path)
    if "series" in header:
        raise _is_series(path, header["series"])
    return Recording(
        samples=samples,
        seq=seq,
        t_us=t_us,
        rate_hz=rate_in(path, header),
        label=name_in(path, header, "label"),
        person=name_in(path, header, "person"),
        session=name_in(path, header, "session"),
        board=header.get("board", "unknown"),
        source=header.get("source", "unknown"),
        channels=columns,
        gaps=gaps_in(seq),
        intervals=intervals_in(path, header, len(seq)),
        faults=faults_in(path, header, len(seq)),
        take=take_in(path, header),
        clock=clock_in(path, header),
        pulled=pulled_in(path, header),
        name=f"{path.parent.name}/{path.stem}",
    )


def _is_series(path: Path, what: str) -> PipelineError:
    return bad_file(
        path,
        None,
        f"is a series of the {what}",
        "it has no movements and no label; a forecast is learned from it, not a gesture",
        "name a recording; an emulated board is fed a series with --environment",
    )
