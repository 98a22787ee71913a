"""The `gesture capture` command: parse, call the stage, print. Nothing heavy is imported here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli_data import Json
from pipeline.errors import ExitCode

Labels = Annotated[
    list[str] | None,
    typer.Option("--label", help="What is being done: punch, flex, idle …; guided: several."),
]
LabelsFrom = Annotated[
    Path | None, typer.Option(help="Guided: labels of a config (.yaml) or of a dataset.")
]
Ports = Annotated[
    list[str] | None,
    typer.Option("--port", help="auto, a path, id:SERIAL or socket://HOST:PORT; several boards."),
]


def capture(
    label: Labels = None,
    labels_from: LabelsFrom = None,
    person: Annotated[str, typer.Option(help="Who does it.")] = "me",
    session: Annotated[str, typer.Option(help="Anything that tells sittings apart.")] = "1",
    dataset: Annotated[str, typer.Option(help="Recordings go to data/DATASET.")] = "mine",
    mode: Annotated[str, typer.Option(help="motion, continuous or guided.")] = "motion",
    count: Annotated[
        int | None, typer.Option(min=1, help="End after so many takes; guided: of each label.")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(min=0.1, help="End after so long; else with q or Ctrl-C.")
    ] = None,
    port: Ports = None,
    sensor: Annotated[
        str,
        typer.Option(
            help="imu: accelerometer and gyroscope; environment: temperature, pressure, humidity."
        ),
    ] = "imu",
    period: Annotated[
        float | None, typer.Option(help="Environment: seconds between readings; else 60.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Guided: the order of the labels.")] = 1,
    json: Json = False,
) -> None:
    """Record takes, or a series of its environment, from a board.

    motion: each movement becomes a take. guided: says what comes next, counts down, shuffles
    labels. continuous: one recording of all that comes. Any sketch that sends rows of numbers
    can be recorded; docs/capture.md has the details.

    \b
    Example: gesture capture --label punch --person anna --count 20
    Example: gesture capture --sensor environment --period 60 --dataset room
    """
    from pipeline import console_capture
    from pipeline.stages import capturing as stage
    from pipeline.stages.capture_plan import CaptureOptions

    options = CaptureOptions(
        labels=tuple(label or ()),
        labels_from=labels_from,
        person=person,
        session=session,
        dataset=dataset,
        mode=mode,
        count=count,
        seconds=seconds,
        seed=seed,
        sensor=sensor,
        period_s=period,
        ports=tuple(port or ("auto",)),
    )
    with console_capture.watching(json) as watcher:
        captured = stage.capture(options, watcher)
    console_capture.show_captured(captured, json)
    if captured.interrupted:
        raise typer.Exit(ExitCode.INTERRUPTED)
