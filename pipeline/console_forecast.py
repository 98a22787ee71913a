"""What `gesture forecast` tells, for people or as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from pipeline.console import out, print_json

if TYPE_CHECKING:
    from pipeline.stages.forecasting import Forecasts


def show_forecasts(told: Forecasts, as_json: bool) -> None:
    if as_json:
        print_json(told)
        return
    out.print(f"[bold]after {escape(told.last_time)}[/], the last row of {escape(str(told.file))}")
    table = Table("what", "steps ahead", "when", "now", "forecast", "unit", box=None)
    for each in told.forecasts:
        numbers = (f"{each.last:.3f}", f"{each.value:.3f}")
        words = (each.channel, str(each.steps), each.time, *numbers, each.unit)
        table.add_row(*map(escape, words))
    out.print(table)
    out.print(f"[dim]by {escape(str(told.run))} ({escape(told.by)})[/]")
