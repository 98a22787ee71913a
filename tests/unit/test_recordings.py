"""Recordings keep every sample exactly; what is wrong with a file or a dataset's name is said."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pipeline.core.artifacts import Fault, Gap, HostClock, Interval, Recording
from pipeline.core.errors import ExitCode, PipelineError
from pipeline.datasets.importers import ImportOptions, understand
from pipeline.datasets.number_text import rows_text
from pipeline.datasets.recording_file import recording_header
from pipeline.datasets.recordings import (
    check_name,
    fingerprint,
    load_recording,
    load_recordings,
    new_recording_paths,
    recording_path,
    save_recording,
)
from tests.refusals import refuses
from tests.takes import take


def make_recording(n: int = 20, seed: int = 1, label: str = "punch") -> Recording:
    random = np.random.default_rng(seed)
    thousandths = random.integers(-2_000_000, 2_000_000, (n, 6))
    return Recording(
        samples=(thousandths / 1000).astype(np.float32),
        seq=np.arange(n, dtype=np.int64) + 4_294_967_290,
        t_us=np.arange(n, dtype=np.int64) * 8403 + 1_000_000_007,
        rate_hz=119.0,
        label=label,
        person="anna",
        session="2",
        board="virtual",
        source="a test, with: colon and ü",
        intervals=(Interval(0, 5, "idle"), Interval(5, n, label)),
        name=f"{label}/anna-2-001",
    )


def assert_same(left: Recording, right: Recording) -> None:
    for field in ("samples", "seq", "t_us"):
        np.testing.assert_array_equal(getattr(left, field), getattr(right, field))
        assert getattr(left, field).dtype == getattr(right, field).dtype
    for field in ("label", "person", "session", "board", "source", "channels", "rate_hz"):
        assert getattr(left, field) == getattr(right, field)
    assert (left.gaps, left.intervals, left.name) == (right.gaps, right.intervals, right.name)


def damaged(tmp_path: Path, old: str, new: str) -> Path:
    """A good file in which one piece of text was replaced."""
    path = tmp_path / "punch" / "anna-2-001.csv"
    save_recording(make_recording(), path)
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    return path


def row(path_text: str, number: int) -> str:
    """A sample's line, with its end; `number` counts from 0."""
    return path_text.split("seq,t_us", 1)[1].split("\n")[number + 1] + "\n"


def message(path: Path) -> str:
    with pytest.raises(PipelineError) as caught:
        load_recording(path)
    return str(caught.value)


def test_a_recording_survives_the_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "punch" / "anna-2-001.csv"
    save_recording(make_recording(), path)
    assert_same(load_recording(path), make_recording())


@settings(deadline=None)
@given(
    hnp.arrays(
        np.int32,
        st.tuples(st.integers(1, 30), st.just(6)),
        elements=st.integers(-16_384_000, 16_384_000),
    )
)
def test_every_multiple_of_a_thousandth_is_kept(
    tmp_path_factory: pytest.TempPathFactory, thousandths: np.ndarray
) -> None:
    n = len(thousandths)
    original = replace(make_recording(n, label="idle"), intervals=())
    original = replace(original, samples=(thousandths / 1000).astype(np.float32))
    path = tmp_path_factory.mktemp("exact") / "r.csv"
    save_recording(original, path)
    loaded = load_recording(path)
    np.testing.assert_array_equal(loaded.thousandths, original.thousandths)
    np.testing.assert_array_equal(loaded.samples, original.samples)


def test_the_file_says_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    recording = replace(make_recording(3), intervals=(), seq=np.array([5, 6, 9]))
    recording = replace(recording, samples=np.zeros((3, 6), np.float32) - np.float32(0.0001))
    save_recording(recording, path)
    lines = path.read_text("utf-8").splitlines()
    assert lines[0] == "# format: 1"
    assert "# channels: ax [g], ay [g], az [g], gx [deg/s], gy [deg/s], gz [deg/s]" in lines
    assert "# gaps: 2 before row 2" in lines
    assert "# rate_hz: 119" in lines
    assert lines[-4] == "seq,t_us,ax,ay,az,gx,gy,gz"
    assert lines[-3] == "5,1000000007,0.000,0.000,0.000,0.000,0.000,0.000"


