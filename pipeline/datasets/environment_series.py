"""The series that a board's sensors of the environment give: their files."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from pipeline.core.artifacts import Recording
from pipeline.datasets.recording_file import (
    FORMAT,
    bad_file,
    channels_text,
    check_name,
    gaps_text,
    header_lines,
    of_capture,
    positive_in,
    read_table,
    unused_paths,
    write_new_table,
    write_table,
)

ENVIRONMENT = "environment"
HEAD_LINES = 4  # one of them says that the file is a series


def save_series(series: Recording, path: Path) -> None:
    """Write a series atomically; raises as `save_recording`."""
    write_table(series, _header(series), path)


def save_new_series(series: Recording, paths: Iterator[Path]) -> Path:
    """As `save_series`, to the first free path; returns this path."""
    return write_new_table(series, _header(series), paths)


def _header(series: Recording) -> str:
    entries = {
        "format": FORMAT,
        "series": ENVIRONMENT,
        "session": check_name("session", series.session),
        "board": series.board,
        "source": series.source,
        "period_s": f"{1 / series.rate_hz:.10g}",
        "channels": channels_text(series),
        "gaps": gaps_text(series),
        **of_capture(series),
    }
    return header_lines(entries)


def load_series(path: Path) -> Recording:
    """Read a series: a recording with the label ENVIRONMENT, and without a person."""
    table = read_table(path)
    header = table.header
    if header.get("series") != ENVIRONMENT:
        raise bad_file(
            path,
            f"has no line `# series: {ENVIRONMENT}`",
            "it is a recording of motion, or of other sensors than those of the environment",
            "name a series of `gesture capture --sensor environment`",
        )
    seconds = "seconds from one reading to the next"
    period_s = positive_in(path, header, "period_s", "period", seconds, "60")
    return table.recording(path, rate_hz=1 / period_s, label=ENVIRONMENT, person="")


def new_series_paths(folder: Path, session: str) -> Iterator[Path]:
    """The paths after the last series of a session: no number is used twice."""
    yield from unused_paths(folder, check_name("session", session))


def series_in(folder: Path) -> list[Path]:
    """The series of a folder, always in the same order."""
    return [path for path in sorted(folder.glob("[!.]*.csv")) if is_series(path)]


def is_series(path: Path) -> bool:
    """Whether a file is a series, by its header."""
    if not path.is_file():
        return False
    with path.open(encoding="utf-8", errors="replace") as stream:
        return any(line.startswith("# series:") for line in islice(stream, HEAD_LINES))
