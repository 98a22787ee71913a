"""`gesture draw`: what a network draws, by itself or after a beginning by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.capture.requests import board_drawing
from pipeline.config.file import load_section
from pipeline.config.sketch_settings import SketchConfig
from pipeline.core.artifacts import Float32
from pipeline.core.contract import Contract
from pipeline.core.errors import UsageError
from pipeline.core.files import atomic_write
from pipeline.core.run_folder import RunFolder
from pipeline.core.sketches import ENDED, BoardDrawing, as_steps, moves, until_ended
from pipeline.datasets.svg_strokes import Begun, read_strokes
from pipeline.reports.drawings import png, sheet, svg
from pipeline.training.run_files import load_network
from pipeline.training.sketch_rnn import Sketcher
from pipeline.twin.sketch_twin import SketchTwin
from pipeline.workflows.boards import board_that_runs
from pipeline.workflows.generated import run_twin
from pipeline.workflows.run_facts import load_metrics
from pipeline.workflows.runs import contract_for, open_run

MOST_DRAWINGS = 1000
SEEDS = 2**32  # of a board
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
        int8: whether the compiled C drew it.
    """

    file: Path
    points: tuple[int, ...]
    begun: int
    cut: int
    left_out: tuple[str, ...]
    int8: bool


@dataclass(frozen=True)
class Manner:
    """How is drawn.

    Args:
        temperature: 1 draws as the network has learned, less is more careful.
        seed: the same one gives the same drawings.
    """

    temperature: float
    seed: int


def draw(
    path: Path,
    out: Path,
    begin: Path | None,
    count: int,
    manner: Manner,
    port: str | None = None,
) -> Drawn:
    """Let a run draw, and write all drawings into one file.

    A converted run draws with the board's own C, unless it goes on from a beginning: that needs
    the float network.

    Args:
        path: of a run for sketches.
        out: the file, SVG or PNG.
        begin: an SVG file that all drawings begin with.
        count: how many.
        port: of a board with this run; None for this computer.
    """
    _check(out, begin, count, manner.temperature)
    _check_port(port, begin)
    run = open_run(path)
    contract = contract_for(run, "sketch", "draw")
    metrics = load_metrics(run)
    if port is not None or (contract.quantization is not None and begin is None):
        seeds = [(manner.seed + number) % SEEDS for number in range(count)]
        drawn = _by_board(run, port, manner.temperature, seeds)
        drawings = _Drawings(
            [one.drawing for one in drawn], cut=sum(not one.has_ended for one in drawn), int8=True
        )
    else:
        read = None if begin is None else read_strokes(begin)
        drawings = _by_float_network(run, contract, read, count, manner)
    _write(out, drawings.drawings, metrics, drawings.begun)
    return Drawn(
        file=out,
        points=tuple(map(len, drawings.drawings)),
        begun=drawings.begun,
        cut=drawings.cut,
        left_out=drawings.left_out,
        int8=drawings.int8,
    )


@dataclass(frozen=True)
class _Drawings:
    """Drawings, and of them what `Drawn` says."""

    drawings: list[Float32]
    cut: int
    begun: int = 0
    left_out: tuple[str, ...] = ()
    int8: bool = False


def _by_board(
    run: RunFolder, port: str | None, temperature: float, seeds: Sequence[int]
) -> list[BoardDrawing]:
    """Drawings of the compiled C, on a board where a port is named."""
    if port is None:
        twin = SketchTwin(run_twin(run))
        return [twin.draw(temperature, seed) for seed in seeds]
    with board_that_runs(run, port) as board:
        return [board_drawing(board, temperature, seed) for seed in seeds]


def _by_float_network(
    run: RunFolder, contract: Contract, read: Begun | None, count: int, manner: Manner
) -> _Drawings:
    config = load_section(run.require(run.config_file, "train"), SketchConfig)
    scale, most = contract.scaling.std[0], contract.window - 1
    first = _begun(read, load_metrics(run)["size"], most)
    begun = as_steps([first], scale, len(first) + 1)[0, :-1]
    sketcher = Sketcher(load_network(run.require(run.keras_file, "train")), config.model)
    steps = sketcher.draw(count, most, manner.temperature, manner.seed, begun)
    return _Drawings(
        drawings=[until_ended(row, scale) for row in steps],
        cut=int((steps[..., ENDED].sum(axis=1) == 0).sum()),
        begun=len(first),
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


def _check_port(port: str | None, begin: Path | None) -> None:
    if port is not None and begin is not None:
        raise UsageError(
            "A board cannot complete a drawing.",
            "it draws from the first move on, and is given none",
            "leave --begin out, or leave --port out to complete it on this computer",
        )
