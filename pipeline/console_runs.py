"""What `gesture report` and `gesture runs` tell, for people or as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Column, Table

from pipeline.console import out, print_json, show_table

if TYPE_CHECKING:
    from pipeline.stages.comparing import BrokenRun, Comparison, RunFacts
    from pipeline.stages.reporting import Reported
    from pipeline.training.robustness import Curve

UNKNOWN = "-"
LONGEST_NAME = 30  # of a run, in one line


def show_report(reported: Reported, as_json: bool) -> None:
    if as_json:
        print_json(reported)
        return
    network = "int8" if reported.int8 else "float, not converted yet"
    show_table(
        f"report of {reported.run}",
        [
            *_accuracy(reported.accuracy, network),
            ("held out", reported.how),
            ("report", reported.report),
        ],
    )
    if reported.accuracy is None:
        return
    if reported.robustness is None:
        out.print("[yellow]what it bears is found out once it is converted[/]")
        return
    table = Table("five points are lost at", "below", "above", box=None)
    for curve in reported.robustness.curves:
        table.add_row(
            curve.name, _level(curve, curve.falls_below), _level(curve, curve.falls_above)
        )
    out.print(table)


def _accuracy(accuracy: float | None, network: str) -> list[tuple[str, object]]:
    return [] if accuracy is None else [("accuracy", f"{accuracy:.1%} ({network})")]


def _level(curve: Curve, level: float | None) -> str:
    return UNKNOWN if level is None else f"{level:g} {curve.unit}"


def show_runs(runs: Sequence[RunFacts | BrokenRun], as_json: bool) -> None:
    from pipeline.stages.comparing import BrokenRun

    if as_json:
        print_json({"runs": runs})
        return
    if not runs:
        out.print("no runs in runs/ yet: `gesture train CONFIG` makes one")
        return
    name = Column("run", overflow="fold", min_width=min(LONGEST_NAME, _longest(runs)))
    table = Table(name, "state", "data", "split", "int8", "float", "bytes", "instr.", box=None)
    for run in runs:
        if isinstance(run, BrokenRun):
            table.add_row(escape(run.run.name), f"[red]{escape(run.fault)}[/]")
            continue
        accuracies = (_share(run.int8_accuracy), _share(run.float_accuracy))
        sizes = (_count(run.model_bytes), _instructions(run))
        words = (run.run.name, run.state, run.data, run.split)
        table.add_row(*map(escape, words), *accuracies, *sizes)
    out.print(table)


def _longest(runs: Sequence[RunFacts | BrokenRun]) -> int:
    return max(len(run.run.name) for run in runs)


def show_comparison(comparison: Comparison, as_json: bool) -> None:
    if as_json:
        print_json(comparison)
        return
    runs = comparison.runs
    table = Table("", *(escape(str(run.run)) for run in runs), box=None)
    for name, tell in _rows(runs):
        table.add_row(name, *(escape(tell(run)) for run in runs))
    out.print(table, "")
    settings = Table("setting", *(escape(run.run.name) for run in runs), box=None)
    for key, values in comparison.differences.items():
        settings.add_row(escape(key), *(escape(_value(value)) for value in values))
    out.print(settings if comparison.differences else "no setting differs")
    for warning in comparison.warnings:
        out.print(f"[yellow]note[/] {escape(warning)}")


def _rows(runs: Sequence[RunFacts]) -> list[tuple[str, Callable[[RunFacts], str]]]:
    """What is told of each run, a row each; only protocols that one of them was evaluated by, and
    figures that one of them has."""
    protocols = sorted({protocol for run in runs for protocol in run.protocols})
    figures = dict.fromkeys(figure.name for run in runs for figure in run.figures)
    return [
        ("task", lambda run: run.task),
        ("state", lambda run: run.state),
        ("data", lambda run: f"{run.data} ({run.data_hash[:8]})"),
        ("labels", lambda run: ", ".join(run.labels)),
        ("model", lambda run: run.model),
        ("held out", _held_out),
        ("int8 accuracy", lambda run: _share(run.int8_accuracy)),
        ("float accuracy", lambda run: _share(run.float_accuracy)),
        *((f"{name}, int8", _by_protocol(name)) for name in protocols),
        *((name, _by_figure(name)) for name in figures),
        ("gestures found", lambda run: _share(run.event_recall)),
        ("event F1", lambda run: _number(run.event_f1)),
        ("false alarms an hour", lambda run: _number(run.false_alarms_per_hour)),
        ("called after", lambda run: _number(run.latency_s, " s")),
        ("bears a turn of", lambda run: _number(run.rotation_limit_deg, " deg")),
        ("model.tflite bytes", lambda run: _count(run.model_bytes)),
        ("flash bytes", lambda run: _count(run.flash_bytes)),
        ("RAM bytes", lambda run: _count(run.ram_bytes)),
        ("network's flash bytes", lambda run: _count(run.network_flash_bytes)),
        ("network's RAM bytes", lambda run: _count(run.network_ram_bytes)),
        ("instructions", _instructions),
        ("instructions a second", _instructions_a_second),
    ]


def _by_protocol(name: str) -> Callable[[RunFacts], str]:
    return lambda run: _share(run.protocols.get(name))


def _by_figure(name: str) -> Callable[[RunFacts], str]:
    def tell(run: RunFacts) -> str:
        found = (figure for figure in run.figures if figure.name == name)
        return next((_number(each.value, f" {each.unit}") for each in found), UNKNOWN)

    return tell


def _held_out(run: RunFacts) -> str:
    what = "texts" if run.task == "sentiment" else "windows"
    return run.split if run.windows is None else f"{run.split}, {run.windows:,} {what}"


def _share(share: float | None) -> str:
    return UNKNOWN if share is None else f"{share:.1%}"


def _number(number: float | None, unit: str = "") -> str:
    return UNKNOWN if number is None else f"{number:.3g}{unit}"


def _count(count: int | None) -> str:
    return UNKNOWN if count is None else f"{count:,}"


def _instructions(run: RunFacts) -> str:
    if run.instructions is None and run.estimated_instructions is not None:
        return f"about {run.estimated_instructions:,}"
    return _count(run.instructions)


def _instructions_a_second(run: RunFacts) -> str:
    each = run.estimated_instructions if run.instructions is None else run.instructions
    if each is None or run.hops_per_second is None:
        return UNKNOWN
    return _count(round(each * run.hops_per_second))


def _value(value: Any) -> str:
    return json.dumps(value)
