"""`gesture report` and `gesture runs`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Column, Table

from pipeline.cli import console
from pipeline.cli.asking import can_ask, is_confirmed
from pipeline.cli.console import print_json, show_table
from pipeline.cli.parser import LATEST, App, Json, Run, Scheduler, each_once
from pipeline.core.errors import UsageError
from pipeline.core.plurals import counted
from pipeline.core.run_folder import RunFolder
from pipeline.core.shares import Share, percent_range
from pipeline.training.paired import Difference
from pipeline.training.robustness import Curve
from pipeline.workflows import compare as workflow
from pipeline.workflows import report as reports
from pipeline.workflows.compare import BrokenRun, Comparison, RunSummary
from pipeline.workflows.compare_configs import TrainedComparison, train_and_compare
from pipeline.workflows.report import Reported
from pipeline.workflows.token_vectors import write_embedding

app = App()
runs_app = App(help="Look runs over, side by side; delete some.", no_args_is_help=True)
app.add_typer(runs_app, name="runs")


@app.command()
def report(
    run: Run = LATEST,
    json: Json = False,
) -> None:
    """Measure robustness; write a run's report.

    Disturbs the held-out windows more and more (the board turned, swings harder or slower,
    samples lost, noise, clipping), asks the compiled C, and writes report.html again from all
    that the stages of the run have left. A run that is not converted gets its report without that.
    Learning curves from its recordings say whether more takes, or more people, would pay.

    \b
    Example: gesture report runs/latest
    """
    with console.steps(json) as on_step:
        result = reports.report(run, on_step)
    _show_report(result, json)


@runs_app.command("list")
def runs_list(json: Json = False) -> None:
    """Every run in runs/.

    Its data, split and accuracy, what it costs, and how far it has come.

    \b
    Example: gesture runs list
    """
    _show_runs(workflow.list_runs(), json)


@runs_app.command("compare")
def runs_compare(
    runs: Annotated[
        list[Path], typer.Argument(help="Run folders, two or more; with --train, configs.")
    ],
    train: Annotated[
        bool, typer.Option("--train", help="Train and test configs on the same folds.")
    ] = False,
    protocol: Annotated[
        str | None, typer.Option(help="lopo, session or kfold, as in evaluate.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="key=value, as often as needed.")
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="Split seeds for --train; 1 by default.")
    ] = None,
    scheduler: Scheduler = None,
    json: Json = False,
) -> None:
    """Runs or configs side by side.

    Of runs: what differs in their settings, how good they are and what they cost.

    With --train, configs are trained, converted and tested on the same folds, as `gesture evaluate`
    does it, and the figures of all folds are shown: the accuracy with its 95 % interval, how far
    each config is ahead of the first, the events, and what the network costs. Stopped by Ctrl-C,
    the same command goes on after the folds that are done.

    \b
    Example: gesture runs compare runs/first runs/second
             gesture runs compare --train gesture_conv1d gesture_rocket --protocol kfold
    """
    if not train:
        _require_no_training(
            {"--protocol": protocol, "--set": settings, "--seeds": seeds, "--scheduler": scheduler}
        )
        show_comparison(workflow.compare_runs(runs), json)
        return
    with console.job_steps(json) as on_step:
        words = (runs, each_once(settings), protocol, seeds or 1, on_step)
        compared = train_and_compare(*words, scheduler=scheduler)
    _show_trained(compared, json)


@runs_app.command("embedding")
def runs_embedding(
    run: Annotated[Path, typer.Argument(help="The run of a text task.")],
    file: Annotated[Path, typer.Argument(help="Where the vectors go, as .npz.")],
    version: Annotated[str, typer.Option(help="Another one for other vectors.")] = "1",
    json: Json = False,
) -> None:
    """Write the vectors of a run's tokens.

    With the name of the file and a version. `--set text.vectors=FILE` lets another run begin with
    them, and its contract names them.

    \b
    Example: gesture runs embedding runs/reviews vectors/reviews.npz --version 2
    """
    written = write_embedding(run, file, version)
    if json:
        print_json({"file": file, **written.facts.model_dump()})
        return
    rows, size = written.vectors.shape
    show_table(f"vectors {written.name} {version}", [("tokens", f"{rows:,}, {size} values each")])


@runs_app.command("delete")
def runs_delete(
    runs: Annotated[list[Path], typer.Argument(help="Run folders.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """Delete runs for good.

    With what was built of them. Asks before; with --json, or where nobody can be asked, --yes is
    needed. Where one of them is being written by another command, none is deleted.

    \b
    Example: gesture runs delete runs/first runs/second
    """
    meant = workflow.deletable_runs(runs)
    if yes or _may_delete(meant, json):
        workflow.delete_runs(meant)
        _show_deleted(meant, json)


UNKNOWN = "-"
LONGEST_NAME = 30  # of a run, in one line


def _show_report(reported: Reported, as_json: bool) -> None:
    if as_json:
        print_json(reported)
        return
    show_table(
        f"report of {reported.run}", [("held out", reported.how), ("report", reported.report)]
    )
    if reported.headline is not None:
        console.show_sentences((*reported.headline.sentences, *reported.headline.more))
    if reported.accuracy is None:
        return
    if reported.learning is not None:
        for learned in (reported.learning.takes, reported.learning.people):
            if learned is not None:
                console.out.print(learned.sentence)
    if reported.robustness is None:
        console.out.print("[yellow]robustness is measured once the run is converted[/]")
        return
    table = Table("five points are lost at", "below", "above", box=None)
    for curve in reported.robustness.curves:
        table.add_row(
            curve.name, _level(curve, curve.falls_below), _level(curve, curve.falls_above)
        )
    console.out.print(table)


def _level(curve: Curve, level: float | None) -> str:
    return UNKNOWN if level is None else f"{level:g} {curve.unit}"


def _require_no_training(options: Mapping[str, object]) -> None:
    for option, value in options.items():
        if value is not None:
            raise UsageError(
                f"{option} is given without --train.",
                "runs are compared as they are",
                "add --train and name configs, or leave the option out",
            )


def _show_trained(compared: TrainedComparison, as_json: bool) -> None:
    if as_json:
        print_json(compared)
        return
    heads = ("int8", "95 %", "ahead by", "event F1", "instr./s", "flash", "RAM")
    table = Table("config", *heads, box=None)
    for one in compared.configs:
        quality = (f"{one.accuracy:.1%}", percent_range(one.interval), _lead(one.lead))
        costs = (one.second_instructions, one.flash_bytes, one.ram_bytes)
        table.add_row(
            escape(one.config), *quality, f"{one.event_f1:.1%}", *(f"{cost:,}" for cost in costs)
        )
    console.out.print(table)
    first, seeds = compared.configs[0], len(compared.seeds)
    console.out.print(
        f"  {compared.protocol}, {counted(seeds, 'split seed')}, "
        f"{counted(first.windows, 'window')}, {counted(first.takes, 'gesture')}; intervals: "
        f"bootstrap over {compared.units} {compared.resampled}; costs: the most of all folds",
        style="dim",
    )
    console.out.print(f"\n{escape(str(compared.folder / 'comparison.json'))}", soft_wrap=True)


def _lead(lead: Difference | None) -> str:
    if lead is None:
        return UNKNOWN
    low, high = (f"{100 * bound:+.1f}" for bound in lead.interval)
    return f"{100 * lead.mean:+.1f} ({low} to {high}), {lead.verdict}"


def _show_runs(runs: Sequence[RunSummary | BrokenRun], as_json: bool) -> None:
    if as_json:
        print_json({"runs": runs})
        return
    if not runs:
        console.out.print("no runs in runs/ yet: `gesture train CONFIG` makes one")
        return
    name = Column(
        "run", overflow="fold", min_width=min(LONGEST_NAME, max(len(run.run.name) for run in runs))
    )
    heads = ("state", "data", "split", "int8", "alarms/h at rest", "in motion", "bytes", "instr.")
    table = Table(name, *heads, box=None)
    for run in runs:
        if isinstance(run, BrokenRun):
            table.add_row(escape(run.run.name), f"[red]{escape(run.fault)}[/]")
            continue
        alarms = (run.false_alarms_per_hour_at_rest, run.false_alarms_per_hour)
        figures = (_share(run.int8_accuracy, run.windows), *map(_number, alarms))
        sizes = (_count(run.model_bytes), _instructions(run))
        words = (run.run.name, run.state, run.data, run.split)
        table.add_row(*map(escape, words), *figures, *sizes)
    console.out.print(table)


def show_comparison(comparison: Comparison, as_json: bool) -> None:
    """Print runs side by side."""
    if as_json:
        print_json(comparison)
        return
    runs = comparison.runs
    table = Table("", *(escape(str(run.run)) for run in runs), box=None)
    for name, value_of in _rows(runs):
        table.add_row(name, *(escape(value_of(run)) for run in runs))
    console.out.print(table, "")
    settings = Table("setting", *(escape(run.run.name) for run in runs), box=None)
    for key, values in comparison.differences.items():
        settings.add_row(escape(key), *(escape(json.dumps(value)) for value in values))
    console.out.print(settings if comparison.differences else "no setting differs")
    for warning in comparison.warnings:
        console.out.print(f"[yellow]note[/] {escape(warning)}")


def _rows(runs: Sequence[RunSummary]) -> list[tuple[str, Callable[[RunSummary], str]]]:
    protocols = sorted({protocol for run in runs for protocol in run.protocols})
    figures = dict.fromkeys(figure.name for run in runs for figure in run.figures)
    return [
        ("task", lambda run: run.task),
        ("state", lambda run: run.state),
        ("data", lambda run: f"{run.data} ({run.data_hash[:8]})"),
        ("labels", lambda run: ", ".join(run.labels)),
        ("model", lambda run: run.model),
        ("held out", _held_out),
        ("int8 accuracy", lambda run: _share(run.int8_accuracy, run.windows)),
        ("float accuracy", lambda run: _share(run.float_accuracy, run.windows)),
        *((f"{name}, int8", _by_protocol(name)) for name in protocols),
        *((name, _by_figure(name)) for name in figures),
        ("gestures found", lambda run: _share(run.event_recall, run.event_takes)),
        ("event F1", lambda run: _number(run.event_f1)),
        ("false alarms an hour at rest", lambda run: _number(run.false_alarms_per_hour_at_rest)),
        ("false alarms an hour in motion", lambda run: _number(run.false_alarms_per_hour)),
        ("latency of an event", lambda run: _number(run.latency_s, " s")),
        ("tolerance to rotation", lambda run: _number(run.rotation_limit_deg, " deg")),
        ("model.tflite bytes", lambda run: _count(run.model_bytes)),
        ("flash bytes", lambda run: _count(run.flash_bytes)),
        ("RAM bytes", lambda run: _count(run.ram_bytes)),
        ("network's flash bytes", lambda run: _count(run.network_flash_bytes)),
        ("network's RAM bytes", lambda run: _count(run.network_ram_bytes)),
        ("instructions", _instructions),
        ("instructions a second", _instructions_a_second),
    ]


def _by_protocol(name: str) -> Callable[[RunSummary], str]:
    return lambda run: _share(run.protocols.get(name))


def _by_figure(name: str) -> Callable[[RunSummary], str]:
    def value_of(run: RunSummary) -> str:
        found = (figure for figure in run.figures if figure.name == name)
        return next((_number(each.value, f" {each.unit}") for each in found), UNKNOWN)

    return value_of


def _held_out(run: RunSummary) -> str:
    what = {"sentiment": "texts", "question": "questions"}.get(run.task, "windows")
    return run.split if run.windows is None else f"{run.split}, {run.windows:,} {what}"


def _share(share: float | None, count: int | None = None) -> str:
    if share is None:
        return UNKNOWN
    return str(Share.of(share, count)) if count else f"{share:.1%}"


def _number(number: float | None, unit: str = "") -> str:
    return UNKNOWN if number is None else f"{number:.3g}{unit}"


def _count(count: int | None) -> str:
    return UNKNOWN if count is None else f"{count:,}"


def _instructions(run: RunSummary) -> str:
    if run.instructions is None and run.estimated_instructions is not None:
        return f"about {run.estimated_instructions:,}"
    return _count(run.instructions)


def _instructions_a_second(run: RunSummary) -> str:
    each = run.estimated_instructions if run.instructions is None else run.instructions
    if each is None or run.hops_per_second is None:
        return UNKNOWN
    return _count(round(each * run.hops_per_second))


def _may_delete(runs: Sequence[RunFolder], as_json: bool) -> bool:
    names = ", ".join(str(run.path) for run in runs)
    if not can_ask(as_json):
        raise UsageError(
            f"Nobody could be asked whether to delete {names}.",
            "the input is no terminal, or --json wants nothing but the result",
            "add --yes where it is meant",
        )
    if is_confirmed(f"Delete {names} for good?"):
        return True
    console.err.print("nothing was deleted")
    return False


def _show_deleted(runs: Sequence[RunFolder], as_json: bool) -> None:
    if as_json:
        print_json({"deleted": [run.path for run in runs]})
        return
    for run in runs:
        console.out.print(f"deleted {escape(str(run.path))}", soft_wrap=True)
