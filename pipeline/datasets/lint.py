"""Lint: checks of a dataset, before a model learns its faults."""

from __future__ import annotations

import codecs
import itertools
import re
import shlex
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.core.artifacts import IMU_CHANNELS, Float32, Int64, Recording
from pipeline.core.errors import PipelineError
from pipeline.core.original_names import OriginalNames, load_names
from pipeline.core.plurals import counted
from pipeline.core.progress import OnStep
from pipeline.datasets.intervals import single_takes
from pipeline.datasets.near_copies import near_copies
from pipeline.datasets.recordings import load_from_dataset, recording_paths
from pipeline.datasets.streams import runs_of

Float64 = NDArray[np.float64]

ACCELERATION = IMU_CHANNELS[:3]
ROTATION = IMU_CHANNELS[3:]
FULL_SCALES = {ACCELERATION: (2, 4, 8, 16), ROTATION: (125, 245, 250, 500, 1000, 2000)}
END_OF_RANGE = 0.998  # of the full scale


def reached_full_scale(axes: tuple[str, ...], peak: float) -> float | None:
    """The range of a sensor whose end is the largest reading; None where it is no end."""
    ends = (s for s in FULL_SCALES[axes] if END_OF_RANGE * s <= peak <= s / END_OF_RANGE)
    return next(ends, None)


def is_beyond_all(axes: tuple[str, ...], peak: float) -> bool:
    """Whether no sensor measures so much: these are raw counts, or another unit."""
    return peak > max(FULL_SCALES[axes]) / END_OF_RANGE


@dataclass(frozen=True)
class Finding:
    """A finding of a check, in a file or folder; line: from 1, None for all of it."""

    check: str
    file: Path
    line: int | None
    what: str
    next_step: str

    @property
    def place(self) -> str:
        """The file, with the line if there is one."""
        return f"{self.file}" if self.line is None else f"{self.file}:{self.line}"


@dataclass(frozen=True)
class TakeFile:
    """A take, with the lines of its file; first_row: of the take in a long recording."""

    path: Path
    recording: Recording
    names: OriginalNames
    first_row: int = 0

    def inner(self) -> list[TakeFile]:
        """The takes of a long recording; any other is a take itself."""
        firsts = [part.start for part in self.recording.intervals] or [0]
        return [
            replace(self, recording=take, first_row=first)
            for take, first in zip(single_takes([self.recording]), firsts, strict=True)
        ]

    def line_of_row(self, row: int) -> int:
        """The line, from 1, of a sample, from 0; -1 is the last one."""
        lines = _lines_of_rows(self.path, self.path.stat().st_mtime_ns)
        return int(lines[self.first_row + row % len(self.recording) + 1])

    def line_of_key(self, key: str) -> int | None:
        """The line of a header entry."""
        with self.path.open(encoding="utf-8-sig") as lines:
            starts = (n for n, line in enumerate(lines, 1) if line.startswith(f"# {key}:"))
            return next(starts, None)

    def finding(self, check: str, row: int, what: str, next_step: str) -> Finding:
        """A finding at a sample, counted from 0."""
        return Finding(check, self.path, self.line_of_row(row), what, next_step)

    @property
    def has_imu(self) -> bool:
        """Whether it has all six channels."""
        return set(IMU_CHANNELS) <= set(self.recording.channels)

    @cached_property
    def imu(self) -> Float32:
        """float32 [n, 6] in the order of IMU_CHANNELS; only where `has_imu`."""
        columns = [self.recording.channels.index(name) for name in IMU_CHANNELS]
        return np.ascontiguousarray(self.recording.samples[:, columns])

    @property
    def label(self) -> str:
        """The label, for people."""
        return self.names.shown("label", self.recording.label)

    @property
    def person(self) -> str:
        """The person, for people."""
        return self.names.shown("person", self.recording.person)

    @property
    def session(self) -> str:
        """The session, for people."""
        return self.names.shown("session", self.recording.session)

    @property
    def group(self) -> tuple[str, str]:
        """Person and session: a group of a split by session."""
        return self.recording.person, self.recording.session

    @property
    def group_name(self) -> str:
        """Person and session, for people."""
        return f"{self.person}, session {self.session}"


