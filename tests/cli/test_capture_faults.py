"""`gesture capture` through a bad cable, and killed: benchmarks/capture.py does it at length."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fixtures.bad_cable import record_through
from tests.fixtures.faulty_port import POWER_LOSS, REBOOT, STALL, UNPLUG
from tests.fixtures.killed_capture import kill_once
from tests.fixtures.line_faults import KINDS, LineFaults

pytestmark = [pytest.mark.usefixtures("host_compiler"), pytest.mark.xdist_group("capture-faults")]


@pytest.fixture(autouse=True)
def run_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


def test_every_fault_is_repaired_or_told_and_no_sample_is_wrong(tmp_path: Path) -> None:
    plan = {800: UNPLUG, 1600: STALL, 2000: REBOOT, 4000: POWER_LOSS}
    outcome = record_through(LineFaults(7, 0.1), plan, 5000, 1000.0, tmp_path)
    assert set(outcome.injected) == {*KINDS, *plan.values()}
    assert outcome.judged.wrong == 0
    assert outcome.undetected == 0
    assert outcome.judged.samples > 2000
    assert outcome.judged.told["corrupt"] > 50


@pytest.mark.parametrize("mode", ["continuous", "motion"])
def test_all_that_was_read_before_kill_9_is_in_a_recording(tmp_path: Path, mode: str) -> None:
    killed = []
    for lines in (5, 60, 700):
        folder = tmp_path / str(lines)
        folder.mkdir()
        killed.append(kill_once(folder, 1000.0, mode, lines, later_s=0.0))
    assert sum(one.read for one in killed) > 100
    assert [one.lost for one in killed] == [0, 0, 0]
