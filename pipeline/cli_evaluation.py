"""`gesture evaluate`: parse, call one stage, print. Nothing heavy is imported here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli_data import Json


def evaluate(
    config_or_run: Annotated[Path, typer.Argument(help="A YAML file, or a run folder.")],
    protocols: Annotated[
        list[str] | None,
        typer.Option("--protocol", help="lopo, session, kfold, unseen or leaky; repeatable."),
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="key=value, as often as needed.")
    ] = None,
    json: Json = False,
) -> None:
    """Judge a config over folds.

    Trains, converts and asks the compiled C, fold by fold. lopo leaves each person out once,
    session each session; kfold tests on one take in k; unseen leaves each gesture out once, and
    tells how often it is called something; leaky deals windows at random, to show how much that
    flatters. Without --protocol: lopo where three people or more made every
    gesture, else kfold. Interrupted, the same command goes on after the folds that are done.

    \b
    Example: gesture evaluate configs/gesture_conv1d.yaml --protocol lopo --protocol leaky
    """
    from pipeline import console, console_evaluation
    from pipeline.stages import evaluation as stage

    with console.steps(json) as on_step:
        result = stage.evaluate(config_or_run, settings or [], protocols or [], on_step)
    console_evaluation.show_evaluation(result, json)