@lru_cache(maxsize=1)  # the findings of a file come one after the other
def _lines_of_rows(path: Path, changed_ns: int) -> Int64:  # noqa: ARG001, the key of the cache
    """The lines, from 1, of the head of the table and of its rows: int64 [1 + rows]."""
    content = path.read_bytes().removeprefix(codecs.BOM_UTF8)
    content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    letters = np.frombuffer(content, np.uint8)
    starts = np.append(0, np.flatnonzero(letters[:-1] == ord("\n")) + 1)
    stops = np.append(starts[1:], len(content))
    is_empty = np.isin(letters[starts], list(b"#\n"))
    for line in np.flatnonzero(np.isin(letters[starts], list(b" \t"))).tolist():
        is_empty[line] = not content[starts[line] : stops[line]].strip()
    return np.flatnonzero(~is_empty) + 1


CLOCK_TOLERANCE = 0.02  # the same as in training
SLOW_STEP = 2.5  # sampling periods between two samples with neighbouring numbers
PLATEAU_ROWS = 3
ABRUPT = 0.02  # of the extreme; a slow rotation of the hand has a round top
PLATEAU_FROM = {ACCELERATION: 1.5, ROTATION: 100.0}  # a lower plateau is a board at rest
STUCK_ROWS = 10
STUCK_SHARE = 0.5  # of a take
FROZEN_ROWS = 5  # of all axes at once; noise alone never keeps them equal so long


def _check_take(take: TakeFile, full_scales: dict[tuple[str, ...], float | None]) -> list[Finding]:
    """full_scales: for each kind of axes, the end of the range that the dataset reaches."""
    findings = [*_gaps(take), *_slow_clock(take), *_measured_rate(take)]
    if take.has_imu:
        findings += [*_clipping(take, full_scales), *_stuck(take)]
    return findings


def _reached_full_scales(takes: Sequence[TakeFile]) -> dict[tuple[str, ...], float | None]:
    scales: dict[tuple[str, ...], float | None] = {}
    for kind, at in zip(FULL_SCALES, (slice(0, 3), slice(3, 6)), strict=True):
        peak = max((np.abs(take.imu[:, at]).max() for take in takes if take.has_imu), default=0)
        scales[kind] = reached_full_scale(kind, float(peak))
    return scales


def _gaps(take: TakeFile) -> Iterator[Finding]:
    gaps = take.recording.gaps
    if gaps:
        missing = sum(gap.missing for gap in gaps)
        places = "one place" if len(gaps) == 1 else f"{len(gaps)} places"
        yield take.finding(
            "gap",
            gaps[0].index,
            f"{missing} samples are missing in {places}, the first before this line",
            "record the take again, or keep the part without a gap: "
            "`gesture data trim FILE --start S --stop S`",
        )


def _slow_clock(take: TakeFile) -> Iterator[Finding]:
    recording = take.recording
    period_us = 1e6 / recording.rate_hz
    lag = np.diff(recording.t_us) - np.diff(recording.seq) * period_us
    late = np.flatnonzero(lag > (SLOW_STEP - 1) * period_us) + 1
    if len(late):
        yield take.finding(
            "gap",
            int(late[0]),
            f"the board's clock jumps by {lag[late[0] - 1] / 1000:.0f} ms although no number is "
            f"missing, in {len(late)} places",
            "the sensor was read too late: record the take again",
        )


def _measured_rate(take: TakeFile) -> Iterator[Finding]:
    rate_hz, measured_hz = take.recording.rate_hz, take.recording.measured_rate_hz
    if abs(measured_hz - rate_hz) > CLOCK_TOLERANCE * rate_hz:
        yield Finding(
            "rate",
            take.path,
            take.line_of_key("rate_hz"),
            f"says {rate_hz:g} Hz, but its clock counts {measured_hz:.1f} Hz",
            "write the true rate into the `# rate_hz:` line if the clock is right; "
            "otherwise record again",
        )


