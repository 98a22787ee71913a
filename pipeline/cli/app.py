"""The `gesture` command: which module has each command. Nothing heavy is imported here."""

from __future__ import annotations

import sys
from typing import Annotated, cast

import typer

from pipeline import __version__
from pipeline.cli.parser import App, lazy_group
from pipeline.core.errors import ExitCode, PipelineError

# By name: the module, and the first line of the command's own help.
COMMANDS = {
    name: (f"pipeline.cli.{module}", text)
    for name, module, text in (
        ("simulate", "data", "Make synthetic recordings."),
        ("capture", "capture", "Record takes of gestures, or a series of the environment."),
        ("train", "train", "Fit a model, write a report."),
        ("convert", "convert", "Quantize to int8 and compile to C."),
        ("compile", "compile", "Compile a model of any program to C."),
        ("evaluate", "evaluate", "Evaluate a config over folds."),
        ("search", "search", "Search the best network for a budget."),
        ("report", "runs", "Measure robustness; write a run's report."),
        ("forecast", "forecast", "Say what comes after the last row of a series."),
        ("deploy", "deploy", "Put a run on a board."),
        ("verify", "export", "Make a run's C and image again."),
        ("export", "export", "Pack a run for other firmware."),
        ("doctor", "doctor", "Say what is missing or in the way."),
        ("ports", "board", "List boards and their ports."),
        ("predict", "text", "Say what a text is."),
        ("generate", "text", "Write a text."),
        ("translate", "text", "Translate a text."),
        ("caption", "describe", "Describe a recording, or what a board feels, in words."),
        ("draw", "draw", "Draw, or complete a drawing."),
        ("ask", "describe", "Answer a question about a recording."),
        ("enrol", "enrol", "Teach a deployed model a person's way of the gestures."),
        ("learn", "learn", "Let a board learn a gesture from three moves."),
        ("monitor", "monitor", "Watch what a board calls out."),
        ("pull", "monitor", "Learn from what a board got wrong."),
        ("replay", "replay", "Print the events that a board would give."),
        ("studio", "studio", "Record, train, try and deploy in a browser."),
        ("demo", "demo", "The whole chain on sample data."),
        ("settings", "train", "List what a config file may set."),
        ("setup", "deploy", "Prepare building firmware."),
        ("data", "data", "Bring recordings in, look them over, change them, hand them on."),
        ("board", "board", "Run a virtual or native board; build one's image."),
        ("runs", "runs", "Look runs over, side by side; delete some."),
    )
}

app = App(
    name="gesture",
    cls=lazy_group(COMMANDS),
    help="From a hand moving a board to a board that calls the gesture by name.\n\n"
    "The way: capture (or data import), train, convert, deploy, monitor. "
    "docs/errors.md explains exit codes.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
# The parser's own kind of error: which package has it depends on the version of typer.
PARSER_ERRORS = cast("type[Exception]", typer.BadParameter.__mro__[2])


def _show_version(is_asked: bool) -> None:
    if is_asked:
        print(f"gesture {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    pass


def _flush() -> None:
    """What is still to be printed, while it can be said that it was not."""
    from pipeline.cli.terminal import printing

    with printing():
        sys.stdout.flush()


def main() -> None:
    """Run the command line. Errors that a user can act on are printed without a traceback."""
    try:
        code = app(standalone_mode=False, prog_name="gesture")
        _flush()
    except PARSER_ERRORS as error:
        from pipeline.cli.terminal import show_usage

        show_usage(error, "--json" in sys.argv)
        sys.exit(ExitCode.USAGE)
    except (PipelineError, KeyboardInterrupt, Exception) as error:
        from pipeline.cli import console

        sys.exit(console.show_failure(error, "--json" in sys.argv))
    sys.exit(code)
