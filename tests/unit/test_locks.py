"""Who writes a folder has it alone; two commands that add to one dataset lose no take."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from pipeline.core.artifacts import Recording
from pipeline.core.errors import PipelineError
from pipeline.core.files import atomic_write
from pipeline.core.locks import LOCK, Lock, LockedError
from pipeline.core.run_folder import RunFolder
from pipeline.datasets.editing import relabel_recordings
from pipeline.datasets.importers import ImportOptions, saving
from pipeline.datasets.importers.columns import TUTORIAL_COLUMNS
from pipeline.datasets.recordings import load_recording, load_recordings, takes_in
from pipeline.workflows import boards, convert, datasets, deploy, export, report, train
from pipeline.workflows.recover import recover_captures
from pipeline.workflows.runs import LATEST, begun_run, point_latest_at
from tests.fixtures.board_lines import INFO, sample_line
from tests.fixtures.waiting import ended, forked
from tests.takes import save_all, takes
from tests.unit.test_write_ahead_log import log_of, read


def test_a_locked_folder_says_who_has_it(tmp_path: Path) -> None:
    with Lock(tmp_path, "convert"), pytest.raises(LockedError) as refused:
        Lock(tmp_path, "deploy")
    assert f"{tmp_path} is being written" in refused.value.what
    why = refused.value.why
    assert "gesture convert" in why
    assert f"process {os.getpid()} on {socket.gethostname()}, since 20" in why
    assert list(tmp_path.iterdir()) == []


def test_a_lock_is_waited_for_as_long_as_was_said(tmp_path: Path) -> None:
    locked, end = os.pipe(), os.pipe()

    def work() -> None:
        lock = Lock(tmp_path, "convert")
        os.write(locked[1], b"!")
        os.read(end[0], 1)
        lock.release()

    process = forked(work)
    os.read(locked[0], 1)
    with pytest.raises(LockedError, match="is being written"):
        Lock(tmp_path, "evaluate", patience_s=0.1)
    os.write(end[1], b"!")
    Lock(tmp_path, "evaluate", patience_s=60).release()
    ended(process)


def test_what_a_killed_process_was_writing_is_removed_with_its_lock(tmp_path: Path) -> None:
    def work() -> None:
        Lock(tmp_path, "train")
        with atomic_write(tmp_path / "deep" / "model.keras") as unfinished:
            unfinished.write_bytes(b"half")
            os.kill(os.getpid(), signal.SIGKILL)

    ended(forked(work))
    names = [path.name for path in (tmp_path / "deep").iterdir()]
    assert len(names) == 1
    assert names[0].endswith(".part")
    with Lock(tmp_path, "train"), atomic_write(tmp_path / "deep" / "other") as unfinished:
        assert [path.name for path in (tmp_path / "deep").iterdir()] == [unfinished.name]


def test_what_a_living_process_writes_is_left_alone(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "twin.so") as unfinished:
        Lock(tmp_path, "convert").release()
        unfinished.write_text("whole")
    assert (tmp_path / "twin.so").read_text() == "whole"


def test_trainings_that_start_together_have_runs_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def work() -> None:
        with begun_run(None, "gesture") as run:
            (run.path / str(os.getpid())).write_text("mine")
            point_latest_at(run)
            os.kill(os.getpid(), signal.SIGKILL)

    processes = [forked(work) for _ in range(12)]
    ended(*processes)
    runs = [path for path in Path("runs").iterdir() if not path.is_symlink()]
    assert len(runs) == 12
    owners = [[file.name for file in run.iterdir() if file.name != LOCK] for run in runs]
    assert sorted(owners) == sorted([str(process)] for process in processes)
    assert LATEST.resolve() in {run.resolve() for run in runs}


def test_of_trainings_into_one_run_one_begins(tmp_path: Path) -> None:
    path = tmp_path / "run"

    def work() -> None:
        with suppress(PipelineError), begun_run(path, "gesture") as run:
            (run.path / str(os.getpid())).write_text("mine")
            os.kill(os.getpid(), signal.SIGKILL)

    ended(*(forked(work) for _ in range(12)))
    assert len([file for file in path.iterdir() if file.name != LOCK]) == 1


def test_a_run_killed_before_it_was_begun_is_free_again(tmp_path: Path) -> None:
    path = tmp_path / "run"

    def work() -> None:
        with begun_run(path, "gesture"), atomic_write(path / "config.yaml"):
            os.kill(os.getpid(), signal.SIGKILL)

    ended(forked(work))
    assert len(list(path.iterdir())) == 2
    with begun_run(path, "gesture") as run:
        assert [file.name for file in run.path.iterdir()] == [LOCK]


def fail_in(path: Path, left: str) -> None:
    """A training that leaves a file and then fails."""
    with pytest.raises(OSError, match="no data"), begun_run(path, "gesture") as run:
        leave_and_fail(run.path / left)


def leave_and_fail(file: Path) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text("something")
    raise OSError("no data")


def test_a_run_that_failed_before_its_first_epoch_leaves_no_folder(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    fail_in(run.path, "config.yaml")
    assert not run.path.exists()
    fail_in(run.path, "training/checkpoint.npz")
    assert run.checkpoint_file.exists()
    with pytest.raises(PipelineError, match="exists already"), begun_run(run.path, "gesture"):
        pass


@pytest.mark.parametrize("there", [".git/config", "notes.txt"])
def test_a_folder_of_something_else_is_no_run_to_begin(tmp_path: Path, there: str) -> None:
    file = tmp_path / "work" / there
    file.parent.mkdir(parents=True)
    file.write_text("mine")
    with (
        pytest.raises(PipelineError, match="exists already"),
        begun_run(tmp_path / "work", "gesture"),
    ):
        pass
    assert file.read_text() == "mine"


def quiet(_step: object) -> None:
    pass


WRITERS: dict[str, Callable[[Path], object]] = {
    "train --resume": lambda run: train.resume(run, quiet),
    "train --run": lambda run: train.train(CONFIG, [], run, quiet),
    "convert": lambda run: convert.convert(run, None, quiet),
    "deploy": lambda run: deploy.deploy(run, "native", "auto", False, quiet),
    "report": lambda run: report.report(run, quiet),
    "verify": lambda run: export.verify(run, quiet),
    "export": lambda run: export.export(run, run.parent / "exported"),
    "board build": lambda run: deploy.build_only("native", run),
    "board start": lambda run: boards.start_board("native", run, None, None, True).__enter__(),
}
CONFIG = Path("configs/gesture_conv1d.yaml")


@pytest.mark.parametrize("command", WRITERS)
def test_every_command_that_writes_a_run_leaves_one_alone_that_another_writes(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boards, "BUILD_PATIENCE_S", 0.0)
    run = RunFolder(tmp_path / "run")
    run.path.mkdir()
    with Lock(run.path, "train"):
        with pytest.raises(LockedError, match="is being written"):
            WRITERS[command](run.path)
        assert [path.name for path in run.path.iterdir()] == [LOCK]
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


IMPORTERS = 6
ROWS = 20


def tutorial_file(path: Path, value: int, bursts: int = 3) -> Path:
    """Bursts of rows that no other value has."""
    rows = "".join(f"{value}.{burst},0,0,0,0,0\n" * ROWS + "\n" for burst in range(bursts))
    path.write_text(",".join(TUTORIAL_COLUMNS) + "\n" + rows)
    return path


def values(recordings: list[Recording]) -> list[float]:
    """The first of each take."""
    return sorted(round(float(recording.samples[0, 0]), 1) for recording in recordings)


def test_captures_that_end_at_once_keep_all_their_takes(tmp_path: Path) -> None:
    """All with the same label, person and session."""

    def work() -> None:
        with log_of(tmp_path, "motion") as log:
            read(log, [INFO, *map(sample_line, range(900))])
        recover_captures(tmp_path)

    ended(*(forked(work) for _ in range(IMPORTERS)))
    recover_captures(tmp_path)
    found = [load_recording(path).take for path in takes_in(tmp_path)]
    assert sorted(found, key=str) == [1] * IMPORTERS + [2] * IMPORTERS + [3] * IMPORTERS


def test_imports_at_once_keep_all_their_takes_in_sessions_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for n in range(IMPORTERS):
        tutorial_file(tmp_path / f"{n}.csv", n)

    def work(n: int) -> None:
        datasets.import_data(Path(f"{n}.csv"), "mine", ImportOptions("punch", "anna", 100.0, ROWS))

    ended(*(forked(lambda n=n: work(n)) for n in range(IMPORTERS)))
    found = load_recordings(Path("data/mine"))
    assert values(found) == [
        round(n + burst / 10, 1) for n in range(IMPORTERS) for burst in range(3)
    ]
    sessions = {recording.session for recording in found}
    assert len(sessions) == IMPORTERS
    for session in sessions:
        assert len({int(take.samples[0, 0]) for take in found if take.session == session}) == 1


def test_the_same_import_twice_at_once_adds_its_takes_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    tutorial_file(tmp_path / "punch.csv", 1)
    exported = save_all(tmp_path / "others", takes(["flex"], ("bo",)))

    def work() -> None:
        datasets.import_data(
            Path("punch.csv"), "mine", ImportOptions(rate_hz=100.0, take_rows=ROWS)
        )
        datasets.import_data(exported, "mine", ImportOptions(rate_hz=100.0, take_rows=ROWS))

    ended(*(forked(work) for _ in range(IMPORTERS)))
    assert len(takes_in(Path("data/mine"))) == 3 + len(takes_in(exported))


def test_takes_that_are_relabelled_at_once_stay(tmp_path: Path) -> None:
    dataset = save_all(tmp_path / "mine", takes(["flex", "punch"], ("anna",)))
    before = takes_in(dataset)
    ended(
        *(
            forked(lambda label=label: relabel(dataset, label))
            for label in sorted({path.parent.name for path in before})
        )
    )
    assert [path.parent.name for path in takes_in(dataset)] == ["wave"] * len(before)


def relabel(dataset: Path, label: str) -> None:
    files = [path for path in takes_in(dataset) if path.parent.name == label]
    relabel_recordings(dict.fromkeys(files, "wave"))


def test_what_a_killed_import_was_writing_goes_with_the_next_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    tutorial_file(tmp_path / "punch.csv", 1)

    def work() -> None:
        with atomic_write(Path("data/mine/punch/p1-1-001.csv")) as unfinished:
            unfinished.write_text("half")
            os._exit(1)

    ended(forked(work))
    datasets.import_data(Path("punch.csv"), "mine", ImportOptions(rate_hz=100.0, take_rows=ROWS))
    names = sorted(path.name for path in Path("data/mine/punch").iterdir())
    assert names == ["p1-1-001.csv", "p1-1-002.csv", "p1-1-003.csv"]


def test_an_import_of_nothing_leaves_no_dataset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "punch.csv").write_text("nothing of use\n")
    with pytest.raises(Exception, match="Nothing was imported"):
        datasets.import_data(
            Path("punch.csv"), "mine", ImportOptions(rate_hz=100.0, take_rows=ROWS)
        )
    assert not Path("data/mine").exists()


def test_an_import_goes_round_a_file_that_a_capture_writes_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has chosen its session by then."""
    monkeypatch.chdir(tmp_path)
    tutorial_file(tmp_path / "punch.csv", 1)
    other = Path("data/mine/punch/p1-1-002.csv")
    chosen = saving.free_session

    def then_another(*arguments: object) -> str:
        session = chosen(*arguments)  # type: ignore[arg-type]
        take = takes(["punch"], ("p1",))[0]
        saving.save_new_recording(take, iter([other]))
        return session

    monkeypatch.setattr(saving, "free_session", then_another)
    datasets.import_data(Path("punch.csv"), "mine", ImportOptions(rate_hz=100.0, take_rows=ROWS))
    found = [
        recording for recording in load_recordings(Path("data/mine")) if len(recording) == ROWS
    ]
    assert values(found) == [1.0, 1.1, 1.2]
    assert not np.allclose(load_recording(other).samples[0, 0], 1.1)
