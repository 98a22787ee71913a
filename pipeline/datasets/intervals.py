"""Labelled intervals: the takes inside a recording, which may be of a whole day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import replace

import numpy as np

from pipeline.core.artifacts import Interval, Recording
from pipeline.datasets.recording_file import gaps_in


def takes_of_each(recording: Recording, background: str) -> Counter[str]:
    """How many takes of each label a recording has: its intervals, or itself.

    What no interval covers is one take of the background.
    """
    if not recording.intervals:
        return Counter([recording.label])
    counts = Counter(part.label for part in recording.intervals)
    if sum(part.stop - part.start for part in recording.intervals) < len(recording):
        counts[background] += 1
    return counts


def single_takes(recordings: Iterable[Recording]) -> list[Recording]:
    """The takes of recordings; each interval is cut out as one, with the name of its seconds."""
    return [take for recording in recordings for take in _takes_in(recording)]


def _takes_in(recording: Recording) -> list[Recording]:
    if not recording.intervals:
        return [recording]
    return [
        replace(part_of(recording, part.start, part.stop), label=part.label, intervals=())
        for part in recording.intervals
    ]


def part_of(recording: Recording, start: int, stop: int) -> Recording:
    """The rows from start to stop, with the name of their seconds."""
    rows = slice(start, stop)
    intervals = (
        Interval(max(part.start, start) - start, min(part.stop, stop) - start, part.label)
        for part in recording.intervals
        if part.start < stop and part.stop > start
    )
    return replace(
        recording,
        name=name_of_part(recording, start, stop),
        samples=recording.samples[rows],
        seq=recording.seq[rows],
        t_us=recording.t_us[rows],
        gaps=gaps_in(recording.seq[rows]),
        intervals=tuple(intervals),
        faults=tuple(
            replace(fault, index=fault.index - start)
            for fault in recording.faults
            if start < fault.index < stop
        ),
    )


def name_of_part(recording: Recording, start: int, stop: int) -> str:
    """`day/anna-1-001@12.5-80.25`: the seconds after the first sample."""
    from_s, to_s = (round(row / recording.rate_hz, 3) for row in (start, stop))
    return f"{recording.name}@{from_s:g}-{to_s:g}"


def parts_named(recordings: Iterable[Recording], names: Collection[str]) -> list[Recording]:
    """The recordings with some of these names, and the parts of recordings that have one."""
    found = []
    for recording in recordings:
        if recording.name in names:
            found.append(recording)
        for name in names:
            whole, _, seconds = name.partition("@")
            if seconds and whole == recording.name:
                from_s, to_s = (float(text) for text in seconds.split("-"))
                rows = (round(from_s * recording.rate_hz), round(to_s * recording.rate_hz))
                found.append(part_of(recording, *rows))
    return found


def without_labels(recording: Recording, labels: Collection[str]) -> Recording:
    """A recording without the rows of some intervals; they are missing as lost samples are."""
    is_kept = np.ones(len(recording), np.bool_)
    for part in recording.intervals:
        if part.label in labels:
            is_kept[part.start : part.stop] = False
    if is_kept.all():
        return recording
    place = np.concatenate([[0], np.cumsum(is_kept)])  # of each row among those that are kept
    seq = recording.seq[is_kept]
    return replace(
        recording,
        samples=recording.samples[is_kept],
        seq=seq,
        t_us=recording.t_us[is_kept],
        gaps=gaps_in(seq),
        intervals=tuple(
            Interval(int(place[part.start]), int(place[part.stop]), part.label)
            for part in recording.intervals
            if part.label not in labels
        ),
        faults=tuple(
            replace(fault, index=int(place[fault.index]))
            for fault in recording.faults
            if fault.index < len(is_kept) and is_kept[fault.index]
        ),
    )
