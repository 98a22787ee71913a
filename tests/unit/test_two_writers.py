"""Two commands that add to one dataset at once: every take of both is in it."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from pipeline.core.artifacts import Recording
from pipeline.core.files import atomic_write
from pipeline.datasets.editing import relabel_recordings
from pipeline.datasets.import_csv import TUTORIAL_COLUMNS
from pipeline.datasets.recordings import load_recording, load_recordings, takes_in
from pipeline.workflows import datasets
from pipeline.workflows.recover import recover_captures
from tests.fixtures.board_lines import INFO, sample_line
from tests.fixtures.forking import ended, forked
from tests.takes import save_all, takes
from tests.unit.test_write_ahead_log import log_of, read

WRITERS = 6
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

    ended(*(forked(work) for _ in range(WRITERS)))
    recover_captures(tmp_path)
    found = [load_recording(path).take for path in takes_in(tmp_path)]
    assert sorted(found, key=str) == [1] * WRITERS + [2] * WRITERS + [3] * WRITERS


def test_imports_at_once_keep_all_their_takes_in_sessions_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for n in range(WRITERS):
        tutorial_file(tmp_path / f"{n}.csv", n)

    def work(n: int) -> None:
        datasets.import_data(Path(f"{n}.csv"), "mine", "punch", "anna", 100.0, ROWS)

    ended(*(forked(lambda n=n: work(n)) for n in range(WRITERS)))
    found = load_recordings(Path("data/mine"))
    assert values(found) == [round(n + burst / 10, 1) for n in range(WRITERS) for burst in range(3)]
    sessions = {recording.session for recording in found}
    assert len(sessions) == WRITERS
    for session in sessions:
        assert len({int(take.samples[0, 0]) for take in found if take.session == session}) == 1


def test_the_same_import_twice_at_once_adds_its_takes_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    tutorial_file(tmp_path / "punch.csv", 1)
    exported = save_all(tmp_path / "others", takes(["flex"], ("bo",)))

    def work() -> None:
        datasets.import_data(Path("punch.csv"), "mine", None, None, 100.0, ROWS)
        datasets.import_data(exported, "mine", None, None, 100.0, ROWS)

    ended(*(forked(work) for _ in range(WRITERS)))
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
    relabel_recordings(files, "wave")


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
    datasets.import_data(Path("punch.csv"), "mine", None, None, 100.0, ROWS)
    names = sorted(path.name for path in Path("data/mine/punch").iterdir())
    assert names == ["p1-1-001.csv", "p1-1-002.csv", "p1-1-003.csv"]


def test_an_import_of_nothing_leaves_no_dataset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "punch.csv").write_text("nothing of use\n")
    with pytest.raises(Exception, match="Nothing was imported"):
        datasets.import_data(Path("punch.csv"), "mine", None, None, 100.0, ROWS)
    assert not Path("data/mine").exists()


def test_an_import_goes_round_a_file_that_a_capture_writes_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has chosen its session by then."""
    from pipeline.datasets import importers

    monkeypatch.chdir(tmp_path)
    tutorial_file(tmp_path / "punch.csv", 1)
    other = Path("data/mine/punch/p1-1-002.csv")
    chosen = importers._session_of

    def then_another(*arguments: object) -> str:
        session = chosen(*arguments)  # type: ignore[arg-type]
        take = takes(["punch"], ("p1",))[0]
        importers.save_new_recording(take, iter([other]))
        return session

    monkeypatch.setattr(importers, "_session_of", then_another)
    datasets.import_data(Path("punch.csv"), "mine", None, None, 100.0, ROWS)
    found = [
        recording for recording in load_recordings(Path("data/mine")) if len(recording) == ROWS
    ]
    assert values(found) == [1.0, 1.1, 1.2]
    assert not np.allclose(load_recording(other).samples[0, 0], 1.1)
