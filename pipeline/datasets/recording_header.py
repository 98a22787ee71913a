"""The `# key: value` lines at the top of a recording's file: what they say, and back."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.artifacts import (
    ENVIRONMENT_UNITS,
    IMU_UNITS,
    PULLED,
    Fault,
    HostClock,
    Interval,
    Recording,
)
from pipeline.datasets.names import check_name
from pipeline.datasets.recording_faults import bad_file, gaps_in
from pipeline.errors import PipelineError

FORMAT = 1

_CLOCK = re.compile(r"offset_us=(-?\d+) drift_ppm=(-?\d+(?:\.\d+)?) at_us=(\d+)")


def recording_header(recording: Recording) -> str:
    """The lines. Raises PipelineError for names that cannot be used."""
    intervals = "; ".join(
        f"{part.start}-{part.stop} {check_name('label', part.label)}"
        for part in recording.intervals
    )
    entries = {
        "format": FORMAT,
        "label": check_name("label", recording.label),
        "person": check_name("person", recording.person),
        "session": check_name("session", recording.session),
        "board": recording.board,
        "source": recording.source,
        "rate_hz": f"{recording.rate_hz:.10g}",
        "measured_rate_hz": f"{recording.measured_rate_hz:.3f}",
        "channels": channels_text(recording),
        "gaps": gaps_text(recording),
        "intervals": intervals,
        **of_capture(recording),
    }
    return header_lines(entries)


def header_lines(entries: Mapping[str, object]) -> str:
    return "".join(
        f"# {key}: {' '.join(str(text).split())}".rstrip() + "\n" for key, text in entries.items()
    )


def channels_text(recording: Recording) -> str:
    units = IMU_UNITS | ENVIRONMENT_UNITS
    return ", ".join(f"{name} [{units.get(name, '?')}]" for name in recording.channels)


def gaps_text(recording: Recording) -> str:
    return "; ".join(f"{gap.missing} before row {gap.index}" for gap in gaps_in(recording.seq))


def of_capture(recording: Recording) -> dict[str, str]:
    """What only a recording that was captured can say; the others have no such lines."""
    clock = recording.clock
    entries = {
        "faults": "; ".join(f"{f.kind} {f.count} before row {f.index}" for f in recording.faults),
        "take": "" if recording.take is None else str(recording.take),
        "pulled": recording.pulled or "",
        "clock": ""
        if clock is None
        else f"offset_us={clock.offset_us} drift_ppm={clock.drift_ppm:.3f} at_us={clock.at_us}",
    }
    return {key: text for key, text in entries.items() if text}


def parse_header(lines: Sequence[str]) -> tuple[dict[str, str], int]:
    """The `# key: value` lines, and the index of the line after them."""
    header: dict[str, str] = {}
    for index, line in enumerate(lines):
        if not line.startswith("#"):
            return header, index
        key, _, value = line[1:].partition(":")
        header[key.strip()] = value.strip()
    return header, len(lines)


def rate_in(path: Path, header: Mapping[str, str]) -> float:
    try:
        rate_hz = float(header["rate_hz"])
    except (KeyError, ValueError):
        rate_hz = 0.0
    if not 0 < rate_hz < float("inf"):
        raise bad_file(
            path,
            None,
            f"`# rate_hz: {header.get('rate_hz', '')}` is no sampling rate",
            "the line is missing or was edited",
            "write the rate in Hz, such as `# rate_hz: 119`",
        )
    return rate_hz


def name_in(path: Path, header: Mapping[str, str], kind: str) -> str:
    text = header.get(kind, "1" if kind == "session" else "")
    try:
        return check_name(kind, text)
    except PipelineError as error:
        raise bad_file(
            path, None, f"`# {kind}:` {error.what.rstrip('.')}", error.why, error.next_step
        ) from None


def intervals_in(path: Path, header: Mapping[str, str], n: int) -> tuple[Interval, ...]:
    intervals = []
    for part in _parts(header, "intervals"):
        match = re.fullmatch(r"(\d+)-(\d+) ([\w-]+)", part, re.ASCII)
        if not match or not int(match[1]) < int(match[2]) <= n:
            raise bad_file(
                path,
                None,
                f"interval {part!r} is not START-STOP LABEL within {n} samples",
                "the header was edited, or rows were deleted",
                "mend the `# intervals:` line; rows count from 0, STOP is not included",
            )
        intervals.append(Interval(int(match[1]), int(match[2]), match[3]))
    return tuple(intervals)


def faults_in(path: Path, header: Mapping[str, str], n: int) -> tuple[Fault, ...]:
    faults = []
    for part in _parts(header, "faults"):
        match = re.fullmatch(r"([a-z-]+) (\d+) before row (\d+)", part)
        if not match or int(match[3]) > n:
            raise bad_file(
                path,
                None,
                f"fault {part!r} is not KIND COUNT before row N, with N up to {n}",
                "the header was edited, or rows were deleted",
                "mend or delete the `# faults:` line; rows count from 0",
            )
        faults.append(Fault(match[1], int(match[2]), int(match[3])))
    return tuple(faults)


def take_in(path: Path, header: Mapping[str, str]) -> int | None:
    text = header.get("take", "")
    if text and not text.isdecimal():
        raise bad_file(
            path,
            None,
            f"`# take: {text}` is no number",
            "the header was edited",
            "mend or delete that line",
        )
    return int(text) if text else None


def pulled_in(path: Path, header: Mapping[str, str]) -> str | None:
    text = header.get("pulled", "")
    if text and text not in PULLED:
        raise bad_file(
            path,
            None,
            f"`# pulled: {text}` is not {' or '.join(PULLED)}",
            "the header was edited",
            "mend or delete that line",
        )
    return text or None


def clock_in(path: Path, header: Mapping[str, str]) -> HostClock | None:
    text = header.get("clock", "")
    match = _CLOCK.fullmatch(text)
    if text and not match:
        raise bad_file(
            path,
            None,
            f"`# clock: {text}` is not offset_us=… drift_ppm=… at_us=…",
            "the header was edited",
            "mend or delete that line",
        )
    return HostClock(int(match[1]), float(match[2]), int(match[3])) if match else None


def _parts(header: Mapping[str, str], key: str) -> list[str]:
    return [part for text in header.get(key, "").split(";") if (part := text.strip())]
