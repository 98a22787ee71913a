"""What a person reads in the terminal, or, with --json, what a program does."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from rich.markup import escape
from rich.text import Text

from pipeline.cli.terminal import OutputError, SafeConsole, close_output, printing, visible
from pipeline.core.errors import ExitCode, PipelineError, StoppedError
from pipeline.core.failures import explained
from pipeline.core.json_values import plain

if TYPE_CHECKING:
    from pipeline.core.artifacts import Figure
    from pipeline.training.fit import Epoch
    from pipeline.workflows.jobs.progress import JobStep, OnJobStep
    from pipeline.workflows.recover import Recovered


out = SafeConsole()
err = SafeConsole(stderr=True)

LEAST_ROOM = 24  # columns, beneath which values are wrapped further left


def print_json(result: Any) -> None:
    """Print a result for programs, in one line."""
    print_plain(
        json.dumps(plain(result), sort_keys=True, allow_nan=False).replace("\x7f", "\\u007f")
    )


def print_plain(text: str, file: TextIO | None = None) -> None:
    """To the character, at any width; but nothing that a terminal would obey."""
    with printing():
        print(visible(text), flush=True, file=file)


def print_unknown(words: Sequence[str]) -> None:
    """Words or characters that a network does not know; blanks in quotes, to be seen."""
    if words:
        seen = (word if word.isprintable() and word.strip() else repr(word) for word in words)
        err.print(f"[dim]not known to it: {escape(', '.join(seen))}[/]")


def show_table(title: str, rows: Sequence[tuple[str, object]]) -> None:
    """Of plain words: none is read as markup."""
    out.print(Text(title, "bold"))
    width = max((len(name) for name, _ in rows), default=0)
    for name, value in rows:
        for line in _hanging(f" {name:<{width}}  ", value):
            out.print(Text(line))
    out.print("")


def _hanging(begin: str, value: object) -> list[str]:
    """Words are wrapped beneath the first of them; a path stays whole, blanks and all."""
    text, room = str(value), out.width - len(begin)
    if isinstance(value, Path) or len(text) <= room:
        return [begin + text]
    indent = " " * (len(begin) if room >= LEAST_ROOM else 4)
    return textwrap.wrap(
        text,
        out.width,
        initial_indent=begin,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def show_failure(error: BaseException, as_json: bool) -> int:
    """Print what went wrong; returns the exit code. An unexpected error is saved in a file."""
    if isinstance(error, KeyboardInterrupt | StoppedError):
        with suppress(OutputError):
            err.print("stopped")
        return ExitCode.INTERRUPTED
    if isinstance(error, OutputError):
        close_output()
        if error.is_left:
            return error.exit_code
    error = explained(error)
    if as_json and not isinstance(error, OutputError):
        content = {"what": error.what, "why": error.why, "next": error.next_step}
        print_json({"error": {**content, "exit_code": int(error.exit_code)}})
    else:
        with suppress(OutputError):  # then nothing can be printed
            err.print(f"{_headline(error.exit_code)} {escape(error.what)}")
            err.print(f"  [bold]why[/]   {escape(error.why)}")
            err.print(f"  [bold]next[/]  {escape(error.next_step)}")
    return error.exit_code


def _headline(code: ExitCode) -> str:
    return "[bold yellow]stopped[/]" if code == ExitCode.INTERRUPTED else "[bold red]error[/]"


def show_next(commands: Sequence[str], as_json: bool) -> None:
    """What goes on from here, a command a line, none broken: it is there to be copied."""
    if as_json:
        return
    for word, command in zip(("next", *["then"] * len(commands)), commands, strict=False):
        out.print(f"[bold]{word}[/]  {escape(command)}", soft_wrap=True)


@contextmanager
def steps(as_json: bool) -> Iterator[Callable[[str], None]]:
    """A line that says what is being done now."""
    with steps_and_progress(as_json) as (on_step, _):
        yield on_step


@contextmanager
def steps_and_progress(
    as_json: bool,
) -> Iterator[tuple[Callable[[str], None], Callable[[str], None]]]:
    """The same, and beside it how far a step has come: seen in a terminal as long as it is true."""
    if as_json:
        yield (lambda _: None), (lambda _: None)
        return
    with err.status("starting") as status:

        def on_step(text: str) -> None:
            err.print(f"[dim]… {escape(text)}[/]")
            status.update(escape(text))

        yield on_step, lambda text: status.update(escape(text))


@contextmanager
def job_steps(as_json: bool) -> Iterator[OnJobStep]:
    """The same of jobs side by side, and how far they are; with --json, an event a line."""
    if as_json:
        yield lambda step: print_plain(json.dumps(plain(step), sort_keys=True), sys.stderr)
        return
    with err.status("starting") as status:

        def on_step(step: JobStep) -> None:
            if not step.share:
                err.print(f"[dim]… {escape(str(step))}[/]")
            done = f"{step.done} of {step.jobs} done, " if step.jobs else ""
            status.update(escape(f"{done}{step}"))

        yield on_step


@contextmanager
def epochs(as_json: bool) -> Iterator[Callable[[Epoch], None]]:
    """A bar that grows with each epoch of training."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (
        TextColumn("training"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=err, disable=as_json) as progress:
        task = progress.add_task("", total=None)

        def on_epoch(epoch: Epoch) -> None:
            held = epoch.validation_loss
            text = f"loss {epoch.loss:.3f}" if held is None else f"validation loss {held:.3f}"
            progress.update(task, completed=epoch.number, total=epoch.of, description=text)

        try:
            yield on_epoch
        except PipelineError:  # a bar before it would look like work that was begun
            progress.update(task, visible=progress.tasks[task].completed > 0)
            raise


def show_note(note: str) -> None:
    """In one line: it names a command, which is there to be copied."""
    if note:
        out.print(f"[yellow]note[/] {escape(note)}\n", soft_wrap=True)


def show_sentences(sentences: Sequence[str]) -> None:
    """The last word of a result, a line each."""
    for sentence in sentences:
        out.print(Text(sentence), soft_wrap=True)
    if sentences:
        out.print("")


def figure_rows(figures: Sequence[Figure]) -> list[tuple[str, object]]:
    """Rows for a table, a figure each."""
    return [(figure.name, f"{figure.value:.4g} {figure.unit}".rstrip()) for figure in figures]


def show_recovered(recovered: Sequence[Recovered]) -> None:
    """Said by whichever command met them first."""
    for capture in recovered:
        err.print("[yellow]A capture had not ended well; what it had read is kept:[/]")
        for file in (*capture.takes, *capture.streams):
            err.print(f"  {escape(str(file))}", soft_wrap=True)
