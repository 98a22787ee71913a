"""Networks of text on a board: what a character costs, and that all agree on every step.

`python -m benchmarks.sequence_deployed [WRITER JUDGE]` takes two trained runs, of generation and
of sentiment, and prints what it finds; where none are named it takes those of
configs/generation_board.yaml and sentiment_board.yaml in build/sequence, trains them unless they
are there, and records the figures.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.datasets import dataset, trained
from benchmarks.results_file import Row, record, row, show
from benchmarks.sequence import FOLDER
from pipeline.boards.supervisor import start
from pipeline.capture.client import BoardClient
from pipeline.capture.ports import open_port
from pipeline.capture.requests import write_text
from pipeline.cells.operators import Cell
from pipeline.compiler import CompiledNetwork
from pipeline.conversion.oracle import SteppedReference
from pipeline.core.artifacts import Int8
from pipeline.core.contract import Contract
from pipeline.core.costs import CLOCK_HZ, CYCLES_PER_INSTRUCTION, NetworkCost
from pipeline.core.files import save_text_files
from pipeline.core.project import PROJECT
from pipeline.core.run_folder import RunFolder
from pipeline.core.tokens import FIRST
from pipeline.twin.library import Twin
from pipeline.twin.text_twin import TextTwin
from pipeline.workflows import convert, deploy
from pipeline.workflows.generated import compiled, load_table
from tests.parity.many_networks import run_on_board
from tests.parity.target_engine import HARNESS, build, network_sources, run

COMMAND = "python -m benchmarks.sequence_deployed"
CONFIGS = {"generation_board": "tinyshakespeare", "sentiment_board": "imdb"}
SAMPLER = PROJECT / "firmware" / "lib" / "sampler"
STEPS, TEXTS, WRITTEN = 10_000, 200, 1000
TEMPERATURES = (0.0001, 0.5, 1.0, 5.0)
_HEADER = """\
#include <stdint.h>
#define MODEL_NETWORK_INPUTS {inputs}
#define MODEL_NETWORK_OUTPUTS 1
void model_network_invoke(const int8_t *input, int8_t *output);
"""


@dataclass(frozen=True)
class Deployed:
    """inputs: int8 [feeds, feed * channels], of held-out text; expected: int8 [feeds, outputs], of
    the integers that define the cells."""

    run: RunFolder
    contract: Contract
    network: CompiledNetwork
    inputs: Int8
    expected: Int8

    @classmethod
    def of(cls, run: RunFolder) -> Deployed:
        contract, step = run.contract(), run.flatbuffer_file.read_bytes()
        network = _own_network(run, contract, step)
        if network.recurrence is None:
            raise ValueError(f"{run.path} has no cells")
        rows = load_table(run, contract).embedding[_tokens(run, contract)]  # [n, T, channels]
        reference = SteppedReference.of(step, network.recurrence, run.build / "reference.log")
        expected = reference.scores(rows, contract.feed)
        inputs = rows.reshape(-1, contract.feed * rows.shape[2])
        return cls(run, contract, network, inputs, expected.reshape(len(inputs), -1))


def _own_network(run: RunFolder, contract: Contract, step: bytes) -> CompiledNetwork:
    """Compact where the run's own is."""
    own = (run.sources / "model_network.c").read_text("utf-8")
    networks = (compiled(step, contract, compact) for compact in (False, True))
    return next(network for network in networks if network.sources["model_network.c"] == own)


def main(runs: list[str]) -> None:
    paths = [RunFolder(Path(name)) for name in runs] or [_trained(name) for name in CONFIGS]
    writer, judge = (_converted(path) for path in paths)
    with tempfile.TemporaryDirectory() as name:
        rows = [*cost_rows(writer, Path(name)), unequal_row(writer, judge, Path(name))]
    if not runs:
        record("sequence", rows)
    show(rows)


def _trained(name: str) -> RunFolder:
    return trained(name, [f"data.path={dataset(CONFIGS[name])}"], FOLDER / name)


def _converted(run: RunFolder) -> Deployed:
    if run.contract().quantization is None:
        convert.convert(run.path, None, print)
    return Deployed.of(run)


