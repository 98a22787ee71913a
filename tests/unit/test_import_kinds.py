"""Kinds of files that people have, made here: what goes in comes out, or is asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline.core.artifacts import Float64
from pipeline.core.errors import PipelineError
from pipeline.core.unit_names import STANDARD_GRAVITY
from pipeline.datasets.importers import (
    ImportOptions,
    import_files,
    load_layout,
    save_layout,
    understand,
)
from pipeline.datasets.recordings import load_recordings
from tests.fixtures.tutorial_files import HEADER
from tests.refusals import refuses

RATE_HZ = 50.0


def motion(seed: int, rows: int = 80) -> Float64:
    """A hand that waves: g and deg/s with three decimals, float64 [rows, 6]."""
    random = np.random.default_rng(seed)
    t = np.arange(rows) / RATE_HZ
    waves = np.sin(np.outer(t, random.uniform(3, 9, 6)))
    acceleration = 0.05 * waves[:, :3] + (0, 0, 1)
    return np.round(np.hstack([acceleration, 90 * waves[:, 3:]]) + random.normal(size=6) / 1e3, 3)


def table(header: str, *columns: object) -> str:
    rows = zip(*(np.ravel(c) if np.ndim(c) < 2 else map(tuple, c) for c in columns), strict=True)
    lines = [",".join(str(x) for cell in row for x in np.ravel(cell)) for row in rows]
    return "\n".join([header, *lines]) + "\n"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def clock(rows: int = 80, rate_hz: float = RATE_HZ) -> Float64:
    return np.arange(rows) / rate_hz


IMU = "ax,ay,az,gx,gy,gz"


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("time", lambda s: np.round(s, 3)),
        ("timestamp", lambda s: np.rint(s * 1e3).astype(int)),
        ("micros", lambda s: np.rint(s * 1e6).astype(int) + 4_294_000_000),
        ("utc", lambda s: np.rint(1.7e18 + s * 1e9).astype(np.int64)),
        ("date", lambda s: [f"2024-03-05 10:00:0{x:.3f}" for x in s]),
        ("date", lambda s: [f"05.03.2024 10:00:0{x:.3f}" for x in s]),
        ("clock", lambda s: [f"10:00:0{x:.3f}" for x in s]),
        ("clock", lambda s: [f"02:00:0{x:.3f} PM" for x in s]),
    ],
)
def test_the_rate_comes_from_any_clock(
    tmp_path: Path, name: str, cells: Callable[[Float64], object]
) -> None:
    source = write(tmp_path / "wave.csv", table(f"{name},{IMU}", cells(clock()), motion(1)))
    import_files(source, tmp_path / "d")
    (recording,) = load_recordings(tmp_path / "d")
    assert recording.rate_hz == RATE_HZ
    assert recording.gaps == ()
    np.testing.assert_allclose(recording.samples, motion(1), atol=6e-4)
    np.testing.assert_allclose(np.diff(recording.t_us), 1e6 / RATE_HZ, atol=1)


def test_a_counter_that_begins_again_counts_on(tmp_path: Path) -> None:
    micros = (np.rint(clock() * 1e6).astype(np.int64) + 2**32 - 500_000) % 2**32
    source = write(tmp_path / "wave.csv", table(f"micros,{IMU}", micros, motion(1)))
    import_files(source, tmp_path / "d")
    (recording,) = load_recordings(tmp_path / "d")
    assert (len(recording), recording.rate_hz, recording.gaps) == (80, RATE_HZ, ())


def test_samples_that_the_clock_misses_are_gaps_and_a_long_hole_ends_a_take(
    tmp_path: Path,
) -> None:
    kept = np.r_[0:20, 23:80]
    text = table(f"time,{IMU}", clock()[kept].round(3), motion(1)[kept])
    import_files(write(tmp_path / "wave.csv", text), tmp_path / "d")
    (recording,) = load_recordings(tmp_path / "d")
    assert [(gap.index, gap.missing) for gap in recording.gaps] == [(20, 3)]

    later = clock() + np.where(np.arange(80) < 40, 0, 9.0)
    import_files(
        write(tmp_path / "flex.csv", table(f"time,{IMU}", later, motion(1))), tmp_path / "e"
    )
    assert [len(take) for take in load_recordings(tmp_path / "e")] == [40, 40]


def test_a_running_number_is_no_clock(tmp_path: Path) -> None:
    source = write(tmp_path / "wave.csv", table(f"time,{IMU}", np.arange(80), motion(1)))
    with pytest.raises(PipelineError, match=r"no clock, so .* give --rate-hz"):
        import_files(source, tmp_path / "d")


def test_files_in_different_units_under_one_header_are_told_apart(tmp_path: Path) -> None:
    scale = np.array([STANDARD_GRAVITY] * 3 + [1] * 3)
    write(tmp_path / "in" / "wave.csv", table(f"time,{IMU}", clock(), motion(1)))
    write(tmp_path / "in" / "flex.csv", table(f"time,{IMU}", clock(), motion(2) * scale))
    import_files(tmp_path / "in", tmp_path / "d")
    for recording in load_recordings(tmp_path / "d"):
        assert np.linalg.norm(recording.samples[:, :3], axis=1).mean() == pytest.approx(1, abs=0.1)


def test_the_tutorials_header_does_not_hide_other_units(tmp_path: Path) -> None:
    scale = np.array([STANDARD_GRAVITY] * 3 + [np.pi / 180] * 3)
    text = table(HEADER, (motion(1) * scale).round(4))
    source = write(tmp_path / "wave.csv", text)
    with pytest.raises(PipelineError, match=r"unit of its turning is unclear|give --rate-hz"):
        import_files(source, tmp_path / "d")


def test_the_acceleration_and_the_turning_of_an_app_are_joined_on_time(tmp_path: Path) -> None:
    whole = motion(1, 200)
    folder = tmp_path / "in" / "wave-2024-03-05_10-00-00"
    text = table("time,seconds_elapsed,z,y,x", clock(200), clock(200), whole[:, 2::-1])
    write(folder / "TotalAcceleration.csv", text)
    turning = np.deg2rad(whole[::2, :2:-1])
    text = table("time,seconds_elapsed,z,y,x", clock(200)[::2], clock(200)[::2], turning)
    write(folder / "Gyroscope.csv", text)
    write(folder / "Magnetometer.csv", text)
    options = ImportOptions(units=("g", "rad/s"))
    report = import_files(tmp_path / "in", tmp_path / "d", options)
    assert report.takes == {("wave", "p1"): 1}
    assert any("joined on time with Gyroscope.csv" in str(note) for note in report.noted)
    (recording,) = load_recordings(tmp_path / "d")
    np.testing.assert_allclose(recording.samples[:, :3], whole[: len(recording), :3], atol=6e-4)
    np.testing.assert_allclose(recording.samples[::2, 3:], whole[:-1:2, 3:], atol=6e-3)


def test_gravity_that_was_taken_off_is_never_looked_for(tmp_path: Path) -> None:
    names = "time,userAcceleration.x,userAcceleration.y,userAcceleration.z"
    source = write(tmp_path / "wave.csv", table(names, clock(), motion(1)[:, :3]))
    with pytest.raises(PipelineError, match="by its name it has no gravity: give --units"):
        import_files(source, tmp_path / "d")
    report = import_files(source, tmp_path / "d", ImportOptions(units=("g",)))
    assert "without gravity" in report.understood[0]


@pytest.mark.parametrize(
    ("files", "takes"),
    [
        (("anna/wave.csv", "ben/wave.csv"), {("wave", "anna"): 1, ("wave", "ben"): 1}),
        (("wave/p1.csv", "wave/p2.csv"), {("wave", "p1"): 1, ("wave", "p2"): 1}),
        (("wave/1.csv", "wave/2.csv", "flex/1.csv"), {("wave", "p1"): 2, ("flex", "p1"): 1}),
        (("anna/wave/1.csv", "ben/wave/2.csv"), {("wave", "anna"): 1, ("wave", "ben"): 1}),
        (("wave_p01_1.csv", "wave_p02_1.csv"), {("wave", "p01"): 1, ("wave", "p02"): 1}),
        (("train/wave.1a2b3c4d.csv", "test/wave.2b3c4d5e.csv"), {("wave", "p1"): 2}),
        (("upper cut (1).csv", "upper cut (2).csv"), {("upper_cut", "p1"): 2}),
        (("wave_2024-03-05_10-00-00.csv",), {("wave", "p1"): 1}),
        (("punch2.csv",), {("punch2", "p1"): 1}),
        (
            ("wave-anna.csv", "wave-ben.csv", "flex-anna.csv", "flex-ben.csv"),
            {(label, who): 1 for label in ("wave", "flex") for who in ("anna", "ben")},
        ),
        (
            ("wave/anna.csv", "wave/ben.csv", "flex/anna.csv", "flex/ben.csv"),
            {(label, who): 1 for label in ("wave", "flex") for who in ("anna", "ben")},
        ),
    ],
)
def test_labels_and_people_come_from_folders_and_names(
    tmp_path: Path, files: tuple[str, ...], takes: dict[tuple[str, str], int]
) -> None:
    for seed, file in enumerate(files):
        write(tmp_path / "in" / file, table(f"time,{IMU}", clock(), motion(seed)))
    assert import_files(tmp_path / "in", tmp_path / "d").takes == takes


def test_folders_that_may_be_labels_or_people_are_asked_about(tmp_path: Path) -> None:
    for seed, file in enumerate(("rev/sun.csv", "rev/rain.csv", "alo/snow.csv")):
        write(tmp_path / "in" / file, table(f"time,{IMU}", clock(), motion(seed)))
    with refuses(what="--label-from folder (or name)"):
        import_files(tmp_path / "in", tmp_path / "d")
    report = import_files(tmp_path / "in", tmp_path / "d", ImportOptions(label_from="folder"))
    assert {label for label, _ in report.takes} == {"rev", "alo"}


def test_words_of_names_that_may_be_labels_or_people_are_asked_about(tmp_path: Path) -> None:
    for seed, name in enumerate(("rev-anna", "rev-ben", "alo-anna", "alo-ben")):
        write(tmp_path / "in" / f"{name}.csv", table(f"time,{IMU}", clock(), motion(seed)))
    with refuses(what="--label-from first-word (or last-word, or name)"):
        import_files(tmp_path / "in", tmp_path / "d")
    chosen = ImportOptions(label_from="first-word")
    report = import_files(tmp_path / "in", tmp_path / "d", chosen)
    assert report.takes == {(w, p): 1 for w in ("rev", "alo") for p in ("anna", "ben")}


def test_a_clock_that_lost_its_digits_is_asked_for(tmp_path: Path) -> None:
    cells = [f"{1_700_000_004.5 + s:.8e}" for s in clock()]
    source = write(tmp_path / "wave.csv", table(f"timestamp,{IMU}", cells, motion(1)))
    with refuses(what="--rate-hz"):
        import_files(source, tmp_path / "d")


def test_rows_of_two_devices_by_turns_are_no_take(tmp_path: Path) -> None:
    times, devices = np.repeat(clock(), 2), ["left", "right"] * 80
    text = table(f"time,device,{IMU}", times, devices, motion(1, 160))
    source = write(tmp_path / "wave.csv", text)
    with refuses(what="several devices by turns, by its column 'device' (left, right)"):
        import_files(source, tmp_path / "d", ImportOptions(label="wave"))


def test_a_text_in_each_row_is_no_device(tmp_path: Path) -> None:
    checksums = [f"x{number:04x}" for number in range(80)]
    text = table(f"time,check,{IMU}", clock(), checksums, motion(1, 80))
    import_files(write(tmp_path / "wave.csv", text), tmp_path / "d", ImportOptions(label="wave"))
    (recording,) = load_recordings(tmp_path / "d")
    assert len(recording) == 80


@pytest.mark.parametrize(("separator", "mark"), [(",", ","), (";", "'"), ("\t", "'")])
def test_marks_between_thousands_are_no_decimal_signs(
    tmp_path: Path, separator: str, mark: str
) -> None:
    whole = np.rint(motion(1)[:, :3] * 1000).astype(int)
    rows = zip(np.rint(clock() * 1000).astype(int), *whole.T, strict=True)
    lines = [[f'"{number:,}"'.replace(",", mark) for number in row] for row in rows]
    header = separator.join(("time (ms)", "ax (mg)", "ay (mg)", "az (mg)"))
    text = "\n".join([header, *(separator.join(line) for line in lines)]) + "\n"
    report = import_files(write(tmp_path / "wave.csv", text), tmp_path / "d")
    (recording,) = load_recordings(tmp_path / "d")
    assert recording.rate_hz == RATE_HZ
    np.testing.assert_allclose(recording.samples, whole / 1000, atol=6e-4)
    assert any("between thousands" in note.what for note in report.noted)


def test_rows_of_two_sensors_are_joined_on_time(tmp_path: Path) -> None:
    whole = motion(1, 200)
    times = clock(200)
    long = [
        (f"{time:.3f}", sensor, *whole[at, first : first + 3])
        for at, time in enumerate(times)
        for sensor, first in (("acc", 0), ("gyro", 3))
    ]
    sparse = [
        (f"{time:.3f}", *(value if half == at // 3 else "" for at, value in enumerate(whole[row])))
        for row, time in enumerate(times)
        for half in (0, 1)
    ]
    for header, rows in (("time,sensor,x,y,z", long), (f"time,{IMU}", sparse)):
        text = "\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n"
        folder = tmp_path / header.replace(",", "")
        import_files(write(folder / "wave.csv", text), folder / "d")
        (recording,) = load_recordings(folder / "d")
        np.testing.assert_allclose(recording.samples, whole, atol=6e-4)
        assert (recording.rate_hz, recording.gaps) == (RATE_HZ, ())


def test_turning_is_not_guessed_in_a_hole(tmp_path: Path) -> None:
    whole, kept = motion(1, 200), np.r_[0:80, 120:200]
    write(tmp_path / "in" / "acc_wave.csv", table("time,x,y,z", clock(200), whole[:, :3]))
    text = table("time,x,y,z", clock(200)[kept], whole[kept, 3:])
    write(tmp_path / "in" / "gyro_wave.csv", text)
    import_files(tmp_path / "in", tmp_path / "d")
    (recording,) = load_recordings(tmp_path / "d")
    assert (recording.label, [gap.missing for gap in recording.gaps]) == ("wave", [40])
    assert len(recording) == 160


def test_a_clock_that_jitters_keeps_its_rate_and_cuts_no_take(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    times = np.rint(clock(200) * 1e3 + random.normal(0, 6, 200)).astype(int) + 100
    source = write(tmp_path / "wave.csv", table(f"time_ms,{IMU}", times, motion(1, 200)))
    report = import_files(source, tmp_path / "d")
    (recording,) = load_recordings(tmp_path / "d")
    assert (len(recording), recording.gaps) == (200, ())
    assert recording.rate_hz == pytest.approx(RATE_HZ, rel=0.01)
    assert any("is uneven" in note.what for note in report.noted)


def test_a_blank_line_after_every_row_ends_no_take(tmp_path: Path) -> None:
    lines = table(HEADER, np.vstack([motion(1), motion(2)])).splitlines()
    text = "\n\n".join(lines[:81]) + "\n\n\n\n" + "\n\n".join(lines[81:])
    import_files(write(tmp_path / "wave.csv", text), tmp_path / "d")
    assert [len(take) for take in load_recordings(tmp_path / "d")] == [80, 80]


def test_a_column_of_words_by_another_name_is_asked_about(tmp_path: Path) -> None:
    words = ["up"] * 40 + ["down"] * 40
    source = write(tmp_path / "day.csv", table(f"time,{IMU},what", clock(), motion(1), words))
    with refuses(what="'what' has words (up, down): they may be the labels"):
        import_files(source, tmp_path / "d")
    columns = ("time", *IMU.split(","), "label")
    import_files(source, tmp_path / "d", ImportOptions(columns=columns))
    (recording,) = load_recordings(tmp_path / "d")
    assert [part.label for part in recording.intervals] == ["up", "down"]


def test_findings_of_one_kind_are_few_lines(tmp_path: Path) -> None:
    for seed in range(30):
        write(tmp_path / "in" / f"wave_{seed}.csv", table(IMU, motion(seed)))
    with pytest.raises(PipelineError) as caught:
        import_files(tmp_path / "in", tmp_path / "d")
    assert len(caught.value.what.splitlines()) <= 10
    assert "and 25 more of this kind" in caught.value.what


def test_a_layout_is_kept_and_used_again(tmp_path: Path) -> None:
    said = ImportOptions(rate_hz=50.0, units=("g", "deg/s"), columns=("ax", "ay", "az", "-"))
    save_layout(said, tmp_path / "mine.yaml")
    assert load_layout(tmp_path / "mine.yaml") == said
    assert ImportOptions(rate_hz=20.0).or_from(said).rate_hz == 20.0
    for text in ("rate: 5\n", "- 1\n", "units: [stone]\n", "rate_hz: [1]\n", "{"):
        write(tmp_path / "bad.yaml", text)
        with refuses():
            load_layout(tmp_path / "bad.yaml")


def test_understanding_writes_nothing(tmp_path: Path) -> None:
    write(tmp_path / "in" / "wave.csv", table(f"time,{IMU}", clock(), motion(1)))
    before = sorted(tmp_path.rglob("*"))
    assert understand([tmp_path / "in"]).recordings == 1
    assert sorted(tmp_path.rglob("*")) == before
