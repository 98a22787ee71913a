"""That the compiled engine equals TensorFlow Lite Micro, and that no file brings the compiler down.

`python -m benchmarks.engine_proof` compares every byte of the compared networks and of random
graphs, on this machine under the sanitizers and on QEMU; then it compiles hostile files, and runs
what was not refused against TensorFlow Lite Micro. Figures go to area `engine`.
"""

from __future__ import annotations

import importlib
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.datasets import dataset
from benchmarks.models import MODELS, model
from benchmarks.results_file import Row, record, row
from pipeline.compiler import CompiledNetwork, compile_network
from pipeline.core.artifacts import Float32, Int8
from pipeline.core.errors import PipelineError
from pipeline.datasets.recordings import load_recordings
from tests.parity.hostile import hostile_files
from tests.parity.many_networks import inside, run_on_board, run_on_host, starts
from tests.parity.oracle import Oracle, oracle

COMMAND = "python -m benchmarks.engine_proof"
REAL, RANDOM = 600, 600  # vectors of each compared network
GRAPHS, GRAPH_VECTORS = 80, 40  # of each of six kinds
HOSTILE, HOSTILE_VECTORS = 12_000, 10
SEED = 1
LIMIT_S = 1.0  # for one hostile file
HANGS_S = 20.0
TOGETHER = 80  # networks of one program; their inputs must fit the emulated board


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        flatbuffers = {prefix: model(Path(name), prefix) for prefix in MODELS}
    windows = real_recordings()
    graphs = random_graphs()
    rows = [parity_row(flatbuffers, graphs, windows)]
    rows += hostile_rows([*flatbuffers.values(), *graphs[::8]])
    for item in rows:
        print(f"{item['name']}: {item['value']} {item['unit']} (bound {item['bound']})")
        print(f"  {item['note']}")
    record("engine", rows)


def random_graphs() -> list[bytes]:
    """Those of tests/parity, more of them."""
    made = importlib.import_module("tests.parity.random_graphs")
    windows = importlib.import_module("tests.parity.random_windows")
    kinds = (
        *(made.random_sequence, made.random_picture, made.random_network),
        *(made.random_depthwise, made.random_padded, windows.random_windows),
    )
    return [make(seed) for make in kinds for seed in range(GRAPHS)]


def real_recordings() -> Float32:
    """float32 [samples, channels] of all takes; every channel has a mean of 0, a spread of 1."""
    recordings = load_recordings(dataset("punch_flex"))
    samples = np.concatenate([recording.samples for recording in recordings])
    scaled: Float32 = (samples - samples.mean(axis=0)) / samples.std(axis=0)
    return scaled


# Byte-equality.


def parity_row(flatbuffers: dict[str, bytes], graphs: Sequence[bytes], real: Float32) -> Row:
    """The row of outputs that differ from TensorFlow Lite Micro."""
    compared = compare(list(flatbuffers.values()), lambda network: both(network, real))
    drawn = compare(graphs, lambda network: noise(network, GRAPH_VECTORS))
    host, board = compared[0] + drawn[0], compared[1] + drawn[1]
    note = (
        f"{', '.join(MODELS)}: {REAL} real and {RANDOM} random vectors each; "
        f"{len(graphs)} random graphs: {GRAPH_VECTORS} each; all as usual and compact, on the host "
        f"under the sanitizers ({host} unequal) and on QEMU ({board} unequal)"
    )
    return row("unequal vectors", host + board, "vectors", COMMAND, note, "== 0")


def compare(
    files: Sequence[bytes], vectors_of: Callable[[CompiledNetwork], Int8]
) -> tuple[int, int]:
    """Vectors whose outputs differ from TensorFlow Lite Micro's, on the host and on QEMU."""
    variants = [(data, compact) for data in files for compact in (False, True)]
    unequal = [0, 0]
    for start in range(0, len(variants), TOGETHER):
        part = variants[start : start + TOGETHER]
        networks = [compile_network(*variant) for variant in part]
        vectors = [vectors_of(network) for network in networks]
        pairs = zip(part, vectors, strict=True)
        expected = [oracle(data, inputs) for (data, _), inputs in pairs]
        for place, (execute, flags) in enumerate(((run_on_host, "-O1"), (run_on_board, "-O2"))):
            with tempfile.TemporaryDirectory() as name:
                outputs = execute(networks, vectors, Path(name), (flags,))
            unequal[place] += differing(outputs, expected)
    return unequal[0], unequal[1]


def differing(outputs: Sequence[Int8], expected: Sequence[Int8]) -> int:
    """Vectors with a different output."""
    return sum(
        int((ours != theirs).any(axis=1).sum())
        for ours, theirs in zip(outputs, expected, strict=True)
    )


