"""Pulls samples from a board, and makes recordings of its wrong events for training."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from itertools import pairwise, takewhile

import numpy as np

from pipeline.capture.client import COMMAND_TIMEOUT_S, BoardClient
from pipeline.capture.protocol import (
    COUNT_WRAP,
    Message,
    Sample,
    past_of,
    plausible_rate_hz,
    steps_between,
)
from pipeline.capture.segmentation import CaptureInfo, MotionDetector, Span
from pipeline.core.artifacts import Recording
from pipeline.core.board_profiles import BoardInfo
from pipeline.core.contract import UNITS_PER_SAMPLE_STEP
from pipeline.core.errors import MismatchError, NoBoardError, PipelineError

HISTORY_SAMPLES = 1024  # samples in the board's history
PULL_LINES = 16  # of one answer; the last answer has fewer
AT_ONCE = 8  # requests at once: on a slow line the board samples faster than single answers come
ATTEMPTS = 5  # for one answer, if lines arrive damaged
ENOUGH_S = 10.0  # to reach the newest sample
LIMIT_S = 30.0  # for all samples


def pull_samples(client: BoardClient, limit_s: float = LIMIT_S) -> list[Sample]:
    """Read the board's history.

    The board's count wraps at 2^32; our sample numbers go on rising. The board sends the samples
    after the wrap only once it has overwritten those before it, so we wait for them.

    Returns:
        The samples, oldest first; none if the sensor has given none. If the line is too slow to
        reach the newest sample, those that came in time.
    """
    begin = time.monotonic()
    found: list[Sample] = []
    at_once = 1
    while len(found) < HISTORY_SAMPLES or time.monotonic() < begin + ENOUGH_S:
        seq = found[-1].seq + 1 if found else 0
        new, is_end = _pieces(client, seq % COUNT_WRAP, at_once, begin + limit_s)
        # Shortly after the wrap an answer begins with samples from before it: none may be skipped.
        at_once = AT_ONCE if seq < COUNT_WRAP or _begins_with(new, seq % COUNT_WRAP) else 1
        found = _counted_on(found, new)[-2 * HISTORY_SAMPLES :]
        has_met_wrap = seq < COUNT_WRAP and found[-1:] and found[-1].seq == COUNT_WRAP - 1
        if is_end and not has_met_wrap:
            break
    return _after_overwritten(client, found, begin + limit_s)


def _begins_with(samples: Sequence[Sample], seq: int) -> bool:
    return bool(samples) and samples[0].seq == seq


def _counted_on(found: list[Sample], new: Iterable[Sample]) -> list[Sample]:
    found = list(found)
    for sample in new:
        steps = steps_between(found[-1].seq, sample.seq) if found else 1
        if steps > 0:
            seq = found[-1].seq + steps if found else sample.seq
            found.append(sample._replace(seq=seq))
    return found


def _after_overwritten(client: BoardClient, found: list[Sample], deadline: float) -> list[Sample]:
    """The samples after the last gap that the pull itself left.

    The board overwrites its oldest samples during the pull. A gap among the samples that it still
    has comes from its sensor, and stays.
    """
    gaps = [at for at in range(1, len(found)) if found[at].seq != found[at - 1].seq + 1]
    if not gaps:
        return found
    now, _ = _pieces(client, 0, 1, deadline)
    overwritten = [at for at in gaps if now and steps_between(found[at].seq, now[0].seq) >= 0]
    return found[max(overwritten, default=0) :]


def _pieces(
    client: BoardClient, seq: int, at_once: int, deadline: float
) -> tuple[list[Sample], bool]:
    """The samples from `seq` on, and whether they reach the newest.

    It asks for `at_once` answers first. If a line is damaged or an answer is lost, it asks for one
    answer at a time.
    """
    for count in (at_once, *[1] * ATTEMPTS):
        if time.monotonic() > deadline:
            raise _too_slow()
        seqs = range(seq, min(seq + count * PULL_LINES, COUNT_WRAP), PULL_LINES)
        client.take_pending("past")  # of an answer that was damaged
        answers = _answers(client, seqs, deadline)
        lines = [answer.fields.get("lines", "") for answer in answers]
        samples = [past_of(message) for message in client.take_pending("past")]
        whole = [sample for sample in samples if sample is not None]
        if answers and _all_arrived(lines, len(samples), len(whole)):
            new = [sample for sample in _until_newest(whole, lines) if sample.seq >= seq]
            return new, lines[-1] != str(PULL_LINES) or not new
    raise PipelineError(
        "Samples from the board keep arriving damaged.",
        "the cable or a hub is bad, or another program reads from the same port",
        "use another cable, close the other program, and pull again",
    )


def _answers(client: BoardClient, seqs: Sequence[int], deadline: float) -> list[Message]:
    """Of a request for each; [] where one of several is lost."""
    left_s = max(COMMAND_TIMEOUT_S, (deadline - time.monotonic()) / 2)  # the rest is for repeating
    limit_s = min(len(seqs) * COMMAND_TIMEOUT_S, left_s)  # so many answers take longer than one
    try:
        return client.commands([f"pull {first}" for first in seqs], limit_s)
    except NoBoardError:
        if len(seqs) == 1:
            raise
        return []


def _until_newest(samples: list[Sample], lines: list[str]) -> list[Sample]:
    """Up to the end of the first answer that reached the newest sample.

    A later answer may begin after samples that have come in between.
    """
    full = sum(1 for _ in takewhile(lambda count: count == str(PULL_LINES), lines))
    return samples[: sum(map(int, lines[: full + 1]))]


def _all_arrived(lines: list[str], samples: int, whole: int) -> bool:
    known = {str(count): count for count in range(PULL_LINES + 1)}
    return samples == whole == sum(known.get(count, COUNT_WRAP) for count in lines)


def _too_slow() -> PipelineError:
    return NoBoardError(
        f"The board's samples did not all arrive within {LIMIT_S:g} s.",
        "the line is slow or bad, or the board sends fewer lines than it announces",
        "use another cable or port, and pull again",
    )


AFTER_EVENT_S = 0.3  # after a false alarm the window still holds the same motion
SHORTEST_S = 0.25  # of a recording for training
LEAST_SAMPLES = 3
US = 1_000_000
FALSE_ALARM, MISSED = "false-alarm", "missed"


def false_alarm(samples: Sequence[Sample], seconds: float, event_us: int | None) -> list[Sample]:
    """The longest part without a gap from `seconds` before a false alarm to a little after it."""
    newest_us = _newest(samples).t_us
    last_us = newest_us if event_us is None else event_us + round(AFTER_EVENT_S * US)
    part = [s for s in samples if last_us - seconds * US <= s.t_us <= last_us]
    if not part:
        raise _nothing("The board no longer has the samples of that event.")
    return _without_gap(part)


def missed_gesture(samples: Sequence[Sample]) -> list[Sample]:
    """The longest part without a gap of the newest movement, segmented as in `gesture capture`."""
    newest_us = _newest(samples).t_us
    detector = MotionDetector()
    spans = [span for s in samples if (span := detector.add(s.t_us, s.values))]
    unfinished = detector.finish(newest_us)
    if unfinished is not None:
        spans.append(unfinished)
    if not spans:
        seconds = (newest_us - samples[0].t_us) / US
        raise _nothing(f"There is no movement in the board's last {seconds:.1f} s.")
    return _without_gap(_within(samples, spans[-1]))


def feedback_recording(
    samples: Sequence[Sample],
    kind: str,
    label: str,
    info: BoardInfo,
    capture_info: CaptureInfo,
    port: str,
) -> Recording:
    """Make a recording of samples, marked as a FALSE_ALARM or a MISSED gesture.

    Its rate is the one that the board reports, or the measured one if that differs too much.
    """
    passed_us = samples[-1].t_us - samples[0].t_us
    measured_hz = (samples[-1].seq - samples[0].seq) * US / passed_us
    thousandths = np.array([sample.values for sample in samples], np.float64)
    return Recording(
        samples=(thousandths / UNITS_PER_SAMPLE_STEP).astype(np.float32),
        seq=np.array([sample.seq for sample in samples], np.int64),
        t_us=np.array([sample.t_us for sample in samples], np.int64),
        rate_hz=plausible_rate_hz(info.stream_hz, measured_hz) or measured_hz,
        label=label,
        person=capture_info.person,
        session=capture_info.session,
        board=info.board,
        source=f"pulled from {port}",
        pulled=kind,
    )


def _newest(samples: Sequence[Sample]) -> Sample:
    """The newest sample; PipelineError if there is none, or the board's clock runs backwards."""
    if not samples:
        raise _nothing("The board has no samples.")
    if any(later.t_us < earlier.t_us for earlier, later in pairwise(samples)):
        raise MismatchError(
            "The board's clock runs backwards in its last samples.",
            "its firmware is broken, or it restarted while they were read",
            "press its reset button, let it happen again, and pull once more",
        )
    return samples[-1]


def _without_gap(samples: Sequence[Sample]) -> list[Sample]:
    jumps = [at for at, (a, b) in enumerate(pairwise(samples), 1) if b.seq != a.seq + 1]
    parts = [list(samples[a:b]) for a, b in pairwise([0, *jumps, len(samples)])]
    longest = max(parts, key=len)
    seconds = (longest[-1].t_us - longest[0].t_us) / US
    if len(longest) < LEAST_SAMPLES or seconds < SHORTEST_S:
        raise _nothing(f"Only {seconds:.2f} s are without a gap, too little for training.")
    return longest


def _within(samples: Sequence[Sample], span: Span) -> list[Sample]:
    return [sample for sample in samples if span.start_us <= sample.t_us <= span.stop_us]


def _nothing(what: str) -> PipelineError:
    return PipelineError(
        what,
        "a board holds its last 1024 samples, 8.6 s at 119 Hz, and loses them at a restart",
        "let it happen again, and pull within a few seconds",
    )
