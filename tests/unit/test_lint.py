"""Lint finds each fault in data damaged on purpose, and says little about data that is sound."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.core.artifacts import Recording
from pipeline.datasets.importers import ImportOptions, import_files
from pipeline.datasets.lint import Finding, lint_dataset
from pipeline.datasets.recordings import load_recordings, save_recording
from tests.conftest import PROJECT
from tests.takes import save_all, take, takes

SAMPLE = PROJECT / "data" / "sample"


def findings(folder: Path, recordings: list[Recording]) -> tuple[Finding, ...]:
    return lint_dataset(save_all(folder, recordings)).findings


def lint_of(folder: Path, recordings: list[Recording]) -> list[tuple[str, str]]:
    """The check and the file, relative to the dataset, of each finding."""
    found = findings(folder, recordings)
    assert all(finding.what and finding.next_step for finding in found)
    return [(finding.check, finding.file.relative_to(folder).as_posix()) for finding in found]


def sound() -> list[Recording]:
    return takes(["flex", "idle", "punch"], ("anna", "bo"), each=5)


def damaged(index: int, samples: np.ndarray) -> list[Recording]:
    recordings = sound()
    recordings[index] = replace(recordings[index], samples=samples.astype(np.float32))
    return recordings


def test_sound_takes_have_no_finding(tmp_path: Path) -> None:
    assert lint_of(tmp_path, sound()) == []


def test_nothing_that_is_no_gesture_is_found(tmp_path: Path) -> None:
    only_gestures = takes(["flex", "punch"], ("anna", "bo"), each=5)
    (found,) = findings(tmp_path, only_gestures)
    assert (found.check, found.file) == ("background", tmp_path)
    assert "--label idle" in found.next_step


def test_one_rate_that_differs_is_one_finding(tmp_path: Path) -> None:
    slow = [take("flex", number, "bo", "2", rate_hz=100.0) for number in (1, 2)]
    found = findings(tmp_path, [*sound(), *slow])
    assert [finding.check for finding in found] == ["rate"]
    assert "100 Hz, here and in 1 more take; the other 30 takes have 119 Hz" in found[0].what
    text = found[0].file.read_text("utf-8").splitlines()
    assert text[(found[0].line or 0) - 1] == "# rate_hz: 100"


def test_a_clock_that_contradicts_the_rate_is_found(tmp_path: Path) -> None:
    recordings = sound()
    recordings[3] = replace(recordings[3], t_us=recordings[3].t_us * 119 // 104)
    found = findings(tmp_path, recordings)
    assert [finding.check for finding in found] == ["rate"]
    assert "says 119 Hz, but its clock counts 104" in found[0].what


def test_missing_samples_are_found_at_their_line(tmp_path: Path) -> None:
    recordings = sound()
    seq = recordings[0].seq + 4 * (np.arange(60) >= 25)
    t_us = recordings[0].t_us + 33613 * (np.arange(60) >= 25)
    recordings[0] = replace(recordings[0], seq=seq, t_us=t_us)
    (finding,) = findings(tmp_path, recordings)
    assert finding.check == "gap"
    assert "4 samples are missing in one place" in finding.what
    assert finding.file.read_text("utf-8").splitlines()[finding.line - 1].startswith("1029,")


def test_a_clock_that_jumps_without_a_missing_number_is_found(tmp_path: Path) -> None:
    recordings = takes(["flex", "idle", "punch"], ("anna", "bo"), each=5, n=238)
    late = recordings[0].t_us + 30_000 * (np.arange(238) >= 25)
    recordings[0] = replace(recordings[0], t_us=late)
    (finding,) = findings(tmp_path, recordings)
    assert finding.check == "gap"
    assert "jumps by 30 ms" in finding.what
    assert finding.file.read_text("utf-8").splitlines()[finding.line - 1].startswith("1025,")


def test_readings_at_the_end_of_the_range_are_found(tmp_path: Path) -> None:
    samples = sound()[2].samples.copy()
    samples[30:34, 2] = 4.0
    found = findings(tmp_path, damaged(2, samples))
    assert [finding.check for finding in found] == ["clipping"]
    assert "4 of 60 samples" in found[0].what
    assert "az at 4" in found[0].what


def test_a_flat_top_below_a_known_range_is_found(tmp_path: Path) -> None:
    samples = np.clip(sound()[2].samples * [1, 1, 1, 6, 6, 6], -700, 700)
    assert ("clipping", "flex/anna-1-003.csv") in lint_of(tmp_path, damaged(2, samples))


def test_a_large_reading_alone_is_no_clipping(tmp_path: Path) -> None:
    samples = sound()[2].samples.copy()
    samples[30] += [3.1, 0, 0, 0, 0, 0]
    assert lint_of(tmp_path, damaged(2, samples)) == []


@pytest.mark.parametrize("column", range(6))
def test_a_stuck_axis_is_found(tmp_path: Path, column: int) -> None:
    samples = sound()[4].samples.copy()
    samples[10:, column] = samples[10, column]
    found = findings(tmp_path, damaged(4, samples))
    assert "stuck-axis" in {finding.check for finding in found}
    stuck = next(finding for finding in found if finding.check == "stuck-axis")
    assert stuck.what.startswith(("ax", "ay", "az", "gx", "gy", "gz")[column])
    assert re.search("5[01] of 60 samples", stuck.what)  # the sample before may be the same


def test_a_sensor_that_repeats_itself_is_found(tmp_path: Path) -> None:
    samples = sound()[4].samples.copy()
    samples[20:30] = samples[20]
    found = findings(tmp_path, damaged(4, samples))
    assert [finding.check for finding in found] == ["stuck-axis"]
    assert "all axes repeat for 10 of 60" in found[0].what
    assert found[0].file.read_text("utf-8").splitlines()[found[0].line - 1].startswith("1020,")


@pytest.fixture(scope="module")
def held_alike() -> list[Recording]:
    """The sample's punches: each person holds the board in a way of their own."""
    return [recording for recording in load_recordings(SAMPLE) if recording.label == "punch"]