def test_what_a_capture_knows_survives_the_file(tmp_path: Path) -> None:
    recording = replace(
        make_recording(9),
        faults=(Fault("corrupt", 2, 0), Fault("unplugged", 1500, 4), Fault("short-burst", 3, 9)),
        take=12,
        clock=HostClock(-1_795_000_000_000_123, -35.125, 60_000_000),
    )
    save_recording(recording, tmp_path / "r.csv")
    lines = (tmp_path / "r.csv").read_text("utf-8").splitlines()
    assert "# faults: corrupt 2 before row 0; unplugged 1500 before row 4; " in "\n".join(lines)
    loaded = load_recording(tmp_path / "r.csv")
    assert (loaded.faults, loaded.take) == (recording.faults, 12)
    assert loaded.clock == recording.clock
    plain = replace(make_recording(9), faults=(), take=None, clock=None)
    assert not [
        key for key in ("faults", "take", "clock") if f"# {key}:" in recording_header(plain)
    ]


@pytest.mark.parametrize(
    "line",
    ["faults: many", "faults: corrupt 1 before row 77", "take: two", "clock: offset_us=12"],
)
def test_what_a_capture_knows_is_not_guessed(tmp_path: Path, line: str) -> None:
    save_recording(make_recording(9), tmp_path / "r.csv")
    text = (tmp_path / "r.csv").read_text("utf-8")
    (tmp_path / "r.csv").write_text(f"# {line}\n{text}", encoding="utf-8")
    with pytest.raises(PipelineError, match=line.partition(": ")[2]):
        load_recording(tmp_path / "r.csv")


def test_gaps_are_read_off_the_running_number(tmp_path: Path) -> None:
    seq = np.array([0, 1, 5, 6, 8], np.int64)
    recording = replace(make_recording(5), seq=seq, intervals=())
    save_recording(recording, tmp_path / "r.csv")
    assert load_recording(tmp_path / "r.csv").gaps == (Gap(2, 3), Gap(4, 1))


def test_windows_line_ends_and_a_byte_order_mark_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "punch" / "anna-2-001.csv"
    save_recording(make_recording(), path)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert_same(load_recording(path), make_recording())


@pytest.mark.parametrize(
    ("cell", "fault"),
    [
        ("nan", "ay is 'nan', not a finite number"),
        ("-inf", "ay is '-inf', not a finite number"),
        ("1e30", "ay is '1e30', beyond +-16384"),
        ("1_0", "ay is '1_0', not a number"),
        ("", "ay is '', an empty cell"),
        ("x", "ay is 'x', not a number"),
        ("1.0,2.0", "has 9 cells where 8 belong"),
        ("1.0;2.0", "ay is '1.0;2.0', not a number"),
    ],
)
def test_a_bad_cell_is_named_with_file_and_line(tmp_path: Path, cell: str, fault: str) -> None:
    path = damaged(tmp_path, "# format", "# format")
    good = row(path.read_text("utf-8"), 4)
    cells = good.split(",")
    bad = ",".join([*cells[:3], cell, *cells[4:]])
    path.write_text(path.read_text("utf-8").replace(good, bad), "utf-8")
    line = 1 + path.read_text("utf-8").split("\n").index(bad.rstrip("\n"))
    assert f"{path}:{line}: {fault}" in message(path)


