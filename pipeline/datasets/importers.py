"""Data that was recorded elsewhere, into recordings: every take saved or accounted for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pipeline.artifacts import Recording
from pipeline.datasets.continuous import even_clock
from pipeline.datasets.editing import relabelled
from pipeline.datasets.names import check_name, next_recording_path, recording_path
from pipeline.datasets.plain_csv import is_plain, read_plain
from pipeline.datasets.recording_faults import Noted
from pipeline.datasets.recording_file import load_recording, save_recording
from pipeline.datasets.tutorial_csv import TUTORIAL_COLUMNS, Found, Take, read_takes
from pipeline.datasets.uhh_imu import read_archive
from pipeline.errors import ExitCode, PipelineError

DEFAULT_PERSON = "p1"
HIGHEST_RATE_HZ = 100_000.0
ARCHIVE = ".npz"
RECORDING = "# format:"  # how a recording of this tool begins
SUFFIXES = (".csv", ARCHIVE)
SHOWN = 10  # of the reasons in an error


@dataclass(frozen=True)
class ImportReport:
    """takes: how many of what was imported are in the dataset now, by (label, person).

    left_out: what is in none of them, and why; noted: what was odd, and was imported.
    """

    dataset: Path
    takes: dict[tuple[str, str], int]
    left_out: tuple[Noted, ...]
    noted: tuple[Noted, ...]

    @property
    def total(self) -> int:
        return sum(self.takes.values())


def import_files(
    path: Path,
    dataset: Path,
    label: str | None,
    person: str | None,
    rate_hz: float,
    take_rows: int,
) -> ImportReport:
    """Import a file, or all `.csv` and `.npz` files of a folder and those in it, into `dataset`.

    Files are recordings of this tool, archives (see uhh_imu), plain CSV of one recording (see
    plain_csv), or the tutorial's CSV. The label is `label`, else the file's name; the person is
    `person`, else the name of the sub-folder the file lies in, else "p1"; a recording's header and
    an archive's name tell both. Importing a file again changes nothing; another file of the same
    label and person becomes a session of its own, or, if it is a recording or an archive, the next
    one of its session.

    Raises PipelineError where an argument cannot be used, or there is no such file (USAGE),
    or not one take could be saved (LEFT_OUT).
    """
    _check_arguments(label, person, rate_hz, take_rows)
    takes: dict[tuple[str, str], int] = {}
    left_out: list[Noted] = []
    noted: list[Noted] = []
    for file in _files(path):
        first = _first_line(file)
        if first.startswith(RECORDING) or _is_archive(file):
            names, count, found = _adopt(file, dataset, label, person)
        else:
            of_file = _names_of(file, path)
            names = (label or of_file[0], person or of_file[1])
            found = _read(file, first, names, take_rows)
            count = len(found.takes)
            if count:
                _save_takes(found.takes, file, dataset, names, rate_hz)
        left_out += found.left_out
        noted += found.noted
        if count:
            takes[names] = takes.get(names, 0) + count
    if not takes:
        raise _nothing_imported(path, left_out)
    return ImportReport(dataset, takes, tuple(left_out), tuple(noted))


def _first_line(file: Path) -> str:
    """Empty where there is none that can be read: the reader says why."""
    try:
        with file.open(encoding="utf-8-sig") as stream:
            return stream.readline()
    except (OSError, UnicodeDecodeError):
        return ""


def _adopt(
    file: Path, dataset: Path, label: str | None, person: str | None
) -> tuple[tuple[str, str], int, Found]:
    """Copy a recording, unless the very same is there; its names and 1, or 0."""
    noted: list[Noted] = []
    try:
        recording, noted = read_archive(file) if _is_archive(file) else (load_recording(file), [])
    except PipelineError as error:
        return ("", ""), 0, Found([], [Noted(file, None, error.what.removeprefix(f"{file} "))], [])
    names = (label or recording.label, person or recording.person)
    recording = replace(relabelled(recording, names[0]), person=names[1])
    target = next_recording_path(dataset, *names, recording.session)
    there = target.parent.glob(f"{names[1]}-{recording.session}-*.csv")
    if not any(_same(load_recording(path), recording) for path in there):
        save_recording(recording, target)
    return names, 1, Found([], [], noted)


def _is_archive(file: Path) -> bool:
    return file.suffix.lower() == ARCHIVE


def _same(one: Recording, other: Recording) -> bool:
    arrays = ((one.thousandths, other.thousandths), (one.seq, other.seq), (one.t_us, other.t_us))
    return one.intervals == other.intervals and all(np.array_equal(*pair) for pair in arrays)


def _check_arguments(label: str | None, person: str | None, rate_hz: float, take_rows: int) -> None:
    if label is not None:
        check_name("label", label)
    if person is not None:
        check_name("person", person)
    if not 0 < rate_hz <= HIGHEST_RATE_HZ or take_rows < 2:
        raise PipelineError(
            f"{take_rows} rows a take at {rate_hz:g} Hz is not possible.",
            "a take has two rows or more, and a rate lies above 0 and up to 100 kHz",
            "the tutorial's files have `--rate-hz 119 --take-rows 119`",
            ExitCode.USAGE,
        )


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise PipelineError(
            f"There is no file or folder {path}.",
            "the path is misspelt, or relative to another folder",
            "give the CSV file saved from the serial monitor, or the folder that holds it",
            ExitCode.USAGE,
        )
    files = sorted(
        file
        for file in path.rglob("*")
        if file.suffix.lower() in SUFFIXES and file.is_file() and not file.name.startswith(".")
    )
    if not files:
        raise PipelineError(
            f"There is no .csv or .npz file in {path}.",
            "it is another folder, or the files have another ending",
            "give the folder that holds punch.csv, flex.csv and the like, or one file by name",
            ExitCode.USAGE,
        )
    return files


def _names_of(file: Path, path: Path) -> tuple[str, str]:
    """The label and the person that a file's name and place tell."""
    person = DEFAULT_PERSON if path in (file, file.parent) else file.parent.name
    return file.stem, person