def swapped_columns(recording: Recording, i: int, j: int) -> Recording:
    samples = recording.samples.copy()
    samples[:, [i, j]] = samples[:, [j, i]]
    return replace(recording, samples=samples)


@pytest.mark.parametrize("pair", [(0, 1), (0, 2), (1, 2)])
def test_a_take_with_two_axes_exchanged_is_found(tmp_path: Path, pair: tuple[int, int]) -> None:
    held = [take("punch", number, n=119) for number in range(1, 8)]
    way_up = np.array([0.9, -0.4, 0.1])
    for number, recording in enumerate(held):
        moved = recording.samples - recording.samples.mean(axis=0)
        moved[:, :3] += way_up
        held[number] = replace(recording, samples=moved)
    held[3] = swapped_columns(held[3], *pair)
    found = [finding for finding in findings(tmp_path, held) if finding.check == "swapped-axis"]
    assert [finding.file.name for finding in found] == ["anna-1-004.csv"]
    names = ("ax", "ay", "az")
    assert f"with {names[pair[0]]} and {names[pair[1]]} exchanged" in found[0].what


def test_a_session_with_two_axes_exchanged_is_found(
    tmp_path: Path, held_alike: list[Recording]
) -> None:
    mine = [recording for recording in held_alike if recording.person == "sim1"]
    again = [
        replace(recording, session=session, name=recording.name.replace("-1-", f"-{session}-"))
        for session in ("2", "3")
        for recording in mine
    ]
    random = np.random.default_rng(1)
    for n, recording in enumerate(again):
        noise = random.normal(size=recording.samples.shape) * [0.15, 0.15, 0.15, 9, 9, 9]
        again[n] = replace(recording, samples=(recording.samples + noise).astype(np.float32))
    third = [swapped_columns(recording, 1, 2) for recording in again[len(mine) :]]
    found = findings(tmp_path, [*mine, *again[: len(mine)], *third])
    swapped = [finding for finding in found if finding.check == "swapped-axis"]
    assert [finding.file.name for finding in swapped] == ["sim1-3-001.csv"]
    assert "6 takes of sim1, session 3: with ay and az exchanged" in swapped[0].what


