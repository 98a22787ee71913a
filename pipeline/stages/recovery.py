"""Captures that did not end well: what they had read becomes what it would have become."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.artifacts import Interval, Recording
from pipeline.errors import PipelineError
from pipeline.stages.filing import filing_of
from pipeline.stages.writing import writing

if TYPE_CHECKING:
    from pipeline.capture.directors import Plan
    from pipeline.capture.journal import Entry, LeftBehind, Notebook
    from pipeline.capture.session import Cut, Session
    from pipeline.capture.takes import About

Files = list[Path | None]  # of one take, one a board; None for a board that sent nothing


@dataclass(frozen=True)
class Recovered:
    """takes: recordings that were finished; streams: all that was read, where takes are a part."""

    takes: tuple[Path, ...]
    streams: tuple[Path, ...]


class TakeKeeper:
    """Saves the takes of one capture, and says in its journal what it has done."""

    def __init__(
        self,
        dataset: Path,
        about: About,
        ports: Sequence[str],
        session: Session,
        journal: Notebook,
        on_take: Callable[[str], None],
    ) -> None:
        self._dataset, self._about, self._ports = dataset, about, ports
        self._filing = filing_of(session.plan, dataset, about)
        self._session, self._journal, self._on_take = session, journal, on_take
        self.files: dict[int, Files] = {}  # by number
        self.saved: list[Path] = []

    def keep(self, cut: Cut) -> None:
        self.save(cut, [self._filing.next_path(cut.label, at) for at in range(len(self._ports))])

    def save(self, cut: Cut, paths: Files) -> None:
        """Save to `paths` what is not there yet."""
        recordings = [self._recording(cut, place) for place in range(len(self._ports))]
        files = [
            path if recording else None for path, recording in zip(paths, recordings, strict=True)
        ]
        names = [str(path.relative_to(self._dataset)) if path else None for path in files]
        self._journal.note("saving", [cut.number, names])
        for path, recording in zip(files, recordings, strict=True):
            if path is not None and recording is not None and not path.exists():
                with writing(path):
                    self._filing.save(recording, path)
                self.saved.append(path)
                self._on_take(self._filing.described(path, recording))
        self.files[cut.number] = files
        self._journal.note("saved", cut.number)

    def drop(self, number: int) -> None:
        for path in filter(None, self.files.pop(number, [])):
            path.unlink(missing_ok=True)
            self._on_take(f"{path}: taken back")

    def _recording(self, cut: Cut, place: int) -> Recording | None:
        from pipeline.capture.takes import recording_of

        span, ear = cut.spans[place], self._session.ears[place]
        if span is None:
            return None
        return recording_of(ear, span, self._ports[place], self._about, cut.label, cut.number)


def head_of(plan: Plan, about: About, ports: Sequence[str]) -> dict[str, Any]:
    """What a journal begins with."""
    return {"plan": asdict(plan), "about": asdict(about), "names": list(ports)}


def recover(dataset: Path) -> list[Recovered]:
    """Finish the captures in `dataset` that were killed; those that run are left alone."""
    from pipeline.capture.journal import left_behind

    finished = [_finish(dataset, journal) for journal in left_behind(dataset)]
    return [capture for capture in finished if capture.takes or capture.streams]


def _finish(dataset: Path, journal: LeftBehind) -> Recovered:
    entries = list(journal.entries())
    if not entries:
        journal.remove()  # it was killed before it began
        return Recovered((), ())
    head = _head(journal, entries)
    replay = _Replay(dataset, head, journal)
    for entry in entries[1:]:
        replay.take(entry)
    recovered = replay.finish(journal.folder)
    journal.remove()
    return recovered


def _head(journal: LeftBehind, entries: Sequence[Entry]) -> dict[str, Any]:
    from pipeline.capture.journal import VERSION

    head = entries[0].what
    if entries[0].kind == "head" and head.get("version") == VERSION:
        return dict(head)
    journal.close()
    raise PipelineError(
        f"{journal.folder} is a capture that cannot be finished here.",
        "it was made by another version of this program, or was damaged",
        "finish it with that version, or move the folder away; its .raw files hold what was sent",
    )


class _Replay:
    """The capture once more, from its journal."""

    def __init__(self, dataset: Path, head: dict[str, Any], journal: LeftBehind) -> None:
        from pipeline.capture.directors import Plan
        from pipeline.capture.ear import Ear
        from pipeline.capture.session import Session
        from pipeline.capture.takes import About

        plan = Plan(**{**head["plan"], "labels": tuple(head["plan"]["labels"])})
        self._ports: list[str] = head["names"]
        self._about = About(**head["about"])
        self._session = Session(plan, [Ear(plan.stream) for _ in self._ports])
        self._dataset = dataset
        self._keeper = TakeKeeper(
            dataset, self._about, self._ports, self._session, journal, lambda _: None
        )
        self._cuts: dict[int, Cut] = {}
        self._paths: dict[int, Files] = {}  # where takes were to be saved
        self._saved: set[int] = set()
        self._dropped: list[Files] = []

    def take(self, entry: Entry) -> None:
        what = entry.what
        if entry.kind == "heard":
            self._remember(self._session.hear(*what))
        elif entry.kind == "back":
            self._session.ears[what[0]].lose_line(what[1])
        elif entry.kind == "wish":
            self._obey(what)
        elif entry.kind == "saving":
            self._paths[what[0]] = [self._dataset / name if name else None for name in what[1]]
        elif entry.kind == "saved":
            self._saved.add(what)

    def finish(self, folder: Path) -> Recovered:
        self._remember(self._session.finish())
        self._delete_dropped()
        for number, cut in self._cuts.items():
            if number in self._saved:
                continue
            if number in self._paths:
                self._keeper.save(cut, self._paths[number])
            else:
                self._keeper.keep(cut)
        return Recovered(tuple(self._keeper.saved), tuple(self._save_streams(folder)))

    def _remember(self, cuts: Sequence[Cut]) -> None:
        self._cuts.update({cut.number: cut for cut in cuts})

    def _obey(self, wish: str) -> None:
        from pipeline.capture.session import Wish

        number = self._session.obey(Wish(wish))
        if number is not None:
            del self._cuts[number]
            self._dropped.append(self._paths.pop(number, []))

    def _delete_dropped(self) -> None:
        """Unless a later take has got the name: numbers of dropped takes are used again."""
        in_use = {path for paths in self._paths.values() for path in paths}
        for path in (path for paths in self._dropped for path in paths):
            if path is not None and path not in in_use:
                path.unlink(missing_ok=True)

    def _save_streams(self, folder: Path) -> list[Path]:
        """All that was read, where not all of it is in takes: what lies between them too."""
        from pipeline.datasets.recordings import save_recording

        if self._session.plan.mode == "continuous":
            return []
        paths = []
        for place in range(len(self._ports)):
            stream = self._stream(place)
            if stream is not None:
                paths.append(folder.with_name(f"{folder.name}-{place + 1}.csv"))
                save_recording(stream, paths[-1])
        return paths

    def _stream(self, place: int) -> Recording | None:
        from dataclasses import replace

        from pipeline.capture.motion import Span
        from pipeline.capture.takes import recording_of

        ear = self._session.ears[place]
        if not len(ear.track):
            return None
        span = Span(ear.track.first_t_us, ear.track.last_t_us)
        whole = recording_of(ear, span, self._ports[place], self._about, "stream", None)
        return whole and replace(whole, intervals=tuple(self._intervals(whole, place)))

    def _intervals(self, whole: Recording, place: int) -> list[Interval]:
        import numpy as np

        intervals = []
        for cut in self._cuts.values():
            span = cut.spans[place]
            if span is not None:
                start, stop = np.searchsorted(whole.t_us, [span.start_us, span.stop_us + 1])
                if start < stop:
                    intervals.append(Interval(int(start), int(stop), cut.label))
        return intervals
