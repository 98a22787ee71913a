"""Editing of recordings: trimming, relabelling, discarding, and bringing back."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path

from pipeline.core.artifacts import Recording
from pipeline.core.errors import PipelineError, UsageError
from pipeline.core.files import atomic_write, writing
from pipeline.datasets.intervals import part_of
from pipeline.datasets.recording_file import check_name
from pipeline.datasets.recordings import add_recording, load_recording, save_recording

UNTRIMMED = ".untrimmed"
DISCARDED = ".discarded"  # in the folder of a label; hidden, so that no command reads it


@dataclass(frozen=True)
class Trimmed:
    """A trimmed recording: samples kept of those before, and a copy of the original file."""

    file: Path
    kept: int
    of: int
    untrimmed: Path


def trim_recording(path: Path, start_s: float, stop_s: float | None) -> Trimmed:
    """Keep a part of a recording, by seconds after its first sample; None is the end."""
    recording = load_recording(path)
    seconds = (recording.t_us - recording.t_us[0]) / 1e6
    inside = (seconds >= start_s) & (seconds < (float("inf") if stop_s is None else stop_s))
    if inside.sum() < 2:
        raise _nothing_left(path, float(seconds[-1]))
    first = int(inside.argmax())
    part = part_of(recording, first, first + int(inside.sum()))
    untrimmed = untrimmed_of(path)
    if not untrimmed.exists():
        with atomic_write(untrimmed) as unfinished:
            shutil.copyfile(path, unfinished)
    save_recording(part, path)
    return Trimmed(path, len(part), len(recording), untrimmed)


def untrimmed_of(path: Path) -> Path:
    """Where a trimmed recording is kept as it was."""
    return path.with_name(path.name + UNTRIMMED)


def _nothing_left(path: Path, length_s: float) -> PipelineError:
    return UsageError(
        f"Nothing would be left of {path}.",
        f"it is {length_s:.3f} s long, and --start and --stop are seconds after its first sample",
        f"give a --start below --stop, both from 0 to {length_s:.3f}",
    )


def relabel_recordings(labels: Mapping[Path, str]) -> list[tuple[Path, Path]]:
    """Move each file to the folder of another label, and rewrite its header; returns both paths.

    A moved take gets the next free number, so nothing is overwritten. All files are read before
    the first is moved.
    """
    recordings = [(path, load_recording(path), label) for path, label in labels.items()]
    for path, recording, label in recordings:
        check_name("label", label)
        if recording.label == label and path.parent.name == label:
            raise UsageError(
                f"{path} has the label {label} already.",
                "it was relabelled before, or possibly you mean another file",
                "leave it out of the command; nothing was changed",
            )
    return [(path, _relabel(path, recording, label)) for path, recording, label in recordings]


def _relabel(path: Path, recording: Recording, label: str) -> Path:
    dataset = path.absolute().parent.parent
    target = add_recording(relabelled(recording, label), dataset)
    if (untrimmed := untrimmed_of(path)).exists():
        save_recording(relabelled(load_recording(untrimmed), label), untrimmed_of(target))
        untrimmed.unlink()
    path.unlink()
    return path.parent.parent / label / target.name


def relabelled(recording: Recording, label: str) -> Recording:
    """A recording with another label, also in its intervals."""
    intervals = tuple(
        replace(part, label=label) if part.label == recording.label else part
        for part in recording.intervals
    )
    return replace(recording, label=label, intervals=intervals)


def discard_recording(path: Path) -> Path:
    """Take a recording out of its dataset; returns where `restore_recording` finds it."""
    place = path.parent / DISCARDED / path.name
    with writing(place):
        place.parent.mkdir(exist_ok=True)
        return _moved(path, _free(place))


def discarded_in(dataset: Path) -> list[Path]:
    """The discarded recordings of a dataset, the newest last."""
    found = (
        path for path in dataset.glob(f"*/{DISCARDED}/*.csv*") if not path.name.endswith(UNTRIMMED)
    )
    return sorted(found, key=lambda path: path.stat().st_ctime_ns)


def _free(place: Path) -> Path:
    """A name that no take has that was discarded before."""
    others = (place.with_name(f"{place.name}.{number}") for number in count(2))
    return next(path for path in chain([place], others) if not path.exists())


def _moved(path: Path, place: Path) -> Path:
    """Move a recording, and what it was before it was trimmed."""
    if (untrimmed := untrimmed_of(path)).exists():
        untrimmed.replace(untrimmed_of(place))
    return path.replace(place)


def restore_recording(path: Path) -> Path:
    """Put a discarded recording back under its name, or, where that is taken, the next number."""
    name = path.name.partition(".")[0]
    back = (path.parent.parent / name).with_suffix(".csv")
    with writing(back):
        if back.exists():
            back = add_recording(load_recording(path), back.parent.parent)
        return _moved(path, back)


def untrim_recording(path: Path) -> Path:
    """Bring back a trimmed recording as it was."""
    with writing(path):
        return untrimmed_of(path).replace(path)
