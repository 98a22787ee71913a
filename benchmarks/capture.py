"""What capture withstands: `python -m benchmarks.capture [PART …]`, all parts where none is named.

parser: lines a second. imports: recordings of others. throughput: samples a second through one
port. boards: eight at once. faults: a million lines through a bad cable. kills: kill -9, 200
times. long: ten minutes.
Fuzzing the board's commands is benchmarks/capture_fuzz.py."""

from __future__ import annotations

import os
import random
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.datasets import RECORDINGS
from benchmarks.results_file import Row, record_parts, row
from pipeline.boards.supervisor import start
from pipeline.capture.protocol import LineReader, Sample
from pipeline.core.artifacts import Recording
from pipeline.core.errors import PipelineError
from pipeline.datasets.importers import ImportOptions, ImportReport, import_files
from pipeline.datasets.recordings import load_recording
from tests.fixtures.capturing import capturing, image
from tests.fixtures.faulty_port import POWER_LOSS, REBOOT, STALL, UNPLUG, LineFaults
from tests.fixtures.killed_capture import Outcome, kill_once, record_through
from tests.fixtures.known_motion import RATE_HZ, Checked, check_recording, motion, sample_lines
from tests.fixtures.tutorial_files import ODD, TAKE_ROWS

SESSIONS = 10
SESSION_LINES = 100_000  # of a session
FAULTS_RATE_HZ = 4000.0
SHARE = 0.05  # of the lines
TROUBLES = (STALL, UNPLUG, REBOOT, STALL, POWER_LOSS, REBOOT, UNPLUG, STALL)


def faults_rows() -> list[Row]:
    """Rows of captures over faulty lines."""
    outcomes = [_session(seed) for seed in range(SESSIONS)]
    injected = sum((outcome.injected for outcome in outcomes), Counter[str]())
    lines = sum(outcome.lines for outcome in outcomes)
    stored = sum(outcome.checked.samples for outcome in outcomes)
    wrong = sum(outcome.checked.wrong for outcome in outcomes)
    undetected = sum(outcome.undetected for outcome in outcomes)
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(injected.items()))
    note = f"{lines} lines, {injected.total()} faults: {kinds}; {stored} samples stored"
    return [
        row("undetected faults", undetected, "", f"{COMMAND} faults", note, "== 0"),
        row("wrong samples stored as good", wrong, "", f"{COMMAND} faults", note, "== 0"),
        row("lines with injected faults", lines, "", f"{COMMAND} faults", note, ">= 1000000"),
    ]


def _session(seed: int) -> Outcome:
    plan = {
        SESSION_LINES * place // (len(TROUBLES) + 1): trouble
        for place, trouble in enumerate(TROUBLES, 1)
    }
    with tempfile.TemporaryDirectory(prefix="capture-") as folder:
        return record_through(
            LineFaults(seed, SHARE), plan, SESSION_LINES, FAULTS_RATE_HZ, Path(folder)
        )


IMPORT_RATE_HZ = 119.0


def imports_rows() -> list[Row]:
    """Rows of imports of odd and real files."""
    unreported = [name for name, (content, words) in ODD.items() if words not in told_of(content)]
    with tempfile.TemporaryDirectory(prefix="import-") as folder:
        real = import_all(RECORDINGS / "gestures", Path(folder))
    odd = f"{len(ODD)} odd files: {', '.join(sorted(ODD))}"
    files = len({entry.file for entry in real.noted})
    note = f"real recordings; {len(real.noted)} oddities noted in {files} files"
    return [
        row(
            "anomalies in files of others not told",
            len(unreported),
            "",
            f"{COMMAND} imports",
            odd,
            "== 0",
        ),
        row("takes of others imported", real.total, "", f"{COMMAND} imports", note),
        row("takes of others left out", len(real.left_out), "", f"{COMMAND} imports", note),
    ]


def told_of(content: bytes) -> str:
    """All that the import of a file with this content says."""
    with tempfile.TemporaryDirectory(prefix="import-") as folder:
        file = Path(folder) / "odd.csv"
        file.write_bytes(content)
        try:
            report = import_all(file, Path(folder) / "dataset")
        except PipelineError as error:
            return str(error)
    return "\n".join(map(str, (*report.left_out, *report.noted)))


def import_all(path: Path, dataset: Path) -> ImportReport:
    """Import all files of a folder."""
    return import_files(path, dataset, ImportOptions(rate_hz=IMPORT_RATE_HZ, take_rows=TAKE_ROWS))


KILLS = 200
KILLED_RATE_HZ = 1000.0
LATEST_LINES = 1500  # after which a capture is killed, at a random one
LATEST_S = 0.003  # after that line
MODES = ("continuous", "motion")
SEED = 1


def kills_rows(kills: int = KILLS) -> list[Row]:
    """Rows of captures that were killed."""
    chance = random.Random(SEED)
    killed = []
    for kill in range(kills):
        with tempfile.TemporaryDirectory(prefix="capture-") as folder:
            later_s = chance.uniform(0, LATEST_S)
            after = chance.randint(1, LATEST_LINES)
            killed.append(kill_once(Path(folder), KILLED_RATE_HZ, MODES[kill % 2], after, later_s))
    read = sum(one.read for one in killed)
    note = f"{kills} captures at {RATE_HZ:g} Hz killed at random moments, {read} lines read"
    return [
        row(
            "lines lost to kill -9",
            sum(one.lost for one in killed),
            "",
            f"{COMMAND} kills",
            note,
            "== 0",
        )
    ]


