"""A trained network to int8, compiled, and what its C is held against.

A network without a state is held against TFLite Micro; a recurrent one against the integers that
define its cells, and TFLite Micro before and after them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.artifacts import Float32, Int8
from pipeline.contract import Contract
from pipeline.errors import ExitCode, PipelineError
from pipeline.run_folder import RunFolder

if TYPE_CHECKING:
    from pipeline.compiler import CompiledNetwork


def quantise(keras_file: Path, windows: Float32, flatbuffer: Path, log: Path) -> None:
    """Write the flatbuffer: all of the network, or one step of a recurrent one."""
    from pipeline.conversion import quantize, step

    make = step.export_step if step.is_recurrent(keras_file) else quantize.quantize
    make(keras_file, windows, flatbuffer, log)


def export_sequence(run: RunFolder, windows: Float32, sequence_file: Path) -> None:
    """Leave the network of LSTMs over windows as TensorFlow Lite has it; none of a network of
    another kind, of one that runs on a stream, or of text, whose embedding it would lack."""
    from pipeline.conversion import step

    contract = run.contract()
    takes_windows = contract.mode == "window" and contract.vocabulary is None
    if takes_windows and step.is_of_lstms(run.keras_file):
        log = run.build / "sequence.log"
        step.export_sequence(run.keras_file, windows, sequence_file, log)


def require_whole(run: RunFolder, board: str) -> None:
    """Raises PipelineError where the flatbuffer, which this board interprets, is but a step."""
    from pipeline.conversion.step import is_recurrent

    if is_recurrent(run.require(run.keras_file, "train")):
        raise PipelineError(
            f"{board} cannot run {run.path}: its network is recurrent.",
            "TensorFlow Lite Micro runs one step of it, and rounds between the gates, so that its "
            "bytes are not those that the run was converted to",
            "deploy it to nano33ble, which has the compiled engine",
            ExitCode.USAGE,
        )


def compiled(flatbuffer: bytes, contract: Contract, compact: bool = False) -> CompiledNetwork:
    """The network for the contract's windows, or hops. A text is a window of its own."""
    from pipeline.compiler import compile_network

    reads_texts = contract.vocabulary is not None and contract.mode == "window"
    network = compile_network(
        flatbuffer,
        compact=compact,
        hop=None if reads_texts else contract.hop,
        window=contract.window,
        keep_state=contract.mode == "streaming",
    )
    return replace(network, obstacle="each text is read anew") if reads_texts else network


def name_of_reference(network: CompiledNetwork) -> str:
    if network.recurrence is None:
        return "TensorFlow Lite Micro"
    return "the reference of its cells, and TensorFlow Lite Micro around them"


def reference(flatbuffer: Path, network: CompiledNetwork, log: Path) -> Callable[[Int8], Int8]:
    """What the network must answer to windows: int8 [n, T * C] to int8 [n, K]."""
    from pipeline.conversion.oracle import run_oracle
    from pipeline.conversion.stepped_reference import SteppedReference

    recurrence = network.recurrence
    if recurrence is None:
        return lambda inputs: run_oracle(flatbuffer, inputs, log)
    stepped = SteppedReference.of(flatbuffer.read_bytes(), recurrence, log)
    _, samples, channels = network.input_shape

    def answer(inputs: Int8) -> Int8:
        scores: Int8 = stepped.answers(inputs.reshape(-1, samples, channels), samples)[:, 0]
        return scores

    return answer
