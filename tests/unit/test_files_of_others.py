"""Files of others: the tutorial's CSV, and the archives of UHH-IMU."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline.core.artifacts import Interval
from pipeline.core.errors import ExitCode, PipelineError
from pipeline.datasets.fetch import fetch_dataset
from pipeline.datasets.importers import ImportOptions, ImportReport, import_files
from pipeline.datasets.recordings import load_recording, load_recordings, recording_paths
from tests.fixtures.tutorial_files import (
    HEADER,
    ODD,
    ROWS,
    TAKE_ROWS,
    files,
    reasons,
    run,
    take,
    write,
)
from tests.refusals import refuses


def test_takes_one_after_the_other(tmp_path: Path) -> None:
    source = write(tmp_path / "punch.csv", HEADER, take(1), take(2), take(3))
    report = run(source, tmp_path / "d")
    assert (report.takes, report.left_out, report.total) == ({("punch", "p1"): 3}, (), 3)
    recordings = load_recordings(tmp_path / "d")
    assert [r.name for r in recordings] == [f"punch/p1-1-{n:03d}" for n in (1, 2, 3)]
    for seed, recording in enumerate(recordings, 1):
        expected = [[float(cell) for cell in row.split(",")] for row in take(seed)]
        np.testing.assert_array_equal(recording.samples, np.array(expected, np.float32))
        assert recording.rate_hz == 119.0
        assert recording.t_us[-1] == round((ROWS - 1) * 1e6 / 119)
        assert (
            recording.source
            == f"imported from punch.csv, take {seed}, line {2 + (seed - 1) * ROWS}"
        )


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_blank_lines_byte_order_mark_and_line_ends(tmp_path: Path, end: str) -> None:
    source = write(
        tmp_path / "punch.csv", "\ufeff" + HEADER, "", take(1), "", " ", take(2), "", end=end
    )
    assert run(source, tmp_path / "d").takes == {("punch", "p1"): 2}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: "\ufeff" + text, [": starts with a byte-order mark of UTF-8"]),
        (lambda text: text.replace("\n", "\r\n"), [": has Windows line ends"]),
        (
            lambda text: text.replace("\n", "\r\n", 1),
            [": line ends are mixed: 1 of Windows, 41 of Unix, 0 of old Macs"],
        ),
        (
            lambda text: "\x1b[2J" + text.replace("\n", "\x1b[0m\x1b[K\n", 2) + "\x1b[?2004l\x07",
            [": 7 terminal control codes were taken off"],
        ),
        (
            lambda text: text.replace(",", ";").replace(".", ","),
            [": cells are separated by semicolons", ": numbers have decimal commas"],
        ),
        (lambda text: text.replace(",", "\t"), [": cells are separated by tabs"]),
    ],
)
def test_what_editors_and_terminals_add_is_reported_and_costs_nothing(
    tmp_path: Path, change: Callable[[str], str], said: list[str]
) -> None:
    source = write(tmp_path / "p.csv", HEADER, take(1), "", take(2))
    run(source, tmp_path / "clean")
    changed = tmp_path / "changed" / "p.csv"
    changed.parent.mkdir()
    changed.write_bytes(change(source.read_text("utf-8")).encode())
    report = run(changed, tmp_path / "d")
    assert [str(entry) for entry in report.noted] == [f"{changed}{words}" for words in said]
    assert report.left_out == ()
    wanted, got = load_recordings(tmp_path / "clean"), load_recordings(tmp_path / "d")
    for clean, recording in zip(wanted, got, strict=True):
        assert np.array_equal(clean.samples, recording.samples)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            "0,0,-4.000,0,0,0",
            ":22: 1 row at the end of the sensor's range, 4 g, from this one on: cut off",
        ),
        (
            "0,0,0,0,1999.939,0",
            ":22: 1 row at the end of the sensor's range, 2000 deg/s, from this one on: cut off",
        ),
        ("0,0,0,0,0,249.695", None),  # hardly by itself at the end of 250 deg/s
        ("0,0,8192,0,0,0", ":22: az reaches 8192 g, farther than any sensor measures"),
        ("0,0,0,-16000,0,0", ":22: gx reaches 16000 deg/s, farther than any sensor measures"),
    ],
)
def test_readings_at_and_beyond_the_end_of_the_range_are_reported(
    tmp_path: Path, row: str, said: str | None
) -> None:
    still = ["0.1,0.2,0.3,1,2,3"] * ROWS
    source = write(tmp_path / "p.csv", HEADER, still, row, still[1:])
    report = run(source, tmp_path / "d")
    assert report.total == 2
    assert len(report.noted) == (said is not None)
    assert all(str(noted).startswith(f"{source}{said}") for noted in report.noted)


def test_takes_set_off_by_blank_lines_keep_their_own_length(tmp_path: Path) -> None:
    source = write(tmp_path / "p.csv", HEADER, take(1, 19), "", take(2, 21), "", take(3))
    run(source, tmp_path / "d")
    assert [len(r) for r in load_recordings(tmp_path / "d")] == [19, 21, 20]


@pytest.mark.parametrize(
    ("rows", "total", "said"),
    [
        (
            (take(1, 2), "", take(2, 2), "", take(3)),
            1,
            [
                "2: take 1 is too short: 2 rows up to line 3, not 20",
                "5: take 2 is too short: 2 rows up to line 6, not 20",
            ],
        ),
        (
            (take(1, 15), HEADER.upper(), take(2), take(3)),
            2,
            ["2: take 1 is too short: 15 rows up to line 16, not 20"],
        ),
        (
            (take(1, 15), "", take(2, 5), "", take(3)),
            1,
            [
                "2: take 1 is too short: 15 rows up to line 16, not 20",
                "18: take 2 is too short: 5 rows up to line 22, not 20",
            ],
        ),
        (
            (take(1, 31), "", take(2)),
            1,
            ["2: take 1 is too long: 31 rows up to line 32, not 20"],
        ),
        (
            (take(1), take(2), take(3, 7)),
            2,
            ["42: take 3 is too short: 7 rows up to line 48, not 20"],
        ),
        (
            (take(1), take(2), take(1)),
            2,
            ["42: the same samples as the take that starts on line 2"],
        ),
    ],
    ids=["two rows", "repeated header", "blank line", "long take", "short end", "same take"],
)
def test_takes_that_are_left_out_are_named_with_line_and_reason(
    tmp_path: Path, rows: tuple[str | list[str], ...], total: int, said: list[str]
) -> None:
    source = write(tmp_path / "p.csv", HEADER, *rows)
    report = run(source, tmp_path / "d")
    assert report.total == total
    assert reasons(report) == [f"{source}:{reason}" for reason in said]


@pytest.mark.parametrize(
    ("bad", "fault"),
    [
        ("0.1,0.2,zero,0,0,0", "aZ is 'zero', not a number"),
        ("0.1,0.2,nan,0,0,0", "aZ is 'nan', not a finite number"),
        ("0.1,0.2,inf,0,0,0", "aZ is 'inf', not a finite number"),
        ("0.1,0.2,,0,0,0", "aZ is '', an empty cell"),
        ("0.1,0.2,1e12,0,0,0", "aZ is '1e12', beyond +-16384"),
        ("0.1,0.2,-32768,0,0,0", "aZ is '-32768', an end of 16-bit integers: the sensor was"),
        ("0.1,\x1b[2D0.2,0,0,0,0", "aY is '\\x1b[2D0.2', not a number"),
        ("0.1,0.2\b3,0,0,0,0", "aY is '0.2\\x083', not a number"),
        ("0.1,0.2,0.3", "has 3 cells where 6 belong"),
        ("0,1,0,2,0,3,0,0,0,0,0,0", "has 12 cells where 6 belong"),
    ],
)
def test_a_bad_cell_costs_its_take_and_no_other(tmp_path: Path, bad: str, fault: str) -> None:
    rows = take(2)
    rows[4] = bad
    source = write(tmp_path / "p.csv", HEADER, take(1), rows, take(3))
    report = run(source, tmp_path / "d")
    assert files(tmp_path / "d") == ["p/p1-1-001.csv", "p/p1-1-003.csv"]
    (reason,) = reasons(report)
    assert reason.startswith(f"{source}:26: {fault}")
    assert "take 2, from line 22, is left out" in reason


@pytest.mark.parametrize("name", ODD)
def test_what_is_odd_about_a_file_is_reported(tmp_path: Path, name: str) -> None:
    content, words = ODD[name]
    source = tmp_path / "odd.csv"
    source.write_bytes(content)
    try:
        report = import_files(
            source, tmp_path / "d", ImportOptions(rate_hz=119.0, take_rows=TAKE_ROWS)
        )
    except PipelineError as error:
        said = error.what
    else:
        said = "\n".join(map(str, (*report.left_out, *report.noted)))
    assert words in said


def interval_run(path: Path, dataset: Path, label: str | None = None) -> ImportReport:
    return import_files(path, dataset, ImportOptions(label, None, 119.0, 119))


def write_archive(path: Path, rows: int, *movements: tuple[int, int], marks: int = 0) -> Path:
    random = np.random.default_rng(1)
    targets = np.zeros((rows, 3))
    for start, stop in movements:
        targets[start:stop, 2] = 1.0
    targets[2 : 2 + 3 * marks : 3, 0] = 1.0
    acc, gyro = random.normal(size=(2, rows, 3))
    np.savez(path, acc=acc, gyro=gyro, targets=targets)
    return path


def test_an_archive_is_one_recording_that_says_where_the_gesture_runs(tmp_path: Path) -> None:
    source = write_archive(tmp_path / "j_7_fullSet.npz", 90, (10, 30), (60, 90), marks=2)
    report = interval_run(source, tmp_path / "d")
    assert report.takes == {("turn-right", "j"): 1}
    assert report.left_out == ()
    assert [entry.what for entry in report.noted] == [
        "50 Hz, m/s2 and rad/s are assumed, not stated; gravity was removed",
        "the last movement lasts to the end of the file: it may be cut off",
    ]
    recording = load_recording(tmp_path / "d" / "turn-right" / "j-1-001.csv")
    assert (len(recording), recording.rate_hz) == (90, 50.0)
    assert recording.intervals == (Interval(10, 30, "turn-right"), Interval(60, 90, "turn-right"))
    with np.load(source) as archive:
        np.testing.assert_allclose(recording.samples[:, :3], archive["acc"] / 9.80665, atol=6e-4)
        turned = np.degrees(archive["gyro"])
        np.testing.assert_allclose(recording.samples[:, 3:], turned, atol=6e-4)


def test_importing_an_archive_again_changes_nothing(tmp_path: Path) -> None:
    source = write_archive(tmp_path / "j_7_fullSet.npz", 90, (10, 30))
    assert interval_run(source, tmp_path / "d").takes == interval_run(source, tmp_path / "d").takes
    assert len(recording_paths(tmp_path / "d")) == 1


def test_a_label_that_is_given_is_that_of_the_gestures_too(tmp_path: Path) -> None:
    source = write_archive(tmp_path / "j_7_fullSet.npz", 90, (10, 30))
    interval_run(source, tmp_path / "d", label="twist")
    (recording,) = load_recordings(tmp_path / "d")
    assert (recording.label, recording.intervals) == ("twist", (Interval(10, 30, "twist"),))


def test_an_archive_whose_markers_disagree_says_so(tmp_path: Path) -> None:
    source = write_archive(tmp_path / "j_7_fullSet.npz", 90, (10, 30), marks=2)
    noted = interval_run(source, tmp_path / "d").noted
    assert noted[1].what == "its person marked 2 movements, the motion's energy shows 1"


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"acc": np.zeros((9, 3))}, "holds no acc, gyro and targets"),
        ({"acc": 0, "gyro": 0, "targets": 0}, "are not three columns each"),
        (
            {"acc": np.ones((9, 3)), "gyro": np.ones((8, 3)), "targets": np.ones((9, 3))},
            "of 9, 8, 9 rows",
        ),
        (dict.fromkeys(("acc", "gyro", "targets"), np.full((9, 3), np.nan)), "are no numbers"),
        (dict.fromkeys(("acc", "gyro", "targets"), np.zeros((9, 3))), "without any movement"),
        (None, "holds no acc, gyro and targets"),
    ],
)
def test_an_archive_of_another_kind_is_named(
    tmp_path: Path, arrays: dict[str, object] | None, reason: str
) -> None:
    source = tmp_path / "j_7_fullSet.npz"
    if arrays is None:
        source.write_bytes(b"PK\x03\x04 and no more")
    else:
        np.savez(source, **arrays)
    with refuses(reason, ExitCode.FAILED):
        interval_run(source, tmp_path / "d")


@pytest.mark.parametrize("name", ["other.npz", "j_12_fullSet.npz"])
def test_an_archive_of_another_name_is_named(tmp_path: Path, name: str) -> None:
    source = write_archive(tmp_path / name, 90, (10, 30))
    with pytest.raises(PipelineError, match="Nothing was imported from"):
        interval_run(source, tmp_path / "d")


def test_real_archives_are_the_same_imported_or_fetched(tmp_path: Path, shared_data: Path) -> None:
    report = interval_run(shared_data / "gestures" / "uhh_imu", tmp_path / "imported")
    fetch_dataset("uhh_imu", shared_data, tmp_path / "fetched")
    assert report.left_out == ()
    assert report.total == len(report.takes) == 50
    marked = {entry.file.name[:2] for entry in report.noted if "marked 2" in entry.what}
    assert marked == {"l_", "na", "s_"}
    imported, fetched = (
        {path.relative_to(folder): path.read_bytes() for path in recording_paths(folder)}
        for folder in (tmp_path / "imported", tmp_path / "fetched")
    )
    assert imported == fetched
