"""`gesture data import`: say what files hold, ask, then save it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from pipeline.cli import console
from pipeline.cli.asking import answer_to, ask_about_label, can_ask, is_confirmed
from pipeline.cli.console import print_json, show_table
from pipeline.cli.parser import Json, NewLabel
from pipeline.core.errors import ExitCode, UsageError
from pipeline.core.plurals import counted
from pipeline.datasets.importers import (
    ImportOptions,
    ImportReport,
    Question,
    Understanding,
    grouped,
    load_layout,
    save_layout,
    split_list,
    summary_of,
)
from pipeline.workflows import datasets as workflow
from pipeline.workflows import next_commands


def data_import(
    paths: Annotated[
        list[Path], typer.Argument(help="A file, a zip archive, or a folder; or several.")
    ],
    dataset: Annotated[str, typer.Option(help="Recordings go to data/DATASET.")],
    label: Annotated[str | None, typer.Option(help="Of everything.")] = None,
    person: Annotated[str | None, typer.Option(help="Of everything.")] = None,
    columns: Annotated[
        str | None, typer.Option(help="What each column holds: t_ms,ax,ay,az,gx,gy,gz,-,label.")
    ] = None,
    units: Annotated[
        str | None, typer.Option(help='"m/s2,rad/s" or "counts 16384,counts 131".')
    ] = None,
    rate_hz: Annotated[
        float | None, typer.Option(min=0.1, help="Samples a second, whatever a clock says.")
    ] = None,
    take_rows: Annotated[int | None, typer.Option(min=2, help="Samples of each take.")] = None,
    separator: Annotated[str | None, typer.Option(help="Of the cells.")] = None,
    label_from: Annotated[
        str | None,
        typer.Option(help="column, folder, name, first-word or last-word (of the name)."),
    ] = None,
    person_from: Annotated[str | None, typer.Option(help="column, folder or name.")] = None,
    layout: Annotated[Path | None, typer.Option(help="A file with these options.")] = None,
    save_layout_as: Annotated[
        Path | None, typer.Option("--save-layout", help="Keep these options in a file.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before writing.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say it, and write nothing.")] = False,
    new_label: NewLabel = False,
    json: Json = False,
) -> None:
    """Read recordings of others.

    Columns, units, the rate, takes, labels and people are found in the files, their names and
    their folders. What was understood is said, and on a terminal asked about, before anything is
    written. What the files do not tell is asked for; the options answer it.

    What was odd about a file is noted. What cannot be read is named with file and line and
    left out; the exit code is then 3.

    \b
    Example: gesture data import ~/punch.csv --dataset mine --person anna
    """
    options = ImportOptions(
        label=label,
        person=person,
        rate_hz=rate_hz,
        take_rows=take_rows,
        columns=split_list(columns or ""),
        units=split_list(units or ""),
        separator=_separator(separator),
        label_from=label_from,
        person_from=person_from,
    )
    if layout is not None:
        options = options.or_from(load_layout(layout))
    understanding = _understood(paths, dataset, options, json)
    if can_ask(json):
        understanding = _answered(understanding, dataset)
    if save_layout_as is not None:
        save_layout(understanding.options, save_layout_as)
    if dry_run:
        _show_understanding(understanding, json)
        raise typer.Exit(ExitCode.LEFT_OUT if _is_open(understanding) else ExitCode.DONE)
    if understanding.recordings and can_ask(json) and not yes:
        _show_understanding(understanding, json)
        if not is_confirmed(f"Save this in {dataset}?"):
            raise typer.Exit(ExitCode.DONE)
    _save(understanding, dataset, new_label, json)


def _separator(text: str | None) -> str | None:
    meant = {"tab": "\t", "\\t": "\t", "space": " ", "spaces": " "}.get(text or "", text)
    if meant is not None and len(meant) != 1:
        raise UsageError(
            f"{text!r} is no separator.",
            "a separator is one character, or the word tab or space",
            "leave --separator out: it is found in the file",
        )
    return meant


def _understood(
    paths: Sequence[Path], dataset: str, options: ImportOptions, json: bool
) -> Understanding:
    with console.steps(json) as on_step:
        on_step(f"reading {paths[0] if len(paths) == 1 else f'{len(paths)} files'}")
        return workflow.understand_import(paths, dataset, options)


def _answered(understanding: Understanding, dataset: str) -> Understanding:
    """Ask what the files leave open; an empty answer leaves it so."""
    asked: set[str] = set()
    while True:
        question = next((q for q in understanding.questions if q.key not in asked), None)
        if question is None:
            return understanding
        asked.add(question.key)
        console.err.print(escape(str(question.noted())), soft_wrap=True)
        answer = answer_to(f"{question.option} (such as {question.example}; empty leaves it out)")
        if answer:
            options = replace(understanding.options, **_parsed(question, answer))
            understanding = _understood(understanding.paths, dataset, options, False)


def _parsed(question: Question, answer: str) -> Mapping[str, Any]:
    text = answer.strip().strip('"')
    if question.key in ("columns", "units"):
        return {question.key: split_list(text)}
    try:
        value: Any = {"rate_hz": float, "take_rows": int}.get(question.key, str)(text)
    except ValueError:
        return {}
    return {question.key: value}


def _is_open(understanding: Understanding) -> bool:
    return bool(understanding.questions or understanding.left_out)


def _show_understanding(understanding: Understanding, as_json: bool) -> None:
    left_out = [*understanding.left_out, *(q.noted() for q in understanding.questions)]
    if as_json:
        print_json(
            {
                "understood": summary_of(understanding),
                "questions": understanding.questions,
                "left_out": [str(entry) for entry in left_out],
                "noted": [str(entry) for entry in understanding.noted],
            }
        )
        return
    _show_lines("[yellow]left out[/]", grouped(left_out))
    _show_lines("[dim]noted[/]   ", grouped(understanding.noted))
    _show_lines("[bold]found[/]   ", summary_of(understanding))


def _show_lines(begin: str, lines: list[str]) -> None:
    for line in lines:
        console.out.print(f"{begin} {escape(line)}", soft_wrap=True)


def _save(understanding: Understanding, dataset: str, new_label: bool, json: bool) -> None:
    with console.steps(json) as on_step:
        on_step(f"saving in {dataset}")
        report = ask_about_label(
            lambda is_meant: workflow.save_import(understanding, dataset, is_meant),
            new_label,
            json,
        )
    show_imported(report, json)
    if report.total:
        console.show_next(next_commands.after_recording(report.dataset), json)
    if report.left_out:
        raise typer.Exit(ExitCode.LEFT_OUT)


def show_imported(report: ImportReport, as_json: bool) -> None:
    """Print how many takes an import saved, and what it left out."""
    takes = [(label, person, count) for (label, person), count in sorted(report.takes.items())]
    if as_json:
        named = [{"label": label, "person": person, "takes": n} for label, person, n in takes]
        left_out = [str(entry) for entry in report.left_out]
        noted = [str(entry) for entry in report.noted]
        content = {"dataset": report.dataset, "takes": named, "left_out": left_out, "noted": noted}
        print_json({**content, "understood": report.understood, "questions": report.questions})
        return
    _show_lines("[yellow]left out[/]", grouped(report.left_out))
    _show_lines("[dim]noted[/]   ", grouped(report.noted))
    _show_lines("[bold]found[/]   ", list(report.understood))
    show_table(
        f"{counted(report.total, 'take')} imported into {report.dataset}, which has "
        f"{report.in_dataset} now",
        [(f"{label} by {person}", count) for label, person, count in takes],
    )
