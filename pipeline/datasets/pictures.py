"""Pictures of recordings: one take, or all takes of each label."""

from __future__ import annotations

import base64
import html
import io
from collections import defaultdict
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.core.artifacts import ENVIRONMENT_UNITS, Recording
from pipeline.core.errors import UsageError
from pipeline.core.files import atomic_write
from pipeline.core.plurals import counted

DPI = 110
COLOURS = ("#2563eb", "#d97706", "#059669")
INK, GAP = "#1d2733", "#dc2626"
SHOWN_TAKES = 24  # of a label in the HTML page; the overlay has all
TAKES_A_ROW = 4
KINDS = (("a", "acceleration [g]"), ("g", "rotation [deg/s]"))


def draw(recordings: Sequence[Recording], file: Path, title: str) -> None:
    """Draw one recording, or overlays of several by label, into a .png or .html file."""
    if file.suffix.lower() not in (".png", ".html"):
        raise UsageError(
            f"{file} is neither a .png nor a .html file.",
            "the ending decides the format",
            "use .png for one picture, or .html for a page with every take",
        )
    one = len(recordings) == 1
    overview = take_picture(recordings[0]) if one else overlay_picture(recordings)
    with atomic_write(file) as unfinished:
        if file.suffix.lower() == ".png":
            unfinished.write_bytes(overview)
        else:
            pictures = {} if one else _pictures_by_label(recordings)
            unfinished.write_text(_page(title, overview, pictures), encoding="utf-8")


