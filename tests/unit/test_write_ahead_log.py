"""The write-ahead log: all bytes are on disk at once, and stay until the take is saved."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.capture.recorder import Recorder
from pipeline.capture.segmentation import CaptureInfo, CapturePlan, Mode
from pipeline.capture.session import CapturedTake
from pipeline.capture.write_ahead_log import (
    FOLDER,
    UnfinishedCapture,
    WriteAheadLog,
    unfinished_captures,
)
from pipeline.core import files
from pipeline.core.errors import PipelineError
from pipeline.datasets.recordings import load_recording, takes_in
from pipeline.workflows.capture import CaptureOptions, capture
from pipeline.workflows.recover import head_of, recover_captures
from tests.fixtures.board_lines import INFO, PERIOD_US, sample_line
from tests.fixtures.capturing import Quiet
from tests.fixtures.sketches import BURST_ROWS, imu_capture, sending
from tests.refusals import refuses


def read(log: WriteAheadLog, lines: Iterable[bytes]) -> None:
    for number, data in enumerate(lines):
        with log.buffer(0) as buffer:
            buffer[: len(data)] = data
        assert log.received(0, len(data), number * PERIOD_US) == data


def log_of(dataset: Path, mode: Mode) -> WriteAheadLog:
    """It stays behind where its block ends before all is in recordings, as with `kill -9`."""
    return WriteAheadLog(
        dataset, head_of(CapturePlan(mode, ("punch",)), CaptureInfo("anna", "1"), ["a port"])
    )


def test_a_capture_that_runs_is_left_alone(tmp_path: Path) -> None:
    with log_of(tmp_path, "continuous"):
        assert list(unfinished_captures(tmp_path)) == []
    assert not list(tmp_path.glob("*"))


def test_continuous_becomes_its_recording_with_the_bytes_that_were_read_last(
    tmp_path: Path,
) -> None:
    with log_of(tmp_path, "continuous") as log:
        read(log, [INFO, *map(sample_line, range(50))])
        unnoted = sample_line(50) + sample_line(51)[:20]  # it died before its log knew of these
        with log.buffer(0) as buffer:
            buffer[: len(unnoted)] = unnoted
    ((recovered),) = recover_captures(tmp_path)
    (file,) = recovered.takes
    assert file == tmp_path / "punch" / "anna-1-001.csv"
    assert load_recording(file).seq.tolist() == list(range(51))  # the torn line is not one
    assert not (tmp_path / FOLDER).exists()
    assert recover_captures(tmp_path) == []


def test_motion_gives_its_takes_the_one_in_progress_and_all_that_was_between(
    tmp_path: Path,
) -> None:
    with log_of(tmp_path, "motion") as log:
        read(log, [INFO, *map(sample_line, range(460))])
    ((recovered),) = recover_captures(tmp_path)
    whole, in_progress = (load_recording(file) for file in recovered.takes)
    assert (whole.take, in_progress.take) == (1, 2)
    assert in_progress.seq[-1] == 459
    (stream,) = (load_recording(file) for file in recovered.streams)
    assert stream.seq.tolist() == list(range(460))
    assert [part.label for part in stream.intervals] == ["punch", "punch"]
    for part, take in zip(stream.intervals, (whole, in_progress), strict=True):
        assert stream.seq[part.start : part.stop].tolist() == take.seq.tolist()
    assert takes_in(tmp_path) == list(recovered.takes)  # the stream is hidden from training


def test_takes_that_were_saved_are_not_saved_again(tmp_path: Path) -> None:
    with log_of(tmp_path, "motion") as log:
        read(log, [INFO, *map(sample_line, range(900))])
        log.append("saving", [1, ["punch/anna-1-001.csv"]])
        log.append("saved", 1)  # the user has moved it since
        log.append("saving", [2, ["punch/anna-1-007.csv"]])
    recover_captures(tmp_path)
    names = [path.name for path in takes_in(tmp_path)]
    assert names == ["anna-1-007.csv", "anna-1-008.csv"]
    assert [load_recording(path).take for path in takes_in(tmp_path)] == [2, 3]


def test_finishing_that_is_cut_short_saves_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with log_of(tmp_path, "motion") as log:
        read(log, [INFO, *map(sample_line, range(900))])
        log.append("heard", "torn")
    (log,) = (tmp_path / FOLDER).glob("*/log")
    log.write_bytes(log.read_bytes()[:-9])
    with monkeypatch.context() as cut_short:
        cut_short.setattr(UnfinishedCapture, "remove", UnfinishedCapture.entries)
        recover_captures(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in takes_in(tmp_path)}
    assert len(before) == 3
    recover_captures(tmp_path)
    assert {path: path.stat().st_mtime_ns for path in takes_in(tmp_path)} == before


def test_a_take_that_was_discarded_stays_away(tmp_path: Path) -> None:
    discarded_take(tmp_path)
    recover_captures(tmp_path)
    assert [load_recording(path).take for path in takes_in(tmp_path)] == [2]


def test_a_file_that_has_got_the_name_of_a_discarded_take_stays(tmp_path: Path) -> None:
    path = discarded_take(tmp_path)
    path.write_text("another's")
    recover_captures(tmp_path)
    assert path.read_text() == "another's"


def discarded_take(dataset: Path) -> Path:
    """A capture killed as its first take was taken back; the take's file is still there."""
    with log_of(dataset, "motion") as log:
        read(log, [INFO, *map(sample_line, range(400))])
    ((recovered),) = recover_captures(dataset)
    for stream in recovered.streams:
        stream.unlink()
    with log_of(dataset, "motion") as log:
        read(log, [INFO, *map(sample_line, range(400))])
        log.append("saving", [1, ["punch/anna-1-001.csv"]])
        log.append("saved", 1)
        log.append("wish", "discard")
        read(log, map(sample_line, range(400, 500)))
    return recovered.takes[0]


