"""Line charts as SVG that stands in a page: it takes the page's colours, light or dark.

Matplotlib fixes colours and fonts when it draws; these charts leave both to the reader's theme,
and are small enough for dozens on one page.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

LEFT, RIGHT, TOP, BOTTOM = 52, 14, 10, 42  # room around the plot, in units of the viewBox
TICKS = 6  # about as many
NICE_STEPS = (1, 2, 2.5, 5, 10)
DOT_RADIUS = 3


@dataclass(frozen=True)
class Axis:
    """low, high: the ends, which must differ.

    percent: values are shares, shown as percent; whole: only whole numbers are marked.
    """

    label: str
    low: float
    high: float
    percent: bool = False
    whole: bool = False

    def share(self, value: float) -> float:
        """Where `value` lies on the way from low to high; beyond the ends it is put at them."""
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)

    def ticks(self) -> list[float]:
        """Round numbers within the axis."""
        rough = max((self.high - self.low) / TICKS, 1 if self.whole else 0)
        power = 10.0 ** math.floor(math.log10(rough))
        steps = [nice * power for nice in NICE_STEPS if nice * power >= rough * (1 - 1e-9)]
        step = next(step for step in steps if not self.whole or step == round(step))
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [number * step for number in range(first, last + 1)]

    def text(self, value: float) -> str:
        return f"{100 * value:.4g} %" if self.percent else f"{value:.4g}"


@dataclass(frozen=True)
class Line:
    """colour: 1, 2 or 3, of the page's; dots: whether the values themselves are marked."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    colour: int = 1
    dots: bool = False


@dataclass(frozen=True)
class Mark:
    """A value of the x axis that is pointed out by an upright line."""

    name: str
    at: float


@dataclass(frozen=True)
class Chart:
    """title: what it shows, in words, for those who cannot see it."""

    title: str
    x: Axis
    y: Axis
    lines: tuple[Line, ...]
    marks: tuple[Mark, ...] = ()
    width: int = 420
    height: int = 240

    def svg(self) -> str:
        parts = [
            f'<svg class="chart" role="img" viewBox="0 0 {self.width} {self.height}" '
            f'aria-label="{escape(self.title)}">',
            *self._grid(),
            *(part for line in self.lines for part in self._line(line)),
            *(self._mark(mark) for mark in self.marks),
            "</svg>",
        ]
        return "".join(parts)

    def _x(self, value: float) -> str:
        return _number(LEFT + self.x.share(value) * (self.width - LEFT - RIGHT))

    def _y(self, value: float) -> str:
        return _number(self.height - BOTTOM - self.y.share(value) * (self.height - TOP - BOTTOM))

    def _grid(self) -> list[str]:
        right, floor = self.width - RIGHT, self.height - BOTTOM
        middle_x, middle_y = (LEFT + right) / 2, (TOP + floor) / 2
        parts = []
        for value in self.y.ticks():
            y = self._y(value)
            parts.append(f'<path class="grid" d="M{LEFT} {y}H{right}"/>')
            parts.append(_text(str(LEFT - 6), y, self.y.text(value), "end", "middle"))
        for value in self.x.ticks():
            x = self._x(value)
            parts.append(f'<path class="tick" d="M{x} {floor}v4"/>')
            parts.append(_text(x, str(floor + 16), self.x.text(value)))
        parts.append(f'<path class="axis" d="M{LEFT} {TOP}V{floor}H{right}"/>')
        parts.append(_text(_number(middle_x), str(self.height - 6), self.x.label))
        turned = f' transform="rotate(-90 11 {_number(middle_y)})"'
        return [*parts, _text("11", _number(middle_y), self.y.label, more=turned)]

    def _mark(self, mark: Mark) -> str:
        x = self._x(mark.at)
        near_end = self.x.share(mark.at) > 0.7
        aside = _number(float(x) + (-4 if near_end else 4))
        label = _text(aside, str(TOP + 8), mark.name, "end" if near_end else "start")
        return f'<path class="mark" d="M{x} {TOP}V{self.height - BOTTOM}"/>{label}'

    def _line(self, line: Line) -> list[str]:
        points = [(self._x(x), self._y(y)) for x, y in zip(line.x, line.y, strict=True)]
        path = " ".join(f"{x},{y}" for x, y in points)
        parts = [f'<polyline class="line-{line.colour}" points="{path}"/>']
        if line.dots:
            values = zip(points, line.x, line.y, strict=True)
            for (x, y), value, result in values:
                told = escape(f"{self.x.text(value)}: {self.y.text(result)}")
                parts.append(
                    f'<circle class="dot-{line.colour}" cx="{x}" cy="{y}" r="{DOT_RADIUS}">'
                    f"<title>{told}</title></circle>"
                )
        return parts


def _text(
    x: str, y: str, words: str, anchor: str = "middle", baseline: str = "auto", more: str = ""
) -> str:
    place = f'x="{x}" y="{y}" text-anchor="{anchor}" dominant-baseline="{baseline}"'
    return f"<text {place}{more}>{escape(words)}</text>"


def _number(value: float) -> str:
    return f"{value:.1f}"
