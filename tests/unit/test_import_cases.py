"""Recordings as people have them: what is imported is what the file says, or it is asked."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.core.artifacts import Recording
from pipeline.core.errors import PipelineError
from pipeline.core.unit_names import DEGREES, STANDARD_GRAVITY
from pipeline.datasets.importers import ImportOptions, ImportReport, import_files
from pipeline.datasets.recordings import load_recordings
from tests.conftest import PROJECT

CASES = PROJECT.parent / "shared" / "cases" / "import"
METRE = 1 / STANDARD_GRAVITY
IMU = ("ax", "ay", "az", "gx", "gy", "gz")

needs_cases = pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not here")


@dataclass(frozen=True)
class Case:
    """A folder of cases, what is said about it, and what must come in.

    Args:
        takes: how many, by label and person.
        factors: from the units of the file to g and deg/s.
        rows: of each take; None where they differ.
        says: words of what is said.
    """

    name: str
    takes: dict[tuple[str, str], int]
    rate_hz: float
    factors: tuple[float, float] = (1.0, 1.0)
    rows: int | None = None
    options: ImportOptions = field(default_factory=ImportOptions)
    says: tuple[str, ...] = ()


SLOW = ImportOptions(rate_hz=100.0)
RIGHT = [
    Case(
        "01-clock-column",
        {("circle", "p1"): 1, ("zigzag", "p1"): 1},
        88.0,
        (METRE, DEGREES),
        880,
        says=(
            "at 88.0 Hz by the clock",
            "m/s2 by the readings",
            "rad/s by",
            "temperature left out",
        ),
    ),
    Case("02-edge-impulse-csv", {("idle", "p1"): 3, ("wave", "p1"): 3}, 100.0, (METRE, 1.0), 100),
    Case(
        "03-phyphox",
        {("idle", "p1"): 1, ("wave", "p1"): 1},
        125.0,
        (METRE, 1.0),
        1000,
        says=("m/s^2 by the header", "without gravity"),
    ),
    Case("05-timestamp-xyz", {("walk", "p1"): 1}, 50.0, (METRE, 1.0), 500, says=("acceleration",)),
    Case(
        "06-raw-counts",
        {("shake", "p1"): 1, ("still", "p1"): 1},
        100.0,
        (1 / 16384, 1.0),
        options=SLOW,
        says=("counts 16384 by the readings",),
    ),
    Case(
        "06b-raw-counts-4096",
        {("shake", "p1"): 1, ("still", "p1"): 1},
        100.0,
        (1 / 4096, 1 / 16.4),
        options=ImportOptions(rate_hz=100.0, units=("counts 4096", "counts 16.4")),
    ),
    Case(
        "07-rad-per-s",
        {("gesture", "p1"): 1, ("idle", "p1"): 1},
        100.0,
        (1.0, DEGREES),
        options=SLOW,
        says=("turning in rad/s by the readings",),
    ),
    Case("09-excel-commas", {("flex", "p1"): 4}, 119.0, rows=119),
    Case("17-plain-semicolons", {("wave", "p1"): 1}, 100.0, rows=600),
    Case(
        "18-label-columns",
        {("wave", "p1"): 3, ("circle", "p1"): 3},
        100.0,
        rows=100,
        options=SLOW,
        says=("by sample_id", "labels from `gesture`"),
    ),
    Case("18b-label-column", {("wave", "p1"): 3, ("circle", "p1"): 3}, 100.0, (1, 1), 100, SLOW),
    Case("21-takes-of-140", {("flex", "p1"): 17, ("wave", "p1"): 17}, 119.0, rows=140),
    Case("22-take-a-file", {("circle", "p1"): 3, ("wave", "p1"): 3}, 100.0, (1, 1), 100, SLOW),
    Case("22b-folder-a-label", {("circle", "p1"): 3, ("wave", "p1"): 3}, 100.0, (1, 1), 100, SLOW),
    Case(
        "24b-nine-axes-blank-lines",
        {("wave", "p1"): 4},
        119.0,
        rows=119,
        says=("magnetometer left out",),
    ),
    Case(
        "26-sample-id",
        {("wave", "p1"): 20, ("circle", "p1"): 20},
        50.0,
        rows=50,
        says=("40 takes of 50 rows", "by sample_id, at 50.0 Hz"),
    ),
    Case(
        "27-label-column-sittings",
        {("stream", f"person{n}"): 2 for n in range(3)},
        119.0,
        rows=4304,
        says=("labels from `label`: circle, wave", "people from the folders"),
    ),
    Case(
        "70-50hz",
        {(label, who): 8 for label in ("circle", "shake", "wave") for who in ("ann", "bob", "cat")},
        50.0,
        (METRE, DEGREES),
        50,
        ImportOptions(rate_hz=50.0),
    ),
]


@needs_cases
@pytest.mark.parametrize("case", RIGHT, ids=lambda case: case.name)
def test_a_case_comes_in_as_its_files_say(tmp_path: Path, case: Case) -> None:
    report = import_files(CASES / case.name, tmp_path, case.options)
    assert report.takes == case.takes
    assert report.left_out == ()
    said = "\n".join(report.understood)
    assert all(words in said for words in case.says), said
    recordings = load_recordings(tmp_path)
    assert {recording.rate_hz for recording in recordings} == {case.rate_hz}
    assert case.rows is None or {len(recording) for recording in recordings} == {case.rows}
    assert not any(recording.gaps for recording in recordings)
    assert_same_samples(recordings, CASES / case.name, case.factors)


def assert_same_samples(
    recordings: list[Recording], folder: Path, factors: tuple[float, float]
) -> None:
    """All rows of all files, in whatever order, are in the recordings."""
    wanted = np.concatenate([_rows_of(file, factors) for file in sorted(folder.rglob("*.csv"))])
    found = np.concatenate([recording.samples for recording in recordings])
    order = [np.lexsort(np.rint(rows * 1000).T.round()) for rows in (wanted, found)]
    np.testing.assert_allclose(found[order[1]], wanted[order[0]], atol=6e-4)


def _rows_of(file: Path, factors: tuple[float, float]) -> np.ndarray:
    semicolons = ";" in file.read_text("utf-8").split("\n")[0]
    how = {"sep": ";", "decimal": ","} if semicolons else {}
    table = pd.read_csv(file, **how).dropna(how="all")
    names = {_plain(name): name for name in table.columns}
    axes = [channel for channel in IMU if channel in names]
    scale = [factors[0] if axis[0] == "a" else factors[1] for axis in axes]
    return np.rint(table[[names[axis] for axis in axes]].to_numpy(float) * scale * 1000) / 1000


def _plain(name: str) -> str:
    name = name.lower().split("(")[0].split("[")[0].strip()
    for word, letter in (("linear acceleration ", "a"), ("acc", "a"), ("gyr", "g")):
        name = name.replace(word, letter)
    return f"a{name}" if name in "xyz" else name


@needs_cases
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("06-raw-counts", "no clock, so how many rows a second it has is not told: give --rate-hz"),
        ("06b-raw-counts-4096", 'counts, or deg/s: give --units "counts 4096,counts 131"'),
        ("22-take-a-file", "give --rate-hz"),
    ],
)
def test_what_a_case_does_not_tell_is_asked_for_with_its_first_lines(
    tmp_path: Path, name: str, said: str
) -> None:
    with pytest.raises(PipelineError) as caught:
        import_files(CASES / name, tmp_path)
    assert said in caught.value.what
    assert "it begins:\n      ax,ay,az" in caught.value.what
    assert not list(tmp_path.iterdir())


@needs_cases
def test_documents_of_edge_impulse_come_in_as_their_values_say(tmp_path: Path) -> None:
    folder = CASES / "13-edge-impulse-json"
    report = import_files(folder, tmp_path)
    assert report.takes == {("idle", "p1"): 2, ("wave", "p1"): 2}
    values = [json.loads(file.read_text())["payload"] for file in sorted(folder.glob("*.json"))]
    factors = np.array([METRE] * 3 + [1.0] * 3)
    for recording, payload in zip(load_recordings(tmp_path), values, strict=True):
        assert recording.rate_hz == 1000 / payload["interval_ms"]
        wanted = np.array(payload["values"]) * factors
        np.testing.assert_allclose(recording.samples, wanted, atol=6e-4)


@needs_cases
def test_strokes_without_accelerations_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="strokes that were drawn in the air"):
        import_files(CASES / "12-magic-wand-json", tmp_path)


@needs_cases
def test_sittings_stay_apart_and_gestures_are_intervals(tmp_path: Path) -> None:
    import_files(CASES / "27-label-column-sittings", tmp_path)
    recordings = load_recordings(tmp_path)
    assert len({(r.person, r.session) for r in recordings}) == 6
    for recording in recordings:
        assert {part.label for part in recording.intervals} == {"wave", "circle"}
        assert {part.stop - part.start for part in recording.intervals} == {119}


@needs_cases
def test_takes_of_numbered_files_are_in_one_session(tmp_path: Path) -> None:
    for name in ("22-take-a-file", "22b-folder-a-label"):
        import_files(CASES / name, tmp_path / name, SLOW)
        found = sorted(recording.name for recording in load_recordings(tmp_path / name))
        assert found == [f"{label}/p1-1-00{n}" for label in ("circle", "wave") for n in (1, 2, 3)]


def other_files(tmp_path: Path, name: str, options: ImportOptions = SLOW) -> ImportReport:
    return import_files(CASES / "25-other-files" / name, tmp_path, options)


@needs_cases
@pytest.mark.parametrize(
    ("name", "rows", "label"),
    [
        ("wave.csv.gz", 100, "wave"),
        ("wave.zip", 100, "wave"),
        ("quoted.csv", 119, "quoted"),
        ("unit3.csv", 50, "unit3"),
        ("wave.npy", 100, "wave"),
        ("wave.npz", 100, "wave"),
    ],
)
def test_packed_and_quoted_files(tmp_path: Path, name: str, rows: int, label: str) -> None:
    is_array = name.endswith(("npy", "npz"))  # of noise, which tells no unit
    said = ImportOptions(rate_hz=100.0, units=("g", "deg/s")) if is_array else SLOW
    report = other_files(tmp_path, name, said)
    assert report.takes == {(label, "p1"): 1}
    (recording,) = load_recordings(tmp_path)
    assert (len(recording), recording.channels) == (rows, IMU)


@needs_cases
def test_units_in_the_header_of_other_files(tmp_path: Path) -> None:
    for name in ("unit2.csv", "sci.csv"):
        other_files(tmp_path / name, name, ImportOptions())
        (recording,) = load_recordings(tmp_path / name)
        assert recording.rate_hz == 50.0
        np.testing.assert_allclose(recording.samples[0, 0], 1.0 * METRE, atol=6e-4)


@needs_cases
def test_columns_that_are_there_twice_are_asked_about(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="are of more than one sensor"):
        other_files(tmp_path, "dup.csv")
    chosen = ImportOptions(rate_hz=100.0, columns=("ax", "ay", "az", *"---", "gx", "gy", "gz"))
    assert other_files(tmp_path, "dup.csv", chosen).total == 1
    np.testing.assert_allclose(load_recordings(tmp_path)[0].samples[0, :3], (0.1, 0.2, 1))


@needs_cases
def test_a_cell_that_is_no_number_is_named(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=r"nan\.csv:\d+: ay is 'NaN', not a finite number"):
        other_files(tmp_path, "nan.csv")
