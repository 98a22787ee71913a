"""Runs a capture: reads all ports, and writes all bytes to the write-ahead log first."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from pipeline.capture.link import Link, State
from pipeline.capture.ports import BAUD, Port
from pipeline.capture.session import CapturedTake, Session, TakeCommand
from pipeline.capture.stream_decoder import StreamDecoder
from pipeline.capture.write_ahead_log import WriteAheadLog
from pipeline.core.errors import ExitCode, PipelineError

WAIT_S = 0.02
STOP_WITHIN_S = 0.5


@dataclass(frozen=True)
class PortView:
    """The state of a port, for display."""

    name: str
    state: str
    decoder: StreamDecoder


class CaptureView(Protocol):
    """Shows a capture to a person, and reads the person's commands."""

    update_every_s: float

    def update(self, session: Session, ports: Sequence[PortView]) -> None:
        """Show the state of the capture."""

    def report(self, text: str) -> None:
        """Show a message."""

    def next_command(self) -> TakeCommand | None:
        """The next command of the person; None if there is none."""


class TakeStore(Protocol):
    """Saves takes as recordings, and deletes them."""

    def save(self, take: CapturedTake) -> None:
        """Save a take."""

    def delete(self, number: int) -> None:
        """Delete the recordings of a take."""


class Recorder:
    """Runs a session on real ports."""

    def __init__(
        self,
        session: Session,
        specs: Sequence[str],
        log: WriteAheadLog,
        store: TakeStore,
        view: CaptureView,
        baud: int = BAUD,
    ) -> None:
        """Open the ports."""
        self._session, self._log = session, log
        self._store, self._view = store, view
        # Times of arrival must not jump if this computer's clock is set: it is read only once.
        self._epoch_us = time.time_ns() // 1000 - time.monotonic_ns() // 1000
        self.links: list[Link] = []
        try:
            for spec, decoder in zip(specs, session.decoders, strict=True):
                self.links.append(Link(spec, decoder, time.monotonic(), baud))
        except PipelineError:
            self.close()
            raise
        self._reported_senders: set[int] = set()
        self._reported_questions: set[tuple[int, bool]] = set()
        self._unsaved: deque[CapturedTake] = deque()
        self._updated_s = 0.0

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all ports."""
        for link in self.links:
            link.close()

    def run(self, stop: Callable[[], bool]) -> None:
        """Record until the session is done, the person quits, or `stop()` is true.

        If the process is killed, the write-ahead log stays, and the takes are made from it later.

        Raises:
            PipelineError: NO_BOARD if a board is missing, silent, or stays away. The takes before
                that are saved.
        """
        try:
            while not self._session.done and not stop() and self._apply(self._view.next_command()):
                self._poll()
            for link in self.links:  # else the next program would receive old samples
                with suppress(PipelineError):  # it is gone, and no longer streams
                    link.stop(time.monotonic())
            deadline_s = time.monotonic() + STOP_WITHIN_S
            while any(link.is_stopping for link in self.links) and time.monotonic() < deadline_s:
                self._poll()
        except PipelineError:
            self._finish()
            raise
        self._finish()

    def _finish(self) -> None:
        in_progress = self._session.in_progress
        takes = self._session.finish()
        self._save(takes)
        self._log.is_needed = False
        self._update_view()
        if in_progress:
            fate = "is saved" if takes else "was too short to be saved"
            self._view.report(f"the movement in progress {fate}")

    def _poll(self) -> None:
        Port.wait_any([link.port for link in self.links if link.is_open], WAIT_S)
        for place, link in enumerate(self.links):
            try:
                self._serve(place, link)
            except PipelineError as error:
                if error.exit_code != ExitCode.NO_BOARD or not self._lost(link, error):
                    raise
        if time.monotonic() - self._updated_s >= self._view.update_every_s:
            self._update_view()

    def _serve(self, place: int, link: Link) -> None:
        now_s = time.monotonic()
        away_s = link.away_s(now_s)
        if link.poll(now_s):
            self._log.append("back", [place, away_s])
            self._session.decoders[place].mark_unplugged(away_s)
            self._view.report(f"{link.name} is back after {away_s:.1f} s; the gap is marked")
        if link.is_open:
            self._read(place, link, now_s)

    def _read(self, place: int, link: Link, now_s: float) -> None:
        with self._log.buffer(place) as buffer:
            count = link.read_into(buffer, now_s)
        if not count:
            return
        host_us = self._epoch_us + time.monotonic_ns() // 1000
        data = self._log.received(place, count, host_us)
        takes = self._session.feed(place, data, host_us)
        self._report_sender(place, link)
        self._save(takes)

    def _lost(self, link: Link, error: PipelineError) -> bool:
        """Wait for a port that has sent samples; False if waiting makes no sense."""
        if not link.was_useful or not link.is_open or link.is_given_up:
            return False
        link.mark_away(time.monotonic())
        self._view.report(f"{error.what} Waiting for it to come back; Ctrl-C ends")
        return True

    def _save(self, takes: Sequence[CapturedTake]) -> None:
        """A take that cannot be saved stays in the list, and the log stays on disk."""
        self._unsaved.extend(takes)
        while self._unsaved:
            self._store.save(self._unsaved[0])
            self._unsaved.popleft()

    def _apply(self, command: TakeCommand | None) -> bool:
        if command is not None:
            self._log.append("wish", command.value)
            number = self._session.apply(command)
            if number is not None:
                self._store.delete(number)
        return command is not TakeCommand.QUIT

    def _update_view(self) -> None:
        self._updated_s = time.monotonic()
        ports = [
            PortView(link.name, _state(link, self._updated_s), decoder)
            for link, decoder in zip(self.links, self._session.decoders, strict=True)
        ]
        self._view.update(self._session, ports)

    def _report_sender(self, place: int, link: Link) -> None:
        decoder = self._session.decoders[place]
        if decoder.sender is None:
            self._report_question(place, link)
        if decoder.sender is None or place in self._reported_senders:
            return
        sender = decoder.sender
        self._reported_senders.add(place)
        self._view.report(f"{link.name}: {sender.name}")
        for not_guaranteed in sender.not_guaranteed:
            self._view.report(f"  not guaranteed: {not_guaranteed}")

    def _report_question(self, place: int, link: Link) -> None:
        """Say once why a sender is not known yet, where a person can help."""
        decoder = self._session.decoders[place]
        if decoder.unit_question:
            text = f"{decoder.unit_question}. Move the board about: that may show it"
        elif decoder.awaits_rows:
            text = "a header came; its rows are waited for, possibly for a movement"
        else:
            return
        question = (place, decoder.awaits_rows)
        if question not in self._reported_questions:
            self._reported_questions.add(question)
            self._view.report(f"{link.name}: {text}")


def _state(link: Link, now_s: float) -> str:
    if link.state is State.AWAY:
        return f"away for {link.away_s(now_s):.0f} s"
    return str(link.state.value)
