"""Finishes captures that were killed, from their write-ahead logs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.capture.segmentation import CaptureInfo, CapturePlan, Span, recording_of
from pipeline.capture.session import CapturedTake, Session, TakeCommand
from pipeline.capture.write_ahead_log import (
    VERSION,
    LogEntry,
    UnfinishedCapture,
    WriteAheadLog,
    unfinished_captures,
)
from pipeline.core.artifacts import Interval, Recording
from pipeline.core.errors import PipelineError
from pipeline.core.files import WriteError, remove_parts, writing
from pipeline.datasets.editing import discard_recording
from pipeline.datasets.recording_file import has_rows_of
from pipeline.datasets.recordings import save_recording
from pipeline.workflows.recording_writer import recording_writer

Files = list[Path | None]  # of one take, one for each board; None for a board that sent nothing


@dataclass(frozen=True)
class Recovered:
    """A capture that was finished: its takes, and the whole streams that they are part of."""

    takes: tuple[Path, ...]
    streams: tuple[Path, ...]


class TakeFiles:
    """Saves the takes of a capture as files, and logs what it has saved."""

    def __init__(
        self,
        dataset: Path,
        info: CaptureInfo,
        ports: Sequence[str],
        session: Session,
        log: WriteAheadLog | UnfinishedCapture,
        on_take: Callable[[str], None],
    ) -> None:
        self._dataset, self._info, self._ports = dataset, info, ports
        self._writer = recording_writer(session.plan, dataset, info)
        self._session, self._log, self._on_take = session, log, on_take
        self.files: dict[int, Files] = {}  # by number
        self.saved: list[Path] = []

    def save(self, take: CapturedTake) -> None:
        """Save the recordings of a take, one for each board."""
        self.save_at(take, [None] * len(self._ports))

    def save_at(self, take: CapturedTake, paths: Files) -> None:
        """Save the recordings of a take that are not in `paths`, the paths in the log, yet."""
        files = self.files.setdefault(take.number, list(paths))
        for place in range(len(self._ports)):
            recording = self._recording(take, place)
            if recording is None:
                files[place] = None
            elif not self.holds(files[place], take, place):
                self._save(recording, take, place)
        self._log.append("saved", take.number)

    def holds(self, path: Path | None, take: CapturedTake, place: int) -> bool:
        """Whether the file at `path` is the recording of a take by board `place`."""
        recording = None if path is None else self._recording(take, place)
        return path is not None and recording is not None and has_rows_of(path, recording)

    def _save(self, recording: Recording, take: CapturedTake, place: int) -> None:
        try:
            path = self._writer.save(recording, self._attempts(take, place))
        except WriteError as error:
            raise PipelineError(
                error.what,
                error.why,
                "fix that: all bytes are saved beside the takes, and the next `gesture capture` "
                f"into this dataset, or `gesture data lint {self._dataset}`, makes the take again",
            ) from None
        self.saved.append(path)
        self._on_take(self._writer.describe(path, recording))

    def _attempts(self, take: CapturedTake, place: int) -> Iterator[Path]:
        """Yield possible paths; each is logged first, so that a recovery finds the file."""
        files = self.files[take.number]
        paths = [path] if (path := files[place]) is not None else []
        for path in chain(paths, self._writer.new_paths(take.label)):
            files[place] = path
            names = [str(path.relative_to(self._dataset)) if path else None for path in files]
            self._log.append("saving", [take.number, names])
            yield path

    def delete(self, number: int) -> None:
        """Discard the files of a take."""
        for path in filter(None, self.files.pop(number, [])):
            if path.exists():
                self._on_take(f"{path}: discarded, now {discard_recording(path)}")

    def _recording(self, take: CapturedTake, place: int) -> Recording | None:
        span, decoder = take.spans[place], self._session.decoders[place]
        if span is None:
            return None
        return recording_of(decoder, span, self._ports[place], self._info, take.label, take.number)


def head_of(plan: CapturePlan, info: CaptureInfo, ports: Sequence[str]) -> dict[str, Any]:
    """The first entry of a log: all that a recovery needs."""
    return {"plan": asdict(plan), "about": asdict(info), "names": list(ports)}


def recover_captures(dataset: Path) -> list[Recovered]:
    """Finish the captures in `dataset` that were killed; running ones are not touched."""
    remove_parts(dataset)
    finished = []
    for log in unfinished_captures(dataset):
        with closing(log):
            try:
                finished.append(_finish(dataset, log))
            except (LookupError, TypeError, ValueError, AttributeError) as error:
                raise _unfinishable(log) from error  # its entries are impossible
    return [capture for capture in finished if capture.takes or capture.streams]


def _finish(dataset: Path, log: UnfinishedCapture) -> Recovered:
    """Delete the log only when all takes are saved."""
    entries = list(log.entries())
    if not entries:
        log.remove()  # it was killed before its first entry
        return Recovered((), ())
    head = _head(log, entries)
    replay = _Replay(dataset, head, log)
    for entry in entries[1:]:
        replay.take(entry)
    recovered = replay.finish(log.folder)
    log.remove()
    return recovered


def _head(log: UnfinishedCapture, entries: Sequence[LogEntry]) -> dict[str, Any]:
    head = entries[0].value
    if entries[0].kind == "head" and head.get("version") == VERSION:
        return dict(head)
    raise _unfinishable(log)


def _unfinishable(log: UnfinishedCapture) -> PipelineError:
    return PipelineError(
        f"{log.folder} is a capture that cannot be finished here.",
        "it was made by another version of this program, or was damaged",
        "finish it with that version, or move the folder away; its .raw files hold all bytes",
    )


class _Replay:
    def __init__(self, dataset: Path, head: dict[str, Any], log: UnfinishedCapture) -> None:
        plan = CapturePlan(**{**head["plan"], "labels": tuple(head["plan"]["labels"])})
        self._ports: list[str] = head["names"]
        self._info = CaptureInfo(**head["about"])
        self._session = Session(plan, [plan.decoder() for _ in self._ports])
        self._dataset = dataset
        self._store = TakeFiles(
            dataset, self._info, self._ports, self._session, log, lambda _: None
        )
        self._takes: dict[int, CapturedTake] = {}
        self._paths: dict[int, Files] = {}  # as logged before saving
        self._saved: set[int] = set()
        self._dropped: list[tuple[CapturedTake, Files]] = []

    def take(self, entry: LogEntry) -> None:
        value = entry.value
        if entry.kind == "heard":
            self._remember(self._session.feed(*value))
        elif entry.kind == "back":
            self._session.decoders[value[0]].mark_unplugged(value[1])
        elif entry.kind == "wish":
            self._apply(value)
        elif entry.kind == "saving":
            self._paths[value[0]] = [self._dataset / name if name else None for name in value[1]]
        elif entry.kind == "saved":
            self._saved.add(value)

    def finish(self, folder: Path) -> Recovered:
        self._remember(self._session.finish())
        for take, paths in self._dropped:
            for place, path in enumerate(paths):  # but not of a later take with the same path
                if path is not None and self._store.holds(path, take, place):
                    path.unlink(missing_ok=True)
        for number, take in self._takes.items():
            if number in self._saved:
                continue
            if number in self._paths:
                self._store.save_at(take, self._paths[number])
            else:
                self._store.save(take)
        return Recovered(tuple(self._store.saved), tuple(self._save_streams(folder)))

    def _remember(self, takes: Sequence[CapturedTake]) -> None:
        self._takes.update({take.number: take for take in takes})

    def _apply(self, command: str) -> None:
        number = self._session.apply(TakeCommand(command))
        if number is not None:
            self._dropped.append((self._takes.pop(number), self._paths.pop(number, [])))

    def _save_streams(self, folder: Path) -> list[Path]:
        """Save the whole streams, because the parts between takes are in no other file."""
        if self._session.plan.mode == "continuous":
            return []
        paths = []
        for place in range(len(self._ports)):
            stream = self._stream(place)
            if stream is not None:
                paths.append(folder.with_name(f"{folder.name}-{place + 1}.csv"))
                with writing(paths[-1]):
                    save_recording(stream, paths[-1])
        return paths

    def _stream(self, place: int) -> Recording | None:
        decoder = self._session.decoders[place]
        if not len(decoder.track):
            return None
        span = Span(decoder.track.first_t_us, decoder.track.last_t_us)
        whole = recording_of(decoder, span, self._ports[place], self._info, "stream", None)
        return whole and replace(whole, intervals=tuple(self._intervals(whole, place)))

    def _intervals(self, whole: Recording, place: int) -> list[Interval]:
        intervals = []
        for take in self._takes.values():
            span = take.spans[place]
            if span is not None:
                start, stop = np.searchsorted(whole.t_us, [span.start_us, span.stop_us + 1])
                if start < stop:
                    intervals.append(Interval(int(start), int(stop), take.label))
        return intervals
