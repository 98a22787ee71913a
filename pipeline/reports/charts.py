"""Draws charts as SVG."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from pipeline.core.artifacts import IMU_UNITS, Float32
from pipeline.reports.facts import HeldOutWindows

LEFT, RIGHT, TOP, BOTTOM = 68, 14, 10, 42  # margins of the plot, in units of the viewBox
TICKS = 6  # approximate number
NICE_STEPS = (1, 2, 2.5, 5, 10)
DOT_RADIUS = 3
MARK_HEIGHT = 16  # the label of each mark has its own line above the plot


@dataclass(frozen=True)
class ChartAxis:
    """An axis of a chart.

    Attributes:
        percent: values are shares, shown as percent.
        whole: ticks only at whole numbers.
    """

    label: str
    low: float
    high: float
    percent: bool = False
    whole: bool = False

    def share(self, value: float) -> float:
        """Position of `value` from 0 at `low` to 1 at `high`, clipped to this range."""
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)

    def ticks(self) -> list[float]:
        """Round numbers on the axis."""
        rough = max((self.high - self.low) / TICKS, 1 if self.whole else 0)
        power = 10.0 ** math.floor(math.log10(rough))
        steps = [nice * power for nice in NICE_STEPS if nice * power >= rough * (1 - 1e-9)]
        step = next(step for step in steps if not self.whole or step == round(step))
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [number * step for number in range(first, last + 1)]

    def text(self, value: float) -> str:
        """The label of a value."""
        return f"{100 * value:.4g} %" if self.percent else f"{value:.4g}"


@dataclass(frozen=True)
class Line:
    """A line of a chart; colour is 1, 2 or 3, and `dots` marks the values.

    Attributes:
        intervals: of each value, drawn as vertical lines; empty for none.
        is_drawn: whether a line joins the values.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    colour: int = 1
    dots: bool = False
    intervals: Sequence[tuple[float, float]] = ()
    is_drawn: bool = True


@dataclass(frozen=True)
class Mark:
    """A vertical line at a value of the x axis."""

    name: str
    at: float


@dataclass(frozen=True)
class Chart:
    """A chart; its title describes it for screen readers."""

    title: str
    x: ChartAxis
    y: ChartAxis
    lines: tuple[Line, ...]
    marks: tuple[Mark, ...] = ()
    width: int = 420
    height: int = 250

    def svg(self) -> str:
        """Draw it."""
        parts = [
            f'<svg class="chart" role="img" viewBox="0 0 {self.width} {self.height}" '
            f'aria-label="{escape(self.title)}">',
            *self._grid(),
            *(part for line in self.lines for part in self._line(line)),
            *(self._mark(place, mark) for place, mark in enumerate(self.marks)),
            "</svg>",
        ]
        return "".join(parts)

    @property
    def _top(self) -> int:
        return TOP + MARK_HEIGHT * len(self.marks)

    def _x(self, value: float) -> str:
        return _number(LEFT + self.x.share(value) * (self.width - LEFT - RIGHT))

    def _y(self, value: float) -> str:
        room = self.height - self._top - BOTTOM
        return _number(self.height - BOTTOM - self.y.share(value) * room)

    def _grid(self) -> list[str]:
        right, floor = self.width - RIGHT, self.height - BOTTOM
        middle_x, middle_y = (LEFT + right) / 2, (self._top + floor) / 2
        parts = []
        for value in self.y.ticks():
            y = self._y(value)
            parts.append(f'<path class="grid" d="M{LEFT} {y}H{right}"/>')
            parts.append(_text(str(LEFT - 6), y, self.y.text(value), "end", "middle"))
        for value in self.x.ticks():
            x = self._x(value)
            parts.append(f'<path class="tick" d="M{x} {floor}v4"/>')
            parts.append(_text(x, str(floor + 16), self.x.text(value)))
        parts.append(f'<path class="axis" d="M{LEFT} {self._top}V{floor}H{right}"/>')
        parts.append(_text(_number(middle_x), str(self.height - 6), self.x.label))
        turned = f' transform="rotate(-90 11 {_number(middle_y)})"'
        return [*parts, _text("11", _number(middle_y), self.y.label, more=turned)]

    def _mark(self, place: int, mark: Mark) -> str:
        x = self._x(mark.at)
        anchor = "end" if self.x.share(mark.at) > 0.5 else "start"
        label = _text(x, str(TOP + MARK_HEIGHT * place), mark.name, anchor, "middle")
        return f'<path class="mark" d="M{x} {self._top}V{self.height - BOTTOM}"/>{label}'

    def _line(self, line: Line) -> list[str]:
        points = [(self._x(x), self._y(y)) for x, y in zip(line.x, line.y, strict=True)]
        path = " ".join(f"{x},{y}" for x, y in points)
        parts = []
        if line.is_drawn:
            parts.append(f'<polyline class="line-{line.colour}" points="{path}"/>')
        for (x, _), (low, high) in zip(points, line.intervals, strict=False):
            parts.append(
                f'<path class="line-{line.colour}" d="M{x} {self._y(low)}V{self._y(high)}"/>'
            )
        if line.dots:
            values = zip(points, line.x, line.y, strict=True)
            for (x, y), value, result in values:
                tooltip = escape(f"{self.x.text(value)}: {self.y.text(result)}")
                parts.append(
                    f'<circle class="dot-{line.colour}" cx="{x}" cy="{y}" r="{DOT_RADIUS}">'
                    f"<title>{tooltip}</title></circle>"
                )
        return parts


