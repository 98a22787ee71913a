"""Work in a process of its own: it ends with ours, and leaves nothing where we are killed."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.conversion import child
from pipeline.conversion.child import run_child
from pipeline.core.errors import PipelineError
from pipeline.core.locks import LOCK, draft_beside
from pipeline.datasets import exporters
from tests.fixtures.waiting import ended, forked, until
from tests.takes import save_all, takes

LIMIT_S = 300.0
MODULE = "module_of_a_child"


def runs(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def processes_with(folder: Path) -> list[Path]:
    """Those that were started to find modules in this folder, and their copies."""
    return [file for file in Path("/proc").glob("[0-9]*/environ") if names(file, folder)]


def names(environ: Path, folder: Path) -> bool:
    try:
        return os.fsencode(folder) in environ.read_bytes()
    except OSError:  # it has ended
        return False


def module(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module of this name with this text, for a server that is started anew."""
    (folder / f"{MODULE}.py").write_text(f"import os, sys, time\ndef main(*words): {text}\n")
    monkeypatch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)
    monkeypatch.setattr(child, "servers", threading.local())


def run(log: Path, *arguments: Path) -> None:
    run_child(MODULE, arguments, log, LIMIT_S, "converting it", "the model file is damaged")


def test_a_child_of_a_killed_process_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "words[0].write_text(f'{os.getpid()}.'); time.sleep(600)"
    module(tmp_path, text, monkeypatch)
    said = tmp_path / "process"
    process = forked(lambda: run(tmp_path / "log", said))
    until(lambda: said.exists() and said.read_text().endswith("."))
    copy = int(said.read_text()[:-1])
    assert runs(copy)
    os.kill(process, signal.SIGKILL)
    ended(process)
    until(lambda: not runs(copy))


def test_a_child_that_takes_too_long_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module(tmp_path, "words and time.sleep(600)", monkeypatch)
    run(tmp_path / "log")
    assert processes_with(tmp_path)
    with pytest.raises(PipelineError, match="stopped after 1 s"):
        run_child(MODULE, [tmp_path], tmp_path / "log", 1.0, "converting it", "a hint")
    until(lambda: not processes_with(tmp_path))


def test_one_server_does_all_and_outlives_what_crashes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "os.abort() if words else print('by', os.getppid())"
    module(tmp_path, text, monkeypatch)
    run(tmp_path / "first")
    with pytest.raises(PipelineError, match=r"the process crashed \(SIGABRT\)"):
        run(tmp_path / "crashed", tmp_path)
    run(tmp_path / "second")
    assert (tmp_path / "first").read_text() == (tmp_path / "second").read_text()


def test_a_server_that_died_is_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module(tmp_path, "os.kill(os.getppid(), 9) if words else print('done')", monkeypatch)
    with pytest.raises(PipelineError, match="memory of this computer did not suffice"):
        run(tmp_path / "log", tmp_path)
    run(tmp_path / "log")
    assert "done" in (tmp_path / "log").read_text()


@pytest.mark.parametrize(
    "text",
    [
        "raise MemoryError",
        "sys.exit('terminate called: std::bad_alloc')",
        "os.kill(os.getpid(), 9)",
    ],
)
def test_memory_that_does_not_suffice_is_no_damaged_model(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module(tmp_path, text, monkeypatch)
    with pytest.raises(PipelineError, match="memory of this computer did not suffice") as refused:
        run(tmp_path / "log")
    assert "damaged" not in str(refused.value)


def test_a_draft_of_a_killed_process_is_taken_over(tmp_path: Path) -> None:
    place = tmp_path / "made"

    def work() -> None:
        with draft_beside(place, "export") as draft:
            (draft / "deep").mkdir()
            (draft / "deep" / "half").write_text("half")
            os.kill(os.getpid(), signal.SIGKILL)

    ended(forked(work))
    assert len(list(tmp_path.iterdir())) == 1
    with draft_beside(place, "export") as draft:
        assert [path.name for path in draft.iterdir()] == [LOCK]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", ["tutorial", "edge-impulse"])  # they have a file for each label
def test_of_an_export_there_is_all_or_nothing(form: str, tmp_path: Path) -> None:
    dataset = save_all(tmp_path / "mine", takes(["flex", "punch"], ("anna", "bo")))
    folder = tmp_path / "exported"

    def killed_at_the_second_file() -> None:
        left = iter([True, False])
        for name in ("_write_tutorial_file", "_write_edge_impulse"):
            setattr(exporters, name, until_killed(getattr(exporters, name), left))
        exporters.export_dataset(dataset, folder, form)

    ended(forked(killed_at_the_second_file))
    assert not folder.exists()
    report = exporters.export_dataset(dataset, folder, form)
    assert sorted(report.files) == sorted(path for path in folder.rglob("*") if path.is_file())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["exported", "mine"]


def until_killed(write: Callable[..., None], left: Iterator[bool]) -> Callable[..., None]:
    def write_or_die(what: object, path: Path) -> None:
        if not next(left):
            os.kill(os.getpid(), signal.SIGKILL)
        write(what, path)

    return write_or_die
