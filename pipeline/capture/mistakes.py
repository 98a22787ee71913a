"""Of the last seconds that a board has kept, the part that it got wrong. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.artifacts import Recording
from pipeline.capture.board_info import BoardInfo
from pipeline.capture.motion import MotionDetector, Span
from pipeline.capture.protocol import Sample
from pipeline.capture.takes import About
from pipeline.contract import UNITS_PER_SAMPLE_STEP
from pipeline.errors import PipelineError

AFTER_EVENT_S = 0.3  # of a false alarm: the network goes on seeing the same for a moment
US = 1_000_000
FALSE_ALARM, MISSED = "false-alarm", "missed"


def false_alarm(samples: Sequence[Sample], seconds: float, event_us: int | None) -> list[Sample]:
    """The `seconds` before the event at `event_us`, and a little after it; without one the newest.

    Raises PipelineError where the board no longer has them.
    """
    whole = _whole(samples)
    last_us = whole[-1].t_us if event_us is None else event_us + round(AFTER_EVENT_S * US)
    part = [s for s in whole if last_us - seconds * US <= s.t_us <= last_us]
    if not part:
        raise _nothing("The board no longer has the samples of that event.")
    return part


def missed_gesture(samples: Sequence[Sample]) -> list[Sample]:
    """The newest movement, cut as `gesture capture` cuts a take.

    Raises PipelineError where nothing has moved.
    """
    whole = _whole(samples)
    detector = MotionDetector()
    spans = [span for s in whole if (span := detector.add(s.t_us, s.values))]
    unfinished = detector.finish(whole[-1].t_us)
    if unfinished is not None:
        spans.append(unfinished)
    if not spans:
        seconds = (whole[-1].t_us - whole[0].t_us) / US
        raise _nothing(f"Nothing has moved in the last {seconds:.1f} s that the board has kept.")
    return _within(whole, spans[-1])


def mistake_recording(
    samples: Sequence[Sample], kind: str, label: str, info: BoardInfo, about: About, port: str
) -> Recording:
    """Those samples, marked as what the board got wrong: a FALSE_ALARM or a MISSED gesture."""
    thousandths = np.array([sample.values for sample in samples], np.float64)
    return Recording(
        samples=(thousandths / UNITS_PER_SAMPLE_STEP).astype(np.float32),
        seq=np.array([sample.seq for sample in samples], np.int64),
        t_us=np.array([sample.t_us for sample in samples], np.int64),
        rate_hz=info.stream_hz,
        label=label,
        person=about.person,
        session=about.session,
        board=info.board,
        source=f"pulled from {port}",
        pulled=kind,
    )


def _whole(samples: Sequence[Sample]) -> list[Sample]:
    """The newest of them without a gap: what lies before one may be anything."""
    if not samples:
        raise _nothing("The board has kept no samples.")
    start = 0
    for place in range(1, len(samples)):
        if samples[place].seq != samples[place - 1].seq + 1:
            start = place
    return list(samples[start:])


def _within(samples: Sequence[Sample], span: Span) -> list[Sample]:
    return [sample for sample in samples if span.start_us <= sample.t_us <= span.stop_us]


def _nothing(what: str) -> PipelineError:
    return PipelineError(
        what,
        "a board keeps the last 1024 samples, 8.6 s at 119 Hz, and forgets them at a restart",
        "let it happen again, and pull within a few seconds",
    )