def test_a_name_that_was_noted_and_that_another_took_is_not_the_takes(tmp_path: Path) -> None:
    with log_of(tmp_path, "motion") as log:
        read(log, [INFO, *map(sample_line, range(250))])
        log.append("saving", [1, ["punch/anna-1-001.csv"]])
    other = tmp_path / "punch" / "anna-1-001.csv"
    other.parent.mkdir()
    other.write_text("another's")
    ((recovered),) = recover_captures(tmp_path)
    assert [path.name for path in recovered.takes] == ["anna-1-002.csv"]
    assert other.read_text() == "another's"


def test_a_log_longer_than_a_block_is_complete(tmp_path: Path) -> None:
    hundreds = (b"".join(map(sample_line, range(n, n + 100))) for n in range(0, 30_000, 100))
    with log_of(tmp_path, "continuous") as log:
        read(log, [INFO, *hundreds])
    ((recovered),) = recover_captures(tmp_path)
    assert load_recording(recovered.takes[0]).seq.tolist() == list(range(30_000))


def test_a_log_of_another_version_is_reported_and_kept(tmp_path: Path) -> None:
    with log_of(tmp_path, "continuous") as log:
        read(log, [INFO, sample_line(0)])
    (log,) = (tmp_path / FOLDER).glob("*/log")
    log.write_text(log.read_text("utf-8").replace('"version": 1', '"version": 99'), "utf-8")
    with pytest.raises(PipelineError, match="cannot be finished here"):
        recover_captures(tmp_path)
    assert log.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(PipelineError, match="cannot be written"):
        WriteAheadLog(tmp_path / "data", {"names": []})


DATASET = Path("data/mine")
BURSTS = 3


@contextmanager
def file_in_the_way(_monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Where the folder of the label should be."""
    DATASET.mkdir(parents=True)
    (DATASET / "up").write_text("a note")
    yield
    (DATASET / "up").unlink()


@contextmanager
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """For takes: the log has its disk space already."""

    def full(_path: Path) -> tuple[Path, int]:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(files, "_new_part", full)
        yield


@pytest.mark.parametrize("obstacle", [file_in_the_way, full_disk])
def test_takes_that_cannot_be_written_are_kept_and_saved_later(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    obstacle: type,
) -> None:
    monkeypatch.chdir(tmp_path)
    with sending(imu_capture(bursts=BURSTS)) as port, obstacle(monkeypatch):
        options = CaptureOptions(labels=("up",), person="anna", count=BURSTS, ports=(str(port),))
        with refuses("cannot be written", next_step="all bytes are saved"):
            capture(options, Quiet())
        with pytest.raises(PipelineError, match="cannot be written"):
            recover_captures(DATASET)  # the obstacle is still there
    assert takes_in(DATASET) == []
    recover_captures(DATASET)
    assert [len(load_recording(path)) for path in takes_in(DATASET)][:1] == [BURST_ROWS]
    assert not list((DATASET / FOLDER).glob("*/log"))


class Log:
    """A log that is needed or not."""

    is_needed = True


class Ending:
    """A session that has takes at its end."""

    def __init__(self, takes: list[CapturedTake]) -> None:
        self._takes, self.decoders, self.in_progress, self.done = takes, (), False, True

    def finish(self) -> list[CapturedTake]:
        takes, self._takes = self._takes, []
        return takes


class TakeStore:
    """Fails as it is told, one call after the other, then no more."""

    def __init__(self, fails: list[bool]) -> None:
        self._fails = fails
        self.saved: list[int] = []

    def save(self, take: CapturedTake) -> None:
        if self._fails and self._fails.pop(0):
            raise PipelineError("full", "", "")
        self.saved.append(take.number)


@given(st.integers(0, 5), st.lists(st.booleans(), max_size=8))
def test_a_log_is_deleted_only_when_every_take_is_on_disk(takes: int, fails: list[bool]) -> None:
    log, store = Log(), TakeStore(fails)
    session = Ending([CapturedTake(number, "up", ()) for number in range(1, takes + 1)])
    recorder = Recorder(session, [], log, store, Quiet())  # type: ignore[arg-type]
    try:
        recorder.run(lambda: False)
    except PipelineError:
        assert log.is_needed
        assert len(store.saved) < takes
    else:
        assert not log.is_needed
        assert store.saved == list(range(1, takes + 1))