def _tokens(run: RunFolder, contract: Contract) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
    """int32 [n, T]: of what writes one long text, of what judges one each."""
    with np.load(run.windows_file) as windows:
        tokens: np.ndarray[tuple[int, ...], np.dtype[np.int32]] = windows["test"]
    if contract.mode == "streaming":
        return tokens.reshape(1, -1)[:, :STEPS]
    return tokens[np.linspace(0, len(tokens) - 1, TEXTS).astype(np.int64)]


def cost_rows(writer: Deployed, folder: Path) -> list[Row]:
    """A character is a step of the network and a draw."""
    sources = network_sources(writer.network, folder)
    empty = build(folder, "empty", [HARNESS / "empty.c"], ("-O2",))
    image = build(folder, "step", sources, ("-O2",))
    step = run(folder, image, writer.inputs[:500]).instructions
    draw = _draw(writer.expected[:500, FIRST:], folder)
    per_second = CLOCK_HZ / (step + draw)
    text = NetworkCost.load(writer.run.cost_file).text_bytes
    flash = image.flash - empty.flash + text
    units = " and ".join(str(cell.units) for cell in _cells(writer))
    cycles = CYCLES_PER_INSTRUCTION
    note = (
        f"the dearest step of the network, {step:,} instructions, and the dearest draw, {draw:,}, "
        f"of 500 characters of held-out text on QEMU; an instruction a cycle at 64 MHz, with "
        f"{cycles.lower:g} to {cycles.upper:g} cycles each {per_second / cycles.upper:.0f} to "
        f"{per_second / cycles.lower:.0f}; {units} units"
    )
    return [
        _row("deployed characters per second", round(per_second), "1/s", note, ">= 300"),
        _row(
            "deployed flash bytes",
            flash,
            "bytes",
            f"network and kernels, -O2, {text:,} of them vocabulary and embedding",
            "<= 150000",
        ),
    ]


def _cells(writer: Deployed) -> tuple[Cell, ...]:
    recurrence = writer.network.recurrence
    return () if recurrence is None else recurrence.cells


def _draw(logits: Int8, folder: Path) -> int:
    """Instructions of the dearest."""
    scratch = folder / "draw"
    save_text_files(scratch, {"model_network.h": _HEADER.format(inputs=logits.shape[1])})
    sources = [HARNESS / "draw.c", SAMPLER / "sampler.c", SAMPLER / "power.c"]
    image = build(scratch, "draw", sources, ("-O2",), [SAMPLER])
    return run(scratch, image, logits).instructions


def unequal_row(writer: Deployed, judge: Deployed, folder: Path) -> Row:
    """The integers of Python, the C on this computer, and on QEMU."""
    unequal = 0
    networks, inputs = zip(*((item.network, item.inputs) for item in (writer, judge)), strict=True)
    on_board = run_on_board(networks, inputs, folder, ("-O2",))
    for item, found in zip((writer, judge), on_board, strict=True):
        twin = Twin(item.run.sources, item.run.build)
        streams = item.contract.mode == "streaming"
        said = twin.stream(item.inputs) if streams else twin.invoke(item.inputs)
        unequal += sum(int(np.any(one != item.expected, axis=1).sum()) for one in (said, found))
    unequal += _unequal_characters(writer)
    note = (
        f"logits of {len(writer.inputs):,} characters of held-out text and scores of "
        f"{len(judge.inputs)} texts: Python's integers against the twin and QEMU; and characters "
        f"that the virtual board and the twin write, {WRITTEN:,} at each of the temperatures "
        f"{', '.join(map(str, TEMPERATURES))}"
    )
    return _row("unequal steps", unequal, "", note, "<= 0")


def _unequal_characters(writer: Deployed) -> int:
    image = deploy.deploy(writer.run.path, "virtual", "auto", False, print).image
    twin = TextTwin(Twin(writer.run.sources, writer.run.build))
    prompt = load_table(writer.run, writer.contract).entries[0]
    unequal = 0
    with start("virtual", Path(image.path), fast=True) as running, open_port(running.port) as port:
        client = BoardClient(port)
        client.wait_ready()
        for seed, temperature in enumerate(TEMPERATURES):
            found = write_text(client, prompt, WRITTEN, temperature, seed)
            expected = twin.generate(prompt, WRITTEN, temperature, seed)
            unequal += sum(one != other for one, other in zip(found, expected, strict=True))
    return unequal


def _row(name: str, value: float, unit: str, note: str, bound: str) -> Row:
    return row(name, value, unit, COMMAND, note, bound)


if __name__ == "__main__":
    main(sys.argv[1:])