def _text(
    x: str, y: str, words: str, anchor: str = "middle", baseline: str = "auto", more: str = ""
) -> str:
    place = f'x="{x}" y="{y}" text-anchor="{anchor}" dominant-baseline="{baseline}"'
    return f"<text {place}{more}>{escape(words)}</text>"


def _number(value: float) -> str:
    return f"{value:.1f}"


THRESHOLDS = np.round(np.linspace(0, 1, 101), 2)
NO_MATTER = 1e-6  # rounding error of float32 scores
MISTAKES_SHOWN = 10
KINDS = {"g": "acceleration [g]", "deg/s": "rotation [deg/s]"}
SHARE = ChartAxis("windows", 0, 1, percent=True)


@dataclass(frozen=True)
class Mistake:
    """A window with a wrong prediction, and charts of its signals, one for each unit."""

    name: str
    true: str
    predicted: str
    score: float
    charts: tuple[Chart, ...]


@dataclass(frozen=True)
class Example:
    """A typical window of a gesture, and charts of its signals, one for each unit."""

    label: str
    name: str
    charts: tuple[Chart, ...]


def learning_chart(epochs: Sequence[Mapping[str, Any]]) -> Chart:
    """Loss by epoch, with a mark at the epoch of the model's weights."""
    numbers = [epoch["number"] for epoch in epochs]
    losses = {"training": [epoch["loss"] for epoch in epochs]}
    held_out = [epoch["validation_loss"] for epoch in epochs]
    chosen = numbers[-1]
    if None not in held_out:
        losses["validation"] = held_out
        chosen = numbers[int(np.argmin(held_out))]
    return Chart(
        f"{' and '.join(losses).capitalize()} loss by epoch",
        ChartAxis("epoch", 0, max(numbers), whole=True),
        ChartAxis("loss", 0, max(map(max, losses.values())) * 1.05 or 1.0),
        tuple(Line(name, numbers, of, place) for place, (name, of) in enumerate(losses.items(), 1)),
        (Mark(f"chosen: {chosen}", chosen),),
    )


def threshold_chart(
    held_out: HeldOutWindows, background: int | None, thresholds: Sequence[float]
) -> Chart:
    """Correct and wrong predictions of single windows by threshold; the board's are marked."""
    highest, predicted = held_out.scores.max(axis=1), held_out.predicted
    gesture = predicted != background
    right = gesture & (predicted == held_out.targets)
    wrong = gesture & (predicted != held_out.targets)
    gestures = max(int(np.sum(held_out.targets != background)), 1)
    over = highest[:, None] >= THRESHOLDS - NO_MATTER  # [n, thresholds]
    lines = (
        Line(
            "gestures with a correct prediction",
            THRESHOLDS.tolist(),
            ((over & right[:, None]).sum(axis=0) / gestures).tolist(),
            1,
        ),
        Line(
            "windows with a wrong gesture",
            THRESHOLDS.tolist(),
            (over & wrong[:, None]).mean(axis=0).tolist(),
            2,
        ),
    )
    only = sorted(set(thresholds))
    marks = (Mark(f"board: {only[0]:g}", only[0]),) if len(only) == 1 else ()
    return Chart(
        "Windows with a correct and with a wrong prediction, by threshold",
        ChartAxis("threshold on the score", 0, 1),
        SHARE,
        lines,
        marks,
    )


