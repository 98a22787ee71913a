"""Pictures of drawings: side by side on a sheet, as SVG or PNG."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.core.artifacts import Float32
from pipeline.core.sketches import CANVAS, Polyline, polylines

CELL_PX = 160  # the side of one drawing's place
MOST_COLUMNS = 10
LINE_PX = 2.5
INK, BEGUN_INK = "#111", "#d55e00"  # of the network, and of what was begun for it
DPI = 96


@dataclass(frozen=True)
class Sheet:
    """Strokes in their places, in pixels.

    Args:
        begun: what was begun, of all drawings.
        drawn: what the network drew.
    """

    begun: Sequence[Polyline]
    drawn: Sequence[Polyline]
    width: int
    height: int


def sheet(
    drawings: Sequence[Float32], size: float, begun: int = 0, columns: int | None = None
) -> Sheet:
    """Place drawings in rows.

    Args:
        drawings: [moves, 3] each.
        size: the larger side of a usual drawing; larger ones are made to fit.
        begun: moves at the beginning of each that the network did not draw.
        columns: of drawings; None: about as many as rows.
    """
    if columns is None:
        columns = min(MOST_COLUMNS, math.ceil(math.sqrt(len(drawings))))
    first: list[Polyline] = []
    rest: list[Polyline] = []
    for number, drawing in enumerate(drawings):
        row, column = divmod(number, columns)
        corner = np.array([column, row], np.float32) * CELL_PX
        before, after = _parts(drawing, begun)
        place = _placing(drawing, size, corner)
        first += [_placed(stroke, *place) for stroke in before]
        rest += [_placed(stroke, *place) for stroke in after]
    rows = math.ceil(len(drawings) / columns)
    return Sheet(first, rest, columns * CELL_PX, rows * CELL_PX)


def _parts(drawing: Float32, begun: int) -> tuple[list[Polyline], list[Polyline]]:
    """The strokes of the first moves, and those of the others, from where the first ones end."""
    if not begun:
        return [], polylines(drawing)
    before = drawing[:begun].copy()
    before[-1, 2] = 1
    place = before[:, :2].sum(axis=0)
    after = [stroke + place for stroke in polylines(drawing[begun:])]
    if drawing[begun - 1, 2] and after:  # the pen was up: the first move is in the air
        after[0] = after[0][1:]
    return polylines(before), [stroke for stroke in after if len(stroke)]


def _placing(drawing: Float32, size: float, corner: Float32) -> tuple[Float32, float, Float32]:
    """What the middle of a drawing is, by how much it grows, and where it goes."""
    places = np.concatenate(polylines(drawing))
    low, high = places.min(axis=0), places.max(axis=0)
    factor = CELL_PX / (CANVAS * max(size, float((high - low).max()), 1e-9))
    return (low + high) / 2, factor, corner + np.float32(CELL_PX / 2)


def _placed(stroke: Polyline, middle: Float32, factor: float, target: Float32) -> Polyline:
    placed: Polyline = ((stroke - middle) * factor + target).astype(np.float32)
    return placed


def svg(drawn: Sheet) -> str:
    """An SVG file: a path for what was begun, and one for what the network drew."""
    size = f'width="{drawn.width}" height="{drawn.height}"'
    box = f'viewBox="0 0 {drawn.width} {drawn.height}"'
    line = f'fill="none" stroke-width="{LINE_PX}" stroke-linecap="round" stroke-linejoin="round"'
    parts = ((drawn.begun, BEGUN_INK), (drawn.drawn, INK))
    paths = "".join(
        f'  <path stroke="{ink}" {line} d="{_path(strokes)}"/>\n'
        for strokes, ink in parts
        if strokes
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {box} style="background:#fff">\n'
        f"{paths}</svg>\n"
    )


def _path(strokes: Sequence[Polyline]) -> str:
    """A dot is a line to itself: its round ends are drawn."""
    return " ".join(
        "M"
        + " L".join(f"{x:.1f},{y:.1f}" for x, y in (stroke if len(stroke) > 1 else [*stroke] * 2))
        for stroke in strokes
    )


def png(drawn: Sheet) -> bytes:
    """The same as a PNG file."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(drawn.width / DPI, drawn.height / DPI), dpi=2 * DPI)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, drawn.width), ylim=(drawn.height, 0))
    axes.axis("off")
    width = LINE_PX * 72 / DPI
    for strokes, ink in ((drawn.begun, BEGUN_INK), (drawn.drawn, INK)):
        for stroke in strokes:
            axes.plot(*stroke.T, color=ink, lw=width, solid_capstyle="round")
    file = io.BytesIO()
    figure.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()
