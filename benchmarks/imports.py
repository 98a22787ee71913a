"""Files of others: what is read wrong in silence, and how fast: `python -m benchmarks.imports`.

made: data sets from a grammar of layouts, units, separators, encodings and faults; each is compared
with what went in, sample by sample. cases: small files as people have them. speed: beside pandas.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.datasets import ROOT
from benchmarks.import_files import LOST, DataSet, Made, make
from benchmarks.results_file import Row, record_parts, row
from pipeline.core.artifacts import Recording
from pipeline.core.errors import PipelineError
from pipeline.datasets.importers import ImportOptions, import_files
from pipeline.datasets.names import shown_name
from pipeline.datasets.recordings import load_recordings

COMMAND = "python -m benchmarks.imports"
DATA_SETS = 2000
TOLERANCE = 0.00051  # of samples, which are saved in thousandths
RATE_TOLERANCE = 0.02
CASES = ("tests/unit/test_import_cases.py",)
LARGE_ROWS, LARGE_TAKES = 119 * 600, 80
ROUNDS = 9  # of the import and pandas
TIMED = """
import resource, sys, time
from pathlib import Path
{imports}
start = time.perf_counter()
{work}
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
IMPORT = TIMED.format(
    imports="import pandas\nfrom pipeline.datasets.importers import import_files",
    work="import_files(Path(sys.argv[1]), Path(sys.argv[2]))",
)
PANDAS = TIMED.format(imports="import pandas", work="pandas.read_csv(sys.argv[1])")


@dataclass(frozen=True)
class Found:
    """What became of a data set: wrong is "" where all that was saved is right."""

    saved: int
    refused: bool
    wrong: str


def import_made(number: int, folder: Path) -> Found:
    """Make a data set, import it, and compare."""
    made = make(folder / "files", number)
    dataset = folder / "dataset"
    try:
        report = import_files(folder / "files", dataset, ImportOptions(**made.said))  # type: ignore[arg-type]
    except PipelineError as error:
        return Found(0, True, "" if error.what and error.next_step else "refused without a word")
    recordings = load_recordings(dataset)
    wrongs = [wrong for one in recordings if (wrong := _wrong(one, made, dataset))]
    missing = [take for take in made.takes if not take.fault and not _is_in(take, recordings)]
    if missing and not report.left_out:
        wrongs.append(f"{len(missing)} takes are missing")
    return Found(len(recordings), bool(missing), "; ".join(wrongs[:2]))


def _wrong(recording: Recording, made: DataSet, dataset: Path) -> str:
    """What of a recording differs from all that went in."""
    spans = [(part.start, part.stop, part.label) for part in recording.intervals]
    spans = spans or [(0, len(recording), recording.label)]
    for start, stop, name in spans:
        label = shown_name(dataset, "label", name)
        takes = [take for take in made.takes if take.label == label]
        if not takes:
            return f"the label {label!r} is nobody's"
        wrong = _wrong_span(recording, slice(start, stop), takes, made.is_day)
        if wrong:
            return wrong
    return _wrong_rate(recording, made) or _wrong_person(recording, made, dataset)


def _wrong_span(recording: Recording, rows: slice, takes: Sequence[Made], of_a_day: bool) -> str:
    """of_a_day: takes of one label follow each other without a border."""
    samples = recording.samples[rows]
    whole = np.concatenate([take.samples for take in takes])
    at = _place_of(samples, whole)
    if at is None:
        return f"samples of {recording.name} are not those of the file"
    last = at + len(samples)
    ends = np.cumsum([len(take.samples) for take in takes]).tolist()
    starts = [0, *ends[:-1]]
    first_take = int(np.searchsorted(ends, at, "right"))
    last_take = int(np.searchsorted(ends, last - 1, "right"))
    is_cut = at not in starts or last not in ends
    faults = [take.fault for take in takes[first_take : last_take + 1]]
    if is_cut and not any(faults):
        return f"{recording.name} is not a whole take, with nothing wrong in it"
    if not of_a_day and first_take != last_take:
        return f"{recording.name} is {last_take - first_take + 1} takes together"
    if _hides_a_fault(recording, rows, faults, is_cut):
        return f"{recording.name} hides a fault: {', '.join(filter(None, faults))}"
    return ""


def _hides_a_fault(recording: Recording, rows: slice, faults: Sequence[str], is_cut: bool) -> bool:
    """Whether rows were lost, or are there twice, and its numbers do not show it."""
    jumps = int(np.max(np.diff(recording.seq[rows]), initial=1))
    if not any(faults) or is_cut:
        return False
    return jumps < LOST if "lost rows" in faults else jumps < 2


def _place_of(samples: Any, whole: Any) -> int | None:
    """Where rows begin in all rows of a file; None where they are nowhere."""
    if samples.shape[1] > whole.shape[1]:
        return None
    whole = whole[:, : samples.shape[1]]
    near = np.flatnonzero(np.abs(whole - samples[0]).max(axis=1) < TOLERANCE)
    for at in near.tolist():
        part = whole[at : at + len(samples)]
        if len(part) == len(samples) and np.abs(part - samples).max() < TOLERANCE:
            return int(at)
    return None