def robustness_chart(curve: Mapping[str, Any]) -> Chart:
    """Accuracy by the level of a disturbance."""
    levels, accuracies = curve["levels"], curve["accuracies"]
    falls = [curve[side] for side in ("falls_below", "falls_above") if curve[side] is not None]
    return Chart(
        f"Accuracy by {curve['name']}",
        ChartAxis(f"{curve['name']} [{curve['unit']}]", levels[0], levels[-1]),
        ChartAxis("accuracy", 0, 1, percent=True),
        (Line("accuracy", levels, accuracies, 1, dots=True),),
        tuple(Mark(f"5 points less: {at:.3g}", at) for at in falls),
    )


def learning_curve_chart(curve: Mapping[str, Any]) -> Chart:
    """Accuracy by the number of takes or people, with the interval of each point."""
    points = curve["points"]
    what = "takes a gesture" if curve["of"] == "takes" else "people learned from"
    lowest = min(point["interval"][0] for point in points)
    line = Line(
        "accuracy",
        [point["count"] for point in points],
        [point["accuracy"] for point in points],
        dots=True,
        intervals=[point["interval"] for point in points],
    )
    return Chart(
        f"Accuracy by number of {what}",
        ChartAxis(what, 0, points[-1]["count"], whole=True),
        ChartAxis("accuracy", min(0.5, np.floor(lowest * 10) / 10), 1, percent=True),
        (line,),
    )