def _clipping(
    take: TakeFile, full_scales: dict[tuple[str, ...], float | None]
) -> Iterator[Finding]:
    """Readings at the end of the sensor's range, or a flat top at any value."""
    clipped = np.zeros(take.imu.shape, dtype=bool)
    for kind, first in ((ACCELERATION, 0), (ROTATION, 3)):
        full_scale = full_scales[kind]
        for column in range(first, first + 3):
            values = np.abs(take.imu[:, column])
            clipped[:, column] = _flat_top(values, PLATEAU_FROM[kind])
            if full_scale is not None:
                clipped[:, column] |= values >= END_OF_RANGE * full_scale
    rows = np.flatnonzero(clipped.any(axis=1))
    if len(rows):
        columns = np.flatnonzero(clipped.any(axis=0))
        peaks = ", ".join(f"{IMU_CHANNELS[at]} at {_peak(take.imu[:, at]):g}" for at in columns)
        yield take.finding(
            "clipping",
            int(rows[0]),
            f"{len(rows)} of {len(take.imu)} samples stand at the end of the range: {peaks}",
            "set the sensor to a larger range and record again, or move less hard; clipped "
            "samples cannot be repaired",
        )


def _peak(values: Float32) -> float:
    return float(values[np.argmax(np.abs(values))])


def _flat_top(values: Float32, lowest: float) -> NDArray[np.bool_]:
    """Samples of runs at the maximum of the take that begin or end abruptly: bool [n]."""
    top = float(values.max())
    cut = np.zeros(len(values), dtype=bool)
    if top >= lowest:
        for start, stop in runs_of(np.equal(values, top)):
            beside = values[max(0, start - 1) : stop + 1].min()
            if stop - start >= PLATEAU_ROWS and top - beside >= ABRUPT * top:
                cut[start:stop] = True
    return cut


def _stuck(take: TakeFile) -> list[Finding]:
    rows = len(take.imu)
    if rows < STUCK_ROWS:
        return []
    same = take.imu[1:] == take.imu[:-1]
    frozen = same.all(axis=1)
    if longest_run(frozen) + 1 >= FROZEN_ROWS:
        return [_stuck_finding(take, "all axes repeat", frozen)]
    findings = []
    for column, name in enumerate(IMU_CHANNELS):
        repeats = same[:, column]
        if longest_run(repeats) + 1 >= max(STUCK_ROWS, STUCK_SHARE * rows):
            what = f"{name} keeps the value {take.imu[_run_start(repeats), column]:g}"
            findings.append(_stuck_finding(take, what, repeats))
    return findings


def _stuck_finding(take: TakeFile, what: str, same: NDArray[np.bool_]) -> Finding:
    return take.finding(
        "stuck-axis",
        _run_start(same),
        f"{what} for {longest_run(same) + 1} of {len(take.imu)} samples from this line on",
        "the sensor gave nothing new: restart the board, and record the take again",
    )


def longest_run(flags: NDArray[np.bool_]) -> int:
    """The length of the longest run of True."""
    return max((stop - start for start, stop in runs_of(flags)), default=0)


def _run_start(flags: NDArray[np.bool_]) -> int:
    return max(runs_of(flags), key=lambda run: run[1] - run[0])[0]


COPY_WITHIN_SESSION = 0.999  # a practised hand repeats a gesture nearly so well


def _check_duplicates(takes: Sequence[TakeFile], on_progress: OnStep) -> list[Finding]:
    first: dict[bytes, TakeFile] = {}
    findings, single = [], []
    for take in takes:
        key = take.recording.thousandths.tobytes()
        if key in first:
            findings.append(_duplicate(take, first[key]))
        else:
            first[key] = take
            single.append(take)
    return findings + _near_duplicates(single, on_progress)


def _duplicate(take: TakeFile, earlier: TakeFile) -> Finding:
    other = take.recording.label != earlier.recording.label
    label = f", which says it is {earlier.label}" if other else ""
    what = f"the same samples as {earlier.path} {_whose(take, earlier)}{label}"
    return take.finding("duplicate", 0, what, "delete one of the two files")