def _wrong_rate(recording: Recording, made: DataSet) -> str:
    rate_hz = made.takes[0].rate_hz
    if abs(recording.rate_hz / rate_hz - 1) > RATE_TOLERANCE:
        return f"{recording.name} is of {rate_hz:g} Hz, saved as {recording.rate_hz:g} Hz"
    return ""


def _wrong_person(recording: Recording, made: DataSet, dataset: Path) -> str:
    people = {take.person for take in made.takes}
    person = shown_name(dataset, "person", recording.person)
    return "" if people == {""} or person in people else f"{person!r} is nobody"


def _is_in(take: Made, recordings: Sequence[Recording]) -> bool:
    return any(
        _place_of(take.samples, one.samples.astype(np.float64)) is not None
        for one in recordings
        if one.samples.shape[1] <= take.samples.shape[1]
    )


def made() -> list[Row]:
    """Rows of data sets that were saved wrong, and of those that were refused."""
    found: list[Found] = []
    for number in range(DATA_SETS):
        with TemporaryDirectory() as folder:
            found.append(import_made(number, Path(folder)))
        if found[-1].wrong:
            print(f"number {number}: {found[-1].wrong}", flush=True)
    wrong = [one for one in found if one.wrong]
    refused = sum(one.refused for one in found)
    saved = sum(one.saved for one in found)
    note = (
        f"of {DATA_SETS} data sets that were made, {saved:,} recordings were saved and compared "
        f"sample by sample; of {refused} data sets a part or all was refused, with the reason"
    )
    return [
        row("stored wrong in silence", len(wrong), "", f"{COMMAND} made", note, "== 0"),
        row("made data sets refused", refused / DATA_SETS, "", f"{COMMAND} made", "in part or all"),
    ]


def cases() -> list[Row]:
    """A row of the small files of shared/cases/import that are read as their table says."""
    command = [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", *CASES]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    kinds = Counter(re.findall(r"^(PASSED|FAILED|SKIPPED|ERROR)", ended.stdout, re.MULTILINE))
    total = sum(kinds.values())
    note = f"of {total} tests of small files, each as people have them; {kinds['SKIPPED']} skipped"
    right = kinds["PASSED"]
    return [row("import cases right", right, "", f"{COMMAND} cases", note, f"== {total}")]


def speed() -> list[Row]:
    """Rows of an import of 300 MB, and of pandas reading the same file."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "wave.csv"
        _write_large(file)
        megabytes = file.stat().st_size / 1e6
        pairs = [_side_by_side(file, Path(folder) / f"{n}") for n in range(ROUNDS)]
    (import_s, import_mb), (pandas_s, pandas_mb) = np.median(pairs, axis=0).tolist()
    ratios = [pandas[0] / ours[0] for ours, pandas in pairs]
    ratio = float(np.median(ratios))
    note = (
        f"{megabytes:.0f} MB, of 10 minutes of 119 Hz a take, with a clock, six axes and a take "
        f"id, on two cores; pandas.read_csv {megabytes / pandas_s:.0f} MB/s and {pandas_mb:.0f} MB "
        "of memory in the same run; the import writes recordings too; median of "
        f"{ROUNDS} rounds of both, in which the share was {min(ratios):.2f} to {max(ratios):.2f}"
    )
    command = f"{COMMAND} speed"
    return [
        row("import megabytes a second", round(megabytes / import_s, 1), "MB/s", command, note),
        row("import beside pandas", round(ratio, 3), "", command, note, ">= 0.333"),
        row("import of 300 MB", round(import_s, 1), "s", command, note, "<= 60"),
        row("import memory", round(import_mb), "MB", command, note, "<= 1000"),
    ]


def _write_large(file: Path) -> None:
    random = np.random.default_rng(1)
    with file.open("w") as stream:
        stream.write("t_ms,ax [g],ay [g],az [g],gx [deg/s],gy [deg/s],gz [deg/s],take\n")
        for take in range(LARGE_TAKES):
            samples = random.normal(0, [0.3] * 3 + [80] * 3, (LARGE_ROWS, 6))
            times = (take * LARGE_ROWS + np.arange(LARGE_ROWS)) * 1000 // 119
            rows = np.column_stack([times, samples, np.full(LARGE_ROWS, take)])
            np.savetxt(stream, rows, fmt="%d,%.4f,%.4f,%.4f,%.3f,%.3f,%.3f,%d")


def _side_by_side(file: Path, dataset: Path) -> list[tuple[float, float]]:
    """The import and pandas, one after the other, so that other programs disturb both."""
    timed = [_timed(IMPORT, file, dataset), _timed(PANDAS, file, dataset)]
    shutil.rmtree(dataset)
    return timed


def _timed(program: str, file: Path, dataset: Path) -> tuple[float, float]:
    """Seconds without the start of Python, and the most memory in MB."""
    words = [sys.executable, "-c", program, str(file), str(dataset)]
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    seconds, kilobytes = ended.stdout.split()[-2:]
    return float(seconds), float(kilobytes) / 1e3


def main() -> None:
    """Measure the parts that the command line names, and record them."""
    record_parts("capture", {"made": made, "cases": cases, "speed": speed})


if __name__ == "__main__":
    main()
