"""Pictures of docs/results.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def canvas(label: str) -> tuple[Any, Any, Any]:
    """matplotlib's pyplot, a figure, and its axes; label: of what is measured."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "figures"})
    figure, axes = pyplot.subplots(figsize=(8, 4))
    axes.set_ylabel(label)
    axes.grid(axis="y", alpha=0.3)
    return pyplot, figure, axes


def save(plot: Any, figure: Any, file: Path) -> None:
    """Write a figure as SVG, the same bytes for the same figures."""
    figure.tight_layout()
    figure.savefig(file, metadata={"Date": None})
    plot.close(figure)
