"""A damaged file is refused, and what is wrong with it named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import flatbuffers
import pytest
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from pipeline.compiler import compile_network
from tests.parity.graphs import small_network
from tests.parity.refusing import refusal


def damaged(change: Callable[[schema.ModelT, schema.SubGraphT], object]) -> bytes:
    """small_network with a change: its tensors are 0 input, 1 weights and 2 bias of `conv`, 3 its
    output, 4 that of `pool`, 5 that of `flatten`, 6 a shape, 7 weights of `dense`, 8 its output,
    9 softmax."""
    model = schema.ModelT.InitFromPackedBuf(small_network())
    change(model, model.subgraphs[0])
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def put(target: object, **fields: object) -> None:
    for name, value in fields.items():
        assert hasattr(target, name), name
        setattr(target, name, value)


DAMAGE = {
    "schema version": lambda m, _: put(m, version=4),
    "2 subgraphs": lambda m, g: put(m, subgraphs=[g, g]),
    "too large": lambda _, g: put(g.tensors[3], shape=[1, 2048, 2048, 4]),
    "not sensible": lambda _, g: put(g.tensors[3], shape=[1, 1, -8, 4]),
    "a buffer that is not there": lambda _, g: put(g.tensors[3], buffer=99),
    "a variable": lambda _, g: put(g.tensors[3], isVariable=True),
    "16 bytes, which its shape does not fit": lambda _, g: put(g.tensors[1], shape=[4, 1, 2, 3]),
    "an operator has no name": lambda _, g: put(g.operators[0], opcodeIndex=9),
    "CONV_2D has no output": lambda _, g: put(g.operators[0], outputs=[]),
    "2 outputs": lambda _, g: put(g.operators[0], outputs=[3, 4]),
    "a tensor that is not there": lambda _, g: put(g.operators[0], inputs=[99, 1, 2]),
    "CONV_2D in layer 'conv' has no options": lambda _, g: put(
        g.operators[0], builtinOptions=None, builtinOptionsType=0
    ),
    "its output is not quantized": lambda _, g: put(g.tensors[9], quantization=None),
    "tensor 'net/pool/MaxPool' is not quantized": lambda _, g: put(g.tensors[4], quantization=None),
    "nothing computes its output": lambda _, g: put(g, operators=g.operators[:-1]),
    "runs before its input": lambda _, g: put(g, operators=g.operators[::-1]),
    "overwrites a tensor": lambda _, g: put(g, operators=[*g.operators, g.operators[-1]]),
    "works on INT16": lambda _, g: put(g.tensors[3], type=schema.TensorType.INT16),
    "changes the number of elements": lambda _, g: put(g.tensors[5], shape=[1, 15]),
    "lists 3000 items": lambda _, g: put(g, tensors=g.tensors * 300),
    "its input 1 is missing": lambda _, g: put(g.operators[3], inputs=[5, -1]),
    "along axis 1": lambda _, g: put(g.tensors[1].quantization, quantizedDimension=1),
    "scales of its weights": lambda _, g: put(g.tensors[7].quantization, scale=[float("inf")]),
    "its weights have shape [16]": lambda _, g: put(g.tensors[1], shape=[16]),
    "4 filters give 5 channels": lambda _, g: put(g.tensors[3], shape=[1, 1, 8, 5]),
    "its bias is INT32 [2]": lambda _, g: put(g.operators[0], inputs=[0, 1, 6]),
    "quantized differently": lambda _, g: put(g.tensors[4].quantization, scale=[0.75]),
    "not a plain matrix": lambda _, g: put(g.operators[3].builtinOptions, weightsFormat=1),
}


@pytest.mark.parametrize("words", DAMAGE)
def test_damage_is_named(words: str) -> None:
    assert words in refusal(damaged(DAMAGE[words])).what


def test_a_fused_pool_keeps_its_channels() -> None:
    def fifth_channel(_: schema.ModelT, graph: schema.SubGraphT) -> None:
        put(graph.tensors[4], shape=[1, 1, 4, 5])
        put(graph.tensors[5], shape=[1, 20])
        put(graph.tensors[9], shape=[1, 20])
        put(graph.operators[4], inputs=[5])
        del graph.operators[3]

    error = refusal(damaged(fifth_channel))
    assert "MAX_POOL_2D in layer `pool`: it changes the number of channels" in error.what


def test_every_truncation_of_a_small_model_is_refused() -> None:
    whole = small_network()
    compile_network(whole)
    for length in range(len(whole)):
        assert "sound .tflite" in refusal(whole[:length]).what, length


def test_every_truncation_of_a_converted_model_is_refused(keras_models: Path) -> None:
    whole = (keras_models / "gesture.tflite").read_bytes()
    for length in (*range(0, len(whole), 97), *range(len(whole) - 64, len(whole))):
        assert "sound .tflite" in refusal(whole[:length]).what, length


@pytest.mark.parametrize("data", [b"", b"TFL3", b"\0" * 4096, b"\xff" * 4096, b"PK\3\4" * 99])
def test_other_files_are_refused(data: bytes) -> None:
    assert "not a sound .tflite file" in refusal(data).what
