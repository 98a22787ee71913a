"""A network that draws on a board: `python -m benchmarks.sketch_deployed [PART ...]`, all where
none.

board: that the virtual board, the twin and the reference agree on each point of drawings of
configs/sketch_board.yaml, and what they cost. picture: what the board draws, for docs/sketch.md.
Its settings were chosen on the drawings of validation; the run is kept in build/sequence.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

import numpy as np

from benchmarks.datasets import RECORDINGS, ROOT, trained
from benchmarks.results_file import Row, record_parts, row
from benchmarks.sequence import FOLDER
from benchmarks.sketch import IN_A_ROW, UNIT, about
from pipeline.boards.supervisor import start
from pipeline.capture.client import BoardClient
from pipeline.capture.ports import open_port
from pipeline.capture.requests import board_drawing
from pipeline.conversion.oracle import SteppedReference
from pipeline.core.artifacts import Int8
from pipeline.core.contract import Contract, fixed_point_scaling
from pipeline.core.costs import cycles_of_instructions, seconds_of_cycles
from pipeline.core.files import save_text, save_text_files
from pipeline.core.project import PROJECT
from pipeline.core.run_folder import RunFolder
from pipeline.core.sketches import DOWN, STEP_NAMES, BoardDrawing
from pipeline.deployment.platformio import BuiltImage
from pipeline.reports.drawings import sheet, svg
from pipeline.training.sketch_task import TEMPERATURES
from pipeline.twin.library import Twin
from pipeline.twin.sketch_twin import SketchTwin
from pipeline.workflows import convert, deploy
from pipeline.workflows.generated import compiled, run_twin
from pipeline.workflows.run_facts import int8_nats, load_metrics
from tests.parity.target_engine import KERNELS, build
from tests.parity.target_engine import run as run_on_target

COMMAND = "python -m benchmarks.sketch_deployed"
BOARD = f"{COMMAND} board"
DRAWINGS = 1000
COUNTED = 1500  # moves whose instructions are counted
LIBRARY = PROJECT / "firmware" / "lib"
PEN = (0, 1)  # down, lifted
_HEADER = """\
#include <stdint.h>
#define MODEL_NETWORK_INPUTS 1
#define MODEL_NETWORK_OUTPUTS 1
void model_network_invoke(const int8_t *input, int8_t *output);
"""


def main() -> None:
    record_parts("sequence", {"board": board, "picture": picture})


def board() -> list[Row]:
    """Rows of a run that draws on a board."""
    run = _converted()
    contract = run.contract()
    image = deploy.build_only("virtual", run.path)
    library = run_twin(run)
    twin = SketchTwin(library)
    asked = [(TEMPERATURES[seed % len(TEMPERATURES)], seed) for seed in range(DRAWINGS)]
    by_twin = [twin.draw(*one) for one in asked]
    by_board = _drawn_by(image, asked)
    differing = sum(map(_differences, by_board, by_twin))
    differing += _unlike_reference(run, library, by_twin)
    points = sum(len(one.moves) for one in by_twin)
    at = ", ".join(map(str, TEMPERATURES))
    note = (
        f"{DRAWINGS:,} drawings of {points:,} points at temperatures {at}: moves of QEMU and of "
        "the twin, and all outputs of the twin's network and of its reference, the integers that "
        "define the cells and TensorFlow Lite Micro after them"
    )
    invalid = sum(_faults(one, contract) for one in by_board)
    cut = sum(not one.has_ended for one in by_board)
    return [
        row("sketch unequal points", differing, "points", BOARD, note, "== 0"),
        row(
            "sketch on a board invalid strokes",
            invalid,
            "",
            BOARD,
            f"of these drawings: points that are none, or one too many; {cut} were cut at "
            f"{contract.window - 1} points",
            "== 0",
        ),
        _nats(run, contract),
        row(
            "sketch flash",
            image.flash_bytes,
            "B",
            BOARD,
            "the whole firmware of the virtual board, with the network",
            "< 200000",
        ),
        _time(run),
    ]


def picture() -> list[Row]:
    """What the virtual board draws at three temperatures, a row each; no figure comes of it."""
    run = _converted()
    asked = [(at, seed) for at in TEMPERATURES for seed in range(IN_A_ROW)]
    drawn = _drawn_by(deploy.build_only("virtual", run.path), asked)
    shown = sheet([one.drawing for one in drawn], load_metrics(run)["size"], columns=IN_A_ROW)
    save_text(ROOT / "docs" / "sketch-board.svg", svg(shown))
    return []


def _converted() -> RunFolder:
    data = f"data.path={RECORDINGS / 'sketch' / 'kanji.npz'}"
    run = trained("sketch_board", [data], FOLDER / "sketch_board", print)
    if run.contract().quantization is None:
        convert.convert(run.path, None, print)
    return run


def _drawn_by(image: BuiltImage, asked: Sequence[tuple[float, int]]) -> list[BoardDrawing]:
    """Drawings of the virtual board, of temperatures and seeds."""
    with start("virtual", image.path, fast=True) as running, open_port(running.port) as port:
        client = BoardClient(port)
        client.wait_ready()
        return [board_drawing(client, *one) for one in asked]


def _differences(found: BoardDrawing, expected: BoardDrawing) -> int:
    lines = (list(map(tuple, one.moves.tolist())) for one in (found, expected))
    differing: list[bool] = [one != other for one, other in zip_longest(*lines)]
    return sum([*differing, found.has_ended != expected.has_ended])


def _unlike_reference(run: RunFolder, library: Twin, drawings: Sequence[BoardDrawing]) -> int:
    """Steps at which the outputs of the twin's network are not those of its reference."""
    contract, step = run.contract(), run.flatbuffer_file.read_bytes()
    network = compiled(step, contract)
    assert network.recurrence is not None  # every network that draws has cells
    inputs = np.stack([_given(one, contract) for one in drawings])  # [n, T, 5]
    reference = SteppedReference.of(step, network.recurrence, run.build / "reference.log")
    expected = reference.scores(inputs, 1)
    found = np.stack([library.stream(one) for one in inputs])
    return int((found != expected).any(axis=2).sum())


