"""What a split moves between its parts: recordings, or parts of long ones.

A whole day in one recording has many takes of every gesture. Where too few recordings hold one,
they are cut between the takes, so that a split by take can be made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.config.gesture_settings import GestureConfig
from pipeline.core.artifacts import Recording
from pipeline.datasets.intervals import part_of, takes_of_each
from pipeline.datasets.splits import Split, choose_by, split_recordings

LONG = 4  # windows; a longer interval is an activity, and is cut too
MOST_CUTS = 10  # in one interval
Span = tuple[int, int, int]  # the recording, the first row and the row after the last


@dataclass(frozen=True)
class SplitUnits:
    """The units of a split.

    Args:
        recordings: as they were recorded.
        spans: of each unit, in order.
        units: those spans.
    """

    recordings: Sequence[Recording]
    spans: Sequence[Span]
    units: Sequence[Recording]

    def chosen(self, indices: Sequence[int]) -> list[Recording]:
        """Some units; neighbours become one again."""
        spans: list[Span] = []
        for number, start, stop in sorted(self.spans[index] for index in indices):
            if spans and spans[-1][0] == number and spans[-1][2] == start:
                start = spans.pop()[1]
            spans.append((number, start, stop))
        return [_cut(self.recordings, span) for span in spans]


def split_units(recordings: Sequence[Recording], config: GestureConfig) -> SplitUnits:
    """The units of the split that a config asks for."""
    background = config.data.background
    by = config.split.by or choose_by(recordings, background)
    if by == "take" and _hold_too_few(recordings, max(2, config.split.folds or 0), background):
        return pieces(recordings, config.window.length)
    return SplitUnits(
        recordings, [(n, 0, len(one)) for n, one in enumerate(recordings)], recordings
    )


def pieces(recordings: Sequence[Recording], window: int) -> SplitUnits:
    """Recordings of one take, and pieces of long ones with about one take each.

    Args:
        recordings: of a dataset.
        window: in samples; no piece is shorter.
    """
    spans = [
        (number, start, stop)
        for number, one in enumerate(recordings)
        for start, stop in _spans_of(one, window)
    ]
    return SplitUnits(recordings, spans, [_cut(recordings, span) for span in spans])


def split_parts(
    recordings: Sequence[Recording], config: GestureConfig
) -> tuple[Split, dict[str, list[Recording]]]:
    """Split recordings as a config says; returns the split too, and the recordings of each part.

    Raises:
        PipelineError: as split_recordings.
    """
    units = split_units(recordings, config)
    split = split_recordings(units.units, config.split, config.data.background)
    parts = ("train", "validation", "test")
    return split, {part: units.chosen(getattr(split, part)) for part in parts}


def _cut(recordings: Sequence[Recording], span: Span) -> Recording:
    number, start, stop = span
    whole = recordings[number]
    return whole if (start, stop) == (0, len(whole)) else part_of(whole, start, stop)


def _hold_too_few(recordings: Sequence[Recording], enough: int, background: str) -> bool:
    """Whether some gesture is in fewer recordings than a split needs."""
    holding = Counter(label for one in recordings for label in takes_of_each(one, background))
    del holding[background]
    return min(holding.values(), default=enough) < enough


def _spans_of(recording: Recording, window: int) -> list[tuple[int, int]]:
    """Spans of a recording with a take each, or a part of a long one, and what is around it."""
    cuts, end = [0], 0
    for number, part in enumerate(recording.intervals):
        if number:
            cuts.append((end + part.start) // 2)
        count = min(MOST_CUTS, (part.stop - part.start) // (LONG * window))
        cuts += [part.start + (part.stop - part.start) * k // count for k in range(1, count)]
        end = part.stop
    kept = [0]
    for cut in cuts[1:]:
        if cut - kept[-1] >= window and len(recording) - cut >= window:
            kept.append(cut)
    return list(zip(kept, [*kept[1:], len(recording)], strict=True))
