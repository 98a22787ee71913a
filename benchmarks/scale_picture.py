"""The picture of how the time for a dataset grows with its hours, from recorded figures."""

from __future__ import annotations

from pathlib import Path

from benchmarks.charts import canvas, save
from benchmarks.results_file import Row

AREA = "scale"
HOURS = (3, 6, 12, 24)
STEPS = ("import", "lint", "train")


def name_of(step: str, hours: int) -> str:
    """The name of a recorded row."""
    return f"{step} of {hours} h of data"


def section(rows: list[Row], folder: Path) -> list[str]:
    """Markdown lines; the picture is drawn into `folder`."""
    values = {row["name"]: row["value"] for row in rows}
    plot, figure, axes = canvas("minutes of processor time")
    for step in STEPS:
        shown = [hours for hours in HOURS if name_of(step, hours) in values]
        minutes = [values[name_of(step, hours)] / 60 for hours in shown]
        axes.plot(shown, minutes, "o-", label=step)
    axes.set_xlabel("hours of recordings, of 50 people")
    axes.set_xticks(HOURS)
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    axes.legend(loc="upper left")
    save(plot, figure, folder / "scale-day.svg")
    what = "Processor time of each command against hours of recordings"
    return [f"![{what}](scale-day.svg)", ""]
