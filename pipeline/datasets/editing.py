"""Changing recordings that are there: cutting one, and giving some another label."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.artifacts import Interval, Recording
from pipeline.datasets.names import check_name, next_recording_path
from pipeline.datasets.recording_faults import gaps_in
from pipeline.datasets.recording_file import load_recording, save_recording
from pipeline.errors import ExitCode, PipelineError
from pipeline.files import atomic_write

UNTRIMMED = ".untrimmed"


@dataclass(frozen=True)
class Trimmed:
    """kept, of: samples; untrimmed: where the recording as it was is kept."""

    file: Path
    kept: int
    of: int
    untrimmed: Path


def trim_recording(path: Path, start_s: float, stop_s: float | None) -> Trimmed:
    """Keep what lies in [start_s, stop_s) after the first sample; None is the end.

    What was there first stays beside it, under a name that is no recording's.
    Raises PipelineError (USAGE) where less than two samples would be left.
    """
    recording = load_recording(path)
    seconds = (recording.t_us - recording.t_us[0]) / 1e6
    kept = (seconds >= start_s) & (seconds < (float("inf") if stop_s is None else stop_s))
    if kept.sum() < 2:
        raise _nothing_left(path, float(seconds[-1]))
    first = int(kept.argmax())
    part = _part(recording, first, first + int(kept.sum()))
    untrimmed = path.with_name(path.name + UNTRIMMED)
    if not untrimmed.exists():
        with atomic_write(untrimmed) as unfinished:
            shutil.copyfile(path, unfinished)
    save_recording(part, path)
    return Trimmed(path, len(part), len(recording), untrimmed)


def _part(recording: Recording, start: int, stop: int) -> Recording:
    kept = slice(start, stop)
    inside = (
        Interval(max(part.start, start) - start, min(part.stop, stop) - start, part.label)
        for part in recording.intervals
        if part.start < stop and part.stop > start
    )
    return replace(
        recording,
        samples=recording.samples[kept],
        seq=recording.seq[kept],
        t_us=recording.t_us[kept],
        gaps=gaps_in(recording.seq[kept]),
        intervals=tuple(inside),
        faults=tuple(
            replace(fault, index=fault.index - start)
            for fault in recording.faults
            if start < fault.index < stop
        ),
    )


def _nothing_left(path: Path, length_s: float) -> PipelineError:
    return PipelineError(
        f"Nothing would be left of {path}.",
        f"it is {length_s:.3f} s long, and --start and --stop are seconds after its first sample",
        f"give a --start below --stop, both from 0 to {length_s:.3f}",
        ExitCode.USAGE,
    )


def relabel_recordings(files: Sequence[Path], label: str) -> list[tuple[Path, Path]]:
    """Move each file to the folder of `label` in its dataset, and rewrite its header.

    A moved take gets the next free number: nothing is overwritten. All files are read before
    the first is moved. Returns where each was and is.
    Raises PipelineError for a file that cannot be read, or that has that label already (USAGE).
    """
    check_name("label", label)
    recordings = [(path, load_recording(path)) for path in dict.fromkeys(files)]
    for path, recording in recordings:
        if recording.label == label and path.parent.name == label:
            raise PipelineError(
                f"{path} is labelled {label} already.",
                "it was relabelled before, or is not the file that was meant",
                "leave it out of the command; nothing was changed",
                ExitCode.USAGE,
            )
    return [(path, _relabel(path, recording, label)) for path, recording in recordings]


def _relabel(path: Path, recording: Recording, label: str) -> Path:
    dataset = path.absolute().parent.parent
    target = next_recording_path(dataset, label, recording.person, recording.session)
    save_recording(relabelled(recording, label), target)
    path.unlink()
    return path.parent.parent / label / target.name


def relabelled(recording: Recording, label: str) -> Recording:
    """With its intervals that have its label."""
    intervals = tuple(
        replace(part, label=label) if part.label == recording.label else part
        for part in recording.intervals
    )
    return replace(recording, label=label, intervals=intervals)