def _near_duplicates(takes: Sequence[TakeFile], on_progress: OnStep) -> list[Finding]:
    usable = [take for take in takes if take.has_imu and len(take.imu) > 2]
    if len(usable) < 2:
        return []
    copies = near_copies([take.imu for take in usable], on_progress)
    pairs = ((usable[one], usable[other], likeness) for one, other, likeness in copies)
    return [
        _near_finding(take, earlier, likeness)
        for take, earlier, likeness in pairs
        if take.group != earlier.group or likeness >= COPY_WITHIN_SESSION
    ]


def _near_finding(take: TakeFile, earlier: TakeFile, likeness: float) -> Finding:
    return take.finding(
        "near-duplicate",
        0,
        f"nearly the same as {earlier.path} {_whose(take, earlier)}: correlation {likeness:.3f}",
        "delete one of the two: a copy in the test part makes a model look better than it is",
    )


def _whose(take: TakeFile, earlier: TakeFile) -> str:
    if take.recording.person != earlier.recording.person:
        return f"of another person, {earlier.person}"
    if take.group != earlier.group:
        return f"of another session, {earlier.session}"
    return "of the same session"


QUIET_ROWS = 10
QUIET_SHARE = 0.1  # of a session
NO_GRAVITY = 0.5  # g
UNITS = (  # a reading at rest: from, to, the unit, and the remedy
    (4.0, 25.0, "m/s^2", "divide the accelerations by 9.807"),
    (300.0, 2500.0, "milli-g", "divide the accelerations by 1000"),
    (2500.0, np.inf, "raw counts of the sensor", "multiply them by the range over 32768"),
)
ENOUGH_TAKES = 4  # to know how a label usually looks
CLEARLY = 0.4  # with swapped axes, the distance to the others is at most this share
FAR = 3.0  # times the usual distance, and at least FAR_AT_LEAST
FAR_AT_LEAST = 0.5  # g, and shares of the whole rotation


def _check_gravity(takes: Sequence[TakeFile]) -> Iterator[Finding]:
    """A finding for each person and session whose accelerometer does not read gravity in g."""
    readable = [take for take in takes if take.has_imu and len(take.imu) >= QUIET_ROWS]
    for _, group in sorted(_by_group(readable).items()):
        yield from _gravity_finding(group, _quiet_reading(group))


