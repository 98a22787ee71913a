"""Files of a run: damaged in any way they are an error that says what to do, never a traceback."""

from __future__ import annotations

import random
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from pipeline.config_text import GenerationConfig
from pipeline.contract import Contract
from pipeline.errors import ExitCode, PipelineError
from pipeline.files import load_arrays, load_json, save_arrays
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


def test_arrays_damaged_anywhere_are_told(tmp_path: Path) -> None:
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
    told: list[PipelineError] = []
    for content in damaged:
        file.write_bytes(content)
        try:
            load_arrays(file, "convert", {"rows", "names"})
        except PipelineError as error:
            told.append(error)
    assert len(told) > len(damaged) / 2
    assert len({type(error.__cause__) for error in told}) > 3
    assert all("a.npz cannot be read: " in error.what for error in told)
    assert all("`gesture convert` makes it anew" in error.next_step for error in told)
    assert {error.exit_code for error in told} == {ExitCode.MISMATCH}


def test_arrays_that_are_not_there_are_named(tmp_path: Path) -> None:
    file = tmp_path / "a.npz"
    save_arrays(file, rows=np.arange(50))
    with pytest.raises(PipelineError, match=r"a\.npz cannot be read: it has no begins, targets"):
        load_arrays(file, "train", {"rows", "targets", "begins"})


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[]", b"[" * 100_000])
def test_json_that_is_none_is_told(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(content)
    with pytest.raises(PipelineError, match=r"a\.json cannot be read: "):
        load_json(file, "train")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"{}", b"[" * 100_000])
def test_a_damaged_contract_is_told(tmp_path: Path, content: bytes) -> None:
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
        with pytest.raises(OSError, match="File too large"), full_disk():
            content.save(file)
    assert [file.read_bytes() for file in files] == before
    assert set(tmp_path.iterdir()) == set(files)