@pytest.mark.parametrize(
    ("number", "seq", "t_us", "fault"),
    [
        (4, "4294967292", None, "seq goes from 4294967293 to 4294967292; it must rise"),
        (4, "4294967293", None, "seq goes from 4294967293 to 4294967293; it must rise"),
        (4, None, "5", "t_us goes from 1000025216 to 5; it must rise"),
        (0, "-1", None, "seq is '-1', not a whole number"),
        (0, "inf", None, "seq is 'inf', not a finite number"),
        (0, "1e300", None, "seq is '1e300', not a whole number"),
        (0, "1.5", None, "seq is '1.5', not a whole number"),
    ],
)
def test_a_clock_that_runs_backwards_is_named(
    tmp_path: Path, number: int, seq: str | None, t_us: str | None, fault: str
) -> None:
    path = damaged(tmp_path, "# format", "# format")
    good = row(path.read_text("utf-8"), number)
    cells = good.split(",")
    bad = ",".join([seq or cells[0], t_us or cells[1], *cells[2:]])
    path.write_text(path.read_text("utf-8").replace(good, bad), "utf-8")
    assert fault in message(path)
    assert f"{path}:{13 + number}:" in message(path)


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("# format: 1", "# format: 2", (":1: format '2'", "update the tool")),
        ("# format: 1\n", "", (":1: a recording starts with `# format: 1`", "data import")),
        ("ax,ay,az,gx,gy,gz\n", "ax,ay,az,gx,gy\n", (":12: column gz is missing",)),
        ("seq,t_us,ax", "t_us,seq,ax", (":12: columns are in disorder",)),
        ("seq,t_us,ax", "t,ax", (":12: column seq, t_us is missing",)),
        ("seq,t_us,", "seq;t_us;", (":12: column seq, t_us, ax is missing",)),
        ("ax,ay,az,gx,gy,gz\n", "ax,ay,az,gx,gy,gz,gz\n", ("same name",)),
        ("# rate_hz: 119", "# rate_hz: fast", ("`# rate_hz: fast` is no sampling rate",)),
        ("# rate_hz: 119", "# rate_hz: -1", ("no sampling rate",)),
        ("# label: punch", "# label: ../punch", ("`# label:`", "'.' '/'", "letters")),
        ("# person: anna\n", "", ("`# person:`", "it is empty")),
        ("0-5 idle", "5-5 idle", ("interval '5-5 idle'", "within 20 samples")),
        ("0-5 idle", "0-21 idle", ("interval '0-21 idle'",)),
        ("0-5 idle", "0-5 schön", ("interval '0-5 schön' is not START-STOP LABEL",)),
        ("0-5 idle", "idle", ("interval 'idle' is not START-STOP LABEL",)),
    ],
)
def test_a_damaged_header_is_explained(
    tmp_path: Path, old: str, new: str, parts: tuple[str, ...]
) -> None:
    text = message(damaged(tmp_path, old, new))
    for part in ("anna-2-001.csv", *parts):
        assert part in text


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "is not a text file"),
        (b"\x00\x01\x02", "a recording starts with"),
        (b"# format: 1\n# label: x\n", "ends before its line of column names"),
        (b"# format: 1\nseq,t_us,ax\n", "no sample follows"),
        (b"# format: 1\nseq,t_us,ax\n1,2\n", "has 2 cells where 3 belong"),
        (b"aX,aY,aZ,gX,gY,gZ\n0,0,0,0,0,0\n", "`gesture data import`"),
    ],
)
def test_a_file_that_is_no_recording_is_reported_apart(
    tmp_path: Path, content: bytes, part: str
) -> None:
    path = tmp_path / "strange.csv"
    path.write_bytes(content)
    assert part in message(path)
    assert "strange.csv" in message(path)


def test_a_missing_file_and_a_folder_are_explained(tmp_path: Path) -> None:
    assert "cannot be read" in message(tmp_path / "none.csv")
    assert "cannot be read" in message(tmp_path)


