"""Understand the files of an import: one pass over all of them that writes nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from pipeline.core.errors import PipelineError, UsageError
from pipeline.core.files import regular, why_missing
from pipeline.core.imu_columns import Role, sensor_of
from pipeline.datasets.importers.findings import OpenError, Question, UnusableError
from pipeline.datasets.importers.joining import joined
from pipeline.datasets.importers.motion import Motion, about_clock, motion_of
from pipeline.datasets.importers.naming import Naming, label_question, naming_of
from pipeline.datasets.importers.options import SENSORS, ImportOptions
from pipeline.datasets.importers.periods import period_of
from pipeline.datasets.importers.pieces import Pieces, blocks_of, pieces_of
from pipeline.datasets.importers.sensor_rows import separated
from pipeline.datasets.importers.units import Units, alike, units_of
from pipeline.datasets.recording_file import Noted
from pipeline.datasets.tables.formats import SUFFIXES, TEXTS, tables_of
from pipeline.datasets.tables.sources import Source, sources
from pipeline.datasets.tables.table import Table
from pipeline.datasets.uhh_imu import NAME as ARCHIVE_NAME

TUTORIAL_RATE_HZ = 119.0
TUTORIAL_ROWS = 119
RECORDING = b"# format:"  # how a recording of this tool begins
ARCHIVE = ".npz"
SAME_RATE = 0.02  # rates that differ less are one
BY_CLOCK, BY_OPTION, BY_TUTORIAL, BY_FILE = "clock", "option", "tutorial", "file"


@dataclass(frozen=True)
class Understood:
    """One file, with all that is needed to save it.

    Args:
        rate_by: clock, option, tutorial or file.
    """

    motion: Motion
    units: Units
    rate_hz: float
    rate_by: str
    pieces: Pieces


@dataclass(frozen=True)
class Understanding:
    """What an import understood.

    Args:
        paths: what was read.
        files: those whose recordings are clear.
        own: recordings of this tool and archives, which say everything themselves.
        questions: what is open; its file is left out.
        left_out: what cannot be imported, and why.
        noted: what was unusual.
    """

    paths: tuple[Path, ...]
    options: ImportOptions
    files: tuple[Understood, ...]
    own: tuple[Path, ...]
    naming: Naming | None
    questions: tuple[Question, ...] = ()
    left_out: tuple[Noted, ...] = ()
    noted: tuple[Noted, ...] = ()

    @property
    def recordings(self) -> int:
        """How many recordings are clear."""
        return len(self.own) + sum(len(file.pieces.pieces) for file in self.files)


@dataclass
class _Found:
    """What is collected on the way."""

    questions: list[Question] = field(default_factory=list)
    left_out: list[Noted] = field(default_factory=list)
    noted: list[Noted] = field(default_factory=list)
    strange: list[tuple[PurePath, Table, Noted]] = field(default_factory=list)  # without motion


def understand(
    paths: Sequence[Path], options: ImportOptions | None = None, known_labels: Sequence[str] = ()
) -> Understanding:
    """Understand files, zip archives, or all files of folders; nothing is written.

    Args:
        paths: at least one.
        known_labels: of the dataset, which help to tell labels from people.

    Raises:
        PipelineError: USAGE, where there is nothing to read.
    """
    options = options or ImportOptions()
    found = _Found()
    own, motions = _read(paths, options, found)
    _sort_out(found, motions)
    motions = joined(motions, found.noted)
    motions = _with_acceleration(motions, found)
    files = _understood(motions, options, found)
    naming = naming_of([file.motion for file in files], options, known_labels) if files else None
    if isinstance(naming, Question):
        found.questions.append(naming)
        naming, files = None, []
    elif naming is not None:
        files = _labelled(files, naming, found)
    return Understanding(
        tuple(paths),
        options,
        tuple(files),
        tuple(own),
        naming,
        tuple(found.questions),
        tuple(found.left_out),
        tuple(found.noted),
    )


def _labelled(files: Sequence[Understood], naming: Naming, found: _Found) -> list[Understood]:
    questions = [label_question(file.motion, naming) for file in files]
    found.questions += [question for question in questions if question is not None]
    return [file for file, question in zip(files, questions, strict=True) if question is None]


def _sources(path: Path) -> list[Source]:
    if not path.exists():
        raise UsageError(
            f"There is no file or folder {path}.",
            why_missing(
                path, "file or folder", "the path is misspelt, or relative to another folder"
            ),
            "give the file saved from the serial monitor or an app, or its folder",
        )
    found = sources(path, SUFFIXES)
    if not found:
        raise UsageError(
            f"There is no file in {path} that may hold recordings.",
            f"its files have other endings than {', '.join(TEXTS)}, .json, .npz, .parquet",
            "give the folder with punch.csv, flex.csv and so on, or one file by name",
        )
    return found


def _read(
    paths: Sequence[Path], options: ImportOptions, found: _Found
) -> tuple[list[Path], list[Motion]]:
    own: list[Path] = []
    motions: list[Motion] = []
    top = _top(paths)
    for source in dict.fromkeys(source for path in paths for source in _sources(path)):
        if _is_own(source):
            own.append(source.path)
            continue
        for table in tables_of(source, options.separator):
            if isinstance(table, Noted):
                found.left_out.append(table)
                continue
            try:
                motions += separated(motion_of(table, _name(source, top), options))
            except OpenError as error:
                found.questions.append(error.question)
            except UnusableError as error:
                note = Noted(table.place, error.line, error.reason)
                found.strange.append((_name(source, top), table, note))
    return own, motions


def _sort_out(found: _Found, motions: Sequence[Motion]) -> None:
    """Tables without motion: what an app adds is noted, all others are left out."""
    of_apps = {m.name.parent for m in motions if sensor_of(m.name.stem) in SENSORS}
    for name, table, note in found.strange:
        is_beside = bool(of_apps & set(name.parents))
        is_known = is_beside or sensor_of(name.stem) in (Role.MAGNETOMETER, Role.OTHER)
        is_prose = bool(table.first_lines) and not any(map(str.isdigit, "".join(table.first_lines)))
        (found.noted if motions and (is_known or is_prose) else found.left_out).append(note)


def _is_own(source: Source) -> bool:
    """Whether a file is a recording of this tool, or an archive of UHH-IMU."""
    if source.member:
        return False
    if source.path.suffix.lower() == ARCHIVE:
        return ARCHIVE_NAME.fullmatch(source.path.stem) is not None
    try:
        with regular(source.path).open("rb") as stream:
            return stream.readline(80).removeprefix(b"\xef\xbb\xbf").startswith(RECORDING)
    except (OSError, PipelineError):
        return False


def _top(paths: Sequence[Path]) -> Path:
    """The folder that all files are in; of several folders, the one that they are in."""
    if len(paths) == 1 and paths[0].is_dir():
        return paths[0].absolute()
    return Path(os.path.commonpath([path.absolute().parent for path in paths]))


def _name(source: Source, top: Path) -> PurePath:
    """The name of a file beneath what is imported."""
    return Path(source.name).absolute().relative_to(top)


def _with_acceleration(motions: Sequence[Motion], found: _Found) -> list[Motion]:
    usable: list[Motion] = []
    for motion in motions:
        if motion.layout.sensor(Role.ACCELERATION) is None:
            what = "has turning and no acceleration, and there is no file of it beside it"
            found.left_out.append(Noted(motion.place, None, what))
        else:
            usable.append(motion)
            found.noted += [*motion.noted, *about_clock(motion)]
    return usable


def _understood(
    motions: Sequence[Motion], options: ImportOptions, found: _Found
) -> list[Understood]:
    """Files with the same columns share units; all files share the length of takes."""
    same: dict[tuple[str, ...], list[Motion]] = {}
    for motion in motions:
        same.setdefault((*motion.layout_key, *motion.table.columns), []).append(motion)
    rates = _one_rate(motions)
    files: list[Understood] = []
    for some in (group for columns in same.values() for group in _groups(columns, options)):
        try:
            units = units_of(some, options)
            take_rows, is_found = _take_rows(some, options)
        except OpenError as error:
            found.questions.append(error.question)
            found.left_out += [
                Noted(motion.place, None, f"{error.question.what}; as {some[0].place.name}")
                for motion in some[1:]
            ]
            continue
        for motion in some:
            rate = _rate(motion, units, options, rates)
            if isinstance(rate, Question):
                found.questions.append(rate)
                continue
            pieces = pieces_of(motion, units, take_rows, is_found)
            found.left_out += pieces.left_out
            files.append(Understood(motion, units, *rate, pieces))
    return files


def _groups(motions: Sequence[Motion], options: ImportOptions) -> list[list[Motion]]:
    """Files of the same columns and units; a unit that is unknown is asked about later."""
    try:
        return alike(motions, options)
    except OpenError:
        return [list(motions)]


def _take_rows(motions: Sequence[Motion], options: ImportOptions) -> tuple[int | None, bool]:
    """The rows of a take, and whether they were found in files without marks between takes."""
    if options.take_rows is not None:
        return options.take_rows, False
    first = motions[0]
    if not first.layout.is_tutorial or first.words or first.clock is not None:
        return None, False
    blocks = [(motion, blocks_of(motion)) for motion in motions]
    long = [m for m, parts in blocks if len(parts) == 1 and len(m) >= 2 * TUTORIAL_ROWS]
    if not long:
        return None, False
    rows = period_of([motion.samples for motion in long], TUTORIAL_ROWS)
    if rows is None:
        lengths = ", ".join(str(len(motion)) for motion in long[:3])
        what = f"{lengths} rows are no whole takes of {TUTORIAL_ROWS}, and no other length is clear"
        raise OpenError(
            Question(
                long[0].place, what, "--take-rows", "140", "take_rows", long[0].table.first_lines
            )
        )
    return rows, True


def _one_rate(motions: Sequence[Motion]) -> dict[Path, float]:
    """The rates of files with clocks; those that differ little get their common one."""
    of_files = sorted((m.clock.rate_hz, m.place) for m in motions if m.clock is not None)
    rates: dict[Path, float] = {}
    start = 0
    for at in range(1, len(of_files) + 1):
        if at == len(of_files) or of_files[at][0] > of_files[start][0] * (1 + SAME_RATE):
            common = _round_rate(of_files[(start + at) // 2][0])
            rates |= {place: common for _, place in of_files[start:at]}
            start = at
    return rates


def _round_rate(rate_hz: float) -> float:
    """Clocks are right to a thousandth or so."""
    whole = round(rate_hz)
    return float(whole) if whole and abs(rate_hz / whole - 1) < 1e-3 else float(f"{rate_hz:.4g}")


def _rate(
    motion: Motion, units: Units, options: ImportOptions, rates: dict[Path, float]
) -> tuple[float, str] | Question:
    if options.rate_hz is not None:
        return options.rate_hz, BY_OPTION
    if motion.clock is not None:
        return rates[motion.place], BY_CLOCK
    if "rate_hz" in motion.facts:
        return float(motion.facts["rate_hz"]), BY_FILE
    if motion.layout.is_tutorial and all(unit.factor == 1 for unit in units.values()):
        return TUTORIAL_RATE_HZ, BY_TUTORIAL
    what = "it has no clock, so how many rows a second it has is not told"
    return Question(motion.place, what, "--rate-hz", "119", "rate_hz", motion.table.first_lines)