def take_picture(recording: Recording) -> bytes:
    """A PNG of one recording: acceleration above, rotation below; or readings of the environment.

    Gaps are red; intervals are shaded and have names.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 5), dpi=DPI, layout="constrained")
    kinds = _kinds(recording.channels)
    all_axes = figure.subplots(len(kinds), sharex=True, squeeze=False)[:, 0]
    seconds = _seconds(recording)
    for axes, (unit, columns) in zip(all_axes, kinds, strict=True):
        for colour, column in zip(cycle(COLOURS), columns, strict=False):
            name = recording.channels[column]
            axes.plot(seconds, recording.samples[:, column], color=colour, label=name, lw=1.2)
        for gap in recording.gaps:
            axes.axvspan(seconds[gap.index - 1], seconds[gap.index], color=GAP, alpha=0.3, lw=0)
        for part in recording.intervals:
            axes.axvspan(seconds[part.start], seconds[part.stop - 1], color=INK, alpha=0.07, lw=0)
        _finish(axes, unit)
    for part in recording.intervals:
        place = ((seconds[part.start] + seconds[part.stop - 1]) / 2, 1.01)
        all_axes[0].text(
            *place, part.label, transform=all_axes[0].get_xaxis_transform(), ha="center", fontsize=7
        )
    all_axes[-1].set_xlabel("seconds")
    figure.suptitle(_title(recording), fontsize=10, parse_math=False)
    return _png(figure)


def overlay_picture(recordings: Sequence[Recording]) -> bytes:
    """A PNG of all takes: a row for each label, a column for each sensor; thick: the median."""
    from matplotlib.figure import Figure

    groups = _by_label(recordings)
    kinds = _kinds(recordings[0].channels)
    size = (5.2 * len(kinds), 0.4 + 2.1 * len(groups))
    figure = Figure(figsize=size, dpi=DPI, layout="constrained")
    grid = figure.subplots(len(groups), len(kinds), squeeze=False, sharex=True, sharey="col")
    for row, (label, takes) in zip(grid, groups.items(), strict=True):
        for axes, (unit, columns) in zip(row, kinds, strict=True):
            names = [recordings[0].channels[column] for column in columns]
            _overlay(axes, takes, names)
            _finish(axes, unit)
        row[0].set_title(
            f"{label}, {counted(len(takes), 'take')}", loc="left", fontsize=10, parse_math=False
        )
    for axes in grid[-1]:
        axes.set_xlabel("seconds")
    return _png(figure)


def _overlay(axes: Any, takes: Sequence[Recording], names: Sequence[str]) -> None:
    faint = float(np.clip(8 / len(takes), 0.12, 0.5))
    for colour, name in zip(cycle(COLOURS), names, strict=False):
        having = [take for take in takes if name in take.channels]
        lines = [take.samples[:, take.channels.index(name)] for take in having]
        for take, line in zip(having, lines, strict=True):
            axes.plot(_seconds(take), line, color=colour, lw=0.5, alpha=faint)
        if having:
            rows = int(np.median([len(line) for line in lines]))
            middle = np.full((len(lines), rows), np.nan)
            for row, line in zip(middle, lines, strict=True):
                row[: len(line)] = line[:rows]
            seconds = np.arange(rows) / having[0].rate_hz
            axes.plot(seconds, np.nanmedian(middle, axis=0), color=colour, lw=1.8, label=name)


def _pictures_by_label(recordings: Sequence[Recording]) -> dict[str, bytes]:
    pictures = {}
    for label, takes in _by_label(recordings).items():
        shown = f", the first {SHOWN_TAKES} shown" if len(takes) > SHOWN_TAKES else ""
        pictures[f"{label}: {counted(len(takes), 'take')}{shown}"] = _takes_picture(
            takes[:SHOWN_TAKES]
        )
    return pictures


def _takes_picture(takes: Sequence[Recording]) -> bytes:
    """A PNG of small pictures of each take: its acceleration, else all channels."""
    from matplotlib.figure import Figure

    rows = -(-len(takes) // TAKES_A_ROW)
    figure = Figure(figsize=(11, 0.3 + 1.7 * rows), dpi=DPI, layout="constrained")
    grid = figure.subplots(rows, TAKES_A_ROW, squeeze=False, sharey=True).ravel()
    for axes, take in zip(grid, takes, strict=False):
        for colour, column in zip(cycle(COLOURS), _kinds(take.channels)[0][1], strict=False):
            axes.plot(_seconds(take), take.samples[:, column], color=colour, lw=0.9)
        axes.set_title(Path(take.name).name, fontsize=8, parse_math=False)
        axes.tick_params(labelsize=7)
        axes.spines[["top", "right"]].set_visible(False)
    for axes in grid[len(takes) :]:
        axes.set_axis_off()
    return _png(figure)


def _by_label(recordings: Sequence[Recording]) -> dict[str, list[Recording]]:
    groups: dict[str, list[Recording]] = defaultdict(list)
    for recording in recordings:
        groups[recording.label].append(recording)
    return dict(sorted(groups.items()))


def _kinds(channels: Sequence[str]) -> list[tuple[str, list[int]]]:
    kinds = [
        (unit, [i for i, name in enumerate(channels) if name in {first + axis for axis in "xyz"}])
        for first, unit in KINDS
    ]
    kinds += [
        (f"{name} [{unit}]", [channels.index(name)])
        for name, unit in ENVIRONMENT_UNITS.items()
        if name in channels
    ]
    return [kind for kind in kinds if kind[1]] or [("", list(range(len(channels))))]


def _seconds(recording: Recording) -> Any:
    return (recording.t_us - recording.t_us[0]) / 1e6


def _title(recording: Recording) -> str:
    who = f" by {recording.person}" if recording.person else ""
    return (
        f"{recording.name}: {recording.label}{who}, {counted(len(recording), 'sample')} "
        f"at {recording.rate_hz:g} Hz"
    )


def _finish(axes: Any, unit: str) -> None:
    axes.set_ylabel(unit, fontsize=8)
    axes.ticklabel_format(axis="y", useOffset=False)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    if axes.get_legend_handles_labels()[1]:
        axes.legend(frameon=False, fontsize=7, ncols=3, loc="upper right")


def _png(figure: Any) -> bytes:
    stream = io.BytesIO()
    figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()


def _page(title: str, overview: bytes, pictures: dict[str, bytes]) -> str:
    body = [f"<h1>{html.escape(title)}</h1>", _image(overview, title)]
    for heading, picture in pictures.items():
        body += [f"<h2>{html.escape(heading)}</h2>", _image(picture, heading)]
    style = "body{font:16px system-ui;margin:2em auto;max-width:1200px}img{max-width:100%}"
    head = f'<meta charset="utf-8"><title>{html.escape(title)}</title><style>{style}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n' + "\n".join(body) + "</html>\n"


def _image(png: bytes, text: str) -> str:
    data = base64.b64encode(png).decode("ascii")
    return f'<img alt="{html.escape(text)}" src="data:image/png;base64,{data}">'
