"""`gesture deploy` and `gesture setup`: firmware on a board."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from pipeline.cli import console
from pipeline.cli.board import proofs
from pipeline.cli.console import print_json, show_table
from pipeline.cli.parser import LATEST, App, Json, Port, Run
from pipeline.core.board_profiles import BOARDS
from pipeline.core.costs import Bounds
from pipeline.deployment.platformio import ensure_build_core
from pipeline.deployment.profile import Estimate, Profile
from pipeline.workflows import deploy as workflow
from pipeline.workflows import next_commands
from pipeline.workflows.deploy import Deployed

app = App()


@app.command()
def deploy(
    run: Run = LATEST,
    board: Annotated[
        str, typer.Option(help=f"{', '.join(BOARDS[:-1])} or {BOARDS[-1]}.")
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
    with console.steps(json) as on_step:
        result = workflow.deploy(run, board, port, profile, on_step)
    show_deployed(result, json)
    console.show_next(next_commands.after_deployment(result.run, result.task, board), json)


@app.command()
def setup() -> None:
    """Prepare building firmware.

    `make setup` runs it.

    \b
    Example: gesture setup
    """
    with console.steps(as_json=False) as on_step:
        on_step("preparing PlatformIO")
        ensure_build_core()


def show_deployed(deployed: Deployed, as_json: bool) -> None:
    """Print what a board runs now, and its costs."""
    if as_json:
        print_json(deployed)
        return
    image = deployed.image
    rows: list[tuple[str, object]] = [
        ("flash", f"{image.flash_bytes:,} bytes"),
        ("RAM", f"{image.ram_bytes:,} bytes"),
        *((f"  {part}", f"{size:,}") for part, size in image.ram_parts.items()),
    ]
    if image.instructions_per_inference is not None:
        rows.append(("inference", f"{image.instructions_per_inference:,} instructions"))
    if deployed.estimate is not None:
        rows += _estimates(deployed.estimate)
    already = ", where it was already" if deployed.unchanged else ""
    title = f"on the {image.board} board{already}"
    show_table(title, [*rows, *proofs(deployed.verified)])
    if deployed.profile is not None:
        _show_profile(deployed.profile)


def _estimates(estimate: Estimate) -> list[tuple[str, object]]:
    how = "measured" if estimate.measured else "on an nRF52840, estimated from the instructions"
    rows: list[tuple[str, object]] = [
        ("time", f"{_range(estimate.inference_ms, 2)} ms an inference, {how}"),
        ("energy", f"about {_range(estimate.inference_uj, 1)} µJ an inference, the chip alone"),
    ]
    if estimate.load is not None:
        share = _range(estimate.load.times(100), 1)
        rows.append(("load", f"{share} % of the processor, for inferences alone"))
    return rows


def _range(bounds: Bounds, digits: int) -> str:
    lower, upper = (f"{value:.{digits}f}" for value in (bounds.lower, bounds.upper))
    return lower if lower == upper else f"{lower} to {upper}"


def _show_profile(profile: Profile) -> None:
    table = Table("layer", "operators", "estimate", profile.unit, "by estimate", box=None)
    for layer in profile.layers:
        estimate = layer.estimated_instructions
        ratio = f"{layer.measured / estimate:.2f}" if estimate else "-"
        words = (escape(layer.name), escape(layer.operator))
        table.add_row(*words, f"{estimate:,}", f"{layer.measured:,.0f}", ratio)
    console.out.print(table)