@pytest.mark.parametrize("reading", [np.nan, np.inf, -np.inf, 1e9, None])
def test_what_could_not_be_loaded_again_is_not_written(
    tmp_path: Path, reading: float | None
) -> None:
    recording = make_recording()
    if reading is None:
        recording.t_us[9] = 0
    else:
        recording.samples[7, 2] = reading
    part = r"t_us goes from .* to 0 at sample 9" if reading is None else "sample 7 has az = "
    with pytest.raises(PipelineError, match=part):
        save_recording(recording, tmp_path / "r.csv")
    assert list(tmp_path.iterdir()) == []


def test_channels_of_another_sensor_are_kept(tmp_path: Path) -> None:
    recording = make_recording()
    recording = replace(recording, samples=recording.samples[:, :2], channels=("ax", "light"))
    save_recording(recording, tmp_path / "r.csv")
    loaded = load_recording(tmp_path / "r.csv")
    assert loaded.channels == ("ax", "light")
    assert loaded.samples.shape == (20, 2)


ROWS = 10_000


def peak_bytes(work: Callable[[], object]) -> int:
    """The most that was in use at once, beside what was before."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_large_file_of_others_takes_a_few_times_its_size(tmp_path: Path) -> None:
    file = tmp_path / "walk.csv"
    rows = (f"{n % 997}.125,0.25,-0.5,1.5,-2.5,3.5\n" for n in range(5 * ROWS))
    file.write_text("az,ay,ax,gx,gy,gz\n" + "".join(rows))
    options = ImportOptions(rate_hz=100.0, units=("g", "deg/s"))
    assert understand([file], options).recordings == 1
    assert peak_bytes(lambda: understand([file], options)) < 7 * file.stat().st_size


def test_a_long_recording_is_written_block_by_block(tmp_path: Path) -> None:
    rows = 4 * ROWS
    recording, file = take("walk", n=rows), tmp_path / "walk.csv"
    assert peak_bytes(lambda: save_recording(recording, file)) < 200 * rows
    assert len(load_recording(file)) == rows


@pytest.mark.parametrize("name", ["punch", "up-per_2", "7", "x" * 32])
def test_good_names_are_kept(name: str) -> None:
    assert check_name("label", name) == name


@pytest.mark.parametrize(
    ("kind", "name", "part"),
    [
        ("label", "../etc", "'.' '/'"),
        ("label", "a/b", "'/'"),
        ("label", "a\\b", r"'\\'"),
        ("label", "punch\n", r"'\n'"),
        ("label", "\x1b[31m", r"'\x1b'"),
        ("label", "käse", "'ä'"),
        ("label", "two words", "' '"),
        ("label", "", "it is empty"),
        ("label", "-x", "it starts with '-'"),
        ("label", "_x", "it starts with '_'"),
        ("label", "x" * 33, "it has 33 characters"),
        ("person", "anna-maria", "'-'"),
        ("session", "../1", "'.' '/'"),
        ("dataset", "/tmp/x", "'/'"),
    ],
)
def test_bad_names_say_which_characters_are_allowed(kind: str, name: str, part: str) -> None:
    with pytest.raises(PipelineError) as caught:
        check_name(kind, name)
    assert caught.value.exit_code == ExitCode.USAGE
    assert part in caught.value.what
    assert kind in caught.value.what
    assert "letters (a-z, A-Z)" in caught.value.next_step


def test_a_path_in_a_label_never_leaves_the_dataset(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="cannot be used as a label"):
        recording_path(tmp_path, "../../x", "anna", "1", 1)
    with pytest.raises(PipelineError, match="cannot be used as a label"):
        save_recording(take("../x"), tmp_path / "r.csv")
    assert list(tmp_path.iterdir()) == []


def test_a_number_is_never_used_twice(tmp_path: Path) -> None:
    for _ in range(3):
        path = next(new_recording_paths(tmp_path, "punch", "anna", "2"))
        save_recording(take("punch"), path)
    names = sorted(path.name for path in (tmp_path / "punch").iterdir())
    assert names == ["anna-2-001.csv", "anna-2-002.csv", "anna-2-003.csv"]
    (tmp_path / "punch" / "anna-2-001.csv").unlink()
    (tmp_path / "punch" / "anna-2-x.csv").touch()
    assert next(new_recording_paths(tmp_path, "punch", "anna", "2")).name == "anna-2-004.csv"
    assert next(new_recording_paths(tmp_path, "punch", "anna", "3")).name == "anna-3-001.csv"


def make_dataset(folder: Path) -> None:
    for label in ("punch", "flex"):
        for n in (2, 10, 1):
            save_recording(take(label, n), recording_path(folder, label, "anna", "2", n))


def test_a_dataset_loads_in_the_same_order_everywhere(tmp_path: Path) -> None:
    make_dataset(tmp_path)
    (tmp_path / "punch" / "._anna-2-001.csv").write_bytes(b"\x00")  # what macOS leaves about
    (tmp_path / "punch" / "notes.txt").touch()
    names = [recording.name for recording in load_recordings(tmp_path)]
    assert names == [f"{label}/anna-2-{n:03d}" for label in ("flex", "punch") for n in (1, 2, 10)]
    assert len(load_recordings(tmp_path, ["flex"])) == 3


def test_an_unknown_label_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    make_dataset(tmp_path)
    with refuses(why="misspelt for 'punch'", next_step="flex, punch"):
        load_recordings(tmp_path, ["flex", "punsh"])


def test_an_empty_dataset_names_the_next_step(tmp_path: Path) -> None:
    with refuses("is empty", what=str(tmp_path), next_step="gesture capture"):
        load_recordings(tmp_path)
    with pytest.raises(PipelineError, match="There is no dataset"):
        load_recordings(tmp_path / "none")
    (tmp_path / "punch.csv").write_text("aX,aY,aZ,gX,gY,gZ\n")
    with pytest.raises(PipelineError, match=r"only files such as punch\.csv"):
        load_recordings(tmp_path)


def test_a_file_in_the_folder_of_another_label_is_not_believed(tmp_path: Path) -> None:
    make_dataset(tmp_path)
    (tmp_path / "punch" / "anna-2-001.csv").rename(tmp_path / "flex" / "anna-3-001.csv")
    with pytest.raises(PipelineError, match=r"has `# label: punch`, but is in flex/"):
        load_recordings(tmp_path)


def test_the_fingerprint_follows_the_data_not_its_order(tmp_path: Path) -> None:
    make_dataset(tmp_path)
    recordings = load_recordings(tmp_path)
    known = fingerprint(tmp_path)
    assert len(known) == 64
    assert fingerprint(recordings[::-1]) == known
    changed = recordings[0].samples.copy()
    changed[3, 1] += 0.001
    assert fingerprint([replace(recordings[0], samples=changed), *recordings[1:]]) != known
    assert fingerprint([replace(recordings[0], person="ben"), *recordings[1:]]) != known
    assert fingerprint(recordings[1:]) != known


@pytest.mark.parametrize("largest", [32_000, 32_001, 20_000_000])
def test_numbers_are_written_as_python_would_write_them(largest: int) -> None:
    rng = np.random.default_rng(3)
    edges = [
        0,
        1,
        -1,
        9,
        999,
        -999,
        1000,
        9_999,
        10_000,
        -10_000,
        9_999_999,
        16_384_000,
        -16_384_000,
        32_000,
        -32_001,
    ]
    values = np.array([*edges, *rng.integers(-largest, largest, 500)], np.int32)
    values = values.clip(-largest, largest)
    times = np.array([*range(15), *rng.integers(0, 2**53, 500)], np.int64)
    times[:4] = [0, 9_999, 10_000, 100_000_001]
    text = rows_text(np.column_stack([times, times // 7]), np.column_stack([values, -values]))
    expected = [
        f"{t},{t // 7},{v / 1000:.3f},{-v / 1000 + 0.0:.3f}"
        for t, v in zip(times.tolist(), values.tolist(), strict=True)
    ]
    assert text.decode().splitlines() == expected
