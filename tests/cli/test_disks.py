"""A disk that is full or may not be written: every command says so of the file, and in words."""

from __future__ import annotations

import resource
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from pipeline.core.errors import PipelineError
from pipeline.core.files import require_room, save_arrays, save_json, save_text, writing
from tests.fixtures import full_disk
from tests.refusals import refuses

pytestmark = pytest.mark.usefixtures("host_compiler")

LIMIT_BYTES = 4096
SAVERS: dict[str, Callable[[Path], None]] = {
    "text": lambda path: save_text(path, "x" * 2 * LIMIT_BYTES),
    "json": lambda path: save_json(path, {"x": "x" * 2 * LIMIT_BYTES}),
    "arrays": lambda path: save_arrays(
        path, x=np.random.default_rng(1).integers(0, 255, 4 * LIMIT_BYTES, np.uint8)
    ),
}


@pytest.fixture
def small_files() -> Iterator[None]:
    """The system takes no file beyond LIMIT_BYTES."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT_BYTES, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    signal.signal(signal.SIGXFSZ, handler)


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    try:
        with full_disk.mounted(tmp_path_factory.mktemp("mounted")) as place:
            yield place
    except OSError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("saver", SAVERS)
def test_what_the_system_does_not_take_is_said_of_the_file(
    saver: str, tmp_path: Path, small_files: None
) -> None:
    (tmp_path / "kept").write_text("before", "utf-8")
    with refuses(r"kept cannot be written: File too large", why="disk is full"):
        SAVERS[saver](tmp_path / "kept")
    assert (tmp_path / "kept").read_text("utf-8") == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


@pytest.mark.parametrize("saver", SAVERS)
def test_a_file_where_a_folder_is_meant_is_named(saver: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PipelineError, match=r"file.* cannot be written"):
        SAVERS[saver](tmp_path / "file" / "below")


def test_a_disk_that_numpy_could_not_fill_is_full(tmp_path: Path, small_files: None) -> None:
    file = tmp_path / "x.npy"
    with pytest.raises(PipelineError, match=r"x\.npy cannot be written: No"), writing(file):
        np.save(file, np.zeros(LIMIT_BYTES))


def test_long_work_looks_for_room_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require_room(tmp_path / "not" / "yet")
    with refuses("MB free for", next_step="nothing was begun"):
        require_room(tmp_path, needed_bytes=1 << 60)
    (tmp_path / "file").touch()
    with pytest.raises(PipelineError, match="file cannot be written"):
        require_room(tmp_path / "file" / "below", needed_bytes=0)


def test_no_command_blames_the_program_for_the_disk(disk: Path, converted_run: Path) -> None:
    """The whole walk, with more fills, is benchmarks/trust_disks.py."""
    slow = ("train", "evaluate", "verify", "replay", "board", "show", "report")
    quick = [words for words in full_disk.COMMANDS if not {*words[:2]} & {*slow}]
    assert len(quick) >= 12
    assert list(full_disk.blames_on(disk, converted_run, quick, fills=(0, 16 << 10))) == []


@pytest.mark.parametrize("words", [("train",), ("convert", "runs/run"), ("deploy", "runs/run")])
def test_what_would_take_long_is_refused_before_it_begins(
    words: tuple[str, ...], disk: Path, converted_run: Path
) -> None:
    whole = next(each for each in full_disk.COMMANDS if each[: len(words)] == words)
    with full_disk.prepared(disk, converted_run):
        full_disk.fill(disk, 0)
        said = full_disk.said_by(whole, disk)
        assert "MB free for" in said
        assert "exit code 1" in said
        assert not (disk / "runs" / "new").exists()


def test_output_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    assert list(full_disk.blames_on_output(tmp_path)) == []
