"""`gesture convert`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli import console
from pipeline.cli.console import print_json, show_table
from pipeline.cli.cost_table import show_cost
from pipeline.cli.parser import LATEST, App, Json, Run
from pipeline.core.plurals import counted
from pipeline.core.shares import Share
from pipeline.training.metrics import EventScore
from pipeline.workflows import convert as workflow
from pipeline.workflows import next_commands
from pipeline.workflows.convert import Converted, DecisionResult

app = App()


@app.command()
def convert(
    run: Run = LATEST,
    budget: Annotated[
        Path | None, typer.Option(help="A YAML file with a board's limits, or nano33ble.")
    ] = None,
    json: Json = False,
) -> None:
    """Quantize to int8 and compile to C.

    The C is compared with its reference, byte for byte. Where they differ, or the
    network takes more than the budget, nothing is written.

    \b
    Example: gesture convert runs/latest --budget nano33ble
    """
    with console.steps(json) as on_step:
        result = workflow.convert(run, budget, on_step)
    show_converted(result, json)
    console.show_next(next_commands.after_conversion(result.run), json)


def show_converted(converted: Converted, as_json: bool) -> None:
    """Print what a conversion came to."""
    if as_json:
        print_json(converted)
        return
    show_table(
        f"converted {converted.run}",
        [
            ("byte-equal", f"to {converted.reference} on {counted(converted.vectors, 'vector')}"),
            *_int8_accuracy(converted),
            *console.figure_rows(converted.figures),
            ("C code", _code(converted.variant)),
            ("streaming", _streaming(converted)),
            *_events(converted.decided),
            ("contract", converted.contract_hash[:12]),
            ("C array", converted.array),
            ("C sources", converted.sources),
        ],
    )
    show_cost(converted.cost, converted.occasion)
    console.show_note(converted.note)
    if converted.decided is not None:
        console.show_note(converted.decided.shortfall)
    if converted.headline is not None:
        console.show_sentences(converted.headline.sentences)


def _code(variant: str) -> str:
    compact = variant.removeprefix("compact: ")
    return "optimized for speed" if compact == variant else f"optimized for size: {compact}"


def _streaming(converted: Converted) -> str:
    if converted.obstacle is None:
        return "only what is new is computed"
    return f"no, every window is computed again: {converted.obstacle}"


def _int8_accuracy(converted: Converted) -> list[tuple[str, object]]:
    if converted.int8_accuracy is None:
        return []
    share = Share.of(converted.int8_accuracy, converted.test_windows)
    return [("int8 accuracy", f"{share} held out")]


def _events(decided: DecisionResult | None) -> list[tuple[str, object]]:
    """Nothing of what was not held out, and of what has no gestures."""
    if decided is None:
        return []
    rows: list[tuple[str, object]] = [("decision", decided.how)]
    if decided.cost:
        rows.append(("", decided.cost))
    if decided.events.found:
        late, latest = decided.events.latency_median_s, decided.events.latency_p95_s
        rows.append(("delay", f"{late:.2f} s after a gesture (median), 95 % below {latest:.2f} s"))
    return [
        *rows,
        *_false_alarms("at rest", decided.rest),
        *_false_alarms("in motion that is no gesture", decided.unknown),
        *_false_alarms("in everyday motion", decided.everyday),
    ]


def _false_alarms(when: str, score: EventScore) -> list[tuple[str, object]]:
    if not score.hours:
        return []
    low, high = score.false_alarms_interval
    text = f"{score.false_alarms_per_hour:.1f} an hour {when} ({low:.1f} to {high:.1f})"
    return [("false alarms", text)]
