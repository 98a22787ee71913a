"""`gesture compile`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from pipeline.cli import console
from pipeline.cli.console import print_json, show_table
from pipeline.cli.cost_table import show_cost
from pipeline.cli.parser import App, Json
from pipeline.deployment.model_proof import Proof
from pipeline.workflows import compile as workflow
from pipeline.workflows.compile import Engine, Request
from pipeline.workflows.compiled_model import CompiledModel, streaming_said, time_said

app = App()


@app.command("compile")
def compile_(
    model: Annotated[
        Path, typer.Argument(help="A .tflite file, a C array of one, or a Keras file.")
    ],
    folder: Annotated[Path, typer.Argument(help="A new folder.")],
    calibrate: Annotated[
        Path | None, typer.Option(help="An .npz of inputs, to quantize a Keras file with.")
    ] = None,
    vectors: Annotated[
        Path | None, typer.Option(help="An .npz of inputs to prove the C on, too.")
    ] = None,
    budget: Annotated[
        Path | None, typer.Option(help="A YAML file with a board's limits, or nano33ble.")
    ] = None,
    engine: Annotated[
        Engine, typer.Option(help="fast, compact, or fast where that takes no more flash.")
    ] = "auto",
    hop: Annotated[
        int | None, typer.Option(min=1, help="Stream: samples of one call, not a whole window.")
    ] = None,
    strip_ends: Annotated[
        bool,
        typer.Option("--strip-ends", help="Leave out ends that convert: take the integers inside."),
    ] = False,
    json: Json = False,
) -> None:
    """Compile a model of any program to C.

    The C is compared with TensorFlow Lite Micro, byte for byte, on this computer and, where
    QEMU and the Arm compiler are, on a virtual board. The folder holds the C, an example, the
    proof, an Arduino library and the cost of each layer. Where anything differs, or the model
    takes more than the budget, nothing is written.

    \b
    Example: gesture compile model.tflite for-my-firmware
    """
    request = Request(
        model=model,
        folder=folder,
        calibrate=calibrate,
        vectors=vectors,
        budget=budget,
        engine=engine,
        hop=hop,
        strip_ends=strip_ends,
    )
    with console.steps(json) as on_step:
        result = workflow.compile_model(request, on_step)
    _show(result, json)


def _show(result: CompiledModel, as_json: bool) -> None:
    if as_json:
        print_json(result)
        return
    show_table(
        f"compiled {result.name}",
        [
            *(("input", said) for said in result.inputs),
            *(("output", said) for said in result.outputs),
            *(("byte-equal", _proof(proof)) for proof in result.proofs),
            *([("not proven", result.not_proven)] if result.not_proven else []),
            ("engine", result.engine),
            *([("a call takes", streaming_said(result))] if result.feed < result.window else []),
            ("one call", f"{time_said(result.cost)} on a Cortex-M4F of 64 MHz"),
            *(("budget", line) for line in result.budget),
            ("folder", result.folder),
        ],
    )
    for note in result.notes:
        console.show_note(note)
    show_cost(result.cost, "of one call")
    again = f"make -C {shlex.quote(str(result.folder))} proof"
    console.out.print(escape(f"`{again}` compares again; README.md there says more"))


def _proof(proof: Proof) -> str:
    text = f"to TensorFlow Lite Micro on {proof.compared} vectors, on {proof.place}"
    if proof.instructions is None:
        return text
    return f"{text}: {proof.instructions:,} instructions, {proof.stack_bytes:,} bytes of stack"
