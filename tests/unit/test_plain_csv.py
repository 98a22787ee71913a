"""Plain CSV of one recording, and recordings of this tool, brought into a dataset."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.core.artifacts import Interval
from pipeline.datasets.importers import ImportReport, import_files
from pipeline.datasets.recordings import load_recordings, save_recording
from tests.takes import take

ROW = "1.5,9.80665,0,-9.80665,3.14159265,0,0"


def imported(path: Path, dataset: Path, label: str | None = None) -> ImportReport:
    return import_files(path, dataset, label, None, 50.0, 119)


def write(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def test_columns_are_found_by_name_and_units_converted(tmp_path: Path) -> None:
    header = "time,ay [m/s2],ax [m/s2],az [m/s2],gz [rad/s],gx (rad/s),gy [rad/s]"
    source = write(tmp_path / "bo" / "wave.csv", header, ROW, ROW)
    report = imported(tmp_path, tmp_path / "d")
    assert report.takes == {("wave", "bo"): 1}
    (recording,) = load_recordings(tmp_path / "d")
    np.testing.assert_allclose(recording.samples, [[0, 1, -1, 0, 0, 180]] * 2, atol=1e-6)
    assert recording.rate_hz == 50.0
    assert recording.intervals == ()
    assert source.name in recording.source


def test_a_column_of_labels_becomes_intervals(tmp_path: Path) -> None:
    cells = ["", "punch", "punch", "flex", "idle", "idle", "flex"]
    rows = [f"0,0,1,0,0,0,{cell}" for cell in cells]
    write(tmp_path / "walk.csv", "ax,ay,az,gx,gy,gz,label", *rows)
    imported(tmp_path / "walk.csv", tmp_path / "d")
    (recording,) = load_recordings(tmp_path / "d")
    assert recording.intervals == (
        Interval(1, 3, "punch"),
        Interval(3, 4, "flex"),
        Interval(6, 7, "flex"),
    )


def test_an_accelerometer_alone_is_enough(tmp_path: Path) -> None:
    write(tmp_path / "nod.csv", "ax,ay,az", "0,0,1", "0,0,1")
    imported(tmp_path / "nod.csv", tmp_path / "d")
    assert load_recordings(tmp_path / "d")[0].channels == ("ax", "ay", "az")


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (("t,ax,ay,az", "0,0,0,1", "0,0,x,1"), ":3: ay is 'x', not a number"),
        (("t,ax,ay,az", "0,0,0,1", "0,0,0"), ":3: has 3 cells, too few"),
        (("t,ax,ay,az", "0,0,0,1"), "fewer than two rows"),
        (("ax [stone],ay,az", "0,0,1", "0,0,1"), "ax is in 'stone'; known are g, m/s2"),
        (("ax,ay,az,label", "0,0,1,a b", "0,0,1,a b"), "'a b' cannot be used as a label"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, lines: tuple[str, ...], told: str
) -> None:
    write(tmp_path / "in" / "bad.csv", *lines)
    write(tmp_path / "in" / "good.csv", "ax,ay,az", "0,0,1", "0,0,1")
    report = imported(tmp_path / "in", tmp_path / "d")
    assert report.takes == {("good", "p1"): 1}
    assert told in str(report.left_out[0])


def test_recordings_of_this_tool_are_taken_as_they_are_and_once(tmp_path: Path) -> None:
    holed = take("punch", 3, session="b", n=40)
    kept = np.r_[0:20, 25:40]
    recording = replace(
        holed,
        samples=holed.samples[kept],
        seq=holed.seq[kept],
        t_us=holed.t_us[kept],
        intervals=(Interval(2, 9, "punch"),),
    )
    save_recording(recording, tmp_path / "in" / "any-name.csv")
    for _ in range(2):
        report = imported(tmp_path / "in", tmp_path / "d")
        assert report.takes == {("punch", "anna"): 1}
        (found,) = load_recordings(tmp_path / "d")
        assert found.name == "punch/anna-b-001"
        np.testing.assert_array_equal(found.thousandths, recording.thousandths)
        np.testing.assert_array_equal(found.seq, recording.seq)
        assert (found.intervals, found.source) == (recording.intervals, recording.source)
    imported(tmp_path / "in", tmp_path / "d", label="jab")
    assert {found.label for found in load_recordings(tmp_path / "d")} == {"punch", "jab"}
