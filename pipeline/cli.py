"""The `gesture` command: parse, call one stage, print. Nothing heavy is imported here."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli_board import board_app
from pipeline.cli_capture import capture
from pipeline.cli_data import Json, data_app
from pipeline.cli_evaluation import evaluate
from pipeline.cli_forecast import forecast
from pipeline.cli_monitor import monitor, pull
from pipeline.cli_reproducing import export, verify
from pipeline.cli_runs import report, runs_app
from pipeline.cli_sequence import generate, predict
from pipeline.errors import ExitCode, PipelineError

app = typer.Typer(
    name="gesture",
    help="From a hand moving a board to a board that calls the gesture by name.\n\n"
    "The way: capture (or data import), train, convert, deploy, monitor. "
    "docs/errors.md explains exit codes.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(data_app, name="data")
app.add_typer(board_app, name="board")
app.add_typer(runs_app, name="runs")

Run = Annotated[Path, typer.Argument(help="A run folder, as train leaves it.")]
Port = Annotated[str, typer.Option(help="auto, a path, id:SERIAL or socket://HOST:PORT.")]
LATEST = Path("runs/latest")


@app.command()
def simulate(
    folder: Annotated[Path, typer.Argument(help="Where the recordings go.")],
    people: Annotated[int, typer.Option(min=1, help="How many people.")] = 4,
    takes: Annotated[int, typer.Option(min=1, help="Takes a person and gesture.")] = 6,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 1,
    json: Json = False,
) -> None:
    """Make synthetic recordings.

    Several people, several gestures, and idle.

    \b
    Example: gesture simulate data/simulated --people 5 --takes 10
    """
    from pipeline import console
    from pipeline.stages import data as stage

    console.show_simulated(stage.simulate(folder, people, takes, seed), json)


app.command()(capture)


@app.command()
def train(
    config: Annotated[
        Path | None, typer.Argument(help="A YAML file; configs/ has ready ones.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="key=value, as often as needed.")
    ] = None,
    run: Annotated[
        Path | None, typer.Option(help="Run folder; else runs/CONFIG, numbered.")
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(help="A run folder whose training was broken off; no CONFIG.")
    ] = None,
    json: Json = False,
) -> None:
    """Fit a model, write a report.

    A training that was killed goes on after its last whole epoch with --resume RUN.

    \b
    Example: gesture train configs/gesture_conv1d.yaml --set fit.epochs=20
    """
    from pipeline import console
    from pipeline.stages import learning as stage

    with console.epochs(json) as on_epoch:
        if config is not None and resume is None:
            result = stage.train(config, settings or [], run, on_epoch)
        elif resume is not None and not (config or settings or run):
            result = stage.resume(resume, on_epoch)
        else:
            raise PipelineError(
                "`gesture train` needs a config, or a run to go on with, and not both.",
                "--resume goes on with the settings that the run was begun with",
                "write `gesture train CONFIG`, or `gesture train --resume RUN`",
                ExitCode.USAGE,
            )
    console.show_trained(result, json)


@app.command()
def convert(
    run: Run = LATEST,
    budget: Annotated[
        Path | None, typer.Option(help="A YAML file with a board's room; see configs/.")
    ] = None,
    json: Json = False,
) -> None:
    """Quantise to int8 and compile to C.

    The C is compared with its reference, byte for byte. Where they differ, or the
    network passes the budget, nothing is written.

    \b
    Example: gesture convert runs/latest --budget configs/nano33ble.yaml
    """
    from pipeline import console
    from pipeline.stages import learning as stage

    with console.steps(json) as on_step:
        result = stage.convert(run, budget, on_step)
    console.show_converted(result, json)


app.command()(evaluate)
app.command()(report)
app.command()(forecast)


@app.command()
def deploy(
    run: Run = LATEST,
    board: Annotated[
        str, typer.Option(help="nano33ble, nano33ble_small, nano33ble_tflm, virtual or native.")
    ] = "nano33ble",
    port: Port = "auto",
    profile: Annotated[bool, typer.Option("--profile", help="Count each layer too.")] = False,
    json: Json = False,
) -> None:
    """Put a run on a board.

    Builds the firmware, uploads or starts it, and lets the board prove that it runs this
    very model.

    \b
    Example: gesture deploy runs/latest --board virtual
    """
    from pipeline import console, console_board
    from pipeline.stages import board as stage

    with console.steps(json) as on_step:
        result = stage.deploy(run, board, port, profile, on_step)
    console_board.show_deployed(result, json)


app.command()(verify)
app.command()(export)


@app.command()
def doctor(json: Json = False) -> None:
    """Say what is missing or in the way.

    Looks at Python and its packages, compilers, QEMU, PlatformIO and its registry, boards and
    who holds their ports, permissions and disk. Each line is ok, or says what to do. Ends with
    exit code 7 where something is broken.

    \b
    Example: gesture doctor
    """
    from pipeline import console_data
    from pipeline.stages import doctor as stage

    raise typer.Exit(console_data.show_checks(stage.examine(), json))


@app.command()
def ports(json: Json = False) -> None:
    """List boards and their ports.

    With serial number, what runs on the board, which program holds the port, and the command
    that grants access where it is missing.

    \b
    Example: gesture ports
    """
    from pipeline import console_data
    from pipeline.stages import board as stage

    console_data.show_ports(stage.list_ports(), json)


app.command()(predict)
app.command()(generate)
app.command()(monitor)
app.command()(pull)


@app.command()
def replay(
    run: Run,
    file: Annotated[Path, typer.Argument(help="A recording.")],
    json: Json = False,
) -> None:
    """Ask what a board would call out.

    Runs a recording through the firmware's own C on this computer; the events and their times
    are those a board prints.

    \b
    Example: gesture replay runs/latest stream.csv
    """
    from pipeline import console_events
    from pipeline.stages import learning as stage

    console_events.show_events(stage.replay(run, file), json)


@app.command()
def demo(json: Json = False) -> None:
    """The whole chain on sample data.

    Trains, converts, deploys to an emulated board and watches it call gestures.

    \b
    Example: gesture demo
    """
    from pipeline import demo as walk

    walk.run(json)


@app.command()
def settings() -> None:
    """List what a config file may set.

    With every default, as Markdown; docs/configuration.md is this list.

    \b
    Example: gesture settings
    """
    from pipeline.budget import budget_reference
    from pipeline.config_reference import reference

    print(reference(), budget_reference(), sep="\n")


@app.command()
def setup() -> None:
    """Prepare building firmware.

    `make setup` runs it.

    \b
    Example: gesture setup
    """
    from pipeline.stages import board as stage

    stage.setup()


def main() -> None:
    """Run the command line; what a user can act on is told in words, never as a traceback."""
    try:
        app()
    except (PipelineError, KeyboardInterrupt, Exception) as error:
        from pipeline import console

        sys.exit(console.show_failure(error, "--json" in sys.argv))
