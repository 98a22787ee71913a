"""Published datasets: fetched whole and as listed, or not at all."""

from __future__ import annotations

import datetime
import io
import pickle
import re
import warnings
from pathlib import Path

import numpy as np
import pytest

from pipeline.core.artifacts import Interval
from pipeline.core.errors import ExitCode, PipelineError
from pipeline.core.project import shipped_configs
from pipeline.datasets.catalogue import (
    CATALOGUE,
    RemoteFile,
    SequenceEntry,
    files_of,
    find_entry,
)
from pipeline.datasets.fetch import FetchedFiles, fetch_dataset
from pipeline.datasets.recordings import load_recordings
from pipeline.datasets.watch import unpickle_arrays
from tests.conftest import PROJECT

ONE_ADDRESS = {"imdb"}  # its publisher gives it no other, and has not changed it since 2011
NOWHERE = "http://127.0.0.1:9"  # the discard port: nobody listens


MADE_HERE = ("dates",)  # nothing is downloaded for them


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Real requests, that find nothing: nothing is downloaded, nothing was downloaded before."""
    for scheme in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(scheme, NOWHERE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: entry.name)
def test_every_entry_says_all_and_its_files_cannot_change(entry: object) -> None:
    for name, value in vars(entry).items():
        assert value, name
    files = files_of(find_entry(vars(entry)["name"]))
    assert bool(files) == (vars(entry)["name"] not in MADE_HERE)
    assert len({file.path for file in files}) == len(files)
    for file in files:
        assert len(file.sha256) == 64
        fixed = file.url.split("/")  # a commit, or PyPI's hash of the content
        assert file.url.startswith("https://")
        assert vars(entry)["name"] in ONE_ADDRESS or any(
            len(part) >= 40 and set(part) <= set("0123456789abcdef") for part in fixed
        )


def test_the_page_on_data_has_every_entry_and_a_config_for_it() -> None:
    page = (PROJECT / "data" / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| .+ \| `(\w+)` \|$", page, re.MULTILINE)
    assert [name for name, _ in rows] == [entry.name for entry in CATALOGUE]
    assert {config for _, config in rows} <= set(shipped_configs())


@pytest.mark.parametrize("name", ["spells", "punch_flex", "uhh_imu"])
def test_a_dataset_is_what_its_entry_says(tmp_path: Path, shared_data: Path, name: str) -> None:
    report = fetch_dataset(name, shared_data, tmp_path / name)
    entry = find_entry(name)
    recordings = load_recordings(tmp_path / name)
    assert report.left_out == ()
    assert report.total == len(recordings) == entry.recordings
    assert len({recording.person for recording in recordings}) == entry.people
    assert sorted({recording.label for recording in recordings}) == sorted(entry.labels)
    assert {recording.rate_hz for recording in recordings} == {entry.rate_hz}
    assert list((tmp_path / name).glob("LICENSE*"))
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_reviews_of_a_mirror_are_taken_as_they_are(tmp_path: Path, shared_data: Path) -> None:
    report = fetch_dataset("imdb", shared_data, tmp_path / "imdb")
    assert isinstance(report, FetchedFiles)
    assert report.dataset == tmp_path / "imdb"
    assert sorted(path.name for path in report.dataset.iterdir()) == sorted(report.files)
    for name in report.files:
        ours, theirs = report.dataset / name, shared_data / "text" / "imdb" / name
        assert ours.read_bytes() == theirs.read_bytes()


def test_reviews_of_a_mirror_that_were_changed_are_not_taken(
    tmp_path: Path, shared_data: Path
) -> None:
    for file in (shared_data / "text" / "imdb").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes()[:-1])
    error = refused("imdb", tmp_path, tmp_path / "data" / "imdb")
    assert "is not the file of the catalogue" in error.what


def test_the_plays_are_those_of_the_entry(tmp_path: Path, shared_data: Path) -> None:
    fetch_dataset("tinyshakespeare", shared_data, tmp_path / "plays")
    text = (tmp_path / "plays" / "input.txt").read_text("utf-8")
    assert f"{len(text):,} characters, {len(set(text))} different ones" == find_entry_content(
        "tinyshakespeare"
    )


def find_entry_content(name: str) -> str:
    entry = find_entry(name)
    assert isinstance(entry, SequenceEntry)
    return entry.content


def test_names_of_colours_are_split_out_evenly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table is not at hand: one like it stands for it, and for its SHA-256."""
    names = [f"{letter}{number}" for letter in "abcdefghij" for number in range(50)]
    table = "name,hex,good name\n" + "".join(f'"{name}, dark",#000000,\n' for name in names)
    (tmp_path / "colornames.csv").write_text(table, "utf-8")
    file = files_of(find_entry("color_names"))[0]
    like_it = RemoteFile(file.path, sha256(table.encode()), file.url)
    monkeypatch.setattr("pipeline.datasets.fetch.files_of", lambda _: [like_it])
    fetch_dataset("color_names", tmp_path, tmp_path / "colors")
    made = (tmp_path / "colors" / "names.txt").read_text("utf-8").splitlines()
    assert sorted(made) == sorted(f"{name}, dark" for name in names)
    assert len({name[0] for name in made[-50:]}) >= 8  # the last tenth is like the rest


