"""Nothing lost at the sensor's pace: ten minutes, eight boards at once, and how fast it goes."""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.results_file import Row, row
from pipeline.boards.supervisor import start
from pipeline.core.artifacts import Recording
from pipeline.datasets.recordings import load_recording
from tests.fixtures.capturing import capturing, image
from tests.fixtures.judging import Judged, judge
from tests.fixtures.known_motion import RATE_HZ, motion

COMMAND = "python -m benchmarks.capture"
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
    judged: list[Judged]
    core_share: float

    @property
    def lost(self) -> int:
        """Missing or wrong, told or not."""
        return sum(one.missing + one.wrong + one.untold for one in self.judged)

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
    share = "the whole process: reading, parsing, journal, view"
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
        judged = [judge(path, rate_hz) for path in files]
        recordings = [load_recording(path) for path in files]
        return Measured(recordings, judged, busy_s / (after.elapsed - before.elapsed))


def _rate_by_host_hz(recording: Recording) -> float:
    assert recording.clock is not None
    return recording.measured_rate_hz / (1 + recording.clock.drift_ppm * 1e-6)