PARSED_LINES = 100_000
CHUNK_BYTES = 4096
RUNS = 7


def parser_rows() -> list[Row]:
    """Rows of the parser's speed."""
    stream = b"".join(sample_lines(PARSED_LINES))
    per_s = PARSED_LINES / statistics.median(_parse_s(stream) for _ in range(RUNS))
    note = f"one core, {PARSED_LINES} lines in pieces of {CHUNK_BYTES} bytes; median of {RUNS}"
    return [
        row(
            "parser lines per second",
            round(per_s),
            "lines/s",
            f"{COMMAND} parser",
            note,
            ">= 200000",
        )
    ]


def _parse_s(stream: bytes) -> float:
    reader, samples = LineReader(), 0
    started = time.process_time()
    for at in range(0, len(stream), CHUNK_BYTES):
        samples += sum(type(item) is Sample for item in reader.feed(stream[at : at + CHUNK_BYTES]))
    passed_s = time.process_time() - started
    if samples != PARSED_LINES:
        raise RuntimeError(f"{samples} of {PARSED_LINES} lines were understood")
    return passed_s


LONG_S = 600.0
BOARDS = 8
BOARDS_S = 60.0
SHORT_S = 20.0
RATES_HZ = (600, 800, 1000, 1500, 2000, 3000, 4000)
LEAD_S = 30.0  # the sensor plays from switching on; the capture asks who is there first
GRACE_S = 60.0


@dataclass(frozen=True)
class Measured:
    """core_share: of one core, that the capture took."""

    recordings: list[Recording]
    checked: list[Checked]
    core_share: float

    @property
    def lost(self) -> int:
        """Missing or wrong, told or not."""
        return sum(one.missing + one.wrong + one.unreported for one in self.checked)

    @property
    def rate_error(self) -> float:
        """The largest, of the mean rate by this computer's clock."""
        return max(abs(_rate_by_host_hz(one) / one.rate_hz - 1) for one in self.recordings)


def long_rows() -> list[Row]:
    """Rows of one long capture."""
    measured = measure(1, RATE_HZ, LONG_S)
    asked = f"{COMMAND} long"
    note = (
        f"{sum(map(len, measured.recordings))} samples in {LONG_S:g} s of real time "
        f"at {RATE_HZ:g} Hz through a virtual board's port"
    )
    share = "the whole process: reading, parsing, write-ahead log, view"
    return [
        row("lost samples in 10 min", measured.lost, "", asked, note, "== 0"),
        row(
            "mean rate error in 10 min",
            round(measured.rate_error, 6),
            "",
            asked,
            "by the clock of the computer that records",
            "<= 0.005",
        ),
        row("share of a core at 119 Hz", round(measured.core_share, 4), "", asked, share, "<= 0.1"),
    ]


def boards_rows() -> list[Row]:
    """Rows of captures from several boards at once."""
    measured = measure(BOARDS, RATE_HZ, BOARDS_S)
    asked = f"{COMMAND} boards"
    note = f"{sum(map(len, measured.recordings))} samples of {BOARDS} virtual boards, one capture"
    return [
        row("lost samples of 8 boards in 60 s", measured.lost, "", asked, note, "== 0"),
        row(
            "mean rate error of 8 boards",
            round(measured.rate_error, 6),
            "",
            asked,
            "the largest, by the clock of the computer that records",
            "<= 0.005",
        ),
    ]


def throughput_rows() -> list[Row]:
    """The highest of RATES_HZ at which, and below which, nothing is lost."""
    without_loss = 0
    for rate_hz in RATES_HZ:
        if measure(1, rate_hz, SHORT_S).lost:
            break
        without_loss = rate_hz
    asked = f"{COMMAND} throughput"
    tried = ", ".join(map(str, RATES_HZ))
    note = f"{SHORT_S:g} s through one virtual board's port in real time; tried: {tried}"
    return [row("samples per second without loss", without_loss, "Hz", asked, note, ">= 600")]


def measure(boards: int, rate_hz: float, seconds: float) -> Measured:
    """Record virtual boards in one capture, in real time."""
    program, known = image("virtual"), motion(round(rate_hz * (seconds + LEAD_S)), rate_hz)
    with tempfile.TemporaryDirectory(prefix="capture-") as folder, ExitStack() as running:
        ports = [
            running.enter_context(start("virtual", program, known)).port for _ in range(boards)
        ]
        before = os.times()
        with capturing(ports, Path(folder), f"--seconds={seconds:g}") as capture:
            files = capture.wait(seconds + GRACE_S)
        after = os.times()
        if len(files) != boards:
            raise RuntimeError(f"{len(files)} recordings of {boards} boards")
        busy_s = after.children_user - before.children_user
        busy_s += after.children_system - before.children_system
        checked = [check_recording(path, rate_hz) for path in files]
        recordings = [load_recording(path) for path in files]
        return Measured(recordings, checked, busy_s / (after.elapsed - before.elapsed))


def _rate_by_host_hz(recording: Recording) -> float:
    assert recording.clock is not None
    return recording.measured_rate_hz / (1 + recording.clock.drift_ppm * 1e-6)


COMMAND = "python -m benchmarks.capture"
PARTS: dict[str, Callable[[], list[Row]]] = {
    "parser": parser_rows,
    "imports": imports_rows,
    "throughput": throughput_rows,
    "boards": boards_rows,
    "faults": faults_rows,
    "kills": kills_rows,
    "long": long_rows,
}


def main() -> None:
    record_parts("capture", PARTS)


if __name__ == "__main__":
    main()