def _quiet_reading(group: Sequence[TakeFile]) -> float:
    """The length of the acceleration in the quietest stretches of a session."""
    cut = (take.imu[: len(take.imu) // QUIET_ROWS * QUIET_ROWS, :3] for take in group)
    stretches = np.concatenate([rows.reshape(-1, QUIET_ROWS, 3) for rows in cut])
    unrest = np.linalg.norm(stretches.std(axis=1), axis=1)
    quietest = np.argsort(unrest)[: max(1, round(QUIET_SHARE * len(unrest)))]
    return float(np.median(np.linalg.norm(stretches[quietest].mean(axis=1), axis=1)))


def _gravity_finding(group: Sequence[TakeFile], reading: float) -> Iterator[Finding]:
    first = group[0]
    takes = f"{counted(len(group), 'take')} of {first.group_name}"
    where = f"the quietest readings are {reading:.3g}, in {takes}"
    if reading < NO_GRAVITY:
        what = f"gravity is missing: {where}"
        step = (
            "export the accelerometer as it reads, without a high-pass filter, mean removal or "
            "`linear acceleration`: a board reads 1 g at rest"
        )
        yield first.finding("gravity", 0, what, step)
    for lowest, highest, unit, remedy in UNITS:
        if lowest <= reading < highest:
            what = f"the acceleration looks like {unit}, not g: {where}"
            yield first.finding("gravity", 0, what, f"{remedy} and import again")


def _check_swapped(takes: Sequence[TakeFile]) -> Iterator[Finding]:
    """Takes, or whole sessions, that look like the others with two axes swapped."""
    usable = [take for take in takes if take.has_imu and len(take.imu) > 1]
    for label in sorted({take.recording.label for take in usable}):
        of_label = [take for take in usable if take.recording.label == label]
        yield from _odd_sessions(of_label)
        yield from _odd_takes(of_label)


def _odd_takes(takes: Sequence[TakeFile]) -> Iterator[Finding]:
    """Compared with the other takes of the same person and session."""
    for _, group in sorted(_by_group(takes).items()):
        features = np.array([_features(take) for take in group])
        for index, take in enumerate(group):
            others = np.delete(features, index, axis=0)
            # Rotation differs too much from take to take for this check.
            pair = _swapped_axes(features[index : index + 1], others, ACCELERATION)
            if pair:
                yield _swap_finding(take, pair, f"{take.path.name}", "this session's")


def _odd_sessions(takes: Sequence[TakeFile]) -> Iterator[Finding]:
    """Compared with other sessions of the same person: others may hold the board differently."""
    groups = _by_group(takes)
    for key, group in sorted(groups.items()):
        elsewhere = [t for other, ts in groups.items() if other[0] == key[0] for t in ts]
        others = [take for take in elsewhere if take.group != key]
        if len(group) < ENOUGH_TAKES or len(others) < len(group):
            continue
        odd, usual = (np.array([_features(t) for t in part]) for part in (group, others))
        pair = _swapped_axes(odd, usual, ACCELERATION) or _swapped_axes(odd, usual, ROTATION)
        if pair:
            whole = f"{counted(len(group), 'take')} of {group[0].group_name}"
            yield _swap_finding(group[0], pair, whole, "the other sessions'")


def _by_group(takes: Sequence[TakeFile]) -> dict[tuple[str, str], list[TakeFile]]:
    groups = defaultdict(list)
    for take in takes:
        groups[take.group].append(take)
    return groups


def _features(take: TakeFile) -> Float64:
    """Features of a take, float64 [6]: mean acceleration in g, and each axis' share of rotation."""
    rotation = np.sqrt((take.imu[:, 3:].astype(np.float64) ** 2).mean(axis=0))
    share = rotation / max(float(np.linalg.norm(rotation)), 1.0)
    return np.concatenate([take.imu[:, :3].mean(axis=0), share])


def _swapped_axes(odd: Float64, others: Float64, axes: tuple[str, ...]) -> tuple[str, str] | None:
    """Two axes whose swap makes `odd` [k, 6] look like `others` [n, 6]; None without such."""
    if len(others) < ENOUGH_TAKES:
        return None
    part = slice(0, 3) if axes == ACCELERATION else slice(3, 6)
    usual = np.median(others[:, part], axis=0)
    middle = np.median(odd[:, part], axis=0)
    spread = np.median(np.linalg.norm(others[:, part] - usual, axis=1))
    distance = float(np.linalg.norm(middle - usual))
    if distance < max(FAR_AT_LEAST, FAR * float(spread)):
        return None
    nearest, pair = min(
        (float(np.linalg.norm(_swap(middle, i, j) - usual)), (i, j))
        for i, j in itertools.combinations(range(3), 2)
    )
    return (axes[pair[0]], axes[pair[1]]) if nearest < CLEARLY * distance else None


def _swap(values: Float64, i: int, j: int) -> Float64:
    swapped = values.copy()
    swapped[[i, j]] = values[[j, i]]
    return swapped


def _swap_finding(take: TakeFile, pair: tuple[str, str], what: str, whose: str) -> Finding:
    return take.finding(
        "swapped-axis",
        -1,
        f"{what}: with {pair[0]} and {pair[1]} exchanged it would look like {whose} other takes "
        f"of {take.label}",
        "look with `gesture data show FILE`; if the board was rotated, record again; if the "
        "columns were mixed up, exchange them",
    )


UNEQUAL = 3.0  # times as many takes or seconds
LONG_S = 10.0  # a take of so many windows that one is enough
FEWEST_TAKES = 5  # of a label; with fewer, accuracy is chance
GOOD_TAKES = 20
SHORT = 0.5  # of the usual length of the label
SHORTEST_S = 0.25
RATE_TOLERANCE = 0.02
BACKGROUNDS = frozenset(("idle", "rest", "none", "null", "background", "unknown", "noise", "other"))


def _check_rates(takes: Sequence[TakeFile]) -> list[Finding]:
    by_rate = defaultdict(list)
    for take in takes:
        by_rate[take.recording.rate_hz].append(take)
    usual = max(by_rate, key=lambda rate_hz: (len(by_rate[rate_hz]), rate_hz))
    return [
        Finding(
            "rate",
            odd[0].path,
            odd[0].line_of_key("rate_hz"),
            f"{rate_hz:g} Hz, {_and_others(odd)}; the other {len(by_rate[usual])} takes have "
            f"{usual:g} Hz",
            "nothing, if the rates are right: `gesture train` brings all to the rate of the model, "
            "and what is faster than half of the slowest rate is only in some takes",
        )
        for rate_hz, odd in sorted(by_rate.items())
        if abs(rate_hz - usual) > RATE_TOLERANCE * usual
    ]


def _check_lengths(takes: Sequence[TakeFile]) -> Iterator[Finding]:
    seconds = defaultdict(list)
    takes = [take for take in takes if not take.recording.intervals]
    for take in takes:
        seconds[take.recording.label].append(take.recording.seconds)
    for take in takes:
        usual_s = float(np.median(seconds[take.recording.label]))
        if take.recording.seconds < max(SHORT * usual_s, SHORTEST_S):
            yield Finding(
                "too-short",
                take.path,
                None,
                f"{counted(len(take.recording), 'sample')}, {take.recording.seconds:.2f} s; a take "
                f"of {take.label} usually has {usual_s:.2f} s",
                "the gesture is probably cut: delete the file, or record the take again",
            )


def _check_background(takes: Sequence[TakeFile], dataset: Path) -> Iterator[Finding]:
    if not has_background(take.recording for take in takes):
        yield Finding(
            "background",
            dataset,
            None,
            "nothing is recorded without a gesture, so a board would call any motion a gesture",
            f"record some minutes of rest and of everyday motion: `{background_capture(dataset)}`",
        )


def has_background(recordings: Iterable[Recording]) -> bool:
    """Whether recordings have background; there is some between marked gestures."""
    return any(recording.intervals or is_background(recording.label) for recording in recordings)


def is_background(label: str) -> bool:
    """Whether a label usually means "no gesture"."""
    return label.casefold() in BACKGROUNDS


def background_capture(dataset: Path, label: str = "idle") -> str:
    """The command that records background for a dataset."""
    words = ("gesture", "capture", "--label", label, "--mode", "continuous")
    return shlex.join((*words, "--dataset", dataset.name))


def _few_takes(takes: Sequence[TakeFile], dataset: Path) -> Iterator[Finding]:
    names = takes[0].names
    for label, count in labels_of_few_takes([take.recording for take in takes]).items():
        yield Finding(
            "balance",
            dataset / label,
            None,
            f"{names.shown('label', label)} has only {counted(count, 'take')}",
            f"record at least {FEWEST_TAKES} takes of every label, better {GOOD_TAKES}: "
            f"`gesture capture --label LABEL --count {GOOD_TAKES} --dataset {dataset.name}`",
        )


def labels_of_few_takes(recordings: Sequence[Recording]) -> dict[str, int]:
    """The labels with too few takes; a label with a long take has enough windows."""
    takes = single_takes(recordings)
    counts = Counter(take.label for take in takes)
    long = {take.label for take in takes if take.seconds > LONG_S}
    few = (label for label in sorted(counts) if counts[label] < FEWEST_TAKES)
    return {label: counts[label] for label in few if label not in long}


def _labels(takes: Sequence[TakeFile], dataset: Path) -> Iterator[Finding]:
    seconds: Counter[str] = Counter()
    for take in takes:
        seconds[take.recording.label] += take.recording.seconds  # type: ignore[assignment]
    most, least = max(seconds, key=seconds.__getitem__), min(seconds, key=seconds.__getitem__)
    rare, usual = takes[0].names.all_shown("label", (least, most))
    if seconds[most] > UNEQUAL * seconds[least]:
        yield Finding(
            "balance",
            dataset / least,
            None,
            f"{seconds[least]:.1f} s of {rare}, but {seconds[most]:.1f} s of {usual}",
            f"record more of {rare}; a model prefers what it sees most",
        )


def _people(takes: Sequence[TakeFile], dataset: Path) -> Iterator[Finding]:
    """Labels that a person did not make, and persons with far fewer takes than others."""
    made: dict[str, Counter[str]] = defaultdict(Counter)
    for take in takes:
        made[take.person][take.label] += 1
    labels = {take.label for take in takes}
    largest = max(made, key=lambda person: made[person].total())
    for person, counts in sorted(made.items()):
        missing = sorted(labels - set(counts))
        what = f"{person} made no {', '.join(missing)}" if missing else ""
        if UNEQUAL * counts.total() < made[largest].total():
            what += (
                f"{' and' if what else person + ' made'} {counted(counts.total(), 'take')} in all"
            )
            what += f", {largest} made {made[largest].total()}"
        if what:
            step = f"record what is missing with --person {shlex.quote(person)}; otherwise a model "
            yield Finding("balance", dataset, None, what, step + "learns the person, not the label")


def _and_others(takes: Sequence[TakeFile]) -> str:
    if len(takes) == 1:
        return "in this take alone"
    return f"here and in {counted(len(takes) - 1, 'more take')}"


__all__ = ["Finding", "LintReport", "lint_dataset"]


@dataclass(frozen=True)
class LintReport:
    """The findings of a dataset, by check and file; takes: how many could be read."""

    dataset: Path
    takes: int
    findings: tuple[Finding, ...]


def lint_dataset(folder: Path, on_progress: OnStep = lambda _: None) -> LintReport:
    """Check a dataset; nothing is changed. A file that cannot be read is a finding too.

    Args:
        on_progress: is told how far the check has come.
    """
    paths = recording_paths(folder)
    on_progress(f"reading {counted(len(paths), 'take')}")
    takes, findings = _load(paths, load_names(folder))
    if takes:
        findings += _check(takes, folder, on_progress)
    return LintReport(folder, len(takes), tuple(findings))


def _load(paths: Sequence[Path], names: OriginalNames) -> tuple[list[TakeFile], list[Finding]]:
    takes, unreadable = [], []
    for path in paths:
        try:
            takes.append(TakeFile(path, load_from_dataset(path), names))
        except PipelineError as error:
            unreadable.append(_unreadable(path, error))
    return takes, unreadable


def _unreadable(path: Path, error: PipelineError) -> Finding:
    """A finding from an error of the reader; it begins with the file and possibly the line."""
    place = re.match(re.escape(str(path)) + r"(?::(\d+))?:? ?", error.what)
    line = int(place[1]) if place and place[1] else None
    what = error.what[place.end() :] if place else error.what
    return Finding("unreadable", path, line, what.rstrip("."), error.next_step)


def _check(takes: Sequence[TakeFile], folder: Path, on_progress: OnStep) -> list[Finding]:
    full_scales = _reached_full_scales(takes)
    of_takes = [finding for take in takes for finding in _check_take(take, full_scales)]
    single = [inner for take in takes for inner in take.inner()]
    findings = [
        *_check_rates(takes),
        *of_takes,
        *_check_gravity(takes),
        *_check_swapped(single),
        *_check_lengths(takes),
        *_check_duplicates(single, on_progress),
        *_few_takes(takes, folder),
        *_labels(single, folder),
        *_people(single, folder),
        *_check_background(takes, folder),
    ]
    order = list(dict.fromkeys(finding.check for finding in findings))
    return sorted(findings, key=lambda finding: order.index(finding.check))
