"""Files of a run: damaged in any way they are an error that says what to do, never a traceback."""

from __future__ import annotations

import errno
import os
import random
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from pipeline.config.file import read_settings
from pipeline.config.text_settings import GenerationConfig
from pipeline.core.contract import Contract
from pipeline.core.errors import ExitCode, PipelineError
from pipeline.core.files import WriteError, load_arrays, load_json, reading, save_arrays, write_new
from pipeline.datasets.catalogue import CATALOGUE
from pipeline.datasets.fetch import in_mirror
from pipeline.datasets.recording_file import load_recording
from pipeline.datasets.recordings import load_recordings
from pipeline.datasets.tables.series import require_file
from pipeline.workflows.runs import find_run
from tests.fixtures.waiting import ended, forked
from tests.refusals import refuses
from tests.unit.test_contract import contract


@contextmanager
def full_disk() -> Iterator[None]:
    """No file may grow beyond 100 bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_arrays_come_back_as_they_were(tmp_path: Path) -> None:
    file = tmp_path / "made" / "a.npz"
    save_arrays(file, rows=np.arange(6).reshape(2, 3), names=np.array(["é"]))
    found = load_arrays(file, "train", {"rows"})
    assert found["rows"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert found["names"].tolist() == ["é"]
    assert [path.name for path in file.parent.iterdir()] == ["a.npz"]


def test_arrays_damaged_anywhere_are_reported(tmp_path: Path) -> None:
    """Cut short at every place, and with a few other bytes: numpy has ten kinds of errors."""
    file = tmp_path / "a.npz"
    save_arrays(file, rows=np.arange(50), names=np.array(["a", "b"]))
    whole, chance = file.read_bytes(), random.Random(1)
    damaged = [whole[:length] for length in range(0, len(whole), 5)]
    for _ in range(2000):
        other = bytearray(whole)
        for place in chance.choices(range(len(whole)), k=chance.choice([1, 2, 5])):
            other[place] = chance.randrange(256)
        damaged.append(bytes(other))
    said: list[PipelineError] = []
    for content in damaged:
        file.write_bytes(content)
        try:
            load_arrays(file, "convert", {"rows", "names"})
        except PipelineError as error:
            said.append(error)
    assert len(said) > len(damaged) / 2
    assert len({type(error.__cause__) for error in said}) > 3
    assert all("a.npz cannot be read: " in error.what for error in said)
    assert all("`gesture convert` makes it again" in error.next_step for error in said)
    assert {error.exit_code for error in said} == {ExitCode.MISMATCH}


def test_arrays_that_are_not_there_are_named(tmp_path: Path) -> None:
    file = tmp_path / "a.npz"
    save_arrays(file, rows=np.arange(50))
    with pytest.raises(PipelineError, match=r"a\.npz cannot be read: it has no begins, targets"):
        load_arrays(file, "train", {"rows", "targets", "begins"})


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[]", b"[" * 100_000])
def test_json_that_is_none_is_reported(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(content)
    with pytest.raises(PipelineError, match=r"a\.json cannot be read: "):
        load_json(file, "train")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"{}", b"[" * 100_000])
def test_a_damaged_contract_is_reported(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "contract.json"
    file.write_bytes(content)
    with pytest.raises(PipelineError, match="is not a contract this version understands"):
        Contract.load(file)
    file.unlink()
    file.mkdir()
    with pytest.raises(PipelineError, match="is not a contract this version understands"):
        Contract.load(file)


def test_what_makes_a_run_count_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    """A disk that is full leaves the contract and the settings that were there before."""
    config = GenerationConfig.model_validate({"data": {"path": "a.txt"}})
    files = {tmp_path / "contract.json": contract(), tmp_path / "config.yaml": config}
    for file, content in files.items():
        content.save(file)
    before = [file.read_bytes() for file in files]
    for file, content in files.items():
        with pytest.raises(WriteError, match="File too large"), full_disk():
            content.save(file)
    assert [file.read_bytes() for file in files] == before
    assert set(tmp_path.iterdir()) == set(files)


def numbered(folder: Path) -> Iterator[Path]:
    return (folder / f"{number}.csv" for number in count(1))


@pytest.mark.parametrize("links", [True, False])
def test_no_file_of_many_writers_is_lost(
    tmp_path: Path, links: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each wants the first number; a file system without hard links is as good as one with."""
    if not links:
        monkeypatch.setattr(Path, "hardlink_to", no_links)

    def work() -> None:
        for number in range(10):
            text = f"{os.getpid()} {number}"
            write_new(numbered(tmp_path), lambda part, text=text: part.write_text(text))

    processes = [forked(work) for _ in range(8)]
    ended(*processes)
    texts = [path.read_text() for path in tmp_path.iterdir()]
    assert sorted(texts) == sorted(f"{process} {n}" for process in processes for n in range(10))


def no_links(_path: Path, _target: Path) -> None:
    raise OSError(errno.EPERM, "no hard links here")


def test_where_all_names_are_taken_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text("another's")
    with pytest.raises(FileExistsError):
        write_new([tmp_path / "1.csv"], lambda part: part.touch())
    assert [path.name for path in tmp_path.iterdir()] == ["1.csv"]
    assert (tmp_path / "1.csv").read_text() == "another's"


def make(path: Path, kind: str) -> None:
    """kind: a file, a folder, a link to where nothing is, a file in the way, or nothing."""
    if kind == "folder":
        path.mkdir()
    elif kind == "file":
        path.touch()
    elif kind == "link":
        path.symlink_to("moved away")


SEEN = {
    "folder": "it is a folder, and a file is wanted",
    "file": "it is a file, and a folder is wanted",
    "link": "it is a link to moved away, which was moved",
    "below a file": "above is a file, and a folder is wanted",
}
WANT_FOLDER: dict[str, Callable[[Path], object]] = {
    "run": find_run,
    "mirror": lambda path: in_mirror(CATALOGUE[0], "x", path),
    "dataset": load_recordings,
}
WANT_FILE: dict[str, Callable[[Path], object]] = {
    "config": read_settings,
    "series": require_file,
    "recording": load_recording,
}


@pytest.mark.parametrize("kind", SEEN)
@pytest.mark.parametrize("command", [*WANT_FOLDER, *WANT_FILE])
def test_what_is_there_is_not_called_misspelt(command: str, kind: str, tmp_path: Path) -> None:
    wants_folder = command in WANT_FOLDER
    if kind == ("folder" if wants_folder else "file"):
        return
    path = tmp_path / "there"
    if kind == "below a file":
        (tmp_path / "above").touch()
        path = tmp_path / "above" / "there"
    make(path, kind)
    with pytest.raises(PipelineError) as refused:
        {**WANT_FOLDER, **WANT_FILE}[command](path)
    assert SEEN[kind] in refused.value.why
    assert "misspelt" not in refused.value.why


def test_what_is_not_there_may_be_misspelt(tmp_path: Path) -> None:
    with refuses("no run at", why="misspelt"):
        find_run(tmp_path / "nowhere")


def test_a_package_that_is_missing_is_not_blamed_on_the_file(tmp_path: Path) -> None:
    (tmp_path / "model.keras").touch()
    with pytest.raises(PipelineError) as refused, reading(tmp_path / "model.keras", "train"):
        raise ImportError("No module named 'h5py'")
    assert "this installation is incomplete" in refused.value.why
    assert "gesture train" not in refused.value.next_step
