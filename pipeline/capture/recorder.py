"""A capture while it runs: reads all ports, and puts all it reads into the journal first."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

from pipeline.capture.ear import Ear
from pipeline.capture.journal import Journal
from pipeline.capture.link import Link, State
from pipeline.capture.ports import Port
from pipeline.capture.session import Cut, Session, Wish
from pipeline.errors import ExitCode, PipelineError

WAIT_S = 0.02
LOOK_EVERY_S = 0.1
STOP_WITHIN_S = 0.5


@dataclass(frozen=True)
class PortView:
    """A port as it is now, for showing."""

    name: str
    state: str
    ear: Ear


class Watcher(Protocol):
    """Who looks on, and may ask for something."""

    def look(self, session: Session, ports: Sequence[PortView]) -> None: ...
    def tell(self, text: str) -> None: ...
    def wish(self) -> Wish | None: ...


class Keeper(Protocol):
    """Makes recordings of cuts, and takes them back."""

    def keep(self, cut: Cut) -> None: ...
    def drop(self, number: int) -> None: ...


class Recorder:
    """Runs a session on real ports until it is done, or `stop` says so."""

    def __init__(
        self,
        session: Session,
        specs: Sequence[str],
        journal: Journal,
        keeper: Keeper,
        watcher: Watcher,
    ) -> None:
        """Raises PipelineError (NO_BOARD) where a port cannot be opened."""
        self._session, self._journal = session, journal
        self._keeper, self._watcher = keeper, watcher
        # Times of arrival must not jump where this computer's clock is set: it is read once.
        self._epoch_us = time.time_ns() // 1000 - time.monotonic_ns() // 1000
        self.links: list[Link] = []
        try:
            for spec, ear in zip(specs, session.ears, strict=True):
                self.links.append(Link(spec, ear, time.monotonic()))
        except PipelineError:
            self.close()
            raise
        self._told_senders: set[int] = set()
        self._looked_s = 0.0

    def __enter__(self) -> Recorder:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        for link in self.links:
            link.close()

    def run(self, stop: Callable[[], bool]) -> None:
        """Until the session is done, the person quits, or `stop()`; then finish the takes.

        Raises PipelineError (NO_BOARD) where a board is missing, silent, or stays away; what
        was recorded before that is kept.
        """
        try:
            while not self._session.done and not stop() and self._obey(self._watcher.wish()):
                self._turn()
            self._wind_down()
        finally:
            self._finish()

    def _finish(self) -> None:
        in_progress = self._session.in_progress
        cuts = self._session.finish()
        self._keep(cuts)
        self._journal.is_needed = False
        self._look()
        if in_progress:
            fate = "is kept" if cuts else "was too short to be kept"
            self._watcher.tell(f"the movement in progress {fate}")

    def _wind_down(self) -> None:
        """Boards that go on streaming would fill the next program's ears."""
        for link in self.links:
            with suppress(PipelineError):  # it has just gone, and streams no more
                link.stop(time.monotonic())
        deadline_s = time.monotonic() + STOP_WITHIN_S
        while any(link.is_stopping for link in self.links) and time.monotonic() < deadline_s:
            self._turn()

    def _turn(self) -> None:
        Port.wait_any([link.port for link in self.links if link.is_open], WAIT_S)
        for place, link in enumerate(self.links):
            try:
                self._serve(place, link)
            except PipelineError as error:
                if error.exit_code != ExitCode.NO_BOARD or not self._lost(link, error):
                    raise
        if time.monotonic() - self._looked_s >= LOOK_EVERY_S:
            self._look()

    def _serve(self, place: int, link: Link) -> None:
        now_s = time.monotonic()
        away_s = link.away_s(now_s)
        if link.tend(now_s):
            self._journal.note("back", [place, away_s])
            self._session.ears[place].lose_line(away_s)
            self._watcher.tell(f"{link.name} is back after {away_s:.1f} s; the gap is marked")
        if link.is_open:
            self._read(place, link, now_s)

    def _read(self, place: int, link: Link, now_s: float) -> None:
        with self._journal.room(place) as room:
            count = link.read_into(room, now_s)
        if not count:
            return
        host_us = self._epoch_us + time.monotonic_ns() // 1000
        data = self._journal.heard(place, count, host_us)
        self._keep(self._session.hear(place, data, host_us))
        self._tell_sender(place, link)

    def _lost(self, link: Link, error: PipelineError) -> bool:
        """Wait for a port that has been of use; False where there is nothing to wait for."""
        if not link.was_useful or not link.is_open:
            return False
        link.lose(time.monotonic())
        self._watcher.tell(f"{error.what} Waiting for it to come back; Ctrl-C ends")
        return True

    def _keep(self, cuts: Sequence[Cut]) -> None:
        for cut in cuts:
            self._keeper.keep(cut)

    def _obey(self, wish: Wish | None) -> bool:
        """False where it is to end."""
        if wish is not None:
            self._journal.note("wish", wish.value)
            number = self._session.obey(wish)
            if number is not None:
                self._keeper.drop(number)
        return wish is not Wish.QUIT

    def _look(self) -> None:
        self._looked_s = time.monotonic()
        ports = [
            PortView(link.name, _state(link, self._looked_s), ear)
            for link, ear in zip(self.links, self._session.ears, strict=True)
        ]
        self._watcher.look(self._session, ports)

    def _tell_sender(self, place: int, link: Link) -> None:
        sender = self._session.ears[place].sender
        if sender is None or place in self._told_senders:
            return
        self._told_senders.add(place)
        self._watcher.tell(f"{link.name}: {sender.name}")
        for cannot in sender.cannot:
            self._watcher.tell(f"  not guaranteed: {cannot}")


def _state(link: Link, now_s: float) -> str:
    if link.state is State.AWAY:
        return f"away for {link.away_s(now_s):.0f} s"
    return str(link.state.value)
