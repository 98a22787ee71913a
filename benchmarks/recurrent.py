"""Recurrent networks: what a step costs on a Cortex-M4F, and how near its integers are to Keras.

`python -m benchmarks.recurrent` trains GRUs and LSTMs on the recordings of spells, converts them,
and runs them on this computer and on QEMU: those of configs/, as long as it takes, and for what a
cell costs and how its state errs, others that are given every sample. What was trained is kept in
build/recurrent. The state is compared with that of Keras: our integers', and TFLite Micro's on the
one-step network.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.datasets import dataset, trained
from benchmarks.models import model
from benchmarks.results_file import Row, record, row, show
from pipeline.cells.arithmetic import FixedCell
from pipeline.cells.operators import Recurrence
from pipeline.compiler import CompiledNetwork, compile_network
from pipeline.conversion.golden import to_int8
from pipeline.conversion.oracle import SteppedReference
from pipeline.conversion.step_cells import float_cell, run_all
from pipeline.core.artifacts import Float32, Int8
from pipeline.core.contract import Contract, Quantization
from pipeline.core.project import PROJECT
from pipeline.datasets.recordings import load_recordings
from pipeline.training.training_data import scale
from pipeline.workflows import convert
from pipeline.workflows.run_facts import NEEDED, load_windows
from tests.parity.many_networks import run_on_board, run_on_host
from tests.parity.target_engine import HARNESS, PROFILE, build, network_sources, run

RECURRENT = ("SimpleRNN", "GRU", "LSTM")
STREAMED, PART = 100_000, 1000
WINDOWS = 60
ONE = 2.0**15  # of an int16 state

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Errors:
    """Mean errors of h. ours, tflms: over windows; first, last: over PART steps of a stream, after
    the first PART and at its end."""

    ours: float
    tflms: float
    first: float
    last: float


def errors_of(keras_file: Path, step: bytes, windows: Float32) -> Errors:
    """windows: float32 [n, T, C], scaled."""
    import keras

    model = keras.models.load_model(keras_file, compile=False)
    cells = [float_cell(layer) for layer in model.layers if type(layer).__name__ in RECURRENT]
    network = compile_network(step, window=windows.shape[1])
    chosen = windows[:WINDOWS]
    inputs = to_int8(chosen, network.quantization)
    exact = run_all(cells, chosen.astype(np.float64))[-1].columns
    ours, tflms = our_states(step, inputs), tflm_states(step, inputs)
    part = windows.reshape(-1, windows.shape[2])[:PART]
    stream = np.tile(part, (STREAMED // PART, 1))[np.newaxis]
    far = run_all(cells, stream.astype(np.float64))[-1].columns[0]
    near = our_states(step, to_int8(stream, network.quantization))[0]
    return Errors(
        ours=float(np.abs(ours - exact).mean()),
        tflms=float(np.abs(tflms - exact).mean()),
        first=float(np.abs(near - far)[PART : 2 * PART].mean()),
        last=float(np.abs(near - far)[-PART:].mean()),
    )


def our_states(step: bytes, inputs: Int8) -> Values:
    """h of the last cell, [n, T, units]; inputs: int8 [n, T, C], each sample a column."""
    values = inputs.astype(np.int64)
    for cell in map(FixedCell.of, _recurrence(step).cells):
        states, found = cell.start(len(values)), []
        for t in range(values.shape[1]):
            states = cell.step(values[:, t], states)
            found.append(states["h"])
        values = np.stack(found, axis=1)
    return values / ONE


def _recurrence(step: bytes) -> Recurrence:
    recurrence = compile_network(step).recurrence
    if recurrence is None:
        raise ValueError("a network without a cell")
    return recurrence


def tflm_states(step: bytes, inputs: Int8) -> Values:
    """The same of TFLite Micro, for a network of one cell."""
    return np.array([[outputs[1] for outputs in _stepped(step, window)] for window in inputs]) / ONE


def tflm_answers(step: bytes, inputs: Int8) -> Int8:
    """int8 [n, K], at the end of each window."""
    return np.array([_stepped(step, window)[-1][0] for window in inputs], np.int8)


def _stepped(step: bytes, window: Int8) -> list[list[NDArray[Any]]]:
    """All outputs after each column: scores, then states. For one cell."""
    from tflite_micro import runtime

    interpreter = runtime.Interpreter.from_bytes(step)
    recurrence = _recurrence(step)
    (cell,) = recurrence.cells
    count = len(cell.kind.states)
    shape = interpreter.get_input_details(0)["shape"]
    states, found = [np.zeros((1, cell.units), np.int16)] * count, []
    for start in range(0, len(window) - recurrence.receptive_field + 1, recurrence.stride):
        interpreter.set_input(window[start : start + recurrence.receptive_field].reshape(shape), 0)
        for number, state in enumerate(states, start=1):
            interpreter.set_input(state, number)
        interpreter.invoke()
        outputs = [interpreter.get_output(number).copy() for number in range(count + 1)]
        states = outputs[1:]
        found.append([output.ravel() for output in outputs])
    return found


COMMAND = "python -m benchmarks.recurrent"
FOLDER = PROJECT / "build" / "recurrent"
SHIPPED_EPOCHS, EPOCHS = 25, 4
WINDOW, HOP = 119, 7
STEPS = 9996  # ten thousand, but whole hops: see `hops`
TFLM_WINDOWS = 200
KINDS = ("gru", "lstm")


@dataclass(frozen=True)
class Network:
    """windows: float32 [n, WINDOW, 6], scaled, of all recordings; scores: of Keras."""

    kind: str
    keras_file: Path
    step: bytes
    windows: Float32
    scores: Float32
    log: Path


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shipped = tuple(made(kind, FOLDER / f"shipped_{kind}", (), folder) for kind in KINDS)
        gru, lstm = (made(kind, FOLDER / kind, every_sample(kind), folder) for kind in KINDS)
        rows = [*size_rows(folder, gru), lstm_row(folder), unequal_row(folder, (gru, lstm))]
        rows += [agreement_row(folder, shipped), *state_rows((gru, lstm))]
    show(rows)
    record("recurrent", rows)


def every_sample(kind: str) -> tuple[str, ...]:
    """Settings of a cell of 16 units whose steps are samples."""
    return (
        f"fit.epochs={EPOCHS}",
        "augment.passes=1",
        f"model={{kind: {kind}, units: [16], downsample: 1}}",
        f"window.length={WINDOW}",
        f"window.hop={HOP}",
    )


def made(kind: str, path: Path, settings: tuple[str, ...], folder: Path) -> Network:
    """Train a network and write its one-step flatbuffer."""
    usual = (f"data.path={dataset('spells')}", f"fit.epochs={SHIPPED_EPOCHS}")
    run = trained(f"gesture_{kind}", (*usual, *settings), path)
    calibration, log = load_windows(run, NEEDED)["calibration"], folder / "log"
    convert.write_flatbuffer(run.keras_file, calibration, run.flatbuffer_file, log)
    windows = _windows(run.contract())
    scores = _asked(run.keras_file, windows, folder)
    step = run.flatbuffer_file.read_bytes()
    return Network(kind, run.keras_file, step, windows, scores, folder / "log")


def _windows(contract: Contract) -> Float32:
    """All of the recordings, scaled: float32 [n, T, C]."""
    windows = [
        recording.samples[start : start + contract.window, : len(contract.channels)]
        for recording in load_recordings(dataset("spells"))
        for start in range(len(recording.samples) - contract.window + 1)
    ]
    return scale(np.stack(windows), contract.scaling)


def _asked(keras_file: Path, windows: Float32, folder: Path) -> Float32:
    """What Keras answers, float32 [n, K]; in a process of its own."""
    asked, answered = folder / "asked.npy", folder / "answered.npy"
    np.save(asked, windows)
    code = (
        "import sys, keras, numpy as np; model = keras.models.load_model(sys.argv[1]); "
        "np.save(sys.argv[3], model.predict(np.load(sys.argv[2]), verbose=0))"
    )
    files = map(str, (keras_file, asked, answered))
    subprocess.run([sys.executable, "-c", code, *files], check=True, capture_output=True)
    scores: Float32 = np.load(answered)
    return scores


def size_rows(folder: Path, gru: Network) -> list[Row]:
    """GRU 16 on 119x6: all of it, with the dense layer and the softmax."""
    network = compile_network(gru.step, window=WINDOW)
    sources = network_sources(network, folder)
    empty = build(folder, "empty", [HARNESS / "empty.c"], ("-O2",))
    image = build(folder, "gru", sources, ("-O2",))
    caller = int(np.prod(network.input_shape) + np.prod(network.output_shape))
    streamed = compile_network(gru.step, window=WINDOW, hop=HOP, keep_state=True).cost.ram_bytes
    said = "GRU 16 on 119x6: constants, tables and kernels, -O2, net of an image without"
    note = f"of a window, with its input and output; of a stream, {HOP} samples a hop, {streamed}"
    flash, ram = image.flash - empty.flash, image.ram - empty.ram + caller
    return [
        _row("gru flash bytes", flash, "bytes", said, "<= 8192"),
        _row("gru ram bytes", ram, "bytes", note, "<= 1024"),
        step_row(folder, gru, network, sources),
    ]


def step_row(folder: Path, gru: Network, network: CompiledNetwork, sources: list[Path]) -> Row:
    """The row of the instructions of one step."""
    vectors = to_int8(gru.windows[:8], network.quantization)
    fast, small = (
        run(folder, build(folder, "profile", sources, (flag, *PROFILE)), vectors).layers[0][0]
        for flag in ("-O2", "-Os")
    )
    macs = network.layers[0].macs // WINDOW
    note = f"the dearest step; {macs:,} multiplications; with -Os {small:,}"
    return _row("gru step instructions O2", fast, "instructions", note, "<= 2400")


def lstm_row(folder: Path) -> Row:
    """Random weights cost the same."""
    network = compile_network(model(folder, "lstm"), window=32)
    sources = network_sources(network, folder)
    vectors = np.random.default_rng(1).integers(-128, 128, (16, 32 * 6)).astype(np.int8)
    fast, small = (
        run(folder, build(folder, "lstm", sources, (flag,)), vectors).instructions
        for flag in ("-O2", "-Os")
    )
    note = f"LSTM 16 on 32x6, Dense 4, softmax; with -Os {small:,}; TFLM with CMSIS-NN 434,970"
    return _row("lstm 32 steps instructions O2", fast, "instructions", note, "<= 110000")


def unequal_row(folder: Path, networks: tuple[Network, ...]) -> Row:
    """A stream of ten thousand steps of each, noise among the recordings."""
    unequal = 0
    for item in networks:
        network = compile_network(item.step, window=WINDOW, hop=HOP, keep_state=True)
        inputs = _stream(item.windows, network.quantization)
        expected = _reference(item, network).scores(inputs[np.newaxis], HOP)[0]
        hops = inputs.reshape(-1, HOP * inputs.shape[1])
        for place, engine in (("host", run_on_host), ("board", run_on_board)):
            work = folder / f"{item.kind}-{place}"
            work.mkdir()
            (found,) = engine([network], [hops], work, ("-O2",))
            unequal += int(np.any(found != expected, axis=1).sum())
    note = (
        f"hops whose scores differ between the integers of Python, this computer's C and QEMU's, "
        f"of {len(networks)} streams of {STEPS:,} steps: recordings, noise, the extremes"
    )
    return _row("unequal steps", unequal, "hops", note, "<= 0")


def _stream(windows: Float32, quantization: Quantization) -> Int8:
    """int8 [STEPS, channels]."""
    real = to_int8(windows, quantization).reshape(-1, windows.shape[2])[:STEPS]
    noise = np.random.default_rng(3)
    stream = np.resize(real, (STEPS, windows.shape[2])).copy()
    stream[3000:4000] = noise.integers(-128, 128, stream[3000:4000].shape)
    stream[6000:6100], stream[6100:6200] = -128, 127
    return stream


def agreement_row(folder: Path, networks: tuple[Network, ...]) -> Row:
    """The row of windows with the same class as Keras."""
    shares, said = [], []
    for item in networks:
        network = compile_network(item.step, window=item.windows.shape[1])
        inputs = to_int8(item.windows, network.quantization)
        work = folder / f"{item.kind}-agreement"
        work.mkdir()
        (found,) = run_on_host([network], [inputs], work, ("-O2",))
        expected = item.scores.argmax(axis=1)
        shares.append(float((found.argmax(axis=1) == expected).mean()))
        chosen = np.linspace(0, len(inputs) - 1, TFLM_WINDOWS).astype(np.int64)
        answers = tflm_answers(item.step, inputs[chosen])
        tflm = float((answers.argmax(axis=1) == expected[chosen]).mean())
        said.append(f"{item.kind} {shares[-1]:.4f} (TFLM on the step network {tflm:.4f})")
    note = (
        f"share of {len(networks[0].windows)} windows, all of the recordings of spells, called as "
        f"by Keras in float, after {SHIPPED_EPOCHS} epochs; "
    )
    return _row(
        "agreement with float", round(min(shares), 4), "", note + ", ".join(said), ">= 0.99"
    )


def state_rows(networks: tuple[Network, ...]) -> list[Row]:
    """How far h is from that of Keras, and whether that grows."""
    found = {item.kind: errors_of(item.keras_file, item.step, item.windows) for item in networks}
    return [
        _worst(
            "state error by TFLM's",
            found,
            lambda item: item.ours / item.tflms,
            "mean error of h against float by that of TFLite Micro on the step network, "
            "which rounds between the gates: the error is that of the int8 weights",
            "<= 1.02",
        ),
        _worst(
            "drift",
            found,
            lambda item: item.last / item.first,
            "mean error of h in the last 1,000 of 100,000 streamed steps by that in the second "
            "1,000, of the same samples",
            "<= 1",
        ),
    ]


def _worst(
    name: str, found: dict[str, Errors], share: Callable[[Errors], float], note: str, bound: str
) -> Row:
    said = ", ".join(f"{kind} {share(item):.4f}" for kind, item in found.items())
    value = max(share(item) for item in found.values())
    return _row(name, round(value, 4), "", f"{note}; {said}", bound)


def _reference(item: Network, network: CompiledNetwork) -> SteppedReference:
    if network.recurrence is None:
        raise ValueError("a network without a cell")
    return SteppedReference.of(item.step, network.recurrence, item.log)


def _row(name: str, value: float, unit: str, note: str, bound: str) -> Row:
    return row(name, value, unit, COMMAND, note, bound)


if __name__ == "__main__":
    main()
