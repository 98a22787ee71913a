"""The file of one series, readings of a board's environment: written and read here."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from pathlib import Path

from pipeline.artifacts import Recording
from pipeline.datasets.names import check_name
from pipeline.datasets.recording_faults import bad_file, gaps_in
from pipeline.datasets.recording_header import (
    FORMAT,
    channels_text,
    clock_in,
    faults_in,
    gaps_text,
    header_lines,
    name_in,
    of_capture,
)
from pipeline.datasets.recording_table import read_table, write_table

ENVIRONMENT = "environment"
HEAD_LINES = 4  # among which a series says that it is one


def save_series(series: Recording, path: Path) -> None:
    """Write `series` to `path`, all of it or nothing. Raises PipelineError as save_recording."""
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
    write_table(series, header_lines(entries), path)


def load_series(path: Path) -> Recording:
    """The series in `path`: a recording with ENVIRONMENT as its label, and of no person.

    Raises PipelineError that names the file and the line of the first fault.
    """
    header, columns, seq, t_us, samples = read_table(path)
    label = _series_in(path, header)
    return Recording(
        samples=samples,
        seq=seq,
        t_us=t_us,
        rate_hz=1 / _period_in(path, header),
        label=label,
        person="",
        session=name_in(path, header, "session"),
        board=header.get("board", "unknown"),
        source=header.get("source", "unknown"),
        channels=columns,
        gaps=gaps_in(seq),
        faults=faults_in(path, header, len(seq)),
        clock=clock_in(path, header),
        name=f"{path.parent.name}/{path.stem}",
    )


def next_series_path(folder: Path, session: str) -> Path:
    """The path after the last series of this session: no number is used twice."""
    check_name("session", session)
    numbers = (path.stem.rpartition("-")[2] for path in folder.glob(f"{session}-*.csv"))
    taken = [int(number) for number in numbers if number.isdigit()]
    return series_path(folder, session, max(taken, default=0) + 1)


def series_in(folder: Path) -> list[Path]:
    """The files of series in a folder, always in the same order."""
    return [path for path in sorted(folder.glob("[!.]*.csv")) if is_series(path)]


def is_series(path: Path) -> bool:
    with path.open(encoding="utf-8", errors="replace") as stream:
        return any(line.startswith("# series:") for line in islice(stream, HEAD_LINES))


def series_path(folder: Path, session: str, n: int) -> Path:
    """Where series `n` (from 1) lies."""
    return folder / f"{session}-{n:03d}.csv"


def _series_in(path: Path, header: Mapping[str, str]) -> str:
    if header.get("series") != ENVIRONMENT:
        raise bad_file(
            path,
            None,
            f"has no line `# series: {ENVIRONMENT}`",
            "it is a recording of movements, or something else than the environment's sensors "
            "was recorded",
            "name a series, as `gesture capture --sensor environment` leaves it",
        )
    return ENVIRONMENT


def _period_in(path: Path, header: Mapping[str, str]) -> float:
    try:
        period_s = float(header["period_s"])
    except (KeyError, ValueError):
        period_s = 0.0
    if not 0 < period_s < float("inf"):
        raise bad_file(
            path,
            None,
            f"`# period_s: {header.get('period_s', '')}` is no period",
            "the line is missing or was edited",
            "write the seconds from one reading to the next, such as `# period_s: 60`",
        )
    return period_s