def _given(drawing: BoardDrawing, contract: Contract) -> Int8:
    """What the network is given step by step, int8 [T, 5]; after the drawing nothing."""
    steps = np.zeros((contract.window, len(STEP_NAMES)), np.int64)
    steps[0, DOWN] = 1000
    for row_, (dx, dy, lifted) in zip(steps[1:], drawing.moves.tolist(), strict=False):
        row_[:DOWN] = dx, dy
        row_[DOWN + lifted] = 1000
    scaling = fixed_point_scaling(contract)
    scaled = steps * np.array(scaling.multipliers) + np.array(scaling.offsets) >> scaling.shift
    inputs: Int8 = np.clip(scaled, -128, 127).astype(np.int8)
    return inputs


def _faults(drawing: BoardDrawing, contract: Contract) -> int:
    """Points that are none, or one too many."""
    are_pens = np.isin(drawing.moves[:, DOWN], PEN)
    return int((~are_pens).sum()) + max(0, len(drawing.moves) - (contract.window - 1))


def _nats(run: RunFolder, contract: Contract) -> Row:
    metrics, nats = load_metrics(run), int8_nats(run, contract)
    assert nats is not None  # it was converted
    note = f"int8, by the compiled C; float {metrics['nats_a_point']:.3f}; {about(run)}"
    bound = f"<= {metrics['one_normal_nats']:.3f}"
    return row("sketch on a board nats a point", round(nats, 3), UNIT, BOARD, note, bound)


def _time(run: RunFolder) -> Row:
    """The dearest of many moves, by the slowest of what the chip may need for an instruction."""
    with tempfile.TemporaryDirectory() as name:
        instructions = _instructions(run, Path(name))
    bounds = seconds_of_cycles(cycles_of_instructions(instructions))
    note = (
        f"the dearest of {COUNTED:,} moves, {instructions:,} instructions on QEMU, the network and "
        f"the draw; {bounds.lower:.5f} s at best, on an nRF52840"
    )
    return row("sketch seconds a point", round(bounds.upper, 5), "s", BOARD, note, "<= 0.1")


def _instructions(run: RunFolder, folder: Path) -> int:
    """Of the dearest move, from the network to the move."""
    save_text_files(folder, {"model_network.h": _HEADER})
    texts = {file.name: file.read_text("utf-8") for file in run.sources.iterdir()}
    save_text_files(folder, {_renamed(name): _renamed(text) for name, text in texts.items()})
    parts = [LIBRARY / part for part in ("sampler", "sketcher")]
    sources = [
        *(HARNESS_SKETCH, folder / "model_contract.c", folder / "step_network.c"),
        *(file for part in (*parts, KERNELS) for file in sorted(part.glob("*.c"))),
    ]
    includes = [*parts, LIBRARY / "model", LIBRARY / "window"]
    image = build(folder, "sketch", sources, ("-O2",), includes)
    most = run.contract().window - 1
    steps = np.arange(COUNTED) % most == 0  # a drawing begins, and is cut at its longest
    return run_on_target(folder, image, steps.astype(np.int8)[:, None]).instructions


HARNESS_SKETCH = Path(__file__).with_name("harness") / "sketch.c"


def _renamed(text: str) -> str:
    """A name for the network beside that of the harness."""
    return text.replace("model_network", "step_network").replace("MODEL_NETWORK", "STEP_NETWORK")


if __name__ == "__main__":
    main()