def examples(
    held_out: HeldOutWindows, labels: Sequence[str], channels: Sequence[str], rate_hz: float
) -> list[Example]:
    """A typical window of each label: the one with the median score."""
    own = held_out.scores[np.arange(len(held_out.targets)), held_out.targets]
    found = []
    for target, label in enumerate(labels):
        windows = np.flatnonzero(held_out.targets == target)
        if len(windows):
            index = windows[np.argsort(own[windows], kind="stable")[len(windows) // 2]]
            charts = signal_charts(held_out.windows[index], channels, rate_hz)
            found.append(Example(label, held_out.names[index], charts))
    return found


def worst_mistakes(
    held_out: HeldOutWindows, labels: Sequence[str], channels: Sequence[str], rate_hz: float
) -> list[Mistake]:
    """The windows with the largest margin of the wrong class over the true one, worst first."""
    rows = np.arange(len(held_out.targets))
    predicted = held_out.predicted
    ahead = held_out.scores[rows, predicted] - held_out.scores[rows, held_out.targets]
    wrong = np.flatnonzero(predicted != held_out.targets)
    worst = wrong[np.argsort(-ahead[wrong], kind="stable")][:MISTAKES_SHOWN]
    return [
        Mistake(
            held_out.names[index],
            labels[held_out.targets[index]],
            labels[predicted[index]],
            float(held_out.scores[index, predicted[index]]),
            signal_charts(held_out.windows[index], channels, rate_hz),
        )
        for index in worst
    ]


def signal_charts(samples: Float32, channels: Sequence[str], rate_hz: float) -> tuple[Chart, ...]:
    """Draw a window, float32 [T, channels], with one chart for each unit."""
    seconds = (np.arange(len(samples)) / rate_hz).tolist()
    charts = []
    for unit, label in KINDS.items():
        columns = [i for i, name in enumerate(channels) if IMU_UNITS.get(name) == unit]
        if columns:
            lines = tuple(
                Line(channels[column], seconds, samples[:, column].tolist(), number)
                for number, column in enumerate(columns, start=1)
            )
            time = ChartAxis("time [s]", 0, len(samples) / rate_hz)
            values = _around(samples[:, columns], label)
            charts.append(Chart(label, time, values, lines, width=360, height=170))
    return tuple(charts)


def _around(values: Float32, label: str) -> ChartAxis:
    """An axis that includes zero, with a margin above and below."""
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    room = 0.05 * (high - low) or 1.0
    return ChartAxis(label, low - room, high + room)


SECONDS = 20  # in one strip, so that it is readable on a phone
TICK_S = 5
WIDTH, LANE = 420, 22
LANES_LEFT, LANES_RIGHT, LANES_TOP, LANES_BOTTOM = 96, 14, 6, 38
LATEST_S = 1.0  # an event may come this long after its gesture
NAME_LENGTH = 12  # maximum characters of a label

Gesture = tuple[str, float, float]  # label, start and end in s
DetectedEvent = tuple[str, float, float]  # label, time in s, score


@dataclass(frozen=True)
class Strip:
    """Some seconds of a stream, and gestures just before: a lane a label, gestures and events."""

    start_s: float
    labels: tuple[str, ...]
    gestures: tuple[Gesture, ...]
    events: tuple[DetectedEvent, ...]

    def svg(self) -> str:
        """Draw it."""
        height = LANES_TOP + LANE * len(self.labels) + LANES_BOTTOM
        title = f"Gestures and detected events, from {self.start_s:g} s on"
        return "".join(
            [
                f'<svg class="chart" role="img" viewBox="0 0 {WIDTH} {height}" '
                f'aria-label="{title}">',
                *(self._lane(place, label) for place, label in enumerate(self.labels)),
                *self._seconds(height),
                *(self._bar(gesture) for gesture in self.gestures if gesture[2] > self.start_s),
                *(self._dot(event) for event in self.events),
                "</svg>",
            ]
        )

    def _x(self, at_s: float) -> float:
        share = min(max((at_s - self.start_s) / SECONDS, 0), 1)
        return LANES_LEFT + share * (WIDTH - LANES_LEFT - LANES_RIGHT)

    def _y(self, label: str) -> float:
        return LANES_TOP + LANE * (self.labels.index(label) + 0.5)

    def _lane(self, place: int, label: str) -> str:
        y = LANES_TOP + LANE * (place + 0.5)
        short = label if len(label) <= NAME_LENGTH else f"{label[: NAME_LENGTH - 1]}…"
        return (
            f'<polyline class="lane" points="{LANES_LEFT},{y:.1f} {WIDTH - LANES_RIGHT},{y:.1f}"/>'
            f'<text x="{LANES_LEFT - 8}" y="{y:.1f}" text-anchor="end" dominant-baseline="middle">'
            f"<title>{escape(label)}</title>{escape(short)}</text>"
        )

    def _seconds(self, height: int) -> list[str]:
        ticks = [self.start_s + after for after in range(0, SECONDS + 1, TICK_S)]
        y = height - LANES_BOTTOM + 16
        return [
            *(
                f'<text x="{self._x(at):.1f}" y="{y}" text-anchor="middle">{at:g}</text>'
                for at in ticks
            ),
            f'<text x="{(LANES_LEFT + WIDTH) / 2:.1f}" y="{y + 16}" text-anchor="middle">'
            "time [s]</text>",
        ]

    def _bar(self, gesture: Gesture) -> str:
        label, start_s, end_s = gesture
        x, width = self._x(start_s), max(self._x(end_s) - self._x(start_s), 2)
        y = self._y(label) - LANE * 0.35
        tooltip = escape(f"{label}, {start_s:.1f} to {end_s:.1f} s")
        return (
            f'<rect class="was" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
            f'height="{LANE * 0.7:.1f}"><title>{tooltip}</title></rect>'
        )

    def _dot(self, event: DetectedEvent) -> str:
        label, at_s, score = event
        right = any(
            label == was and start_s <= at_s <= end_s + LATEST_S
            for was, start_s, end_s in self.gestures
        )
        tooltip = escape(f"{label} detected at {at_s:.1f} s, {score:.2f}")
        return (
            f'<circle class="dot-{3 if right else 2}" cx="{self._x(at_s):.1f}" '
            f'cy="{self._y(label):.1f}" r="5"><title>{tooltip}</title></circle>'
        )


def strips(
    labels: Sequence[str],
    gestures: Sequence[Gesture],
    events: Sequence[DetectedEvent],
    most: int,
) -> list[Strip]:
    """The first `most` strips, without empty ones."""
    last_s = max((*(end for _, _, end in gestures), *(at for _, at, _ in events)), default=0.0)
    drawn = []
    for start_s in range(0, math.ceil(last_s), SECONDS):
        end_s = start_s + SECONDS
        within = tuple(g for g in gestures if g[1] < end_s and g[2] + LATEST_S > start_s)
        predicted = tuple(one for one in events if start_s <= one[1] < end_s)
        if within or predicted:
            drawn.append(Strip(start_s, tuple(labels), within, predicted))
    return drawn[:most]