def test_gravity_that_was_taken_out_is_found_once_a_session(tmp_path: Path) -> None:
    recordings = load_recordings(SAMPLE, ["idle", "punch"])
    for index, recording in enumerate(recordings):
        if recording.person == "sim2":
            samples = recording.samples.copy()
            samples[:, :3] -= np.median(samples[:, :3], axis=0)
            recordings[index] = replace(recording, samples=samples)
    found = [f for f in findings(tmp_path, recordings) if f.check == "gravity"]
    assert len(found) == 1
    assert "gravity is missing" in found[0].what
    assert "12 takes of sim2, session 1" in found[0].what


@pytest.mark.parametrize(
    ("factor", "unit"), [(9.80665, "m/s^2"), (1000, "milli-g"), (8192, "raw counts")]
)
def test_gravity_in_another_unit_is_found(tmp_path: Path, factor: float, unit: str) -> None:
    recordings = load_recordings(SAMPLE, ["idle"])
    for index, recording in enumerate(recordings):
        samples = recording.samples.copy()
        samples[:, :3] = np.clip(samples[:, :3] * factor, -16000, 16000)
        recordings[index] = replace(recording, samples=samples)
    found = [finding for finding in findings(tmp_path, recordings) if finding.check == "gravity"]
    assert len(found) == 4  # one a person and session
    assert all(f"looks like {unit}" in finding.what for finding in found)


def test_takes_too_short_are_found(tmp_path: Path) -> None:
    assert lint_of(tmp_path, [*sound(), take("flex", 9, n=2)]) == [
        ("too-short", "flex/anna-1-009.csv")
    ]


def test_exact_duplicates_are_found_even_under_another_label(tmp_path: Path) -> None:
    copy = replace(sound()[0], label="punch", person="bo", name="punch/bo-1-009")
    (finding,) = findings(tmp_path, [*sound(), copy])
    assert finding.check == "duplicate"
    assert finding.file == tmp_path / "punch" / "bo-1-009.csv"
    assert finding.what.endswith(
        "flex/anna-1-001.csv of another person, anna, which says it is flex"
    )


