"""From a cut in a board's track to a recording."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.artifacts import Recording
from pipeline.capture.ear import Ear
from pipeline.capture.motion import Span
from pipeline.capture.senders import BOARD


@dataclass(frozen=True)
class About:
    """What is the same in all takes of a capture."""

    person: str
    session: str


def recording_of(
    ear: Ear, span: Span, port: str, about: About, label: str, number: int | None
) -> Recording | None:
    """None where the board sent nothing in that time."""
    if ear.sender is None:
        return None
    part = ear.track.stretch(span.start_us, span.stop_us)
    if not len(part):
        return None
    return Recording(
        samples=part.samples,
        seq=part.seq,
        t_us=part.t_us,
        rate_hz=ear.rate_hz(),
        label=label,
        person=about.person,
        session=about.session,
        board=ear.info.board if ear.info else "unknown",
        source=_source(ear, port),
        channels=ear.channels,
        gaps=part.gaps,
        faults=part.faults,
        take=number,
        clock=ear.clock,
    )


def _source(ear: Ear, port: str) -> str:
    assert ear.sender is not None
    if ear.sender is BOARD:
        return f"captured from {port}"
    cannot = "; ".join(ear.sender.cannot)
    return f"captured from {port}, {ear.sender.name}; not guaranteed: {cannot}"
