"""`gesture evaluate`: a config over folds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from pipeline.cli import console
from pipeline.cli.console import print_json
from pipeline.cli.parser import App, Json, Scheduler, each_once
from pipeline.core.errors import UsageError
from pipeline.core.original_names import OriginalNames
from pipeline.core.plurals import counted
from pipeline.core.shares import Share, percent_range
from pipeline.training.held_out_scores import PersonScore
from pipeline.training.metrics import EventScore
from pipeline.workflows import evaluate as workflow
from pipeline.workflows.evaluate import Evaluation, FoldScore, ProtocolScore
from pipeline.workflows.yardsticks import SEEDS, Compared, Comparison, evaluate_against_yardsticks

app = App()


@app.command()
def evaluate(
    config_or_run: Annotated[Path, typer.Argument(help="A YAML file, or a run folder.")],
    protocols: Annotated[
        list[str] | None,
        typer.Option("--protocol", help="lopo, session, kfold, unseen or leaky; repeatable."),
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="key=value, as often as needed.")
    ] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="Also run ExtraTrees and MiniRocket on the folds.")
    ] = False,
    seeds: Annotated[
        int | None, typer.Option(min=1, help=f"Split seeds for --compare; {SEEDS} by default.")
    ] = None,
    scheduler: Scheduler = None,
    json: Json = False,
) -> None:
    """Evaluate a config over folds.

    Trains, converts and asks the compiled C, fold by fold. lopo leaves each person out once,
    session each session; kfold tests on one take in k; unseen leaves each gesture out once, and
    counts how often it gets a name; leaky splits windows at random, to show how much that
    flatters. Without --protocol: lopo where three people or more made every
    gesture, else kfold. Folds are trained side by side, as the processors and the memory allow, or
    on a cluster, see --scheduler. Stopped by Ctrl-C, the same command goes on after the folds that
    are done.

    --compare trains two usual classifiers on the same folds, with several split seeds, and says
    whether the network is ahead of them: ExtraTrees on statistics, and MiniRocket with a ridge
    classifier. It needs `pip install 'gesture-pipeline[compare]'`.

    \b
    Example: gesture evaluate gesture_rocket --protocol lopo --protocol leaky
    """
    if seeds is not None and not compare:
        raise UsageError(
            "--seeds is given without --compare.",
            "an evaluation has one split seed, split.seed",
            "add --compare, or set split.seed",
        )
    with console.job_steps(json) as on_step:
        chosen = (config_or_run, each_once(settings), protocols or [])
        result = (
            evaluate_against_yardsticks(*chosen, seeds or SEEDS, on_step, scheduler=scheduler)
            if compare
            else workflow.evaluate(*chosen, on_step, scheduler=scheduler)
        )
    _show_evaluation(result, json)


def _show_evaluation(evaluation: Evaluation, as_json: bool) -> None:
    if as_json:
        print_json(evaluation)
        return
    console.show_note(evaluation.fitted)
    console.out.print(_protocols(evaluation.protocols))
    for score in evaluation.protocols:
        console.out.print(f"  {score.protocol}: {score.what}", style="dim")
    console.out.print("", _events(evaluation.protocols))
    for score in evaluation.protocols:
        if score.unseen:
            console.out.print("", _unseen(score, evaluation.names))
    for score in evaluation.protocols:
        console.out.print("", _folds(score))
        if len(score.people) > 1:
            console.out.print("", _people(score, evaluation.names))
    if isinstance(evaluation, Compared):
        for comparison in evaluation.comparisons:
            _show_comparison(comparison)
    console.out.print(f"\n{escape(str(evaluation.folder / 'evaluation.json'))}", soft_wrap=True)


def _protocols(scores: Sequence[ProtocolScore]) -> Table:
    table = Table("protocol", "folds", "windows", "int8", "float", "balanced", box=None)
    for score in scores:
        numbers = (str(len(score.folds)), f"{score.windows:,}")
        shares = (_share(score.int8_accuracy, score), _share(score.float_accuracy, score))
        balanced = _percent(score.int8_balanced_accuracy)
        table.add_row(f"[bold]{score.protocol}[/]", *numbers, *shares, balanced)
    return table


QUIET = {"rest": "at rest", "unknown": "in unknown motion", "everyday": "in everyday motion"}


def _events(scores: Sequence[ProtocolScore]) -> Table:
    """Of streams: what was called, how late, and how often where there was nothing to call."""
    heads = ("gestures", "recall", "precision", "F1", "twice", "latency, 95 %")
    quiet = [part for part in QUIET if any(getattr(one.called, part).hours for one in scores)]
    table = Table("events", *heads, *(f"false alarms/h {QUIET[part]}" for part in quiet), box=None)
    for score in scores:
        found = score.called.gestures
        if not found.takes:
            continue
        recall = Share(found.found, found.takes)
        shares = (
            f"{recall} ({percent_range(recall.interval)})",
            *map(_percent, (found.precision, found.f1)),
        )
        late = f"{found.latency_median_s:.2f} s, {found.latency_p95_s:.2f} s"
        alarms = (_alarms(getattr(score.called, part)) for part in quiet)
        numbers = (f"{found.takes:,}", *shares, str(found.again), late, *alarms)
        table.add_row(f"[bold]{score.protocol}[/]", *numbers)
    return table


def _alarms(score: EventScore) -> str:
    if not score.hours:
        return "-"
    low, high = score.false_alarms_interval
    return f"{score.false_alarms_per_hour:.1f} ({low:.1f} to {high:.1f}) in {score.hours:.1f} h"


def _unseen(score: ProtocolScore, names: OriginalNames) -> Table:
    table = Table(f"{score.protocol} gesture", "takes", "called something", box=None)
    for one in score.unseen:
        share = str(Share(one.called, one.takes)) if one.takes else "-"
        table.add_row(escape(names.shown("label", one.label)), str(one.takes), share)
    return table


def _folds(score: ProtocolScore) -> Table:
    heads = ("windows", "int8", "float", "event F1", "decision")
    table = Table(f"{score.protocol} fold", *heads, box=None)
    for number, fold in enumerate(score.folds, start=1):
        shares = (_share(fold.int8_accuracy, fold), _share(fold.float_accuracy, fold))
        f1 = _percent(fold.called.gestures.f1)
        table.add_row(str(number), f"{fold.windows:,}", *shares, f1, escape(fold.how))
    return table


def _people(score: ProtocolScore, names: OriginalNames) -> Table:
    table = Table(f"{score.protocol} person", "windows", "int8", "float", box=None)
    for person in score.people:
        shares = (_share(person.int8_accuracy, person), _share(person.float_accuracy, person))
        name = escape(names.shown("person", person.person))
        table.add_row(name, f"{person.windows:,}", *shares)
    return table


def _show_comparison(comparison: Comparison) -> None:
    seeds = counted(len(comparison.seeds), "split seed")
    heads = ("accuracy", f"{comparison.network} ahead by", "95 %", f"{comparison.network} is")
    table = Table(f"{comparison.protocol}, {seeds}", *heads, box=None)
    table.add_row(f"{comparison.network}, int8", _percent(comparison.network_accuracy))
    for other in comparison.yardsticks:
        low, high = (f"{100 * bound:+.1f}" for bound in other.lead.interval)
        lead = f"{100 * other.lead.mean:+.1f} points"
        table.add_row(
            other.name, _percent(other.accuracy), lead, f"{low} to {high}", other.lead.verdict
        )
    units = f"{comparison.units} {comparison.resampled}"
    console.out.print("", table)
    console.out.print(f"  intervals: bootstrap over {units} and {seeds}", style="dim")


def _share(accuracy: float, of: ProtocolScore | FoldScore | PersonScore) -> str:
    return str(Share.of(accuracy, of.windows))


def _percent(share: float) -> str:
    return f"{share:.1%}"