@pytest.mark.parametrize("how", ["noisy", "scaled", "first fifth cut"])
def test_a_copy_in_another_group_is_found(tmp_path: Path, how: str) -> None:
    recordings = load_recordings(SAMPLE, ["flex", "punch"])
    original = next(r for r in recordings if r.name == "flex/sim1-1-002")
    samples = original.samples.copy()
    if how == "noisy":
        noise = np.random.default_rng(3).normal(size=samples.shape)
        samples += noise * [0.02, 0.02, 0.02, 2, 2, 2]
    elif how == "scaled":
        samples *= 0.97
    else:
        samples = samples[len(samples) // 5 :]
    rows = len(samples)
    copy = replace(
        original,
        samples=samples.astype(np.float32),
        seq=original.seq[:rows],
        t_us=original.t_us[:rows],
        person="sim3",
        session="7",
        name="flex/sim3-7-001",
    )
    twins = [f for f in findings(tmp_path, [*recordings, copy]) if f.check == "near-duplicate"]
    assert [finding.file.name for finding in twins] == ["sim3-7-001.csv"]
    assert "sim1-1-002.csv of another person, sim1" in twins[0].what


@pytest.mark.parametrize(("noise_g", "found"), [(0.005, 1), (0.06, 0)])
def test_within_a_session_only_a_very_near_copy_is_found(
    tmp_path: Path, noise_g: float, found: int
) -> None:
    recordings = load_recordings(SAMPLE, ["flex", "punch"])
    original = next(r for r in recordings if r.name == "flex/sim1-1-002")
    noise = np.random.default_rng(3).normal(size=original.samples.shape)
    noise *= [noise_g] * 3 + [100 * noise_g] * 3
    samples = (original.samples + noise).astype(np.float32)
    copy = replace(original, samples=samples, name="flex/sim1-1-009")
    twins = [f for f in findings(tmp_path, [*recordings, copy]) if f.check == "near-duplicate"]
    assert len(twins) == found


def test_labels_and_people_with_unequal_shares_are_found(tmp_path: Path) -> None:
    unequal = [
        *takes(["flex", "punch"], ("anna",), each=20),
        *takes(["flex"], ("bo",), each=5),
        *takes(["idle"], ("anna", "bo"), each=2),
    ]
    found = findings(tmp_path, unequal)
    assert {finding.check for finding in found} == {"balance"}
    said = [finding.what for finding in found]
    assert said[0] == "idle has only 4 takes"
    assert said[1].startswith("2.0 s of idle, but 12.6 s of flex")
    assert said[2] == "bo made no punch and 7 takes in all, anna made 42"
    assert len(said) == 3


def test_a_file_that_cannot_be_read_does_not_hide_the_others(tmp_path: Path) -> None:
    (tmp_path / "flex").mkdir()
    (tmp_path / "flex" / "x-1-001.csv").write_bytes(b"\xff\xfe\x00")
    found = findings(tmp_path, [*sound(), take("flex", 9, n=2)])
    assert [finding.check for finding in found] == ["unreadable", "too-short"]
    assert found[0].what.startswith("is not a text file")


def test_the_sample_data_only_clips(tmp_path: Path) -> None:
    report = lint_dataset(SAMPLE)
    assert report.takes == 120
    assert {finding.check for finding in report.findings} == {"clipping"}


def imported(shared_data: Path, name: str, dataset: Path) -> Path:
    import_files(
        shared_data / "gestures" / name, dataset, ImportOptions(rate_hz=119.0, take_rows=119)
    )
    return dataset


def test_real_spells_clip_at_4_g_and_have_no_other_fault(tmp_path: Path, shared_data: Path) -> None:
    dataset = imported(shared_data, "spells", tmp_path)
    report = lint_dataset(dataset)
    assert {finding.check for finding in report.findings} == {"background", "clipping"}
    clipped = {
        path
        for path in dataset.glob("*/*.csv")
        if any(
            abs(float(cell)) >= 3.995
            for line in path.read_text("utf-8").splitlines()
            if line[0].isdigit()
            for cell in line.split(",")[2:5]
        )
    }
    assert {f.file for f in report.findings if f.check == "clipping"} == clipped
    assert len(clipped) == 65


def test_real_punches_of_three_people_are_unequal_and_clip(
    tmp_path: Path, shared_data: Path
) -> None:
    report = lint_dataset(imported(shared_data, "punch_flex", tmp_path))
    assert Counter(finding.check for finding in report.findings) == {
        **{"clipping": 12, "balance": 4},
        "background": 1,
    }
    assert any("ChiaHong95 made no circ, hori" in finding.what for finding in report.findings)


def test_real_recordings_without_gravity_are_reported(tmp_path: Path, shared_data: Path) -> None:
    """Normalised to mean 0 and deviation 1 by those who published them."""
    for number in range(10):
        path = shared_data / "gestures" / "uhh_imu" / f"j_{number}_fullSet.npz"
        with pytest.warns(UserWarning, match="Python 2"), np.load(path, encoding="latin1") as data:
            samples = np.concatenate([data["acc"], data["gyro"]], axis=1).astype(np.float32)
        blank = take("mixed", number + 1, "j", n=len(samples), rate_hz=50.0)
        save_recording(replace(blank, samples=samples), tmp_path / f"{blank.name}.csv")
    found = [f for f in lint_dataset(tmp_path).findings if f.check == "gravity"]
    assert len(found) == 1
    assert "gravity is missing" in found[0].what
