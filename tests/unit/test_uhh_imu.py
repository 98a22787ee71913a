"""The archives of UHH-IMU: one continuous recording each, by whichever command they come."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.core.artifacts import Interval
from pipeline.core.errors import ExitCode, PipelineError
from pipeline.datasets.fetch import fetch_dataset
from pipeline.datasets.importers import ImportReport, import_files
from pipeline.datasets.recordings import load_recording, load_recordings, recording_paths


def run(path: Path, dataset: Path, label: str | None = None) -> ImportReport:
    return import_files(path, dataset, label, None, 119.0, 119)


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
    report = run(source, tmp_path / "d")
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
    assert run(source, tmp_path / "d").takes == run(source, tmp_path / "d").takes
    assert len(recording_paths(tmp_path / "d")) == 1


def test_a_label_that_is_given_is_that_of_the_gestures_too(tmp_path: Path) -> None:
    source = write_archive(tmp_path / "j_7_fullSet.npz", 90, (10, 30))
    run(source, tmp_path / "d", label="twist")
    (recording,) = load_recordings(tmp_path / "d")
    assert (recording.label, recording.intervals) == ("twist", (Interval(10, 30, "twist"),))


def test_an_archive_whose_markers_disagree_says_so(tmp_path: Path) -> None:
    source = write_archive(tmp_path / "j_7_fullSet.npz", 90, (10, 30), marks=2)
    noted = run(source, tmp_path / "d").noted
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
    with pytest.raises(PipelineError, match=reason) as caught:
        run(source, tmp_path / "d")
    assert caught.value.exit_code == ExitCode.FAILED


@pytest.mark.parametrize("name", ["other.npz", "j_12_fullSet.npz"])
def test_an_archive_of_another_name_is_named(tmp_path: Path, name: str) -> None:
    source = write_archive(tmp_path / name, 90, (10, 30))
    with pytest.raises(PipelineError, match="is not named PERSON_GESTURE_fullSet"):
        run(source, tmp_path / "d")


def test_real_archives_are_the_same_imported_or_fetched(tmp_path: Path, shared_data: Path) -> None:
    report = run(shared_data / "gestures" / "uhh_imu", tmp_path / "imported")
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
