"""`gesture draw`: what a network draws, by itself or after a beginning by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.config.file import load_section
from pipeline.config.sketch_settings import SketchConfig
from pipeline.core.artifacts import Float32
from pipeline.core.errors import UsageError
from pipeline.core.files import atomic_write
from pipeline.core.sketches import ENDED, as_steps, moves, until_ended
from pipeline.datasets.svg_strokes import Begun, read_strokes
from pipeline.reports.drawings import png, sheet, svg
from pipeline.training.run_files import load_network
from pipeline.training.sketch_rnn import Sketcher
from pipeline.workflows.run_facts import load_metrics
from pipeline.workflows.runs import contract_for, open_run

MOST_DRAWINGS = 1000
LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE = 0.01, 5.0
KINDS = (".svg", ".png")


@dataclass(frozen=True)
class Drawn:
    """What was drawn.

    Args:
        file: with all drawings.
        points: of each drawing, what was begun included.
        begun: points that were begun.
        cut: how many drawings the network had not ended when the limit of points came.
        left_out: what in the file of the beginning was not understood.
    """

    file: Path
    points: tuple[int, ...]
    begun: int
    cut: int
    left_out: tuple[str, ...]


def draw(
    path: Path, out: Path, begin: Path | None, count: int, temperature: float, seed: int
) -> Drawn:
    """Let a run draw, and write all drawings into one file.

    Args:
        path: of a run for sketches.
        out: the file, SVG or PNG.
        begin: an SVG file that all drawings begin with.
        count: how many.
        temperature: 1 draws as the network has learned, less is more careful.
        seed: the same one gives the same drawings.
    """
    _check(out, begin, count, temperature)
    run = open_run(path)
    contract = contract_for(run, "sketch", "draw")
    config = load_section(run.require(run.config_file, "train"), SketchConfig)
    scale, most = contract.scaling.std[0], contract.window - 1
    metrics = load_metrics(run)
    read = None if begin is None else read_strokes(begin)
    first = _begun(read, metrics["size"], most)
    begun = as_steps([first], scale, len(first) + 1)[0, :-1]
    sketcher = Sketcher(load_network(run.require(run.keras_file, "train")), config.model)
    steps = sketcher.draw(count, most, temperature, seed, begun)
    drawings = [until_ended(row, scale) for row in steps]
    _write(out, drawings, metrics, len(first))
    return Drawn(
        file=out,
        points=tuple(map(len, drawings)),
        begun=len(first),
        cut=int((steps[..., ENDED].sum(axis=1) == 0).sum()),
        left_out=() if read is None else read.left_out,
    )


def _begun(read: Begun | None, size: float, most: int) -> Float32:
    """The moves that a drawing begins with."""
    if read is None:
        return np.zeros((0, 3), np.float32)
    found = moves(read.scaled(size))
    if len(found) >= most:
        raise UsageError(
            f"The drawing has {len(found)} points, and this run knows drawings of at most {most}.",
            "it is finished already, or its lines are rough",
            "begin with fewer strokes",
        )
    return found


def _write(out: Path, drawings: list[Float32], metrics: Mapping[str, Any], begun: int) -> None:
    drawn = sheet(drawings, metrics["size"], begun)
    content = svg(drawn).encode() if out.suffix.lower() == ".svg" else png(drawn)
    with atomic_write(out) as unfinished:
        unfinished.write_bytes(content)


def _check(out: Path, begin: Path | None, count: int, temperature: float) -> None:
    if out.suffix.lower() not in KINDS:
        raise UsageError(
            f"{out} is no name of a picture that can be written.",
            f"drawings are written as {' or '.join(KINDS)}",
            "end the name of --out with one of them",
        )
    if begin is not None and begin.resolve() == out.resolve():
        raise UsageError(
            f"{out} would be overwritten.",
            "it is the beginning of the drawing, and the picture goes to drawing.svg if --out does "
            "not say otherwise",
            "name another file: --out FILE",
        )
    if not LOWEST_TEMPERATURE <= temperature <= HIGHEST_TEMPERATURE:
        raise UsageError(
            f"A temperature of {temperature:g} is out of range.",
            "near 0 the network always draws the likeliest, and at "
            f"{HIGHEST_TEMPERATURE:g} it scribbles",
            f"give {LOWEST_TEMPERATURE:g} to {HIGHEST_TEMPERATURE:g}",
        )
    if not 1 <= count <= MOST_DRAWINGS:
        raise UsageError(
            f"{count} drawings cannot be made at once.",
            f"at most {MOST_DRAWINGS} fit one picture",
            f"give --count 1 to {MOST_DRAWINGS}",
        )
