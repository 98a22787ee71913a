"""Recurrent cells in C give the bytes that pipeline/cells/arithmetic.py defines, and nearly what
TensorFlow Lite Micro makes of the one-step network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tflite_micro import runtime

from pipeline.cells.arithmetic import TANH_TABLE, tanh
from pipeline.cells.operators import GRU, GRU_RESET_BEFORE, KINDS, LSTM, SIMPLE_RNN
from pipeline.compiler import CompiledNetwork, compile_network
from pipeline.conversion.oracle import SteppedReference
from pipeline.core.errors import PipelineError
from tests.parity.conftest import ON_TARGET
from tests.parity.host_engine import HostEngine
from tests.parity.many_networks import run_on_board
from tests.parity.random_cells import Shape, random_shape, random_step

SEEDS = range(6)
WINDOW, VECTORS = 7, 12
STEPS, HOP = 10_000, 8
KERNELS = Path(__file__).resolve().parents[2] / "firmware" / "lib" / "nn"


def shape_of(*kinds, units=9, channels=5, loudness=0.5, scale=0.03, zero_point=-7) -> Shape:
    return Shape(kinds, (units,) * len(kinds), channels, loudness, scale, zero_point, 1)


def vectors_for(network: CompiledNetwork, count: int, samples: int) -> np.ndarray:
    """Noise of every loudness, and the extremes: int8 [count, samples, channels]."""
    random = np.random.default_rng(2)
    shape = (count, samples, network.input_shape[-1])
    loudness = random.uniform(1, 128, (count, 1, 1))
    vectors = np.clip(np.rint(random.normal(0, loudness, shape)), -128, 127)
    vectors[0], vectors[1] = -128, 127
    vectors[2:4] = random.choice([-128, 127], vectors[2:4].shape)
    return vectors.astype(np.int8)


def reference_of(step: bytes, network: CompiledNetwork, folder: Path) -> SteppedReference:
    assert network.recurrence is not None
    return SteppedReference.of(step, network.recurrence, folder / "oracle.log")


def answers(step: bytes, network: CompiledNetwork, inputs, folder: Path) -> np.ndarray:
    return reference_of(step, network, folder).scores(inputs, inputs.shape[1])[:, 0]


extremes = st.builds(
    Shape,
    kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=3).map(tuple),
    units=st.tuples(*[st.integers(1, 64)] * 3),
    channels=st.integers(1, 32),
    loudness=st.sampled_from([0.001, 0.1, 1.0, 5.0]),
    scale=st.sampled_from([1e-6, 0.01, 0.1, 1.0, 30.0]),
    zero_point=st.sampled_from([-128, 0, 127]),
    seed=st.integers(0, 1000),
)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(shape=extremes, compact=st.booleans())
def test_cells_of_every_size_and_scale_give_the_bytes_of_the_reference(
    engine: HostEngine, shape: Shape, compact: bool
) -> None:
    step = random_step(shape)
    network = compiled(step, compact)
    assume(network is not None)
    inputs = vectors_for(network, VECTORS, WINDOW)
    expected = answers(step, network, inputs, engine.folder)
    np.testing.assert_array_equal(engine.run(network, inputs), expected)


@dataclass(frozen=True)
class Asked:
    """inputs: int8 [VECTORS, WINDOW, channels]; expected: what the reference answers to them."""

    step: bytes
    inputs: np.ndarray
    expected: np.ndarray


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> list[Asked]:
    folder = tmp_path_factory.mktemp("cells")
    made = [random_step(random_shape(seed)) for seed in SEEDS]
    made += [random_step(shape_of(kind, channels=6)) for kind in KINDS]
    taken = []
    for step in made:
        if network := compiled(step, compact=False):
            inputs = vectors_for(network, VECTORS, WINDOW)
            taken.append(Asked(step, inputs, answers(step, network, inputs, folder)))
    assert len(taken) > len(made) * 3 // 4
    return taken


@pytest.mark.usefixtures("qemu")
@pytest.mark.xdist_group("cells")
@pytest.mark.parametrize("flags", ON_TARGET, ids=" ".join)
def test_the_board_gives_the_bytes_of_the_reference(asked, flags, tmp_path) -> None:
    pairs = [(each, compact) for each in asked for compact in (False, True)]
    networks = [compile_network(each.step, compact, window=WINDOW) for each, compact in pairs]
    outputs = run_on_board(networks, [each.inputs for each, _ in pairs], tmp_path, flags)
    for (each, compact), found in zip(pairs, outputs, strict=True):
        np.testing.assert_array_equal(found, each.expected, f"compact: {compact}")


def compiled(step: bytes, compact: bool) -> CompiledNetwork | None:
    """None where it is refused: its gates do not fit 32 bits."""
    try:
        return compile_network(step, compact, window=WINDOW)
    except PipelineError:
        return None


@pytest.mark.parametrize("kinds", [(SIMPLE_RNN,), (GRU,), (GRU_RESET_BEFORE,), (LSTM, GRU)])
def test_a_stream_goes_on_for_ten_thousand_steps(kinds, engine: HostEngine, tmp_path) -> None:
    step = random_step(shape_of(*kinds, units=16))
    network = compile_network(step, window=4 * HOP, hop=HOP, keep_state=True)
    assert network.feed == HOP
    inputs = vectors_for(network, 8, STEPS // 8).reshape(1, STEPS, -1)
    expected = reference_of(step, network, tmp_path).scores(inputs, HOP)[0]
    found = engine.run(network, inputs.reshape(STEPS // HOP, -1))
    np.testing.assert_array_equal(found, expected)
    assert len(np.unique(found, axis=0)) > 100


def test_a_compact_cell_takes_a_byte_a_weight() -> None:
    step = random_step(shape_of(LSTM, units=64))
    fast = compile_network(step, window=WINDOW).cost
    compact = compile_network(step, compact=True, window=WINDOW).cost
    weights = 4 * 64 * (64 + 8)  # inputs in whole quads
    assert fast.layers[0].flash_bytes - compact.layers[0].flash_bytes == weights
    assert compact.flash_bytes < fast.flash_bytes - 0.9 * weights
    assert compact.ram_bytes == fast.ram_bytes


def test_a_window_begins_with_states_of_zero(engine: HostEngine) -> None:
    network = compile_network(random_step(shape_of(LSTM, GRU)), window=WINDOW)
    inputs = vectors_for(network, VECTORS, WINDOW)
    forwards, backwards = engine.run(network, inputs), engine.run(network, inputs[::-1])
    np.testing.assert_array_equal(forwards, backwards[::-1])


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_any_tflite_micro_runs_the_step_and_gives_nearly_the_same_state(kind, tmp_path) -> None:
    step = random_step(shape_of(kind, units=16))
    network = compile_network(step, window=WINDOW)
    inputs = vectors_for(network, VECTORS, 40)
    expected = reference_of(step, network, tmp_path).states(inputs) / 32768
    found = np.array([stepped_by_tflm(step, vector, kind) for vector in inputs]) / 32768
    assert np.abs(found - expected).max() < 0.01


def stepped_by_tflm(step: bytes, samples: np.ndarray, kind) -> list[np.ndarray]:
    """h after each sample. A state's scale is the same on both sides."""
    interpreter = runtime.Interpreter.from_bytes(step)
    count, found = len(kind.states), []
    for number in range(1, count + 1):
        goes_in, comes_out = (
            details(number)["quantization_parameters"]["scales"]
            for details in (interpreter.get_input_details, interpreter.get_output_details)
        )
        assert goes_in == comes_out
    shape = interpreter.get_input_details(1)["shape"]
    states = [np.zeros(shape, np.int16)] * count
    for sample in samples:
        interpreter.set_input(sample[np.newaxis], 0)
        for number, state in enumerate(states, start=1):
            interpreter.set_input(state, number)
        interpreter.invoke()
        states = [interpreter.get_output(number).copy() for number in range(1, count + 1)]
        found.append(states[0].ravel())
    return found


def test_the_table_of_the_firmware_is_that_of_the_reference() -> None:
    text = (KERNELS / "nn_tanh.c").read_text("utf-8").partition("= {")[2].partition("}")[0]
    assert [int(item) for item in text.split(",") if item.strip()] == TANH_TABLE.tolist()


def test_tanh_is_off_by_four_steps_of_its_int16_at_most() -> None:
    values = np.arange(-(9 << 15), 9 << 15)
    assert np.abs(tanh(values) - 32768 * np.tanh(values / 32768)).max() < 4
