"""What `gesture evaluate` tells, for people or as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from pipeline.console import out, print_json

if TYPE_CHECKING:
    from pipeline.stages.evaluation import Evaluation, ProtocolScore


def show_evaluation(evaluation: Evaluation, as_json: bool) -> None:
    if as_json:
        print_json(evaluation)
        return
    out.print(_protocols(evaluation.protocols))
    for score in evaluation.protocols:
        out.print(f"  {score.protocol}: {score.what}", style="dim")
    for score in evaluation.protocols:
        out.print("", _folds(score))
        if len(score.people) > 1:
            out.print("", _people(score))
    out.print(f"\n{escape(str(evaluation.folder / 'evaluation.json'))}", soft_wrap=True)


def _protocols(scores: Sequence[ProtocolScore]) -> Table:
    table = Table("protocol", "folds", "windows", "int8", "float", "balanced", box=None)
    for score in scores:
        numbers = (str(len(score.folds)), f"{score.windows:,}")
        shares = (score.int8_accuracy, score.float_accuracy, score.int8_balanced_accuracy)
        table.add_row(f"[bold]{score.protocol}[/]", *numbers, *map(_percent, shares))
    return table


def _folds(score: ProtocolScore) -> Table:
    table = Table(f"{score.protocol} fold", "windows", "int8", "float", box=None)
    for number, fold in enumerate(score.folds, start=1):
        shares = (_percent(fold.int8_accuracy), _percent(fold.float_accuracy))
        table.add_row(str(number), f"{fold.windows:,}", *shares)
    return table


def _people(score: ProtocolScore) -> Table:
    table = Table(f"{score.protocol} person", "windows", "int8", "float", box=None)
    for person in score.people:
        shares = (_percent(person.int8_accuracy), _percent(person.float_accuracy))
        table.add_row(escape(person.person), f"{person.windows:,}", *shares)
    return table


def _percent(share: float) -> str:
    return f"{share:.1%}"
