"""The charts of a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.artifacts import IMU_UNITS, Float32
from pipeline.reports.charts import Axis, Chart, Line, Mark
from pipeline.reports.facts import HeldOutWindows

THRESHOLDS = np.round(np.linspace(0, 1, 101), 2)
NO_MATTER = 1e-6  # by which scores of 32 bits may miss a threshold
MISTAKES_SHOWN = 10
KINDS = {"g": "acceleration [g]", "deg/s": "rotation [deg/s]"}
SHARE = Axis("windows", 0, 1, percent=True)


@dataclass(frozen=True)
class Mistake:
    """A window that was called something else: charts of its signals, one a kind of sensor."""

    name: str
    true: str
    called: str
    score: float
    charts: tuple[Chart, ...]


def learning_chart(epochs: Sequence[Mapping[str, Any]]) -> Chart:
    """Loss by epoch; the epoch whose weights were kept is marked."""
    numbers = [epoch["number"] for epoch in epochs]
    losses = {"training": [epoch["loss"] for epoch in epochs]}
    held_out = [epoch["validation_loss"] for epoch in epochs]
    kept = numbers[-1]
    if None not in held_out:
        losses["validation"] = held_out
        kept = numbers[int(np.argmin(held_out))]
    return Chart(
        f"{' and '.join(losses).capitalize()} loss by epoch",
        Axis("epoch", 0, max(numbers), whole=True),
        Axis("loss", 0, max(map(max, losses.values())) * 1.05 or 1.0),
        tuple(Line(name, numbers, of, place) for place, (name, of) in enumerate(losses.items(), 1)),
        (Mark(f"kept: {kept}", kept),),
    )


def threshold_chart(
    held_out: HeldOutWindows, background: int | None, thresholds: Sequence[float]
) -> Chart:
    """What a threshold on the score of one window lets through, of what is right and wrong."""
    highest, called = held_out.scores.max(axis=1), held_out.called
    gesture = called != background
    right = gesture & (called == held_out.targets)
    wrong = gesture & (called != held_out.targets)
    gestures = max(int(np.sum(held_out.targets != background)), 1)
    over = highest[:, None] >= THRESHOLDS - NO_MATTER  # [n, thresholds]
    lines = (
        Line(
            "of the gestures, called by their name",
            THRESHOLDS.tolist(),
            ((over & right[:, None]).sum(axis=0) / gestures).tolist(),
            1,
        ),
        Line(
            "of all windows, called a gesture they are not",
            THRESHOLDS.tolist(),
            (over & wrong[:, None]).mean(axis=0).tolist(),
            2,
        ),
    )
    only = sorted(set(thresholds))
    marks = (Mark(f"board: {only[0]:g}", only[0]),) if len(only) == 1 else ()
    return Chart(
        "Windows called by their name, and called wrongly, by threshold",
        Axis("threshold on the score", 0, 1),
        SHARE,
        lines,
        marks,
    )


def robustness_chart(curve: Mapping[str, Any]) -> Chart:
    levels, accuracies = curve["levels"], curve["accuracies"]
    falls = [curve[side] for side in ("falls_below", "falls_above") if curve[side] is not None]
    return Chart(
        f"Accuracy by {curve['name']}",
        Axis(f"{curve['name']} [{curve['unit']}]", levels[0], levels[-1]),
        Axis("accuracy", 0, 1, percent=True),
        (Line("accuracy", levels, accuracies, 1, dots=True),),
        tuple(Mark(f"5 points less: {at:.3g}", at) for at in falls),
    )


def worst_mistakes(
    held_out: HeldOutWindows, labels: Sequence[str], channels: Sequence[str], rate_hz: float
) -> list[Mistake]:
    """Those whose wrong name was furthest ahead of the right one, the worst first."""
    rows = np.arange(len(held_out.targets))
    called = held_out.called
    ahead = held_out.scores[rows, called] - held_out.scores[rows, held_out.targets]
    wrong = np.flatnonzero(called != held_out.targets)
    worst = wrong[np.argsort(-ahead[wrong], kind="stable")][:MISTAKES_SHOWN]
    return [
        Mistake(
            held_out.names[index],
            labels[held_out.targets[index]],
            labels[called[index]],
            float(held_out.scores[index, called[index]]),
            signal_charts(held_out.windows[index], channels, rate_hz),
        )
        for index in worst
    ]


def signal_charts(samples: Float32, channels: Sequence[str], rate_hz: float) -> tuple[Chart, ...]:
    """A window as the sensor saw it, [T, channels]: a chart a unit."""
    seconds = (np.arange(len(samples)) / rate_hz).tolist()
    charts = []
    for unit, label in KINDS.items():
        columns = [i for i, name in enumerate(channels) if IMU_UNITS.get(name) == unit]
        if columns:
            lines = tuple(
                Line(channels[column], seconds, samples[:, column].tolist(), number)
                for number, column in enumerate(columns, start=1)
            )
            time = Axis("time [s]", 0, len(samples) / rate_hz)
            values = _around(samples[:, columns], label)
            charts.append(Chart(label, time, values, lines, width=360, height=170))
    return tuple(charts)


def _around(values: Float32, label: str) -> Axis:
    """An axis with zero in it and a little room above and below."""
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    room = 0.05 * (high - low) or 1.0
    return Axis(label, low - room, high + room)
