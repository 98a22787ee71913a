"""A take that cannot be written is not lost: the write-ahead log stays until it is saved."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.capture.recorder import Recorder
from pipeline.capture.session import CapturedTake
from pipeline.capture.write_ahead_log import FOLDER
from pipeline.core import files
from pipeline.core.errors import PipelineError
from pipeline.datasets.recordings import load_recording, takes_in
from pipeline.workflows.capture import CaptureOptions, capture
from pipeline.workflows.recover import recover_captures
from tests.fixtures.sketches import BURST_ROWS, imu_capture, sending
from tests.fixtures.watching import Quiet

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
        with pytest.raises(PipelineError, match="cannot be written") as refused:
            capture(options, Quiet())
        assert "all bytes are saved" in refused.value.next_step
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
