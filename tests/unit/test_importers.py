"""Importing the tutorial's CSV: every take is saved, or named with file, line and reason."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline.datasets.importers import ImportReport, import_files
from pipeline.datasets.recordings import load_recordings
from pipeline.errors import ExitCode, PipelineError
from tests.fixtures.odd_files import ODD, TAKE_ROWS

HEADER = "aX,aY,aZ,gX,gY,gZ"
ROWS = 20


def take(seed: int, rows: int = ROWS) -> list[str]:
    values = np.random.default_rng(seed).integers(-4000, 4000, (rows, 6)) / 1000
    return [",".join(f"{value:.3f}" for value in row) for row in values]


def write(path: Path, *lines: str | list[str], end: str = "\n") -> Path:
    flat = [text for line in lines for text in ([line] if isinstance(line, str) else line)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((end.join(flat) + end).encode())
    return path


def run(
    path: Path, dataset: Path, label: str | None = None, person: str | None = None
) -> ImportReport:
    return import_files(path, dataset, label, person, 119.0, ROWS)


def reasons(report: ImportReport) -> list[str]:
    return [str(entry) for entry in report.left_out]


def files(dataset: Path) -> list[str]:
    return sorted(str(path.relative_to(dataset)) for path in dataset.rglob("*.csv"))


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
    ("change", "told"),
    [
        (lambda text: "\ufeff" + text, ":1: starts with a byte-order mark"),
        (lambda text: text.replace("\n", "\r\n"), ": has Windows line ends"),
        (
            lambda text: text.replace("\n", "\r\n", 1),
            ": line ends are mixed: 1 of Windows, 41 of Unix, 0 of old Macs",
        ),
        (
            lambda text: "\x1b[2J" + text.replace("\n", "\x1b[0m\x1b[K\n", 2) + "\x1b[?2004l\x07",
            ":1: terminal control codes were taken off 3 lines, from this one on",
        ),
        (
            lambda text: text.replace(",", ";").replace(".", ","),
            ":1: cells are separated by semicolons, numbers have decimal commas",
        ),
        (lambda text: text.replace(",", "\t"), ":1: cells are separated by tabs"),
    ],
)
def test_what_editors_and_terminals_add_is_told_and_costs_nothing(
    tmp_path: Path, change: Callable[[str], str], told: str
) -> None:
    source = write(tmp_path / "p.csv", HEADER, take(1), "", take(2))
    run(source, tmp_path / "clean")
    changed = tmp_path / "changed" / "p.csv"
    changed.parent.mkdir()
    changed.write_bytes(change(source.read_text("utf-8")).encode())
    report = run(changed, tmp_path / "d")
    assert [str(entry) for entry in report.noted] == [f"{changed}{told}"]
    assert report.left_out == ()
    wanted, got = load_recordings(tmp_path / "clean"), load_recordings(tmp_path / "d")
    for clean, recording in zip(wanted, got, strict=True):
        assert np.array_equal(clean.samples, recording.samples)


def test_takes_of_two_rows_are_each_told(tmp_path: Path) -> None:
    source = write(tmp_path / "p.csv", HEADER, take(1, 2), "", take(2, 2), "", take(3))
    report = run(source, tmp_path / "d")
    assert report.total == 1
    assert reasons(report) == [
        f"{source}:2: take 1 is too short: 2 rows up to line 3, not 20",
        f"{source}:5: take 2 is too short: 2 rows up to line 6, not 20",
    ]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (
            "0,0,-4.000,0,0,0",
            ":22: 1 rows stand at the end of the sensor's range, 4 g, from this one on: cut off",
        ),
        (
            "0,0,0,0,1999.939,0",
            ":22: 1 rows stand at the end of the sensor's range, 2000 deg/s, "
            "from this one on: cut off",
        ),
        ("0,0,0,0,0,249.695", None),  # hardly by itself at the end of 250 deg/s
        ("0,0,8192,0,0,0", ":22: az reaches 8192 g, farther than any sensor measures"),
        ("0,0,0,-16000,0,0", ":22: gx reaches 16000 deg/s, farther than any sensor measures"),
    ],
)
def test_readings_at_and_beyond_the_end_of_the_range_are_told(
    tmp_path: Path, row: str, told: str | None
) -> None:
    still = ["0.1,0.2,0.3,1,2,3"] * ROWS
    source = write(tmp_path / "p.csv", HEADER, still, row, still[1:])
    report = run(source, tmp_path / "d")
    assert report.total == 2
    assert len(report.noted) == (told is not None)
    assert all(str(noted).startswith(f"{source}{told}") for noted in report.noted)


def test_a_repeated_header_ends_a_take(tmp_path: Path) -> None:
    source = write(tmp_path / "punch.csv", HEADER, take(1, 15), HEADER.upper(), take(2), take(3))
    report = run(source, tmp_path / "d")
    assert report.takes == {("punch", "p1"): 2}
    assert reasons(report) == [f"{source}:2: take 1 is too short: 15 rows up to line 16, not 20"]


def test_takes_set_off_by_blank_lines_keep_their_own_length(tmp_path: Path) -> None:
    source = write(tmp_path / "p.csv", HEADER, take(1, 19), "", take(2, 21), "", take(3))
    run(source, tmp_path / "d")
    assert [len(r) for r in load_recordings(tmp_path / "d")] == [19, 21, 20]


def test_nothing_is_glued_across_a_blank_line(tmp_path: Path) -> None:
    source = write(tmp_path / "p.csv", HEADER, take(1, 15), "", take(2, 5), "", take(3))
    report = run(source, tmp_path / "d")
    assert report.total == 1
    assert [entry.line for entry in report.left_out] == [2, 18]


def test_a_long_take_is_left_out_not_cut(tmp_path: Path) -> None:
    source = write(tmp_path / "p.csv", HEADER, take(1, 31), "", take(2))
    report = run(source, tmp_path / "d")
    assert report.total == 1
    assert reasons(report) == [f"{source}:2: take 1 is too long: 31 rows up to line 32, not 20"]


def test_the_short_end_of_a_file_is_left_out(tmp_path: Path) -> None:
    source = write(tmp_path / "p.csv", HEADER, take(1), take(2), take(3, 7))
    report = run(source, tmp_path / "d")
    assert report.total == 2
    assert reasons(report) == [f"{source}:42: take 3 is too short: 7 rows up to line 48, not 20"]


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


def test_the_same_take_twice_is_left_out_once(tmp_path: Path) -> None:
    source = write(tmp_path / "p.csv", HEADER, take(1), take(2), take(1))
    report = run(source, tmp_path / "d")
    assert report.total == 2
    assert reasons(report) == [f"{source}:42: the same samples as the take that starts on line 2"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"\n\r\n \n", "is empty"),
        (b"aX,aY,aZ,gX,gY,gZ\n", "holds a header and nothing else"),
        (b"0,0,1,0,0,0\n" * 40, ":1: there is no header: the first line must be aX,"),
        (b"aX;aY;aZ;gX;gY;gZ\n0,1;0;0\n", ":2: has 3 cells where 6 belong"),
        (b"aX\taY\taZ\tgX\tgY\tgZ\n", "holds a header and nothing else"),
        (b"\n\ntime,x,y\n1,2,3\n", ":3: the header must be aX,aY,aZ,gX,gY,gZ, it is 'time,x,y'"),
        (b"\x89PNG\r\n\x1a\n", "is not a text file (byte 0 is no UTF-8)"),
        (b"PK\x03\x04\x00\x00", "is not a text file (it holds zero bytes)"),
        (HEADER.encode("utf-16"), "is UTF-16 text; save it as UTF-8"),
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
    (told,) = reasons(report)
    assert told.startswith(str(bad))
    assert reason in told
    with pytest.raises(PipelineError, match=r"Nothing was imported from .*strange\.csv") as caught:
        run(bad, tmp_path / "alone")
    assert reason in str(caught.value)
    assert caught.value.exit_code == ExitCode.LEFT_OUT
    assert not (tmp_path / "alone").exists()


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


def test_a_file_whose_name_is_no_label_is_named(tmp_path: Path) -> None:
    write(tmp_path / "in" / "upper cut.csv", HEADER, take(1))
    write(tmp_path / "in" / "punch.csv", HEADER, take(2))
    write(tmp_path / "in" / "Jane Doe" / "punch.csv", HEADER, take(3))
    report = run(tmp_path / "in", tmp_path / "d")
    assert report.takes == {("punch", "p1"): 1}
    assert "cannot be used as a person: it contains ' '" in reasons(report)[0]
    assert "Rename it or give --person" in reasons(report)[0]
    assert "cannot be used as a label" in reasons(report)[1]


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
    [("none.csv", "There is no file or folder"), ("empty", "no .csv or .npz file")],
)
def test_a_path_without_files_is_explained(tmp_path: Path, name: str, part: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(PipelineError) as caught:
        run(tmp_path / name, tmp_path / "d")
    assert part in caught.value.what
    assert caught.value.exit_code == ExitCode.USAGE


@pytest.mark.parametrize(
    ("label", "person", "rate_hz", "rows", "part"),
    [
        ("../x", None, 119.0, 119, "cannot be used as a label"),
        (None, "a/b", 119.0, 119, "cannot be used as a person"),
        (None, None, 0.0, 119, "119 rows a take at 0 Hz"),
        (None, None, float("nan"), 119, "119 rows a take at nan Hz"),
        (None, None, 119.0, 1, "1 rows a take"),
    ],
)
def test_arguments_that_cannot_be_used(
    tmp_path: Path, label: str | None, person: str | None, rate_hz: float, rows: int, part: str
) -> None:
    source = write(tmp_path / "p.csv", HEADER, take(1))
    with pytest.raises(PipelineError, match=part) as caught:
        import_files(source, tmp_path / "d", label, person, rate_hz, rows)
    assert caught.value.exit_code == ExitCode.USAGE


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
                ("punch", "AdamClarkStandke"): 17,
                ("upper_cut", "AdamClarkStandke"): 18,
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
    report = import_files(folder, tmp_path, None, None, 119.0, 119)
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


@pytest.mark.parametrize("name", ODD)
def test_what_is_odd_about_a_file_is_told(tmp_path: Path, name: str) -> None:
    content, words = ODD[name]
    source = tmp_path / "odd.csv"
    source.write_bytes(content)
    try:
        report = import_files(source, tmp_path / "d", None, None, 119.0, TAKE_ROWS)
    except PipelineError as error:
        told = error.what
    else:
        told = "\n".join(map(str, (*report.left_out, *report.noted)))
        assert len((*report.left_out, *report.noted)) == 1
    assert words in told