def test_uhh_recordings_say_where_the_gesture_runs_and_what_is_assumed(
    tmp_path: Path, shared_data: Path
) -> None:
    fetch_dataset("uhh_imu", shared_data, tmp_path / "uhh_imu")
    recordings = {recording.name: recording for recording in load_recordings(tmp_path / "uhh_imu")}
    for recording in recordings.values():
        assert 9 <= len(recording.intervals) <= 11
        assert {interval.label for interval in recording.intervals} == {recording.label}
        assert "assumed" in recording.source
        assert "gravity was removed" in recording.source
    first = recordings["left/j-1-001"]
    file = shared_data / "gestures" / "uhh_imu" / "j_0_fullSet.npz"
    with np.load(file) as arrays, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy advises to save anew what Python 2 wrote
        acc, gyro, targets = arrays["acc"], arrays["gyro"], arrays["targets"]
    np.testing.assert_allclose(first.samples[:, :3], acc / 9.80665, atol=6e-4)
    np.testing.assert_allclose(first.samples[:, 3:], np.rad2deg(gyro), atol=6e-4)
    runs = np.zeros(len(first), bool)
    for interval in first.intervals:
        runs[interval.start : interval.stop] = True
    np.testing.assert_array_equal(runs, targets[:, 2] > 0.5)
    assert first.intervals[0] == Interval(5, 26, "left")


def test_files_may_lie_flat_in_the_folder(tmp_path: Path, shared_data: Path) -> None:
    report = fetch_dataset("spells", shared_data / "gestures" / "spells", tmp_path / "mine")
    assert report.total == 125


def refused(name: str, mirror: Path | None, dataset: Path) -> PipelineError:
    with pytest.raises(PipelineError) as caught:
        fetch_dataset(name, mirror, dataset)
    return caught.value


def test_a_file_that_was_changed_is_not_read(tmp_path: Path, shared_data: Path) -> None:
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    for file in (shared_data / "gestures" / "spells").iterdir():
        (mirror / file.name).write_bytes(file.read_bytes())
    (mirror / "Revelio.csv").write_bytes((mirror / "Revelio.csv").read_bytes()[:-2] + b"9\n")
    error = refused("spells", mirror, tmp_path / "data" / "spells")
    assert error.what.startswith(f"{mirror / 'Revelio.csv'} is not the file of the catalogue")
    assert list((tmp_path / "data").iterdir()) == []


def test_without_network_it_says_how_to_do_without(tmp_path: Path) -> None:
    error = refused("spells", None, tmp_path / "data" / "spells")
    assert "could not be downloaded: no connection" in error.what
    assert "gesture data get spells --from FOLDER" in error.next_step
    assert list((tmp_path / "data").iterdir()) == []


def test_a_name_that_is_misspelt(tmp_path: Path) -> None:
    error = refused("uhh-imu", None, tmp_path / "x")
    assert error.why == "it is possibly misspelt for 'uhh_imu'"
    assert error.exit_code == ExitCode.USAGE


def test_a_dataset_that_is_there_is_left_alone(tmp_path: Path, shared_data: Path) -> None:
    (tmp_path / "spells").mkdir()
    error = refused("spells", shared_data, tmp_path / "spells")
    assert error.what.endswith("is there already.")
    assert list((tmp_path / "spells").iterdir()) == []


def test_a_mirror_that_is_not_there(tmp_path: Path) -> None:
    assert "There is no folder" in refused("spells", tmp_path / "no", tmp_path / "spells").what


def test_a_place_that_cannot_be_written_is_reported(tmp_path: Path, shared_data: Path) -> None:
    (tmp_path / "data").write_text("a file, not a folder")
    error = refused("spells", shared_data, tmp_path / "data" / "spells")
    assert "data/.spells.part cannot be written: Not a directory" in error.what


def as_npy(pickled: bytes) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        stream, {"descr": "|O", "fortran_order": False, "shape": ()}
    )
    return stream.getvalue() + pickled


def sha256(content: bytes) -> str:
    import hashlib

    return hashlib.sha256(content).hexdigest()


def test_a_pickle_with_another_checksum_is_not_opened() -> None:
    content = as_npy(pickle.dumps({}))
    with pytest.raises(PipelineError, match="SHA-256 differs"):
        unpickle_arrays(content, "0" * 64)


class Program:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> object:
        return (Path.touch, (self.mark,))


def test_a_pickle_cannot_run_a_program(tmp_path: Path) -> None:
    content = as_npy(pickle.dumps(Program(tmp_path / "mark")))
    with pytest.raises(PipelineError, match="is not an array"):
        unpickle_arrays(content, sha256(content))
    assert not (tmp_path / "mark").exists()


def test_arrays_written_by_an_old_numpy_are_read(tmp_path: Path) -> None:
    """As in the published file: protocol 2, numpy.core, bytes as latin-1 text."""
    held = np.array({"X": [np.arange(6.0).reshape(1, 6)], "y": np.array([3])}, dtype=object)
    pickled = pickle.dumps(held, protocol=2).replace(b"numpy._core", b"numpy.core")
    content = as_npy(pickled)
    data = unpickle_arrays(content, sha256(content))
    np.testing.assert_array_equal(data["X"][0], [[0, 1, 2, 3, 4, 5]])
    assert data["y"].tolist() == [3]


def test_dates_are_made_here_and_those_of_the_test_are_no_dates_of_training(
    tmp_path: Path,
) -> None:
    fetch_dataset("dates", None, tmp_path / "dates")
    rows = {
        part: [
            line.split("\t")
            for line in (tmp_path / "dates" / f"{part}.tsv").read_text("utf-8").splitlines()[1:]
        ]
        for part in ("train", "val", "test")
    }
    assert {part: len(some) for part, some in rows.items()} == {
        "train": 60_000,
        "val": 2_000,
        "test": 4_000,
    }
    days = {part: {row[1] for row in some} for part, some in rows.items()}
    assert not days["train"] & (days["test"] | days["val"])
    assert all(datetime.date.fromisoformat(day) for some in days.values() for day in some)
    meanings: dict[str, set[str]] = {}
    for text, day in (row for some in rows.values() for row in some):
        meanings.setdefault(text, set()).add(day)
    assert max(map(len, meanings.values())) == 1, "every text has one answer"