def _read(file: Path, first_line: str, names: tuple[str, str], take_rows: int) -> Found:
    fault = _name_fault(names)
    if fault is not None:
        return Found([], [Noted(file, None, fault)], [])
    if is_plain(first_line):
        return read_plain(file)
    return read_takes(file, take_rows)


def _name_fault(names: tuple[str, str]) -> str | None:
    try:
        for kind, name in zip(("label", "person"), names, strict=True):
            check_name(kind, name)
    except PipelineError as error:
        return f"{error.what} Rename it or give --{kind}: {error.next_step}"
    return None


def _save_takes(
    takes: Sequence[Take], file: Path, dataset: Path, names: tuple[str, str], rate_hz: float
) -> None:
    session = _session_of(takes, dataset, names)
    for take in takes:
        seq, t_us = even_clock(len(take.samples), rate_hz)
        recording = Recording(
            samples=take.samples,
            seq=seq,
            t_us=t_us,
            rate_hz=rate_hz,
            label=names[0],
            person=names[1],
            session=session,
            source=f"imported from {file.name}, take {take.number}, line {take.line}",
            channels=take.channels,
            intervals=take.intervals,
        )
        save_recording(recording, recording_path(dataset, *names, session, take.number))


def _session_of(takes: Sequence[Take], dataset: Path, names: tuple[str, str]) -> str:
    """The first session in which none of the takes' places holds something else."""
    session = 1
    while any(
        _holds_another(recording_path(dataset, *names, str(session), take.number), take)
        for take in takes
    ):
        session += 1
    return str(session)


def _holds_another(path: Path, take: Take) -> bool:
    if not path.is_file():
        return False
    there = load_recording(path).thousandths
    return not np.array_equal(there, np.rint(take.samples.astype(np.float64) * 1000))


def _nothing_imported(path: Path, left_out: Sequence[Noted]) -> PipelineError:
    shown = "\n".join(f"  - {entry}" for entry in left_out[:SHOWN])
    more = f"\n  - and {len(left_out) - SHOWN} more" if len(left_out) > SHOWN else ""
    return PipelineError(
        f"Nothing was imported from {path}:\n{shown}{more}",
        "not one take is as the 2019 Arduino tutorial's sketch prints it; each line above says why",
        f"a file needs a first line {','.join(TUTORIAL_COLUMNS)}, then six numbers a line, and "
        "`--take-rows` lines a take; data/README.md has the other forms",
        ExitCode.LEFT_OUT,
    )
