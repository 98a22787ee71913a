"""Importing: which label and person a file's takes get, what is there already, and plain CSV."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.cli.data import show_imported
from pipeline.core.artifacts import Interval
from pipeline.core.errors import ExitCode, PipelineError
from pipeline.core.original_names import load_names
from pipeline.datasets.importers import ImportOptions, ImportReport, import_files
from pipeline.datasets.recordings import load_recordings, save_recording
from tests.fixtures.tutorial_files import HEADER, files, reasons, run, take, write
from tests.refusals import refuses
from tests.takes import take as known_take


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"\n\r\n \n", "is empty"),
        (b"aX,aY,aZ,gX,gY,gZ\n", "holds a header and nothing else"),
        (b"0,0,1,0,0,0\n" * 40, "there is no header that names its 6 columns: give --columns ax,"),
        (b"aX;aY;aZ;gX;gY;gZ\n" + 3 * b"0,1;0;0;0;0;0\n" + b"0;0\n", ":5: has 2 cells where 6"),
        (b"aX\taY\taZ\tgX\tgY\tgZ\n", "holds a header and nothing else"),
        (
            b"\n\ntime,x,y\n1,2,3\n",
            "no three axes of acceleration or turning by name; its columns are",
        ),
        (b"\x89PNG\r\n\x1a\n", "is not a text file"),
        (b"PK\x03\x04\x00\x00", "is not a text file"),
        (HEADER.encode("utf-16"), "holds a header and nothing else"),
        (b"# format: 1\n# label: x\n", "the file ends before its line of column names"),
    ],
)
def test_a_wrong_file_is_named_and_the_others_imported(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    write(tmp_path / "in" / "punch.csv", HEADER, take(1))
    bad = tmp_path / "in" / "strange.csv"
    bad.write_bytes(content)
    report = run(tmp_path / "in", tmp_path / "d")
    assert report.takes == {("punch", "p1"): 1}
    (said,) = reasons(report)
    assert said.startswith(str(bad))
    assert reason in said
    with pytest.raises(PipelineError, match=r"Nothing was imported from .*strange\.csv") as caught:
        run(bad, tmp_path / "alone")
    assert reason in str(caught.value)
    assert caught.value.exit_code == ExitCode.FAILED
    assert not (tmp_path / "alone").exists()


def test_takes_of_an_import_are_reported_apart_from_those_of_the_dataset(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for label in ("flex", "punch"):
        file = write(tmp_path / "in" / f"{label}.csv", HEADER, take(1), take(2))
        show_imported(run(file, tmp_path / "d"), as_json=False)
    assert f"2 takes imported into {tmp_path / 'd'}, which has 4 now" in capsys.readouterr().out


def test_labels_and_people_come_from_the_names(tmp_path: Path) -> None:
    write(tmp_path / "in" / "punch.csv", HEADER, take(1))
    write(tmp_path / "in" / "anna" / "punch.CSV", HEADER, take(2))
    write(tmp_path / "in" / "anna" / "flex.csv", HEADER, take(3))
    write(tmp_path / "in" / "anna" / "._flex.csv", "what macOS leaves about")
    write(tmp_path / "in" / "anna" / "LICENSE", "text")
    report = run(tmp_path / "in", tmp_path / "d")
    assert report.takes == {("flex", "anna"): 1, ("punch", "anna"): 1, ("punch", "p1"): 1}
    assert report.left_out == ()
    given = run(tmp_path / "in" / "anna", tmp_path / "e", "jab", "ben")
    assert given.takes == {("jab", "ben"): 2}
    assert files(tmp_path / "e") == ["jab/ben-1-001.csv", "jab/ben-2-001.csv"]


def test_names_with_blanks_and_of_any_script_are_carried_by_names_in_ascii(
    tmp_path: Path,
) -> None:
    write(tmp_path / "in" / "Jane Doe" / "upper cut.csv", HEADER, take(1))
    write(tmp_path / "in" / "Jürgen" / "upper cut.csv", HEADER, take(2))
    for _ in range(2):
        report = run(tmp_path / "in", tmp_path / "d")
        assert report.takes == {("upper_cut", "Jane_Doe"): 1, ("upper_cut", "Jurgen"): 1}
    names = load_names(tmp_path / "d")
    assert names.shown("label", "upper_cut") == "upper cut"
    assert names.shown("person", "Jurgen") == "Jürgen"
    assert len(load_recordings(tmp_path / "d")) == 2


def test_importing_again_changes_nothing(tmp_path: Path) -> None:
    source = write(tmp_path / "p.csv", HEADER, take(1), take(2))
    first = run(source, tmp_path / "d")
    content = {path: path.read_bytes() for path in (tmp_path / "d").rglob("*.csv")}
    assert run(source, tmp_path / "d") == first
    assert {path: path.read_bytes() for path in (tmp_path / "d").rglob("*.csv")} == content


def test_takes_added_to_a_file_are_added_to_the_dataset(tmp_path: Path) -> None:
    run(write(tmp_path / "p.csv", HEADER, take(1), take(2, 12)), tmp_path / "d")
    run(write(tmp_path / "p.csv", HEADER, take(1), take(2), take(3)), tmp_path / "d")
    assert files(tmp_path / "d") == [f"p/p1-1-{n:03d}.csv" for n in (1, 2, 3)]


def test_another_file_of_the_same_name_replaces_nothing(tmp_path: Path) -> None:
    run(write(tmp_path / "monday" / "p.csv", HEADER, take(1)), tmp_path / "d")
    run(write(tmp_path / "friday" / "p.csv", HEADER, take(2)), tmp_path / "d")
    recordings = load_recordings(tmp_path / "d")
    assert [recording.session for recording in recordings] == ["1", "2"]
    assert not np.array_equal(recordings[0].samples, recordings[1].samples)


@pytest.mark.parametrize(
    ("name", "part"),
    [("none.csv", "There is no file or folder"), ("empty", "There is no file in")],
)
def test_a_path_without_files_is_explained(tmp_path: Path, name: str, part: str) -> None:
    (tmp_path / "empty").mkdir()
    with refuses(code=ExitCode.USAGE, what=part):
        run(tmp_path / name, tmp_path / "d")


@pytest.mark.parametrize(
    ("label", "person", "rate_hz", "rows", "part"),
    [
        ("", None, 119.0, 119, "cannot be used as a label"),
        (None, None, 0.0, 119, "119 rows a take at 0 Hz"),
        (None, None, float("nan"), 119, "119 rows a take at nan Hz"),
        (None, None, 119.0, 1, "1 row a take"),
    ],
)
def test_arguments_that_cannot_be_used(
    tmp_path: Path, label: str | None, person: str | None, rate_hz: float, rows: int, part: str
) -> None:
    source = write(tmp_path / "p.csv", HEADER, take(1))
    with refuses(part, ExitCode.USAGE):
        import_files(source, tmp_path / "d", ImportOptions(label, person, rate_hz, rows))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "spells",
            {
                ("AlohomoraCharm", "p1"): 25,
                ("ArrestoMomentumCharm", "p1"): 25,
                ("AvadaKedavra", "p1"): 25,
                ("LocomotorCharm", "p1"): 25,
                ("Revelio", "p1"): 25,
            },
        ),
        (
            "punch_flex",
            {
                ("punch", "AdamClarkStandk"): 17,
                ("upper_cut", "AdamClarkStandk"): 18,
                ("flex", "ChiaHong95"): 15,
                ("punch", "ChiaHong95"): 20,
                ("circ", "martinlindholdt"): 48,
                ("flex", "martinlindholdt"): 26,
                ("hori", "martinlindholdt"): 98,
                ("punch", "martinlindholdt"): 16,
                ("vert", "martinlindholdt"): 77,
            },
        ),
    ],
)
def test_every_row_of_real_files_is_accounted_for(
    tmp_path: Path, shared_data: Path, name: str, expected: dict[tuple[str, str], int]
) -> None:
    folder = shared_data / "gestures" / name
    report = import_files(folder, tmp_path, ImportOptions(rate_hz=119.0, take_rows=119))
    assert report.takes == expected
    assert report.left_out == ()
    source = [
        [float(cell) for cell in line.split(",")]
        for file in sorted(folder.rglob("*.csv"))
        for line in file.read_text("utf-8").splitlines()
        if line and not line.startswith("aX")
    ]
    imported = np.concatenate([recording.samples for recording in load_recordings(tmp_path)])
    assert len(imported) == len(source)
    np.testing.assert_array_equal(
        np.sort(imported, axis=0), np.sort(np.array(source, np.float32), axis=0)
    )


ROW = "1.5,9.80665,0,-9.80665,3.14159265,0,0"


def imported(path: Path, dataset: Path, label: str | None = None) -> ImportReport:
    return import_files(path, dataset, ImportOptions(label, rate_hz=50.0))


def write_rows(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def test_columns_are_found_by_name_and_units_converted(tmp_path: Path) -> None:
    header = "time,ay [m/s2],ax [m/s2],az [m/s2],gz [rad/s],gx (rad/s),gy [rad/s]"
    source = write_rows(tmp_path / "bo" / "wave.csv", header, ROW, ROW)
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
    write_rows(tmp_path / "walk.csv", "ax,ay,az,gx,gy,gz,label", *rows)
    imported(tmp_path / "walk.csv", tmp_path / "d")
    (recording,) = load_recordings(tmp_path / "d")
    assert recording.intervals == (
        Interval(1, 3, "punch"),
        Interval(3, 4, "flex"),
        Interval(6, 7, "flex"),
    )


def test_an_accelerometer_alone_is_enough(tmp_path: Path) -> None:
    write_rows(tmp_path / "nod.csv", "ax,ay,az", *["0,0,1"] * 4)
    imported(tmp_path / "nod.csv", tmp_path / "d")
    assert load_recordings(tmp_path / "d")[0].channels == ("ax", "ay", "az")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("t,ax_g,ay_g,az_g", "0,0,0,1", "0,0,x,1"), ":3: ay_g is 'x', not a number"),
        (("t,ax_g,ay_g,az_g", "0,0,0,1", "0,0,0"), ":3: has 3 cells where 4 belong"),
        (("t,ax_g,ay_g,az_g", "0,0,0,1"), "take 1 is too short: 1 row"),
        (("ax [stone],ay,az", "0,0,1", "0,0,1"), "ax [stone] is in 'stone'; known are g, m/s2"),
        (("ax,ay,az", "0,0,7", "0,0,7", "0,0,7", "0,0,7"), "gravity is 7 long: in no unit"),
        (("ax_g,ay_g,az_g,label", "0,0,1,", "0,0,1,"), "take 1 has no label"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, lines: tuple[str, ...], said: str
) -> None:
    write_rows(tmp_path / "in" / "bad.csv", *lines)
    write_rows(tmp_path / "in" / "good.csv", "ax,ay,az", *["0,0,1"] * 4)
    report = imported(tmp_path / "in", tmp_path / "d")
    assert report.takes == {("good", "p1"): 1}
    assert said in str(report.left_out[0])


def test_recordings_of_this_tool_are_taken_as_they_are_and_once(tmp_path: Path) -> None:
    holed = known_take("punch", 3, session="b", n=40)
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


def test_an_uneven_clock_with_a_torn_row_is_measured_by_its_other_rows(tmp_path: Path) -> None:
    times = [0, 7, 29, 31, 55, 58, 83, 84, 110, 112, 140, 141]
    takes = [[f"{begin + t},0.1,0.2,0.97" for t in times] for begin in (0, 500)]
    takes[0][5] = "x,0.1,0.2,0.97"
    file = tmp_path / "wave.csv"
    file.write_text("\n".join(["t_ms,ax,ay,az", *takes[0], "", *takes[1], ""]))
    report = import_files(file, tmp_path / "mine")
    assert report.total == 1
    assert "take 1, from line 2, is left out" in str(report.left_out[0])
    (recording,) = load_recordings(tmp_path / "mine")
    assert recording.rate_hz == pytest.approx(11 / 0.141, rel=0.05)
