"""The pictures of a report, as PNG bytes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from pipeline.artifacts import Float32, Int64
from pipeline.training.fit import Epoch

DPI = 110
INK, ACCENT, SECOND = "#1d2733", "#2563eb", "#d97706"
AXES = ("#2563eb", "#d97706", "#059669")


def confusion_picture(confusion: Int64, labels: Sequence[str]) -> bytes:
    """Rows are what it was, columns what it was called; a row's shade is its share."""
    size = 1.6 + 0.75 * len(labels)
    figure, axes = _figure(size, size)
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(confusion):
        colour = "white" if shares[row, column] > 0.5 else INK
        axes.text(column, row, str(count), ha="center", va="center", color=colour)
    axes.set_xticks(range(len(labels)), labels, rotation=35, ha="right", parse_math=False)
    axes.set_yticks(range(len(labels)), labels, parse_math=False)
    axes.set_xlabel("called")
    axes.set_ylabel("was")
    return _png(figure)


def learning_picture(epochs: Sequence[Epoch]) -> bytes:
    """Training and validation loss by epoch; the kept epoch is marked."""
    from matplotlib.ticker import MaxNLocator

    figure, axes = _figure(6.4, 3.0)
    numbers = [epoch.number for epoch in epochs]
    axes.plot(numbers, [epoch.loss for epoch in epochs], color=ACCENT, label="training")
    held_out = [epoch.validation_loss for epoch in epochs]
    axes.plot(numbers, held_out, color=SECOND, label="validation")
    best = int(np.argmin(held_out))
    axes.plot(numbers[best], held_out[best], "o", color=SECOND, label="kept")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)
    return _png(figure)


def signal_picture(samples: Float32, channels: Sequence[str], rate_hz: float) -> bytes:
    """A window as the sensor saw it, [T, channels]: acceleration above, rotation below."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.2, 3.0), dpi=DPI, layout="constrained")
    kinds = [
        (unit, [i for i, name in enumerate(channels) if name.startswith(first)])
        for first, unit in (("a", "g"), ("g", "deg/s"))
    ]
    kinds = [(unit, columns) for unit, columns in kinds if columns]
    seconds = np.arange(len(samples)) / rate_hz
    for axes, (unit, columns) in zip(
        figure.subplots(len(kinds), sharex=True, squeeze=False)[:, 0], kinds, strict=True
    ):
        for colour, column in zip(AXES, columns, strict=False):
            axes.plot(seconds, samples[:, column], color=colour, label=channels[column], lw=1.2)
        axes.set_ylabel(unit)
        axes.legend(frameon=False, fontsize=7, ncols=3, loc="upper right")
        axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel("seconds")
    return _png(figure)


def _figure(width: float, height: float) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _png(figure: Any) -> bytes:
    stream = io.BytesIO()
    figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()
