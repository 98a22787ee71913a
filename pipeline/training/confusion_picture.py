"""What was taken for what, as a picture that stands alone: confusion_matrix.png."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np

from pipeline.artifacts import Int64

DPI = 110
INK = "#1d2733"


def confusion_picture(confusion: Int64, labels: Sequence[str]) -> bytes:
    """PNG: rows are what it was, columns what it was called; a row's shade is its share."""
    from matplotlib.figure import Figure

    size = 1.6 + 0.75 * len(labels)
    figure = Figure(figsize=(size, size), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(confusion):
        colour = "white" if shares[row, column] > 0.5 else INK
        axes.text(column, row, str(count), ha="center", va="center", color=colour)
    axes.set_xticks(range(len(labels)), labels, rotation=35, ha="right", parse_math=False)
    axes.set_yticks(range(len(labels)), labels, parse_math=False)
    axes.set_xlabel("called")
    axes.set_ylabel("was")
    stream = io.BytesIO()
    figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()