def both(network: CompiledNetwork, real: Float32) -> Int8:
    """Real and random vectors."""
    return np.concatenate([real_vectors(network, real), noise(network, RANDOM)])


def real_vectors(network: CompiledNetwork, real: Float32) -> Int8:
    """Windows of the recordings, quantized as the network takes them, int8 [REAL, ...]."""
    shape = network.input_shape[1:]
    size = int(np.prod(shape))
    channels = 3 if 3 in shape else real.shape[1]
    steps = -(-size // channels)
    starts = np.linspace(0, len(real) - steps, REAL).astype(int)
    flat = np.stack([real[start : start + steps, :channels].ravel()[:size] for start in starts])
    scale, zero = network.quantization.input_scale, network.quantization.input_zero_point
    values: Int8 = np.clip(np.rint(flat / scale) + zero, -128, 127).astype(np.int8)
    return values.reshape(-1, *shape)


def noise(network: CompiledNetwork, count: int) -> Int8:
    """Of every loudness around the zero point, the extremes, and extremes mixed; several inputs of
    a network one after the other."""
    random = np.random.default_rng(SEED)
    inputs, _ = inside(network)
    shape = network.input_shape[1:] if len(inputs) == 1 else (starts(inputs)[-1],)
    loudness = random.uniform(0.5, 128, (count, *(1,) * len(shape)))
    centre = network.quantization.input_zero_point
    values = np.clip(np.rint(random.normal(centre, loudness, (count, *shape))), -128, 127)
    values[:3] = np.array([-128, 127, centre]).reshape(3, *(1,) * len(shape))
    values[3] = random.choice([-128, 127], shape)
    return values.astype(np.int8)


# Hostile files.


@dataclass
class Ordeal:
    """What became of hostile files; accepted: number, file, network."""

    slowest_s: float = 0.0
    refused: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    accepted: list[tuple[bytes, CompiledNetwork]] = field(default_factory=list)


def hostile_rows(sound: Sequence[bytes]) -> list[Row]:
    """Rows of damaged files."""
    ordeal = compile_hostile(sound)
    equal, refused = check_accepted(ordeal)
    failures = sum(ordeal.failures.values())
    found = "".join(f"; {count} {failure}" for failure, count in (+ordeal.failures).items())
    note = (
        f"{HOSTILE} files, {ordeal.refused} refused with a clear error, {len(ordeal.accepted)} "
        f"compiled; of these {equal} equal TensorFlow Lite Micro on {HOSTILE_VECTORS} vectors "
        f"each and {refused} it does not take{found}"
    )
    slowest = round(ordeal.slowest_s, 3)
    return [
        row("crashes on hostile files", failures, "files", COMMAND, note, "== 0"),
        row("hostile file slowest", slowest, "s", COMMAND, "to an error or to C", "< 1"),
    ]


def compile_hostile(sound: Sequence[bytes], count: int = HOSTILE) -> Ordeal:
    """Compile damaged files, and count failures."""
    ordeal = Ordeal()
    for hostile in hostile_files(sound, count, SEED):
        start = time.process_time()  # other processes do not count
        try:
            with time_limit(HANGS_S):
                ordeal.accepted.append((hostile.data, compile_network(hostile.data)))
        except PipelineError:
            ordeal.refused += 1
        except Exception as error:  # any other is what must not be
            ordeal.failures[f"{type(error).__name__} after {hostile.kind}"] += 1
        took = time.process_time() - start
        ordeal.slowest_s = max(ordeal.slowest_s, took)
        ordeal.failures["too slow"] += took > LIMIT_S
    return ordeal


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeoutError after so many seconds."""

    def stop(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def check_accepted(ordeal: Ordeal) -> tuple[int, int]:
    """How many equal TensorFlow Lite Micro, and how many it does not take; wrong ones are added
    to the failures."""
    checked: list[tuple[CompiledNetwork, Int8, Int8]] = []
    with Oracle() as reference:
        for data, network in ordeal.accepted:
            vectors = noise(network, HOSTILE_VECTORS)
            answers = reference.answers(data, vectors)
            if answers is not None:
                checked.append((network, vectors, answers))
    for start in range(0, len(checked), TOGETHER):
        part = checked[start : start + TOGETHER]
        networks, inputs = [item[0] for item in part], [item[1] for item in part]
        with tempfile.TemporaryDirectory() as name:
            outputs = run_on_host(networks, inputs, Path(name), ("-O0",))
        for ours, (_, _, theirs) in zip(outputs, part, strict=True):
            ordeal.failures["wrong model"] += not np.array_equal(ours, theirs)
    wrong = ordeal.failures["wrong model"]
    return len(checked) - wrong, len(ordeal.accepted) - len(checked)


if __name__ == "__main__":
    main()
